"""One process a folder; secrets that stay, and stay secret."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from storage.folder import (
    SECRET_BYTES,
    FileDamaged,
    FolderTaken,
    open_folder,
    secret,
    write_durably,
)

HOLD = """
import sys
from pathlib import Path
from storage.folder import open_folder
with open_folder(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def counted(size: int) -> bytes:
    return bytes(range(size))


def unused(size: int) -> bytes:
    raise AssertionError(f"{size} bytes of chance were not needed")


def test_a_new_folder_is_for_its_owner_only(tmp_path: Path) -> None:
    with open_folder(tmp_path / "new" / "data") as folder:
        assert folder.path.stat().st_mode & 0o777 == 0o700
        assert folder.media.is_dir()
        assert folder.database.parent == folder.path


def test_a_folder_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    with open_folder(tmp_path):
        assert tmp_path.stat().st_mode & 0o777 == 0o700


def test_a_second_process_is_refused_and_told_who_is_there(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, cwd=Path.cwd()) as first:
        assert first.stdin is not None
        assert first.stdout is not None
        assert first.stdout.readline() == b"held\n"
        with pytest.raises(FolderTaken) as refused, open_folder(tmp_path):
            pass
        assert refused.value.pid == first.pid
        assert str(first.pid) in str(refused.value)
        first.stdin.close()
        first.wait()
    with open_folder(tmp_path) as folder:
        assert folder.epoch == 2
        assert (tmp_path / "lock").read_text().strip() == str(os.getpid())


def test_a_killed_process_holds_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, cwd=Path.cwd()) as first:
        assert first.stdout is not None
        first.stdout.readline()
        first.kill()
        first.wait()
    with open_folder(tmp_path):
        pass


def test_the_epoch_grows_with_each_start(tmp_path: Path) -> None:
    epochs: list[int] = []
    for _ in range(3):
        with open_folder(tmp_path) as folder:
            epochs.append(folder.epoch)
    assert epochs == [1, 2, 3]


def test_a_secret_is_made_once_and_kept(tmp_path: Path) -> None:
    with open_folder(tmp_path) as folder:
        made = secret(folder, "tokens", counted)
        assert made == counted(SECRET_BYTES)
        (file,) = (tmp_path / "secrets").iterdir()
        assert file.stat().st_mode & 0o777 == 0o600
    with open_folder(tmp_path) as folder:
        assert secret(folder, "tokens", unused) == made


@pytest.mark.parametrize("name", ["", "../lock", "a/b", ".hidden", "UPPER", "tokens.part"])
def test_a_secret_can_not_be_named_out_of_its_folder(tmp_path: Path, name: str) -> None:
    with open_folder(tmp_path) as folder, pytest.raises(ValueError):
        secret(folder, name, counted)


def test_a_damaged_secret_is_not_used(tmp_path: Path) -> None:
    with open_folder(tmp_path) as folder:
        secret(folder, "tokens", counted)
        (tmp_path / "secrets" / "tokens").write_bytes(b"short")
        with pytest.raises(FileDamaged, match=r"not 5: .* \(all must log in again\)"):
            secret(folder, "tokens", unused)


@pytest.mark.parametrize("content", [b"", b"many\n", b"-1\n", b"\xff\n", b"1" * 19])
def test_a_damaged_epoch_is_named_and_not_counted_on(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "epoch").write_bytes(content)
    with pytest.raises(FileDamaged, match="epoch should hold a number: "), open_folder(tmp_path):
        pass
    assert (tmp_path / "epoch").read_bytes() == content


def test_a_file_is_no_data_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(NotADirectoryError) as refused, open_folder(path):
            pass
        assert refused.value.filename == str(path)


def test_a_crash_half_way_leaves_the_old_content(tmp_path: Path) -> None:
    write_durably(tmp_path / "file", b"old")
    (tmp_path / "file.part").write_bytes(b"ne")
    assert (tmp_path / "file").read_bytes() == b"old"
    write_durably(tmp_path / "file", b"new")
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"new"]
