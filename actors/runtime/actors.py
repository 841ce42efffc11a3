"""The actors of one process: what the server asks, and the nursery in which they live.

`open_actors` is entered by `run.py` inside the journal and outside the server; leaving it drains
what waits and writes snapshots.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import msgspec
import trio

from actors.decisions import Accepted, Command, Refused
from actors.runtime.asking import (
    Asker,
    Bug,
    KeyConflict,
    Listener,
    Overloaded,
    Quarantined,
    RequestKey,
)
from actors.runtime.cell import Waiting
from actors.runtime.claims import Claims
from actors.runtime.delivery import Delivery
from actors.runtime.directory import Directory
from actors.runtime.limits import SHARDS
from actors.runtime.liveness import Liveness
from actors.runtime.passivation import Passivation, Residency
from actors.runtime.rounds import Clocks, Rounds
from actors.runtime.shard import Shard, shard_of
from storage.disk import Disk
from storage.reads import (
    REPLY_KEPT_MS,
    Answer,
    GetBeginning,
    GetGoneAccounts,
    GetKeptReply,
    Question,
)

R = TypeVar("R")
T = TypeVar("T")


class Actors:
    """All actors of the folder: `Asking` in the flesh (see `actors.runtime.asking` for the
    promises)."""

    def __init__(
        self,
        disk: Disk,
        clocks: Clocks,
        delivery: Delivery,
        directory: Directory,
        rounds: Rounds,
        shards: list[Shard],
    ) -> None:
        self._disk = disk
        self._clocks = clocks
        self._delivery = delivery
        self._rounds = rounds
        self._shards = shards
        self._claims = Claims()
        self.directory = directory

    def listen(self, listener: Listener) -> None:
        """Have `listener` hear of each fact from now on, after those that listen already."""
        self._rounds.listeners.append(listener)

    async def ask(
        self, command: Command[R], key: RequestKey | None = None, asker: Asker | None = None
    ) -> R | Refused:
        """Have the actor of `command` decide it. Raises `Overloaded`, `Bug`, `KeyConflict` and
        `Quarantined`."""
        if key is None:
            return await self._send(Waiting(command, asker=asker))
        claim = await self._claims.claim(key)
        try:
            kept = await self._kept_reply(type(command), key)
            if kept is not None:
                claim.release()
                return kept
        except BaseException:
            claim.release()
            raise
        return await self._send(Waiting(command, key, claim, asker))

    async def kept(self, command_type: type[Command[R]], key: RequestKey) -> R | None:
        """The reply kept under `key`, after waiting for whoever has it. Raises `KeyConflict`."""
        claim = await self._claims.claim(key)
        try:
            return await self._kept_reply(command_type, key)
        finally:
            claim.release()

    async def _kept_reply(self, command_type: type[Command[R]], key: RequestKey) -> R | None:
        kept = await self.read(GetKeptReply(key.account, key.route, key.key))
        if kept is None or kept.at <= self._clocks.now() - REPLY_KEPT_MS:
            return None
        if kept.request != key.request:
            raise KeyConflict(key.key)
        return msgspec.msgpack.decode(kept.reply, type=command_type.reply_type)

    async def _send(self, waiting: Waiting) -> Any:
        """Send a command to its shard and wait for its outcome. Between look-up and sending
        nothing waits."""
        try:
            self._shards[shard_of(waiting.command.actor, len(self._shards))].send_nowait(waiting)
        except Overloaded as full:
            waiting.settle(full)
        await waiting.settled.wait()
        match waiting.outcome:
            case Accepted(reply=reply):
                return reply
            case Refused() as refused:
                return refused
            case Bug() | Quarantined() | Overloaded() as error:
                raise error
            case None:
                raise AssertionError("settled without an outcome")

    async def read(self, question: Question[T]) -> T:
        """Answer from the rows, once delivery has reached the commit that the answer is of."""
        return (await self.read_as_of(question)).value

    async def read_as_of(self, question: Question[T]) -> Answer[T]:
        """The same with the seq that the answer is of."""
        answer = await self._disk.read(question)
        await self._delivery.reached(answer.committed)
        return answer

    @property
    def delivered(self) -> int:
        """The seq of the last delivered fact."""
        return self._delivery.mark

    def resident(self, actor: int) -> Any:
        """The state of an actor that is in memory, as of the last delivered fact; None for another.
        To be read before the next `await`, and not to be changed."""
        cell = self.directory.cells.get(actor)
        return None if cell is None else cell.state

    async def finish(self) -> None:
        """Wait until every command has its outcome, and write snapshots: once nobody asks any
        more."""
        while any(shard.statistics()["commands"] for shard in self._shards):
            await trio.lowlevel.checkpoint()
        await self._rounds.finish()

    def statistics(self) -> dict[str, dict[str, int]]:
        """How full every queue of the runtime is, and its bound."""
        commands = sum(shard.statistics()["commands"] for shard in self._shards)
        return {
            "shards": {"shards": len(self._shards), "commands": commands},
            "rounds": self._rounds.statistics(),
            "directory": self.directory.statistics(),
            "delivery": self._delivery.statistics(),
            "claims": self._claims.statistics(),
        }


@asynccontextmanager
async def open_actors(
    disk: Disk,
    clocks: Clocks,
    *,
    shards: int = SHARDS,
    rounds_type: type[Rounds] = Rounds,
    residency: Residency = Residency(),  # noqa: B008  # frozen
) -> AsyncGenerator[Actors]:
    """The actors of `disk`, running until the block is left.

    On a clean exit, the commands that still wait are decided and delivered, and snapshots are
    written.

    Raises `DiskFailed` (in an exception group) when a commit or a read fails.
    """
    beginning = (await disk.read(GetBeginning())).value
    liveness = Liveness((await disk.read(GetGoneAccounts())).value)
    delivery = Delivery(beginning.seq)
    async with trio.open_nursery() as nursery:
        directory = Directory(disk, delivery, nursery, clocks.stopwatch)
        rounds = rounds_type(disk, directory, delivery, clocks, beginning, liveness)
        tasks = [Shard(directory, rounds) for _ in range(shards)]
        actors = Actors(disk, clocks, delivery, directory, rounds, tasks)
        passivation = Passivation(directory, rounds, clocks.stopwatch, residency)
        nursery.start_soon(rounds.run)
        nursery.start_soon(passivation.run)
        for shard in tasks:
            nursery.start_soon(shard.run)
        yield actors
        await actors.finish()
        nursery.cancel_scope.cancel()
