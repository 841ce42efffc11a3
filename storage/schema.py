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
        owner integer references users(account) deferrable initially deferred) strict""",
    """create table snapshots (
        actor integer primary key, seq integer not null, state blob not null) strict""",
    # The largest id that was ever in a fact: rows and texts that are deleted must not free theirs.
    """create table largest_id (
        one integer primary key check (one = 1), id integer not null) strict""",
    f"""create table users (
        account integer primary key, username text not null unique,
        gone integer not null default 0, private integer not null default 0,
        verified integer not null default 0, avatar text unique,
        username_id {TO_CONTENTS}, full_name_id {TO_CONTENTS}, bio_id {TO_CONTENTS},
        website_id {TO_CONTENTS}, email_id {TO_CONTENTS}, password_id {TO_CONTENTS},
        avatar_id {TO_CONTENTS}, followers_count integer not null default 0,
        following_count integer not null default 0, posts_count integer not null default 0,
        read_up_to integer not null default 0, registered_at integer not null) strict""",
    f"""create table sessions (
        session integer primary key, account integer not null references users(account),
        family text unique, family_id {TO_CONTENTS}, refresh_id {TO_CONTENTS} not null,
        client_id {TO_CONTENTS}, opened_at integer not null, used_at integer not null) strict""",
    f"""create table invites (
        invite integer primary key, code text not null unique, code_id {TO_CONTENTS} not null
        ) strict""",
    """create table follows (
        followee integer not null references users(account),
        follower integer not null references users(account),
        seq integer not null,
        primary key (followee, follower)) strict, without rowid""",
    """create table requests (
        followee integer not null references users(account),
        follower integer not null references users(account),
        seq integer not null,
        primary key (followee, follower)) strict, without rowid""",
    """create table blocks (
        blocker integer not null references users(account),
        blocked integer not null references users(account),
        seq integer not null,
        primary key (blocker, blocked)) strict, without rowid""",
    f"""create table posts (
        post integer primary key, author integer not null references users(account),
        seq integer not null, at integer not null, caption_id {TO_CONTENTS}, location integer,
        likes_count integer not null default 0,
        comments_count integer not null default 0) strict""",
    f"""create table media (
        media integer primary key, post integer not null references posts(post),
        position integer not null, width integer not null, height integer not null,
        file text not null unique, thumbnail text not null unique,
        file_id {TO_CONTENTS} not null unique,
        thumbnail_id {TO_CONTENTS} not null unique, alt_id {TO_CONTENTS}) strict""",
    """create table tags (
        post integer not null references posts(post),
        account integer not null references users(account),
        position integer not null, x real, y real,
        primary key (post, account)) strict, without rowid""",
    """create table likes (
        post integer not null references posts(post),
        account integer not null references users(account),
        seq integer not null,
        primary key (post, account)) strict, without rowid""",
    """create table saves (
        post integer not null references posts(post),
        account integer not null references users(account),
        seq integer not null,
        primary key (post, account)) strict, without rowid""",
    f"""create table comments (
        comment integer primary key, post integer not null references posts(post),
        author integer not null references users(account),
        root integer references comments(comment), at integer not null,
        text_id {TO_CONTENTS} not null, likes_count integer not null default 0,
        replies_count integer not null default 0) strict""",
    """create table comment_likes (
        comment integer not null references comments(comment),
        account integer not null references users(account),
        seq integer not null,
        primary key (comment, account)) strict, without rowid""",
    f"""create table stories (
        story integer primary key, author integer not null references users(account),
        seq integer not null, at integer not null, expires_at integer not null,
        duration integer not null, file text not null unique, file_id {TO_CONTENTS} not null,
        views_count integer not null default 0) strict""",
    """create table views (
        story integer not null references stories(story),
        account integer not null references users(account),
        seq integer not null,
        primary key (story, account)) strict, without rowid""",
    """create table notifications (
        recipient integer not null references users(account), seq integer not null,
        type text not null, actor integer not null references users(account),
        object integer not null, post integer references posts(post),
        comment integer references comments(comment), at integer not null,
        withdrawn integer not null default 0,
        primary key (recipient, seq),
        unique (recipient, type, actor, object)) strict, without rowid""",
    """create table hashtags (
        name text primary key, posts_count integer not null default 0
        ) strict, without rowid""",
    """create table hashtag_posts (
        name text not null, post integer not null references posts(post),
        author integer not null references users(account),
        primary key (name, post)) strict, without rowid""",
    f"""create table locations (
        location integer primary key, name text not null, city text, country text,
        lat real not null, lng real not null, population integer not null default 0,
        creator integer references users(account), name_id {TO_CONTENTS},
        city_id {TO_CONTENTS}, country_id {TO_CONTENTS},
        posts_count integer not null default 0) strict""",
    """create virtual table full_names using fts5(
        full_name, tokenize = "unicode61 remove_diacritics 2", prefix = '1 2 3')""",
    # What is erased must not stay in the index's old segments.
    "insert into full_names (full_names, rank) values ('secure-delete', 1)",
    """create virtual table location_words using fts5(
        name, city, country, tokenize = "unicode61 remove_diacritics 2", prefix = '2 3')""",
    """create virtual table location_points using rtree(
        location, lat_low, lat_high, lng_low, lng_high)""",
    """create table replies (
        account integer not null references users(account), route text not null, key text not null,
        request blob not null, reply blob not null, at integer not null,
        primary key (account, route, key)) strict""",
    # Whether something was erased since the file was last scrubbed, see `storage.scrubbing`.
    """create table erasures (
        one integer primary key check (one = 1), due integer not null) strict""",
    "insert into erasures (one, due) values (1, 0)",
    *(
        f"create trigger {table}_{act}d after {act} on {table} "
        "when (select due from erasures) = 0 begin update erasures set due = 1; end"
        for table, act in (("contents", "delete"), ("replies", "delete"), ("replies", "update"))
    ),
)

INDEXES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("users", ("gone", "account")),  # which accounts are deleted
    ("sessions", ("account", "session")),
    ("follows", ("followee", "seq")),  # followers, the newest first
    ("follows", ("follower", "followee")),  # whose posts to pull
    ("follows", ("follower", "seq")),  # whom somebody follows, the newest first
    ("requests", ("followee", "seq")),
    ("requests", ("follower", "followee")),
    ("blocks", ("blocker", "seq")),
    ("blocks", ("blocked", "blocker")),
    ("posts", ("author", "post")),  # an author's timeline
    ("posts", ("seq",)),  # where the posts after a fact begin
    ("media", ("post", "position")),
    ("tags", ("account", "post")),  # posts in which somebody is to be seen
    ("likes", ("account", "post")),  # what of a page the viewer likes
    ("likes", ("post", "seq")),  # likers, the newest first
    ("saves", ("account", "seq")),  # what somebody has saved, the newest first
    ("comments", ("post", "comment")),
    ("comments", ("root", "comment")),
    ("comments", ("author", "comment")),
    ("comment_likes", ("account", "comment")),
    ("stories", ("author", "story")),
    ("stories", ("expires_at",)),
    ("stories", ("file_id",)),
    ("views", ("story", "seq")),
    ("views", ("account", "story")),
    ("notifications", ("actor", "recipient")),
    ("notifications", ("post",)),
    ("notifications", ("comment",)),
    ("hashtag_posts", ("post",)),
    ("hashtag_posts", ("author", "name")),
    ("posts", ("location", "post")),
    ("posts", ("author", "location")),  # whose posts of a place somebody sees who is not everybody
    ("locations", ("creator",)),
    ("locations", ("name_id",)),
    ("locations", ("city_id",)),
    ("locations", ("country_id",)),
    ("replies", ("at",)),  # which are a day old
    # Where SQLite looks for what still points to a text or an account that it deletes:
    ("contents", ("owner",)),
    ("users", ("username_id",)),
    ("users", ("full_name_id",)),
    ("users", ("bio_id",)),
    ("users", ("website_id",)),
    ("users", ("email_id",)),
    ("users", ("password_id",)),
    ("users", ("avatar_id",)),
    ("sessions", ("family_id",)),
    ("sessions", ("refresh_id",)),
    ("sessions", ("client_id",)),
    ("invites", ("code_id",)),
    ("posts", ("caption_id",)),
    ("media", ("alt_id",)),
    ("comments", ("text_id",)),
)


SCHEMA_VERSION = 7
"""The version that this code reads and writes, kept in `pragma user_version`. Raise it whenever a
table or an index changes, what is written into one of the same fact, or the form of an actor's
state, which old snapshots would not have."""


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
