"""The end of stories: a day after they were published, their rows and files go.

One task, started by `run.py`. Nothing waits for it: whoever reads looks at the clock. What expired
while no process ran is ended at the start.
"""

from collections.abc import Awaitable, Callable, Iterable

import structlog
import trio

from actors.runtime.actors import Actors
from actors.runtime.asking import Bug, Overloaded, Quarantined
from actors.runtime.limits import EXPIRED_AT_ONCE, EXPIRY_PERIOD_S
from actors.user.messages import BlobsReply, EndExpiredStories
from storage.reads import GetExpired, GetNextExpiry

OnBlobs = Callable[[Iterable[str]], Awaitable[None]]

log = structlog.get_logger()


class Expiry:
    """Ends stories in time. Start `run` in a nursery; `now` gives Unix milliseconds."""

    def __init__(self, actors: Actors, now: Callable[[], int]) -> None:
        self._actors = actors
        self._now = now

    async def run(self, on_blobs: OnBlobs) -> None:
        """End what is over, until cancelled. `on_blobs` gets the names of blobs that belong to
        nothing any more."""
        while True:
            more = await self._end_some(on_blobs)
            if not more:
                await trio.sleep(await self._pause())

    async def _pause(self) -> float:
        """Seconds to the next end; no longer than the period, since clocks may be set."""
        next_at = await self._actors.read(GetNextExpiry())
        if next_at is None:
            return EXPIRY_PERIOD_S
        return min(max((next_at - self._now()) / 1_000, 0.0) + 0.001, EXPIRY_PERIOD_S)

    async def _end_some(self, on_blobs: OnBlobs) -> bool:
        """End some of what is over; False if there is nothing, or if it must wait."""
        authors = await self._actors.read(GetExpired(self._now(), EXPIRED_AT_ONCE))
        ended = False
        for author in authors:
            try:
                reply = await self._actors.ask(EndExpiredStories(author))
            except (Overloaded, Quarantined, Bug) as trouble:
                log.warning("ending stories is put off", account=author, why=repr(trouble))
                continue
            if isinstance(reply, BlobsReply) and reply.blobs:
                ended = True
                await on_blobs(reply.blobs)
        return ended
