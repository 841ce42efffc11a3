"""Databases as an older Triptych would have left them, for the tests of what becomes of those.

`age` takes one of this version and leaves it only what every version has in the same form: the
journal, the texts, the kept replies and the largest id. All else is gone, or of another form and
wrong.
"""

from pathlib import Path

from storage.schema import SCHEMA_VERSION
from storage.sqlite import Connection, open_writer, transaction

KEPT_FOR_EVER = {
    "journal": ["seq", "at", "fact"],
    "contents": ["id", "owner", "text"],
    "replies": ["account", "route", "key", "request", "reply", "at"],
    "largest_id": ["one", "id"],
}
"""What a rebuild reads of a database of any version. These lines may never change."""

OTHERWISE = (
    "create table users (account integer primary key, nickname text not null) strict",
    "insert into users values (1, 'not what the journal says')",
    "create table snapshots (actor integer primary key, state blob not null) strict",
    "insert into snapshots values (9, x'c1')",
    "create table posts (post integer primary key, title text) strict",
)
"""What the other tables may have been like once."""

CONTENTS_ONCE = (
    """create table contents_once (
        id integer primary key, text text not null,
        owner integer not null references users(account)) strict""",
    "insert into contents_once (id, text, owner) select id, text, coalesce(owner, 1) from contents",
    "drop table contents",
    "alter table contents_once rename to contents",
)
"""Schema 1 knew no text without an owner."""


def age(database: Path) -> None:
    """Make `database` one of the schema before this, with the same journal."""
    connection = open_writer(database)
    connection.execute("pragma foreign_keys = off")
    # What belongs to a virtual table goes with it.
    tables = (
        "select name from sqlite_schema where type = 'table' and name not like 'sqlite_%' "
        "order by sql not like 'create virtual%'"
    )
    triggers = "select name from sqlite_schema where type = 'trigger'"
    with transaction(connection):
        for (trigger,) in connection.execute(triggers).fetchall():
            connection.execute(f"drop trigger {trigger}")
        for (table,) in connection.execute(tables).fetchall():
            if table not in KEPT_FOR_EVER:
                connection.execute(f"drop table if exists {table}")
        for statement in (*CONTENTS_ONCE, *OTHERWISE):
            connection.execute(statement)
        connection.execute(f"pragma user_version = {SCHEMA_VERSION - 1}")
    connection.close()


def rows_of(database: Path) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table."""
    connection = open_writer(database)
    rows = all_rows(connection)
    connection.close()
    return rows


def all_rows(connection: Connection) -> dict[str, list[tuple[object, ...]]]:
    # What belongs to a virtual table goes with it.
    tables = (
        "select name from sqlite_schema where type = 'table' and name not like 'sqlite_%' "
        "order by sql not like 'create virtual%'"
    )
    return {
        table: sorted(connection.execute(f"select * from {table}").fetchall(), key=repr)
        for (table,) in connection.execute(tables).fetchall()
    }
