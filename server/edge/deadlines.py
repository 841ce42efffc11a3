"""One coarse timer for every connection: a deadline costs two assignments, no task and no scope."""

import trio

from server.edge.limits import TICK_S
from server.edge.wire import Wire

LOOKED_AT_ONCE = 1_024
"""Wires looked at in one step: a fraction of a millisecond."""


class Deadlines:
    """The wires that are watched."""

    def __init__(self) -> None:
        self._wires: set[Wire] = set()

    def watch(self, wire: Wire) -> None:
        """From now on its waits end when they are due."""
        self._wires.add(wire)

    def forget(self, wire: Wire) -> None:
        """No more."""
        self._wires.discard(wire)

    async def run(self) -> None:
        """Look at all of them every half second, for ever."""
        while True:
            await trio.sleep(TICK_S)
            for number, wire in enumerate(list(self._wires)):
                if number % LOOKED_AT_ONCE == LOOKED_AT_ONCE - 1:
                    await trio.lowlevel.checkpoint()
                wire.look_at(trio.current_time())
