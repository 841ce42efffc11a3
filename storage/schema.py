"""The tables and indexes, and which version of them a database has.

`ensure_schema` is called once at each start, on the writer's connection; nobody else makes tables,
and nobody alters one.

**Four tables keep their form for ever**: journal(seq, at, fact), contents(id, owner, text),
replies(account, route, key, request, reply, at) and largest_id(one, id). At most their constraints
and indexes may change. Everything else may change with `SCHEMA_VERSION`, and is projected anew from
the journal: of an older database `storage.rebuilding` reads these four, and makes one of this
version.

`contents` holds every text; facts and rows point to it. References to it are deferred, since an
account and its first texts point at each other, and since texts are deleted by the rows that
still point to them. Nothing cascades: `storage.projection` says what goes with what. Nothing
refers to the journal, from which nothing is ever deleted. Every column that refers has an index,
or else each write to what it refers to would look for it row by row.
"""

import sqlite3
from pathlib import Path
from typing import cast

from sqlite_utils import Database

from storage.sqlite import Connection, open_writer, transaction

TO_CONTENTS = "integer references contents(id) deferrable initially deferred"

TABLES = (
    """create table journal (
        seq integer primary key, at integer not null, fact blob not null) strict""",
    """create table concerns (
        actor integer not null, seq integer not null,
        primary key (actor, seq)) strict, without rowid""",
    """create table contents (
        id integer primary key, text text not null,
        owner integer not null references users(account)) strict""",
    """create table snapshots (
        actor integer primary key, seq integer not null, state blob not null) strict""",
    # The largest id that was ever in a fact: rows and texts that are deleted must not free theirs.
    """create table largest_id (
        one integer primary key check (one = 1), id integer not null) strict""",
    f"""create table users (
        account integer primary key, username text not null unique,
        full_name_id {TO_CONTENTS}, email_id {TO_CONTENTS}, password_id {TO_CONTENTS} not null,
        verified integer not null default 0, followers_count integer not null default 0,
        following_count integer not null default 0, posts_count integer not null default 0,
        registered_at integer not null) strict""",
    f"""create table sessions (
        session integer primary key, account integer not null references users(account),
        refresh_id {TO_CONTENTS} not null, opened_at integer not null) strict""",
    """create table follows (
        followee integer not null references users(account),
        follower integer not null references users(account),
        seq integer not null,
        primary key (followee, follower)) strict, without rowid""",
    f"""create table posts (
        post integer primary key, author integer not null references users(account),
        at integer not null, caption_id {TO_CONTENTS},
        likes_count integer not null default 0,
        comments_count integer not null default 0) strict""",
    f"""create table media (
        media integer primary key, post integer not null references posts(post),
        position integer not null, width integer not null, height integer not null,
        file text not null unique, thumbnail text not null unique,
        file_id {TO_CONTENTS} not null unique,
        thumbnail_id {TO_CONTENTS} not null unique) strict""",
    """create table likes (
        post integer not null references posts(post),
        account integer not null references users(account),
        seq integer not null,
        primary key (post, account)) strict, without rowid""",
    """create table replies (
        account integer not null references users(account), route text not null, key text not null,
        request blob not null, reply blob not null, at integer not null,
        primary key (account, route, key)) strict""",
)

INDEXES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("sessions", ("account",)),
    ("follows", ("followee", "seq")),  # followers, the newest first
    ("follows", ("follower", "followee")),  # whose posts to pull
    ("posts", ("author", "post")),  # an author's timeline
    ("media", ("post", "position")),
    ("likes", ("account", "post")),  # what of a page the viewer likes
    ("replies", ("at",)),  # which are a day old
    # Where SQLite looks for what still points to a text or an account that it deletes:
    ("contents", ("owner",)),
    ("users", ("full_name_id",)),
    ("users", ("email_id",)),
    ("users", ("password_id",)),
    ("sessions", ("refresh_id",)),
    ("posts", ("caption_id",)),
)


SCHEMA_VERSION = 2
"""The version that this code reads and writes, kept in `pragma user_version`. Raise it whenever a
table or an index changes, or the form of an actor's state, which old snapshots would not have."""


class SchemaTooNew(Exception):
    """A newer Triptych has written this database; this one would not understand it."""

    def __init__(self, found: int) -> None:
        super().__init__(
            f"the database has schema {found}, this Triptych knows up to {SCHEMA_VERSION}: "
            "upgrade it"
        )


class SchemaTooOld(Exception):
    """An older Triptych has written this database, and nobody has rebuilt it yet."""

    def __init__(self, found: int) -> None:
        super().__init__(
            f"the database has schema {found}, this Triptych works on {SCHEMA_VERSION}: "
            "start the server once"
        )


def schema_version(connection: Connection) -> int:
    """The version of the database: 0 if it is empty."""
    return int(connection.execute("pragma user_version").fetchone()[0])


def schema_in(database: Path) -> int:
    """The version of the database in a file: 0 if it is empty or missing. Raises `SqliteError`."""
    if not database.exists():
        return 0
    connection = open_writer(database)
    try:
        return schema_version(connection)
    finally:
        connection.close()


def check_schema(connection: Connection) -> None:
    """Raises `SchemaTooOld` or `SchemaTooNew`, unless the database is of this version."""
    found = schema_version(connection)
    if found < SCHEMA_VERSION:
        raise SchemaTooOld(found)
    if found > SCHEMA_VERSION:
        raise SchemaTooNew(found)


def ensure_schema(connection: Connection) -> None:
    """Give an empty database its tables and indexes, all or nothing; leave one of this version as
    it is.

    Raises `SchemaTooOld`, `SchemaTooNew`, `SqliteError`, having changed nothing.
    """
    if schema_version(connection) == 0:
        database = Database(cast(sqlite3.Connection, connection), execute_plugins=False)
        with transaction(connection):
            for table in TABLES:
                connection.execute(table)
            for table, columns in INDEXES:
                database.table(table).create_index(columns)
            connection.execute(f"pragma user_version = {SCHEMA_VERSION}")
    check_schema(connection)
