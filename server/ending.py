"""Everything that ends this process: signals, a stop that takes its time and no more, and a disk
that failed.

Owned by `run.py`, which hands in the clock. Nothing here knows what is being served.
"""

import contextlib
import os
import signal
import sys
from collections.abc import Callable, Generator
from typing import NoReturn, TypeVar

import structlog
import trio

from server.context import Readiness
from server.edge.listener import Stopping
from server.hub import Hub
from storage.disk import Disk, DiskFailed, Group
from storage.reads import Answer, Question

SAY_STOPPING_S = 0.5
"""Of the five seconds that a stop may take: for those who ask `/readyz` to hear that it has begun,
while everything is still served."""

FINISH_REQUESTS_S = 2.0
"""Then for requests under way."""

FINISH_CANCELLED_S = 0.5
"""After that, connections are closed under whoever does not read, and their handlers have this
long to notice."""

SCRUB_UNTIL_S = 4.0
"""After the signal: until then a stop may overwrite what was erased, with a second for the disk to
take it. What takes longer is left to the next start."""

STOPPING = Stopping(SAY_STOPPING_S, FINISH_REQUESTS_S, FINISH_CANCELLED_S)

log = structlog.get_logger()

T = TypeVar("T")


class Stop:
    """The stop of this process: when it began, and until when it may scrub the database.
    `elapsed` tells seconds from any moment on."""

    def __init__(self, elapsed: Callable[[], float]) -> None:
        self.begun = trio.Event()
        self._elapsed = elapsed
        self._scrub_until = float("inf")

    def begin(self) -> None:
        self.begun.set()
        self._scrub_until = self._elapsed() + SCRUB_UNTIL_S

    def late(self) -> bool:
        """Whether there is no time left for scrubbing."""
        return self._elapsed() >= self._scrub_until


async def stop_on_signals(
    readiness: Readiness,
    stop: Stop,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    """The first SIGTERM or SIGINT begins the stop, a second one ends the process at once."""
    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        task_status.started()
        async for number in signals:
            if stop.begun.is_set():
                os._exit(128 + number)
            log.info("stopping", signal=signal.Signals(number).name)
            readiness.stop()
            stop.begin()


@contextlib.contextmanager
def ended_by_signals() -> Generator[None]:
    """Before the loop runs, either signal ends what is under way in here, and the process with
    0."""

    def end(number: int, _: object) -> NoReturn:
        raise SystemExit(0)  # and no word here: the lock of the log may be held right now

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    except SystemExit:
        log.info("stopped before the start was done")
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


async def end_streams(hub: Hub, stop: trio.Event) -> None:
    """Close every stream once a stop was said for long enough."""
    await stop.wait()
    await trio.sleep(SAY_STOPPING_S)
    hub.stop()


class MortalDisk:
    """A disk whose failure ends the process at once, with `exit_code`: whatever would still be
    answered might not be true."""

    def __init__(self, disk: Disk, exit_code: int) -> None:
        self._disk = disk
        self._exit_code = exit_code

    async def commit(self, group: Group) -> None:
        try:
            await self._disk.commit(group)
        except DiskFailed as failure:
            self._die(failure)

    async def read(self, question: Question[T]) -> Answer[T]:
        try:
            return await self._disk.read(question)
        except DiskFailed as failure:
            self._die(failure)

    def _die(self, failure: DiskFailed) -> NoReturn:
        log.critical(
            "the disk failed: make room or repair it, run `run.py verify`, then start again",
            why=str(failure),
        )
        sys.stderr.flush()
        os._exit(self._exit_code)
