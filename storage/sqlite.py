"""The one seam to pysqlite3: connections opened the way this house needs them, and their types.

Everything else in `storage` that speaks SQL takes a `Connection` from here; nothing else imports
pysqlite3, which carries a current SQLite but no types. No table is named in this file.
"""

import contextlib
import os
from collections.abc import Generator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, cast

import pysqlite3  # pyright: ignore[reportMissingTypeStubs]

SQLITE_OLDEST = (3, 51, 3)
"""The first SQLite without the WAL-reset bug, which can lose a commit beside a checkpoint."""

BUSY_TIMEOUT_S = 5.0
"""How long a connection waits for another's lock, as a backup tool may hold one."""

WRITER_CACHE_KIB = 16 * 1024
"""Pages the writer keeps: enough for the inner nodes of every index of a few million rows."""

READER_CACHE_KIB = 4 * 1024
"""Pages each reader keeps; the operating system's page cache is behind it."""

WAL_KEPT_BYTES = 64 * 1024 * 1024
"""The log file is cut back to this after a checkpoint, should one long read have let it grow."""

STATEMENTS_CACHED = 256
"""Prepared statements a connection keeps: more than there are in this code."""

_library = cast(Any, pysqlite3)  # it has no types of its own

Parameters = Sequence[object] | Mapping[str, object]

SqliteError: type[Exception] = _library.Error
"""What SQLite raises: a full or failing disk, a locked or damaged file, a broken constraint."""


def is_damaged(error: BaseException | None) -> bool:
    """Whether SQLite says by `error` that the file is no database, or not a whole one."""
    name = str(getattr(error, "sqlite_errorname", ""))
    return name == "SQLITE_NOTADB" or name.startswith("SQLITE_CORRUPT")


class Cursor(Protocol):
    """The rows that a statement gives."""

    def fetchone(self) -> Any: ...

    def fetchall(self) -> list[Any]: ...

    def __iter__(self) -> Iterator[Any]: ...


class Connection(Protocol):
    """A connection, used by one thread at a time, without implicit transactions."""

    @property
    def in_transaction(self) -> bool: ...

    def execute(self, sql: str, parameters: Parameters = ..., /) -> Cursor: ...

    def close(self) -> None: ...


class SqliteTooOld(Exception):
    """The SQLite that was loaded has a bug which this house can't live with."""

    def __init__(self, version: str) -> None:
        oldest = ".".join(map(str, SQLITE_OLDEST))
        super().__init__(
            f"SQLite {version} is too old: {oldest} or later is needed; run `make setup` again"
        )


def check_version(version: str = _library.sqlite_version) -> None:
    """Raises `SqliteTooOld` if `version` (of the loaded library, if not given) is below
    `SQLITE_OLDEST`.
    """
    if tuple(map(int, version.split("."))) < SQLITE_OLDEST:
        raise SqliteTooOld(version)


def _connect(database: str) -> Connection:
    check_version()
    return _library.connect(
        database,
        uri=True,
        timeout=BUSY_TIMEOUT_S,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=STATEMENTS_CACHED,
    )


def open_writer(database: Path) -> Connection:
    """The connection that writes: every commit is on the disk when it returns, and what is deleted
    is overwritten.

    The file is made if it is missing. Raises `SqliteTooOld`, `SqliteError`.
    """
    connection = _connect(f"{database.absolute().as_uri()}?mode=rwc")
    connection.execute("pragma journal_mode = wal").fetchone()
    connection.execute("pragma synchronous = full")
    connection.execute("pragma foreign_keys = on")
    connection.execute("pragma secure_delete = on").fetchone()
    connection.execute(f"pragma cache_size = -{WRITER_CACHE_KIB}")
    connection.execute(f"pragma journal_size_limit = {WAL_KEPT_BYTES}").fetchone()
    return connection


def open_draft(database: Path) -> Connection:
    """A connection that fills a new file without waiting for the disk: nothing until `finish_draft`
    has returned, and to be thrown away if anything fails before.

    Raises `SqliteTooOld`, `SqliteError`.
    """
    connection = _connect(f"{database.absolute().as_uri()}?mode=rwc")
    connection.execute("pragma journal_mode = memory").fetchone()
    connection.execute("pragma synchronous = off")
    connection.execute("pragma foreign_keys = on")
    connection.execute("pragma secure_delete = on").fetchone()
    connection.execute(f"pragma cache_size = -{WRITER_CACHE_KIB}")
    return connection


def finish_draft(connection: Connection, database: Path) -> None:
    """Close a draft, so that all of it survives a power cut. Raises `SqliteError`, `OSError`."""
    connection.execute("pragma journal_mode = wal").fetchone()  # as `open_writer` will want it
    connection.close()
    descriptor = os.open(database, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def open_reader(database: Path) -> Connection:
    """A connection that can't write, to a database that is there. Raises `SqliteTooOld`,
    `SqliteError`.
    """
    connection = _connect(f"{database.absolute().as_uri()}?mode=ro")
    connection.execute("pragma query_only = on")
    connection.execute(f"pragma cache_size = -{READER_CACHE_KIB}")
    return connection


def open_alone(database: Path) -> Connection | None:
    """A connection that keeps everybody else from the file until it is closed, with nothing in a
    log; None if somebody has it open. It must not write: its pages may be older than the file's.

    Raises `SqliteTooOld`, `SqliteError`.
    """
    connection = _connect(f"{database.absolute().as_uri()}?mode=rw")
    try:
        connection.execute("pragma busy_timeout = 0").fetchone()
        # SQLite leaves its log behind only if nobody else is there.
        (mode,) = connection.execute("pragma journal_mode = delete").fetchone()
        if mode == "delete":
            connection.execute("begin exclusive")
            return connection
    except SqliteError as error:
        if getattr(error, "sqlite_errorname", None) != "SQLITE_BUSY":
            connection.close()
            raise
    connection.close()
    return None


def open_memory() -> Connection:
    """An empty database that goes with its connection, with the same rules as the one on disk."""
    connection = _connect(":memory:")
    connection.execute("pragma foreign_keys = on")
    connection.execute("pragma secure_delete = on").fetchone()
    return connection


@contextlib.contextmanager
def transaction(connection: Connection, mode: str = "immediate") -> Generator[None]:
    """All or nothing: commits at the end, rolls back on any exception. Not to be nested.

    `mode` is SQLite's: `immediate` takes the write lock at once, `deferred` only reads until
    something writes.
    """
    connection.execute(f"begin {mode}")
    try:
        yield
        connection.execute("commit")
    except BaseException:
        if connection.in_transaction:
            with contextlib.suppress(SqliteError):  # the first error is the one to tell
                connection.execute("rollback")
        raise
