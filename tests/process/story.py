"""A story: servers one after the other on one folder, a crowd that writes to each, and the end that
each comes to.

`Story` holds the people and their ledger over all restarts; the tests say how a server ends.
"""

import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path
from random import Random

import trio

from tests.process.crowd import Client, note, send
from tests.process.keeping import check
from tests.process.promises import Answer, Ledger, Request
from tests.process.starting import Person, Server, make_user, run, started

CLIENTS = 8

ANSWERS_BEFORE_THE_END = (60, 240)
"""A server ends at a seeded number of answers in this range."""

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

    async def load(self, server: Server, end: Callable[[Server], Awaitable[object]]) -> None:
        """Everybody writes, until the server has ended: by `end`, called at some moment."""
        least, most = ANSWERS_BEFORE_THE_END
        remaining = self.random.randint(least, most)
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
                await end(server)

    async def check(self) -> None:
        """Look at everything, send again what was lost and what was not, look at it all again."""
        await check(self.people, self.ledger)
        await self.retry()
        await check(self.people, self.ledger)
        await assert_sound(self.folder)

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
