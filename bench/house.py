"""The server's inside, as `run.py serve` builds it, with counters: for a process of its own
(`bench.served`), and for benches that call the application without a socket.

Only what measures is added; it costs under a microsecond a step of the loop.
"""

import contextlib
import os
import time
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import trio

import run
from actors.fanout import POLICIES
from actors.runtime.actors import Actors, open_actors
from actors.runtime.inboxes import Inboxes
from actors.runtime.rounds import Clocks
from server.app import make_app
from server.context import Context, Readiness
from server.settings import Settings
from storage.disk import Disk, Group
from storage.folder import DataFolder
from storage.journal import open_disk
from storage.reads import Answer, Question

T = TypeVar("T")

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
RESIDENT_PAGES = Path("/proc/self/statm")
"""Linux's count of this process's pages: the second number is those in memory."""


class Measured(msgspec.Struct, frozen=True):
    """What a process did since it was last asked. Seconds; `resident_bytes` is as of now."""

    commits: int = 0
    facts: int = 0
    commit_s: float = 0.0
    """Of all commits together, from handing a group over to its being on the disk."""
    worst_step_s: float = 0.0
    worst_task: str = ""
    """The loop's longest step, and whose it was."""
    cpu_s: float = 0.0
    resident_bytes: int = 0


class LoopSteps(trio.abc.Instrument):
    """Times every step of every task: for so long nobody else could run."""

    def __init__(self) -> None:
        self._began = 0.0
        self.worst_s = 0.0
        self.worst_task = ""

    def before_task_step(self, task: trio.lowlevel.Task) -> None:
        self._began = time.perf_counter()

    def after_task_step(self, task: trio.lowlevel.Task) -> None:
        took = time.perf_counter() - self._began
        if self._began and took > self.worst_s:  # it did not see its own first step begin
            self.worst_s, self.worst_task = took, task.name.rpartition(".")[2]


class CountingDisk:
    """A disk that counts what it commits."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        self.commits = 0
        self.facts = 0
        self.commit_s = 0.0

    async def commit(self, group: Group) -> None:
        began = time.perf_counter()
        await self._disk.commit(group)
        self.commit_s += time.perf_counter() - began
        self.commits += 1
        self.facts += len(group.entries)

    async def read(self, question: Question[T]) -> Answer[T]:
        return await self._disk.read(question)


class House:
    """One open folder: what is inside, and what it did."""

    def __init__(self, actors: Actors, context: Context, disk: CountingDisk) -> None:
        self.actors = actors
        self.context = context
        self.app: Any = make_app(context)
        self._disk = disk
        self._steps = LoopSteps()
        self._cpu_s = time.process_time()
        trio.lowlevel.add_instrument(self._steps)

    def take(self) -> Measured:
        """What was measured since the last time."""
        disk, steps, cpu_s = self._disk, self._steps, time.process_time()
        measured = Measured(
            commits=disk.commits,
            facts=disk.facts,
            commit_s=disk.commit_s,
            worst_step_s=steps.worst_s,
            worst_task=steps.worst_task,
            cpu_s=cpu_s - self._cpu_s,
            resident_bytes=resident_bytes(),
        )
        disk.commits, disk.facts, disk.commit_s = 0, 0, 0.0
        steps.worst_s, steps.worst_task, self._cpu_s = 0.0, "", cpu_s
        return measured


def resident_bytes() -> int:
    """The memory of this process; 0 where the system does not tell."""
    with contextlib.suppress(OSError):
        return int(RESIDENT_PAGES.read_text().split()[1]) * PAGE_BYTES
    return 0


@contextlib.asynccontextmanager
async def open_house(folder: DataFolder, settings: Settings, url: str) -> AsyncGenerator[House]:
    """Everything above `folder` but the edge, until the block is left."""
    clocks = Clocks(run.unix_ms, time.perf_counter)
    async with open_disk(folder.database) as disk:
        counting = CountingDisk(disk)
        async with open_actors(counting, clocks) as actors, trio.open_nursery() as nursery:
            feed = Inboxes(actors, POLICIES[settings.fan_out], time.perf_counter)
            nursery.start_soon(feed.run)
            context = run.make_context(folder, settings, actors, feed, url, Readiness())
            nursery.start_soon(context.hub.run)
            nursery.start_soon(context.hub.run_clock)
            yield House(actors, context, counting)
            nursery.cancel_scope.cancel()
