"""A story: servers one after the other on one folder, a crowd that writes to each, and the end that
each comes to.

`Story` holds the people and their ledger over all restarts; the tests say how a server ends.
"""

import contextlib
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection
from functools import partial
from pathlib import Path
from random import Random

import trio

from admin.verify import verify_folder
from tests.process.crowd.clients import Town
from tests.process.crowd.ledger import Answer, Ledger, Request
from tests.process.crowd.room import Household
from tests.process.starting import Server, make_user, started

CLIENTS = 8

HOMES = 4
"""Of them, those with accounts of their own for what only they write about."""

ANSWERS_BEFORE_THE_END = (60, 240)
"""A server ends at a seeded number of answers in this range."""

LOAD_S = 300.0
"""Within which a crowd has done everything and its server has ended: seconds, and many more on a
machine that is busy. Nothing waits for so long; what hangs must not hang the tests."""

RETRIED_A_ROUND = 100
"""Acknowledged requests that are sent again after a restart."""


class Story:
    """Servers one after the other on one folder, and the people who use them."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder = folder
        self.random = Random(seed)
        self.town = Town(self.random)

    @property
    def ledger(self) -> Ledger:
        return self.town.ledger

    @contextlib.asynccontextmanager
    async def server(self) -> AsyncGenerator[Server]:
        """The next process; every household gets a connection of its own to it."""
        async with started(self.folder) as server, contextlib.AsyncExitStack() as on:
            if not self.town.households:
                client = await on.enter_async_context(server.client())
                for number in range(CLIENTS):
                    main = await make_user(client, f"client{number}")
                    self.town.households.append(Household(main))
                async with trio.open_nursery() as nursery:
                    for household in self.town.households[:HOMES]:
                        nursery.start_soon(self.town.move_in, household)
            for household in self.town.households:
                client = await on.enter_async_context(server.client())
                for person in household.all():
                    person.client = client
            yield server

    async def load(
        self,
        server: Server,
        end: Callable[[Server], Awaitable[object]],
        routes: Collection[str] = (),
    ) -> None:
        """Everybody writes, until the server has ended: by `end`, called at some moment, but not
        before a write of each of `routes` was acknowledged.

        Raises `AssertionError` if the crowd never asks one of them.
        """
        least, most = ANSWERS_BEFORE_THE_END
        remaining = self.random.randint(least, most)
        due = trio.Event()

        def count_down() -> None:
            nonlocal remaining
            remaining -= 1
            if remaining <= 0 and self.ledger.routes.keys() >= set(routes):
                due.set()

        self.town.on_answer(count_down)
        self.ledger.answered.clear()
        with trio.move_on_after(LOAD_S) as load:
            async with trio.open_nursery() as crowd:
                for household in self.town.households:
                    crowd.start_soon(self.town.write_until_lost, household)
                await due.wait()
                await end(server)
        never = set(routes) - self.ledger.routes.keys()
        assert not load.cancelled_caught, f"never asked: {never}, or the server did not end"

    async def check(self) -> None:
        """Look at everything, send again what was lost and what was not, look at it all again."""
        await self.town.check()
        await self.retry()
        await self.town.settle()
        await self.town.check()
        await assert_sound(self.folder)

    async def retry(self) -> None:
        """Send again what was lost, twice at once, and some of what was not, with the same keys."""
        for request in self.ledger.lost:
            if request.key is not None:
                answers: list[Answer] = []
                async with trio.open_nursery() as both:
                    both.start_soon(self._again, request, answers)
                    both.start_soon(self._again, request, answers)
                first, second = answers
                assert first == second or request.varying, f"one key, two answers: {request}"
                self.town.writing.note(request, first)
                if request.becomes.get(("account", request.person.name)) is False:
                    self.ledger.has_left(request.person.name)
        self.ledger.lost.clear()
        requests = [one for one in self.ledger.answered if not one.varying]
        for request in self.random.sample(requests, min(RETRIED_A_ROUND, len(requests))):
            answers: list[Answer] = []
            await self._again(request, answers)
            due = self.ledger.answered[request]
            assert answers == [due], f"not the same answer again: {request}: {due}, {answers}"

    async def _again(self, request: Request, answers: list[Answer]) -> None:
        person = request.person
        answers.append(await self.town.writing.send(person, request))


async def assert_sound(folder: Path) -> None:
    """What `run.py verify` says, without a process for it; `test_verify` starts those."""

    now = time.time_ns() // 1_000_000
    verifying = partial(verify_folder, folder, lambda done, of: None, now)
    report = await trio.to_thread.run_sync(verifying)
    assert report.differences == []
