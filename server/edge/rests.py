"""Waiting by the thousand for much the same moment: whoever comes first sleeps for all who are to
wake with it, since a sleep of its own for each costs half as much as serving it.

`server.edge.connection` lets those rest here whom it has put off. Knows no connection.
"""

import math

import trio

TOGETHER_S = 0.05
"""Who is to wake within so many seconds wakes at once: nobody sooner than it should."""


class Rests:
    """Whoever rests."""

    def __init__(self) -> None:
        self._lots: dict[int, trio.lowlevel.ParkingLot] = {}
        """By the moment at which they wake, in multiples of `TOGETHER_S`."""

    async def rest(self, seconds: float) -> None:
        """Wait for so long, and at most `TOGETHER_S` longer."""
        moment = math.ceil((trio.current_time() + seconds) / TOGETHER_S)
        while trio.current_time() < moment * TOGETHER_S:
            lot = self._lots.get(moment)
            if lot is None:
                await self._sleep_for_all(moment)
            else:
                await lot.park()

    async def _sleep_for_all(self, moment: int) -> None:
        """As the first of those who are to wake then; if it is cancelled, another does."""
        lot = self._lots[moment] = trio.lowlevel.ParkingLot()
        try:
            await trio.sleep_until(moment * TOGETHER_S)
        finally:
            del self._lots[moment]
            lot.unpark_all()
