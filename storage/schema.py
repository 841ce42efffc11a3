"""The tables and indexes, and how a database of an earlier version becomes one of this version.

`migrate` is called once at each start, on the writer's connection; nobody else changes the schema.
A migration that was released is never edited: the next one goes at the end of `MIGRATIONS`.

`contents` holds every text; facts and rows point to it. References to it are deferred, since an
account and its first texts point at each other, and since texts are deleted by the rows that
still point to them. Nothing cascades: `storage.projection` says what goes with what. Nothing
refers to the journal, from which nothing is ever deleted. Every column that refers has an index,
or else each write to what it refers to would look for it row by row.
"""

import sqlite3
from collections.abc import Callable
from typing import cast

from sqlite_utils import Database

from storage.sqlite import Connection, transaction

TO_CONTENTS = "integer references contents(id) deferrable initially deferred"

FIRST_TABLES = (
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

FIRST_INDEXES: tuple[tuple[str, tuple[str, ...]], ...] = (
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


def first_schema(database: Database) -> None:
    """From an empty file to the first version."""
    for table in FIRST_TABLES:
        database.conn.execute(table)
    for table, columns in FIRST_INDEXES:
        database.table(table).create_index(columns)


Migration = Callable[[Database], None]

MIGRATIONS: tuple[Migration, ...] = (first_schema,)
"""The step at place n leads from version n to version n + 1."""

SCHEMA_VERSION = len(MIGRATIONS)
"""The version that this code reads and writes, kept in `pragma user_version`."""


class SchemaTooNew(Exception):
    """A newer Triptych has written this database; this one would not understand it."""

    def __init__(self, found: int, known: int) -> None:
        super().__init__(
            f"the database has schema {found}, this Triptych knows up to {known}: upgrade it"
        )


def schema_version(connection: Connection) -> int:
    """The version of the database: 0 if it is empty."""
    return int(connection.execute("pragma user_version").fetchone()[0])


def migrate(connection: Connection, migrations: tuple[Migration, ...] = MIGRATIONS) -> None:
    """Bring the database to the version after the last of `migrations`, each step in a transaction
    of its own.

    Raises `SchemaTooNew`, having changed nothing; `SqliteError`, the failed step undone.
    """
    found = schema_version(connection)
    if found > len(migrations):
        raise SchemaTooNew(found, len(migrations))
    database = Database(cast(sqlite3.Connection, connection), execute_plugins=False)
    for version, step in enumerate(migrations[found:], start=found + 1):
        with transaction(connection):
            step(database)
            connection.execute(f"pragma user_version = {version}")
