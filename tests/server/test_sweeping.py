"""Media files that no row names go at the start, and within two hours in a process that runs on."""

import itertools
import os
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from server.uploads.sweeping import SWEEP_PERIOD_S, sweep_media
from storage.blobs import FOLDERS, UNREFERENCED_KEPT_S, Blobs

NOW_S = 1_760_000_000
NAMED, STRAY, LATER = (f"ab{n:030x}.jpg" for n in range(3))


async def test_every_folder_has_its_turn_at_once_and_then_every_hour(
    autojump_clock: MockClock, tmp_path: Path
) -> None:
    blobs = Blobs(tmp_path)
    turns: list[float] = []
    asked: list[str] = []
    scope = trio.CancelScope()

    def leave(name: str) -> None:
        Blobs(tmp_path).store(b"picture", name)  # by an earlier process, for all that is known
        seen = NOW_S - UNREFERENCED_KEPT_S - 60
        os.utime(blobs.path_of(name), (seen, seen))

    def now() -> int:
        """Asked once a turn."""
        turns.append(trio.current_time())
        if len(turns) == len(FOLDERS) + 1:
            assert not blobs.path_of(STRAY).exists()
            leave(LATER)
        if len(turns) == 2 * len(FOLDERS) + 1:
            scope.cancel()
        return NOW_S * 1_000

    async def known(prefix: str) -> list[str]:
        asked.append(prefix)
        return [NAMED]

    leave(NAMED)
    leave(STRAY)
    with scope:
        await sweep_media(blobs, known, now, trio.CapacityLimiter(1))
    first, second = turns[: len(FOLDERS)], turns[len(FOLDERS) :]
    assert first[-1] == first[0]
    pauses = [later - sooner for sooner, later in itertools.pairwise(second)]
    assert pauses == [pytest.approx(SWEEP_PERIOD_S / len(FOLDERS))] * len(FOLDERS)
    assert asked == ["ab", "ab"]
    assert blobs.path_of(NAMED).exists()
    assert not blobs.path_of(LATER).exists()


async def test_a_folder_that_can_not_be_read_does_not_end_the_sweep(
    autojump_clock: MockClock, tmp_path: Path
) -> None:
    (tmp_path / FOLDERS[0]).write_bytes(b"no folder")
    turns = 0
    scope = trio.CancelScope()

    def now() -> int:
        nonlocal turns
        turns += 1
        if turns == 3:
            scope.cancel()
        return NOW_S * 1_000

    async def known(prefix: str) -> list[str]:
        return []

    with scope:
        await sweep_media(Blobs(tmp_path), known, now, trio.CapacityLimiter(1))
    assert turns == 3
