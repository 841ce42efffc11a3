"""kill -9 under concurrent writes of every kind: what was acknowledged is there after the restart,
what was lost happened once or not at all, and nothing is there by half.
"""

import contextlib
import signal
from pathlib import Path

import pytest
import trio

from tests.process.crowd.writing import WRITES
from tests.process.starting import Server, commits_held_back
from tests.process.story import ANSWERS_BEFORE_THE_END, Story, assert_sound

LATER_S = 0.02
"""A kill comes up to this much later than an answer: some commits long, so that it hits any place
of one."""

HELD_BACK_S = 0.2
"""Or, every other time, after this much time without a commit: long enough for every answer that
does not wait for its own."""

NOT_IN_THE_CROWD: dict[str, str] = {}
"""Routes that write and that the crowd never asks, each with the reason."""

ASKED = WRITES.keys() - NOT_IN_THE_CROWD.keys()
"""All others: a new route needs an act in one of the crowd's rooms, or a reason above."""


async def kill(server: Server, after_s: float, *, hold_back: bool) -> None:
    with contextlib.ExitStack() as held:
        if hold_back:
            held.enter_context(commits_held_back(server.database))
        with trio.move_on_after(after_s):
            await server.process.wait()
        await server.kill9()
    assert server.process.returncode == -signal.SIGKILL, server.logged


async def tell(folder: Path, *, kills: int, seed: int) -> Story:
    """Kill and restart again and again. Raises `AssertionError` for a broken promise."""
    story = Story(folder, seed)
    for number in range(kills):

        async def end(server: Server, hold_back: bool = number % 2 == 0) -> None:
            after_s = HELD_BACK_S if hold_back else story.random.uniform(0.0, LATER_S)
            await kill(server, after_s, hold_back=hold_back)

        async with story.server() as server:
            if number:
                await story.check()
            last = number == kills - 1
            await story.load(server, end, ASKED if last else ())
        print(
            f"kill {number}: {story.ledger.acknowledged} acknowledged so far, "
            f"{len(story.ledger.lost)} keys lost"
        )
        await assert_sound(folder)
    async with story.server() as server:
        await story.check()
        assert await server.stop() == 0, server.logged
    await assert_sound(folder)
    return story


async def test_what_was_acknowledged_survives_a_kill_and_what_was_lost_happens_at_most_once(
    tmp_path: Path,
):
    story = await tell(tmp_path / "data", kills=3, seed=1)
    assert story.ledger.acknowledged > ANSWERS_BEFORE_THE_END[0]
    assert story.ledger.routes.keys() >= ASKED


def test_whatever_is_left_out_is_a_route():
    assert NOT_IN_THE_CROWD.keys() <= WRITES.keys()


@pytest.mark.survive
async def test_the_same_for_fifty_kills(tmp_path: Path):
    await tell(tmp_path / "data", kills=50, seed=2)
