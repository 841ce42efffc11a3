"""kill -9 under concurrent writes: what was acknowledged is there after the restart, what was lost
happened once or not at all, and nothing is there by half.
"""

import contextlib
import signal
from collections.abc import AsyncGenerator
from pathlib import Path
from random import Random

import pytest
import trio

from tests.process.crowd import Client, note, send
from tests.process.keeping import check
from tests.process.promises import Answer, Ledger, Request
from tests.process.starting import (
    Person,
    Server,
    commits_held_back,
    make_user,
    run,
    started,
)

CLIENTS = 8

ANSWERS_BEFORE_THE_KILL = (60, 240)
"""The kill comes at a seeded number of answers in this range,"""

MORE_BEFORE_THE_KILL_S = 0.02
"""and up to this much later: some commits long, so that it hits any place of one;"""

HELD_BACK_S = 0.2
"""or, every other time, after this much time without a commit: long enough for every answer that
does not wait for its own."""

LOAD_S = 30.0

RETRIED_A_ROUND = 40
"""Acknowledged requests that are sent again after a restart."""


class Story:
    """Servers one after the other on one folder, and the people who use them."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder = folder
        self.random = Random(seed)
        self.ledger = Ledger()
        self.people: list[Person] = []

    @contextlib.asynccontextmanager
    async def server(self) -> AsyncGenerator[Server]:
        """The next process; everybody gets a connection of their own to it."""
        async with started(self.folder) as server, contextlib.AsyncExitStack() as on:
            if not self.people:
                client = await on.enter_async_context(server.client())
                self.people = [await make_user(client, f"client{n}") for n in range(CLIENTS)]
            for person in self.people:
                person.client = await on.enter_async_context(server.client())
            yield server

    async def load_and_kill(self, server: Server, *, hold_back: bool) -> None:
        """Everybody writes, until the server is killed at some moment."""
        least, most = ANSWERS_BEFORE_THE_KILL
        remaining = self.random.randint(least, most)
        more_s = self.random.uniform(0.0, MORE_BEFORE_THE_KILL_S)
        due = trio.Event()

        def count_down() -> None:
            nonlocal remaining
            remaining -= 1
            if remaining == 0:
                due.set()

        self.ledger.answered.clear()
        with trio.fail_after(LOAD_S):
            async with trio.open_nursery() as crowd:
                for person in self.people:
                    others = [other.id for other in self.people if other is not person]
                    chance = Random(self.random.getrandbits(64))
                    client = Client(person, self.ledger, chance, others, count_down)
                    crowd.start_soon(client.write_until_lost)
                await due.wait()
                with contextlib.ExitStack() as held:
                    if hold_back:
                        held.enter_context(commits_held_back(server.database))
                    with trio.move_on_after(HELD_BACK_S if hold_back else more_s):
                        await server.process.wait()
                    await server.kill9()
        assert server.process.returncode == -signal.SIGKILL, server.logged

    async def retry(self) -> None:
        """Send again what was lost, twice at once, and some of what was not, with the same keys."""
        people = {person.name: person for person in self.people}

        async def again(request: Request, answers: list[Answer]) -> None:
            answers.append(await send(people[request.person], request, self.ledger))

        for request in self.ledger.lost:
            answers: list[Answer] = []
            async with trio.open_nursery() as both:
                both.start_soon(again, request, answers)
                both.start_soon(again, request, answers)
            assert answers[0] == answers[1], f"one key, two answers: {request}"
            note(request, answers[0], self.ledger)
        self.ledger.lost.clear()
        requests = list(self.ledger.answered)
        for request in self.random.sample(requests, min(RETRIED_A_ROUND, len(requests))):
            answer = await send(people[request.person], request, self.ledger)
            assert answer == self.ledger.answered[request], f"not the same answer again: {request}"


async def assert_sound(folder: Path) -> None:
    ended = await run("verify", "--data", folder)
    assert ended.code == 0, ended
    assert ended.said.startswith("sound: "), ended


async def tell(folder: Path, *, rounds: int, seed: int) -> Ledger:
    """Kill and restart `rounds` times. Raises `AssertionError` for a broken promise."""
    story = Story(folder, seed)
    async with story.server() as server:
        await story.load_and_kill(server, hold_back=True)
    for round in range(rounds):
        lost = len(story.ledger.lost)
        print(f"kill {round}: {story.ledger.acknowledged} acknowledged in all, {lost} keys lost")
        await assert_sound(folder)
        async with story.server() as server:
            await check(story.people, story.ledger)
            await story.retry()
            await check(story.people, story.ledger)
            await assert_sound(folder)
            if round + 1 < rounds:
                await story.load_and_kill(server, hold_back=round % 2 == 1)
            else:
                assert await server.stop() == 0, server.logged
    await assert_sound(folder)
    return story.ledger


async def test_what_was_acknowledged_survives_a_kill_and_what_was_lost_happens_at_most_once(
    tmp_path: Path,
):
    ledger = await tell(tmp_path / "data", rounds=3, seed=1)
    assert ledger.acknowledged > 3 * ANSWERS_BEFORE_THE_KILL[0] / 2


@pytest.mark.survive
async def test_the_same_for_fifty_kills(tmp_path: Path):
    await tell(tmp_path / "data", rounds=50, seed=2)

