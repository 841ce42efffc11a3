"""A shard: one task that empties one bounded channel of commands into the mailboxes of its cells.

Askers send without waiting and are refused when it is full. Shards give bounds and fairness; no
promise rests on them.
"""

import trio

from actors.runtime.asking import Overloaded, Quarantined
from actors.runtime.cell import Waiting
from actors.runtime.directory import Directory
from actors.runtime.limits import SHARD_COMMANDS_MAX
from actors.runtime.rounds import Rounds
from storage.ids import describe_actor

_HASH_MULTIPLIER = 0x9E3779B97F4A7C15
"""2^64 divided by the golden ratio (Knuth, TAOCP 6.4): spreads consecutive keys. Stable for
ever."""


def shard_of(actor: int, shards: int) -> int:
    """The number of the shard of `actor`, below `shards`. A fixed hash."""
    return ((actor * _HASH_MULTIPLIER & 0xFFFF_FFFF_FFFF_FFFF) >> 32) % shards


class Shard:
    """The channel of one shard, and the task that drains it."""

    def __init__(self, directory: Directory, rounds: Rounds) -> None:
        self._directory = directory
        self._rounds = rounds
        self._send, self._receive = trio.open_memory_channel[Waiting](SHARD_COMMANDS_MAX)

    def send_nowait(self, waiting: Waiting) -> None:
        """Raises `Overloaded` when the channel is full."""
        try:
            self._send.send_nowait(waiting)
        except trio.WouldBlock:
            raise Overloaded("this shard's channel is full") from None

    async def run(self) -> None:
        """Drain the channel in batches until cancelled."""
        while True:
            self._accept(await self._receive.receive())
            while True:
                try:
                    waiting = self._receive.receive_nowait()
                except trio.WouldBlock:
                    break
                self._accept(waiting)

    def _accept(self, waiting: Waiting) -> None:
        """Put a command into its mailbox; hold what it reads; start loading what is not there."""
        if not self._rounds.has_room:
            waiting.settle(Overloaded("too many commands wait"))
            return
        actors = (waiting.command.actor, *waiting.command.reads)
        cell, *reads = [self._directory.cell(actor) for actor in actors]
        for named in (cell, *reads):
            if named.quarantined:
                waiting.settle(Quarantined(describe_actor(named.actor)))
                return
        for read in reads:
            if read.state is None:
                waiting.missing += 1
                read.readers.append(waiting)  # not decided before it is there
        self._rounds.enqueue(cell, waiting)

    def statistics(self) -> dict[str, int]:
        channel = self._send.statistics()
        return {"commands": channel.current_buffer_used, "bound": SHARD_COMMANDS_MAX}
