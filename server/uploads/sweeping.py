"""The sweep of media files that no row names: what an upload or a deletion left when a crash or a
failing disk broke it off.

One task, started by `run.py`. All folders of blobs one after another at the start, then one at a
time, so that each has its turn within the hour, however many files there are.
"""

from collections.abc import Awaitable, Callable, Iterable

import structlog
import trio

from storage.blobs import FOLDERS, Blobs

SWEEP_PERIOD_S = 3_600.0
"""Seconds in which every folder has its turn: as long as a file without a row is left alone."""

Known = Callable[[str], Awaitable[Iterable[str]]]
"""The names of blobs that rows speak of, among those that begin with a prefix."""

log = structlog.get_logger()


async def sweep_media(
    blobs: Blobs, known: Known, now: Callable[[], int], threads: trio.CapacityLimiter
) -> None:
    """Sweep until cancelled. `now` gives Unix milliseconds."""

    def named(prefix: str) -> Iterable[str]:
        return trio.from_thread.run(known, prefix)

    pause_s = 0.0
    while True:
        swept = 0
        for folder in FOLDERS:
            try:
                swept += await trio.to_thread.run_sync(
                    blobs.sweep, folder, now() / 1_000, named, limiter=threads
                )
            except OSError as error:
                log.warning("media files could not be swept", folder=folder, exc_info=error)
            await trio.sleep(pause_s)
        if swept:
            log.info("swept media files that no post has", files=swept)
        blobs.end_round()
        pause_s = SWEEP_PERIOD_S / len(FOLDERS)
