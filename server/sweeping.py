"""The sweep of the media folder: what an interrupted upload or deletion left behind is deleted.

Started once by `run.py`; a thread walks through the folder, and asks which names there are rows of.
"""

from collections.abc import Callable

import structlog
import trio

from actors.runtime.asking import Asking
from storage.blobs import Blobs
from storage.reads import GetMediaNames

log = structlog.get_logger()


async def sweep(
    blobs: Blobs, asking: Asking, threads: trio.CapacityLimiter, now: Callable[[], int]
) -> None:
    """Delete the media files that no row names. `now` says Unix milliseconds."""

    def known(prefix: str) -> list[str]:
        return trio.from_thread.run(asking.read, GetMediaNames(prefix))

    swept = await trio.to_thread.run_sync(blobs.sweep, now() / 1_000, known, limiter=threads)
    if swept:
        log.info("swept media files that no post has", files=swept)
