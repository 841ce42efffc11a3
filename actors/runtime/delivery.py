"""How far delivery has come, and who waits for it to come further.

Whatever a reader thread brings is as of some commit; `reached` holds it back until the facts up to
there are delivered, so that nobody ever knows of a fact before its delivery. The rounds move the
mark.
"""

from heapq import heappop, heappush
from itertools import count

import trio


class Delivery:
    """The seq of the last delivered fact."""

    def __init__(self, seq: int) -> None:
        self.mark = seq
        self._waiting: list[tuple[int, int, trio.Event]] = []
        self._order = count()

    def move(self, seq: int) -> None:
        """Fact `seq` is delivered: wake whoever waited for it."""
        self.mark = seq
        while self._waiting and self._waiting[0][0] <= seq:
            heappop(self._waiting)[2].set()

    async def reached(self, seq: int) -> None:
        """Wait until fact `seq` is delivered. A checkpoint only if it must wait."""
        if seq <= self.mark:
            return
        event = trio.Event()
        heappush(self._waiting, (seq, next(self._order), event))
        await event.wait()

    def statistics(self) -> dict[str, int]:
        return {"delivered": self.mark, "waiting": len(self._waiting)}
