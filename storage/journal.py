"""`SqliteDisk`: the journal and the rows in a SQLite file, as the async side of the house sees
them.

`run.py` opens it outermost; the rounds commit through it, loads and pages read through it. SQLite
runs in Trio's worker threads: one connection writes, a few only read. The only file of `storage`
that knows Trio.
"""

import contextlib
from collections.abc import AsyncGenerator, Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

import trio

from storage.disk import DiskFailed, Group
from storage.gazetteer import load_cities
from storage.projection import write_group
from storage.queries import answer
from storage.reads import Answer, Question
from storage.schema import ensure_schema
from storage.scrubbing import Scrubbed, scrub_database
from storage.sqlite import Connection, SqliteError, open_reader, open_writer

READERS = 3
"""Reading connections: one may be slow, one loads actors, one is free; two cores gain nothing from
more.
"""

T = TypeVar("T")


class SqliteDisk:
    """A `storage.disk.Disk` over one file. Made by `open_disk`, used from one Trio task tree."""

    def __init__(self, database: Path, writer: Connection, readers: list[Connection]) -> None:
        self._database = database
        self._writer = writer
        self._readers = readers
        self._writing = trio.CapacityLimiter(1)
        self._reading = trio.CapacityLimiter(len(readers))
        self._failed: BaseException | None = None

    async def commit(self, group: Group) -> None:
        """Write `group` so that it survives a power cut. Once it began it can't be cancelled.

        Raises `DiskFailed`, now and from then on: after a failed write or fsync nobody knows what
        is on the disk.
        """
        await self._run(partial(write_group, self._writer, group), self._writing)

    async def read(self, question: Question[T]) -> Answer[T]:
        """Answer in one read transaction, as soon as a reader is free. Raises `DiskFailed`."""
        return await self._run(partial(self._answer, question), self._reading)

    def _answer(self, question: Question[T]) -> Answer[T]:
        # The limiter lets in no more threads than there are connections, so one is always there;
        # taking from a list and putting back are single steps.
        reader = self._readers.pop()
        try:
            return answer(reader, question)
        finally:
            self._readers.append(reader)

    async def _run(self, work: Callable[[], T], limiter: trio.CapacityLimiter) -> T:
        if self._failed is not None:
            raise DiskFailed(f"the disk failed before: {self._failed}") from self._failed
        try:
            return await trio.to_thread.run_sync(work, limiter=limiter, abandon_on_cancel=False)
        except (SqliteError, OSError) as failure:
            self._failed = failure
            raise DiskFailed(f"{type(failure).__name__}: {failure}") from failure

    def close(self, enough: Callable[[], bool]) -> Scrubbed | None:
        """Close the connections. If all went well, the log is merged into the database, and what
        was erased leaves the file; None if not. `enough` says whether time is up for that."""
        for reader in self._readers:
            reader.close()
        if self._failed is not None:
            self._writer.close()
            return None
        self._writer.execute("pragma wal_checkpoint(truncate)").fetchone()
        self._writer.close()
        return scrub_database(self._database, enough)


def _open(database: Path, *, cities: bool) -> SqliteDisk:
    writer = open_writer(database)
    try:
        ensure_schema(writer)
        if cities:
            load_cities(writer)
        return SqliteDisk(database, writer, [open_reader(database) for _ in range(READERS)])
    except BaseException:
        writer.close()
        raise


@contextlib.asynccontextmanager
async def open_disk(
    database: Path,
    *,
    cities: bool = False,
    enough: Callable[[], bool] = lambda: False,
    on_closed: Callable[[Scrubbed | None], None] = lambda _: None,
) -> AsyncGenerator[SqliteDisk]:
    """The disk whose SQLite file is `database`, made if it is missing; closed at the end. `cities`
    puts the world's cities into one that has none. `enough` says whether time is up for scrubbing
    the file at the end, and `on_closed` hears how it went.

    Raises `SchemaTooOld`, `SchemaTooNew`, `SqliteTooOld`, `DiskFailed`.
    """
    try:
        disk = await trio.to_thread.run_sync(partial(_open, database, cities=cities))
    except (SqliteError, OSError) as failure:
        raise DiskFailed(f"can't open {database}: {failure}") from failure
    try:
        yield disk
    finally:
        with trio.CancelScope(shield=True):
            on_closed(await trio.to_thread.run_sync(disk.close, enough))
