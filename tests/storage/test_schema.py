"""The start knows which databases, and which SQLite, it can work with."""

from pathlib import Path

import pytest
from sqlite_utils import Database

from storage.schema import (
    MIGRATIONS,
    SCHEMA_VERSION,
    SchemaTooNew,
    migrate,
    schema_version,
)
from storage.sqlite import (
    SQLITE_OLDEST,
    Connection,
    SqliteError,
    SqliteTooOld,
    check_version,
    open_memory,
    open_reader,
    open_writer,
)


def add_colour(database: Database) -> None:
    database.conn.execute("alter table users add column colour text")


def fail_half_way(database: Database) -> None:
    database.conn.execute("create table half (way integer)")
    database.conn.execute("insert into nothing values (1)")


def test_an_empty_database_gets_the_newest_schema(database: Connection) -> None:
    assert schema_version(database) == SCHEMA_VERSION
    migrate(database)  # once more changes nothing
    assert schema_version(database) == SCHEMA_VERSION


def test_an_older_database_takes_only_the_steps_it_lacks(database: Connection) -> None:
    migrate(database, (*MIGRATIONS, add_colour))
    assert schema_version(database) == SCHEMA_VERSION + 1
    assert database.execute("select colour from users").fetchall() == []


def test_a_newer_database_is_refused_and_left_alone(database: Connection) -> None:
    database.execute(f"pragma user_version = {SCHEMA_VERSION + 1}")
    with pytest.raises(SchemaTooNew):
        migrate(database)
    assert schema_version(database) == SCHEMA_VERSION + 1


def test_a_migration_that_fails_leaves_nothing_half_done(database: Connection) -> None:
    with pytest.raises(SqliteError):
        migrate(database, (*MIGRATIONS, add_colour, fail_half_way))
    assert schema_version(database) == SCHEMA_VERSION + 1
    assert database.execute("select name from sqlite_schema where name = 'half'").fetchall() == []


def test_every_column_that_refers_has_an_index() -> None:
    """Else each write to what it refers to would search its whole table."""
    connection = open_memory()
    migrate(connection)
    tables = "select name from sqlite_schema where type = 'table'"
    for (table,) in connection.execute(tables).fetchall():
        first_columns = {
            connection.execute(f"pragma index_info({index[1]})").fetchone()[2]
            for index in connection.execute(f"pragma index_list({table})").fetchall()
        }
        for reference in connection.execute(f"pragma foreign_key_list({table})").fetchall():
            assert reference[3] in first_columns, (table, reference[3])
    connection.close()


@pytest.mark.parametrize("version", ["3.40.1", "3.51.2", "3.9.0"])
def test_a_sqlite_that_can_lose_a_commit_is_refused(version: str) -> None:
    with pytest.raises(SqliteTooOld):
        check_version(version)


@pytest.mark.parametrize("version", [".".join(map(str, SQLITE_OLDEST)), "3.53.0", "4.0.0"])
def test_a_sound_sqlite_is_accepted(version: str) -> None:
    check_version(version)
    check_version()


def test_the_writer_waits_for_the_disk_and_checks_references(tmp_path: Path) -> None:
    writer = open_writer(tmp_path / "a#?%.db")
    full = 2
    expected = {
        "journal_mode": "wal",
        "synchronous": full,
        "foreign_keys": 1,
        "secure_delete": 1,
    }
    for pragma, value in expected.items():
        assert writer.execute(f"pragma {pragma}").fetchone() == (value,), pragma
    writer.close()
    assert (tmp_path / "a#?%.db").exists()


def test_a_reader_can_not_write(tmp_path: Path) -> None:
    writer = open_writer(tmp_path / "some.db")
    migrate(writer)
    reader = open_reader(tmp_path / "some.db")
    with pytest.raises(SqliteError):
        reader.execute("delete from users")
    reader.close()
    writer.close()
