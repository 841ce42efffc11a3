"""Media files: bytes under names that nobody can guess, each whole and durable before any fact
names it.

Upload handlers store here before they ask for a fact and delete after a commit; what no row names
is swept. Plain calls that block: callers run them in threads. Knows no database; rows are asked
through a callable.
"""

import re
from collections.abc import Callable, Iterable
from pathlib import Path

from storage.folder import FOLDER_MODE, PART, Chance, sync_folder, write_durably

NAME_BYTES = 16
"""128 bits of chance in a name: guessing one is hopeless."""

FAN_OUT_CHARACTERS = 2
"""The first two hexadecimal digits of a name are its sub-folder: 256 of them."""

FOLDERS = tuple(f"{n:0{FAN_OUT_CHARACTERS}x}" for n in range(16**FAN_OUT_CHARACTERS))

UNREFERENCED_KEPT_S = 60 * 60
"""A file without a row may belong to an upload under way, which takes minutes at most."""

_NAME = re.compile(rf"[0-9a-f]{{{2 * NAME_BYTES}}}\.jpg")


class BadName(ValueError):
    """A string that can't be the name of a blob."""


def new_name(chance: Chance) -> str:
    """A name for a blob, from `NAME_BYTES` bytes of `chance`."""
    return f"{chance(NAME_BYTES).hex()}.jpg"


class Blobs:
    """The blobs below one folder. Any thread may use it at any time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._synced: set[Path] = set()
        """Sub-folders whose names are known to be on the disk. That one is there says nothing:
        another thread may just have made it, or a process that was killed."""
        self._fresh: set[str] = set()
        self._aging: set[str] = set()
        """What was stored since the last round of sweeping ended, and in that round: a row may be
        on its way, whatever the files' times say. Clocks are set."""

    def path_of(self, name: str) -> Path:
        """Where the blob `name` lies, whether it is there or not. Raises `BadName`."""
        if _NAME.fullmatch(name) is None:
            raise BadName(f"{name!r} names no blob")
        return self.folder / name[:FAN_OUT_CHARACTERS] / name

    def store(self, data: bytes, name: str) -> None:
        """Keep `data` under `name`, which nobody has used: durable when this returns.

        Raises `BadName`, `OSError`.
        """
        path = self.path_of(name)
        self._fresh.add(name)
        if path.parent not in self._synced:
            path.parent.mkdir(exist_ok=True, mode=FOLDER_MODE)
            sync_folder(self.folder)
            self._synced.add(path.parent)
        write_durably(path, data)

    def delete(self, name: str) -> None:
        """Delete the blob `name`, if it is there. Raises `BadName`, `OSError`."""
        self.path_of(name).unlink(missing_ok=True)

    def sweep(
        self,
        folder: str,
        now: float,
        known: Callable[[str], Iterable[str]],
        older_than_s: float = UNREFERENCED_KEPT_S,
    ) -> int:
        """Delete what no row names and what a crash left half written in one of the `FOLDERS`, if
        it is old enough and was not stored here in this round or the last; say how many files.

        `now` is in Unix seconds; `known` gives the names that rows speak of, among those that begin
        with the prefix it is given. Raises `OSError`.
        """
        # Listed first and asked for after: a file that comes in between is not in the list.
        try:
            old = [p for p in (self.folder / folder).iterdir() if _age_s(p, now) > older_than_s]
        except FileNotFoundError:
            return 0
        if not old:
            return 0
        named = set(known(folder))
        ours = self._fresh | self._aging
        strays = [
            path
            for path in old
            if path.name not in named and path.name.removesuffix(PART) not in ours
        ]
        for path in strays:
            path.unlink(missing_ok=True)
        return len(strays)

    def end_round(self) -> None:
        """All folders have had their turn."""
        self._aging, self._fresh = self._fresh, set()


def _age_s(path: Path, now: float) -> float:
    """Seconds since the file was written; 0 if it was deleted meanwhile."""
    try:
        return now - path.stat().st_mtime
    except FileNotFoundError:
        return 0.0
