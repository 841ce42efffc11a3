"""What was erased leaves the file: `scrub_database`, which runs when nobody has the database open.

`storage.journal` calls it at a clean stop, once its connections are closed and the log is merged,
and `run.py` at the start after a stop that had no time for it. Plain calls that block. Who calls
holds the data folder, so that nobody else writes.

Erased is what no row says any more. `secure_delete` overwrites it where it was; what it can't reach
are the copies that SQLite leaves when it moves cells between pages (`storage.pages`). The table
`erasures` remembers that there was an erasure since the last time that all pages were gone through:
triggers on the tables that hold texts of people set it in the very transaction, so it outlives any
kill; and when it is not set, nothing is done.
"""

import contextlib
import os
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Literal

from storage.ids import ACCOUNTS
from storage.pages import NotPages, Pages
from storage.readings.remains import USER
from storage.schema import SCHEMA_VERSION, schema_in
from storage.sqlite import Connection, open_alone, open_writer

NOTHING, ERASED, CUT_SHORT = 0, 1, 2
"""What `erasures.due` says: nothing is due; something is, at the next clean stop; a stop had no
time for it, so the next start has to take it."""

Scrubbed = Literal["nothing was erased", "done", "no time", "in use", "not understood"]
"""How it went. But for the first two it remains due: time was up; somebody else has the database
open, a backup perhaps; the file is not as SQLite's documentation says, and `verify` should look."""

STALE_SNAPSHOT = f"""
select exists (
    select 1 from snapshots s
    where s.actor in (select {ACCOUNTS} union all select {USER} from users u where u.gone > 0)
        and exists (select 1 from concerns c where c.actor = s.actor))"""
"""Whether a snapshot may still hold the name of somebody who is gone. The next start loads it
(`storage.reads.GetStale`) and the stop after that replaces it, with nothing that would set
`erasures` then."""


def due(connection: Connection) -> int:
    """What `erasures` says."""
    return int(connection.execute("select due from erasures").fetchone()[0])


def due_in(database: Path) -> int:
    """The same of a database; nothing is due in one that is missing, or not of this version.

    Raises `SqliteError`.
    """
    if schema_in(database) != SCHEMA_VERSION:
        return NOTHING
    with _written(database) as connection:
        return due(connection)


def scrub_database(database: Path, enough: Callable[[], bool]) -> Scrubbed:
    """Overwrite what is free inside the pages of `database`, if something was erased since the last
    time. `enough` says whether time is up.

    Whenever it is killed, the database is sound, and the rest remains due. Raises `SqliteError`,
    `OSError`.
    """
    with _written(database) as connection:
        if due(connection) == NOTHING:
            return "nothing was erased"
        (stale,) = connection.execute(STALE_SNAPSHOT).fetchone()
    try:
        whole = _overwrite(database, enough)
    except NotPages:
        return "not understood"
    if whole is None:
        return "in use"
    with _written(database) as connection:
        after = CUT_SHORT if not whole else ERASED if stale else NOTHING
        connection.execute("update erasures set due = ?", (after,))
    return "done" if whole else "no time"


def _overwrite(database: Path, enough: Callable[[], bool]) -> bool | None:
    """False if time was up before the end; None if somebody has the database open. Synced when it
    returns."""
    connection = open_alone(database)
    if connection is None:
        return None
    try:
        roots = connection.execute("select rootpage from sqlite_schema where rootpage > 0")
        trees = [1, *(root for (root,) in roots.fetchall())]
        descriptor = os.open(database, os.O_RDWR)
        # To close it gives up the lock of `connection`, too, so nothing may be written after.
        try:
            return Pages(descriptor).scrub(trees, enough)
        finally:
            os.fsync(descriptor)
            os.close(descriptor)
    finally:
        connection.close()


@contextlib.contextmanager
def _written(database: Path) -> Generator[Connection]:
    connection = open_writer(database)
    try:
        yield connection
    finally:
        connection.close()
