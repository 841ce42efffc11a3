"""The threads that prepare pictures, and the memory that they share: no more at once than was set,
to each in the order of asking.

`server.uploads.multipart` runs them, `run.py` says how many and how much. A `trio.CapacityLimiter`
counts threads, but a small JPEG takes 30 MB and a large WebP 390. Knows no picture: whoever asks
says how much it will take.
"""

import traceback
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar, cast

import msgspec
import trio

T = TypeVar("T")


class ImageThreads:
    """At most `threads` at once, with at most `memory_bytes` together; what takes more than that
    runs alone. Who asks first begins first: whoever takes little never passes by one who waits
    for much, so nobody starves.

    Also gives turns to whole uploads, as many at once as there are threads: what an upload has
    ready stays in memory until the last of its pictures is.
    """

    def __init__(self, threads: int, memory_bytes: int) -> None:
        self._threads = threads
        self._memory_bytes = memory_bytes
        self._running = 0
        self._running_bytes = 0
        self._waiting: deque[_Waiting] = deque()
        self._turns = trio.CapacityLimiter(threads)

    @property
    def borrowed_tokens(self) -> int:
        """Threads that run, as a `trio.CapacityLimiter` calls it."""
        return self._running

    @asynccontextmanager
    async def turn(self) -> AsyncGenerator[None]:
        """Wait for an upload's turn, and have it until the block is left."""
        async with self._turns:
            yield

    async def run(self, function: Callable[..., T], *arguments: Any, memory_bytes: int) -> T:
        """`function` in a thread, once it and its memory are free.

        If the caller is cancelled, the thread goes on, since none can be stopped, and keeps both
        until it ends: so there are never more of them than were allowed.
        """
        share = _Share(self, memory_bytes)
        return await trio.to_thread.run_sync(
            _letting_go,
            function,
            *arguments,
            abandon_on_cancel=True,
            limiter=cast(trio.CapacityLimiter, share),  # Trio calls two methods of it, and says so
        )

    async def acquire(self, memory_bytes: int) -> None:
        """Wait for a thread with so much memory."""
        await trio.lowlevel.checkpoint_if_cancelled()
        if not self._waiting and self._has_room(memory_bytes):
            self._begin(memory_bytes)
            await trio.lowlevel.cancel_shielded_checkpoint()
            return
        waiting = _Waiting(trio.lowlevel.current_task(), memory_bytes)
        self._waiting.append(waiting)

        def leave(_: object) -> trio.lowlevel.Abort:
            self._waiting.remove(waiting)
            self._wake()  # those behind may have waited for this one's share only
            return trio.lowlevel.Abort.SUCCEEDED

        await trio.lowlevel.wait_task_rescheduled(leave)

    def release(self, memory_bytes: int) -> None:
        """Give both back."""
        self._running -= 1
        self._running_bytes -= memory_bytes
        self._wake()

    def statistics(self) -> dict[str, int]:
        """How full it is."""
        return {
            "running": self._running,
            "running_bytes": self._running_bytes,
            "waiting": len(self._waiting),
            "uploads": self._turns.borrowed_tokens,
            "uploads_waiting": self._turns.statistics().tasks_waiting,
        }

    def _has_room(self, memory_bytes: int) -> bool:
        if not self._running:
            return True
        room = self._memory_bytes - self._running_bytes
        return self._running < self._threads and memory_bytes <= room

    def _begin(self, memory_bytes: int) -> None:
        self._running += 1
        self._running_bytes += memory_bytes

    def _wake(self) -> None:
        while self._waiting and self._has_room(self._waiting[0].memory_bytes):
            waiting = self._waiting.popleft()
            self._begin(waiting.memory_bytes)
            trio.lowlevel.reschedule(waiting.task)


def _letting_go(function: Callable[..., T], *arguments: Any) -> T:
    """`function(*arguments)`; what it raises holds nothing any more that it worked on.

    Trio keeps what a thread raised in a frame that the traceback leads to. Only the garbage
    collector finds such a circle, and it may be hours until it looks: a hundred megabytes of pixels
    would wait for it with each broken picture.
    """
    try:
        return function(*arguments)
    except Exception as error:
        raised: list[BaseException] = [error]
        for one in raised:  # which grows by what led to it
            traceback.clear_frames(one.__traceback__)
            before = one.__cause__, one.__context__
            raised += [earlier for earlier in before if earlier and earlier not in raised]
        raise


class _Waiting(msgspec.Struct, frozen=True, eq=False):
    """A task that waits for a thread."""

    task: trio.lowlevel.Task
    memory_bytes: int


class _Share:
    """What `trio.to_thread.run_sync` takes for a limiter: one thread's claim."""

    def __init__(self, threads: ImageThreads, memory_bytes: int) -> None:
        self._threads = threads
        self._memory_bytes = memory_bytes

    async def acquire_on_behalf_of(self, borrower: object) -> None:
        await self._threads.acquire(self._memory_bytes)

    def release_on_behalf_of(self, borrower: object) -> None:
        self._threads.release(self._memory_bytes)
