"""The data folder: one process at a time, its secrets, its epoch, and where everything in it lies.

`run.py` and the command line open it before anything else and hold it to the end. What is inside
the database and the media folder is the business of `storage.journal` and `storage.blobs`. Plain
calls that may block.
"""

import contextlib
import fcntl
import os
import re
from collections.abc import Callable, Generator
from pathlib import Path

SECRET_BYTES = 32
"""256 bits: as long as the hashes that are keyed with them."""

FOLDER_MODE = 0o700
PART = ".part"
"""What the name of a file ends with that is being written."""

FILE_MODE = 0o600

LOCK_NAME = "lock"
EPOCH_NAME = "epoch"
EPOCH_DIGITS = 18
"""More starts than there will be."""
DATABASE_NAME = "triptych.db"
MEDIA_NAME = "media"
METRICS_SECRET = "metrics"
"""Whose hex digits let other machines read the metrics."""
TOKENS_SECRET = "tokens"
"""What tokens, cookies and cursors are signed with."""
SECRETS_NAME = "secrets"

MADE_ANEW = {
    METRICS_SECRET: "`run.py metrics-token` will say another",
    TOKENS_SECRET: "all must log in again",
}
"""What follows when a secret is deleted, and the next start makes another."""

_SECRET_NAME = re.compile(r"[a-z][a-z0-9-]{0,63}")

Chance = Callable[[int], bytes]
"""Gives that many bytes which nobody can guess."""


class NoSecret(Exception):
    """A secret was never made."""


class FileDamaged(Exception):
    """A small file of the folder does not hold what was written there."""

    def __init__(self, path: Path, holds: str, deleted: str) -> None:
        super().__init__(
            f"{path} should hold {holds}: go back to a backup, or delete it ({deleted})"
        )


class FolderTaken(Exception):
    """Another process works on the folder. `pid` is its number, None if it has not said it yet."""

    def __init__(self, path: Path, pid: int | None) -> None:
        who = "another process" if pid is None else f"process {pid}"
        super().__init__(f"{path} is in use by {who}: stop it first")
        self.path = path
        self.pid = pid


class DataFolder:
    """A folder that this process holds. Made by `open_folder`; only good until that ends."""

    def __init__(self, path: Path, epoch: int) -> None:
        self.path = path
        self.epoch = epoch
        """How many times the folder was opened: grows with each start."""

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.path / DATABASE_NAME

    @property
    def media(self) -> Path:
        """The folder of `storage.blobs`."""
        return self.path / MEDIA_NAME


@contextlib.contextmanager
def open_folder(path: Path) -> Generator[DataFolder]:
    """Hold the data folder `path`, making it if it is missing, and raise its epoch.

    Raises `FolderTaken`, `FileDamaged`, `OSError`.
    """
    check_folder(path)
    path = path.absolute()
    _make_durably(path)
    path.chmod(FOLDER_MODE)
    # The file stays for ever: to delete it would let two processes lock two files of one name.
    lock = os.open(path / LOCK_NAME, os.O_RDWR | os.O_CREAT, FILE_MODE)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise FolderTaken(path, _pid_in(lock)) from None
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
        (path / MEDIA_NAME).mkdir(exist_ok=True, mode=FOLDER_MODE)
        (path / SECRETS_NAME).mkdir(exist_ok=True, mode=FOLDER_MODE)
        yield DataFolder(path, _raise_epoch(path))
    finally:
        os.close(lock)


def check_folder(path: Path) -> None:
    """Nothing, if `path` is a folder that may be looked into, or not there yet. Raises `OSError`
    with `path` as its file name: for a file, for somebody else's folder.
    """
    with contextlib.suppress(FileNotFoundError):
        os.scandir(path).close()


def secret(folder: DataFolder, name: str, chance: Chance) -> bytes:
    """The folder's secret of that name: `SECRET_BYTES` bytes, taken from `chance` the first time it
    is asked for.

    Raises `ValueError` for a name that is no plain word; `FileDamaged`, `OSError`.
    """
    if _SECRET_NAME.fullmatch(name) is None:
        raise ValueError(f"{name!r} can't name a secret")
    path = folder.path / SECRETS_NAME / name
    if not path.exists():
        write_durably(path, chance(SECRET_BYTES))
    return known_secret(folder.path, name)


def known_secret(path: Path, name: str) -> bytes:
    """The secret of that name in the data folder `path`, which another process may hold.

    Raises `NoSecret` if nobody has asked for it yet, `FileDamaged`, `OSError`.
    """
    check_folder(path)
    path = path / SECRETS_NAME / name
    try:
        found = path.read_bytes()
    except FileNotFoundError:
        raise NoSecret(
            f"{path} is not there: start the server once, which makes it, "
            "or name its folder with --data"
        ) from None
    if len(found) != SECRET_BYTES:
        holds = f"{SECRET_BYTES} bytes, not {len(found)}"
        raise FileDamaged(path, holds, MADE_ANEW.get(name, "it is made anew"))
    return found


def write_durably(path: Path, data: bytes) -> None:
    """Put `data` at `path`, mode 0600: after a power cut there is all of it, or what was there
    before.

    Two callers must not write the same path at once. Raises `OSError`; then only a `.part` file may
    be left.
    """
    part = path.with_name(f"{path.name}{PART}")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, FILE_MODE)
    with open(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(descriptor)
    part.replace(path)
    sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """Make the names in a folder as durable as the files they name. Raises `OSError`."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _make_durably(path: Path) -> None:
    """Make a data folder, and those above it that are missing, so that a power cut leaves them."""
    missing = [one for one in (path, *path.parents) if not one.exists()]
    path.mkdir(parents=True, exist_ok=True, mode=FOLDER_MODE)
    if not missing and not (path / EPOCH_NAME).exists():
        missing = [path]  # an operator has made it, or a start that was killed before it was synced
    for one in missing:
        with contextlib.suppress(PermissionError):  # a folder above that we may not read
            sync_folder(one.parent)


def _pid_in(lock: int) -> int | None:
    text = os.pread(lock, 32, 0).strip()
    return int(text) if text.isdigit() else None


def _raise_epoch(path: Path) -> int:
    file = path / EPOCH_NAME
    digits = file.read_bytes().strip() if file.exists() else b"0"
    if not digits.isdigit() or len(digits) > EPOCH_DIGITS:
        raise FileDamaged(file, "a number", "starts are counted from 1 again")
    epoch = int(digits) + 1
    write_durably(file, f"{epoch}\n".encode())
    return epoch
