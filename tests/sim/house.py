"""A small house of actors over a simulated disk, for directed tests: one line to open, one to make
a user or a post."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import trio

from actors.accounts.messages import Register
from actors.fanout import POLICIES, Policy
from actors.runtime.actors import Actors, open_actors
from actors.runtime.asking import RequestKey
from actors.runtime.inboxes import Inboxes
from actors.runtime.passivation import Residency
from actors.runtime.rounds import Clocks, Rounds
from actors.user.messages import NewMedium, Publish
from tests.sim.disk import SimulatedDisk
from tests.sim.model import ModelDisk
from tests.sim.world import START_MS

PICTURE = (NewMedium(1, 1, "file.jpg", "thumbnail.jpg"),)


class House:
    """Actors, their inboxes, and a disk to slow down or to hold."""

    def __init__(self, disk: SimulatedDisk, actors: Actors, feed: Inboxes) -> None:
        self.disk = disk
        self.actors = actors
        self.feed = feed

    async def user(self, name: str) -> int:
        """The account number of a new user."""
        reply: Any = await self.actors.ask(Register(name, "hash", None, None, None))
        return reply.account

    async def post(self, author: int, key: RequestKey | None = None) -> int:
        """The id of a new post."""
        reply: Any = await self.actors.ask(Publish(author, None, PICTURE), key)
        return reply.post


@asynccontextmanager
async def open_house(
    disk: SimulatedDisk | None = None,
    *,
    policy: Policy = POLICIES["push"],
    rounds_type: type[Rounds] = Rounds,
    residency: Residency = Residency(),  # noqa: B008  # frozen
) -> AsyncGenerator[House]:
    """A house that is running. On a fresh model disk unless one is given."""
    disk = disk or ModelDisk(Random(0))
    clocks = Clocks(lambda: START_MS + int(trio.current_time() * 1000), trio.current_time)
    async with open_actors(
        disk, clocks, shards=2, rounds_type=rounds_type, residency=residency
    ) as actors:
        feed = Inboxes(actors, policy, clocks.stopwatch)
        actors.listen(feed.on_delivered)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(feed.run)
            yield House(disk, actors, feed)
            nursery.cancel_scope.cancel()
