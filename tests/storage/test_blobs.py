"""A blob is there whole or not at all; nothing outside its folder can be named; what nobody names
is swept.
"""

import os
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from storage.blobs import FOLDERS, UNREFERENCED_KEPT_S, BadName, Blobs, new_name

NOW = 1_760_000_000.0
"""Unix seconds."""

NAME = "ab" + "0" * 30 + ".jpg"
OTHER = "cd" + "1" * 30 + ".jpg"


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    return Blobs(tmp_path)


def aged(path: Path, seconds: float) -> Path:
    os.utime(path, (NOW - seconds, NOW - seconds))
    return path


def nothing(prefix: str) -> list[str]:
    return []


def test_a_stored_blob_lies_under_its_first_characters(blobs: Blobs, tmp_path: Path) -> None:
    blobs.store(b"\xff\xd8picture", NAME)
    assert blobs.path_of(NAME) == tmp_path / "ab" / NAME
    assert blobs.path_of(NAME).read_bytes() == b"\xff\xd8picture"
    assert [path.name for path in (tmp_path / "ab").iterdir()] == [NAME]
    assert blobs.path_of(NAME).stat().st_mode & 0o777 == 0o600


def test_a_name_is_made_of_chance_alone(blobs: Blobs) -> None:
    name = new_name(lambda size: bytes(range(size)))
    assert name == "000102030405060708090a0b0c0d0e0f.jpg"
    blobs.path_of(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "../lock",
        "ab/" + NAME,
        NAME.upper(),
        NAME + "\n",
        NAME + "\x00",
        NAME[:-4],
        NAME + ".part",
        "a" * 31 + ".jpg",
        "\u0660" * 32 + ".jpg",
    ],
)
def test_what_is_no_name_is_refused(blobs: Blobs, name: str) -> None:
    with pytest.raises(BadName):
        blobs.path_of(name)
    with pytest.raises(BadName):
        blobs.store(b"", name)
    with pytest.raises(BadName):
        blobs.delete(name)


def test_deleting_twice_is_deleting_once(blobs: Blobs) -> None:
    blobs.store(b"picture", NAME)
    blobs.delete(NAME)
    blobs.delete(NAME)
    assert not blobs.path_of(NAME).exists()


def swept(blobs: Blobs, known: Callable[[str], Iterable[str]]) -> int:
    """How many files went when every folder had its turn, in a process that has stored none."""
    later = Blobs(blobs.folder)
    return sum(later.sweep(folder, NOW, known) for folder in FOLDERS)


def test_the_sweep_takes_what_is_old_and_named_by_no_row(blobs: Blobs) -> None:
    for name in (NAME, OTHER):
        blobs.store(b"picture", name)
        aged(blobs.path_of(name), UNREFERENCED_KEPT_S + 1)
    asked: list[str] = []

    def known(prefix: str) -> list[str]:
        asked.append(prefix)
        return [OTHER]

    assert swept(blobs, known) == 1
    assert not blobs.path_of(NAME).exists()
    assert blobs.path_of(OTHER).exists()
    assert asked == ["ab", "cd"]


def test_an_upload_under_way_is_left_alone(blobs: Blobs) -> None:
    blobs.store(b"picture", NAME)
    aged(blobs.path_of(NAME), UNREFERENCED_KEPT_S - 1)
    assert swept(blobs, nothing) == 0
    assert blobs.path_of(NAME).exists()


def test_what_this_process_has_stored_is_left_for_two_rounds_whatever_its_time(
    blobs: Blobs,
) -> None:
    """The clock may be set between the file and the sweep."""
    blobs.store(b"picture", NAME)
    aged(blobs.path_of(NAME), 2 * UNREFERENCED_KEPT_S)
    half = aged_file(blobs.path_of(NAME).with_name(NAME + ".part"))
    for _ in range(2):
        assert sum(blobs.sweep(folder, NOW, nothing) for folder in FOLDERS) == 0
        blobs.end_round()
    assert sum(blobs.sweep(folder, NOW, nothing) for folder in FOLDERS) == 2
    assert not blobs.path_of(NAME).exists()
    assert not half.exists()


def test_what_a_crash_left_half_written_is_swept(blobs: Blobs, tmp_path: Path) -> None:
    blobs.store(b"picture", NAME)
    half = blobs.path_of(NAME).with_name(NAME + ".part")
    half.write_bytes(b"pict")
    aged(half, UNREFERENCED_KEPT_S + 1)
    aged(blobs.path_of(NAME), UNREFERENCED_KEPT_S + 1)
    assert swept(blobs, lambda prefix: [NAME]) == 1
    assert [path.name for path in (tmp_path / "ab").iterdir()] == [NAME]


def test_the_sweep_touches_nothing_that_is_not_its_own(blobs: Blobs, tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    stranger = aged_file(tmp_path / "notes" / "old.txt")
    beside = aged_file(tmp_path / "README")
    assert swept(blobs, nothing) == 0
    assert stranger.exists()
    assert beside.exists()


def aged_file(path: Path) -> Path:
    path.write_bytes(b"not ours")
    return aged(path, 10 * UNREFERENCED_KEPT_S)
