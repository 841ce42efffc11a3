"""The start knows which databases, and which SQLite, it can work with."""

from pathlib import Path

import pytest

from storage.schema import (
    SCHEMA_VERSION,
    SchemaTooNew,
    SchemaTooOld,
    check_schema,
    ensure_schema,
    schema_in,
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
from tests.storage.aging import KEPT_FOR_EVER


def columns_of(connection: Connection, table: str) -> list[str]:
    return [row[1] for row in connection.execute(f"pragma table_info({table})").fetchall()]


def test_the_tables_that_follow_from_nothing_keep_their_form(database: Connection) -> None:
    for table, columns in KEPT_FOR_EVER.items():
        assert sorted(columns_of(database, table)) == sorted(columns), table


def test_an_empty_database_gets_the_tables_and_keeps_them(database: Connection) -> None:
    assert schema_version(database) == SCHEMA_VERSION
    made = database.execute("select * from sqlite_schema").fetchall()
    ensure_schema(database)
    assert database.execute("select * from sqlite_schema").fetchall() == made


@pytest.mark.parametrize(
    ("version", "refused"),
    [(SCHEMA_VERSION - 1, SchemaTooOld), (SCHEMA_VERSION + 1, SchemaTooNew)],
)
def test_a_database_of_another_version_is_refused_and_left_alone(
    database: Connection, version: int, refused: type[Exception]
) -> None:
    database.execute(f"pragma user_version = {version}")
    database.execute("drop table likes")
    for look in (ensure_schema, check_schema):
        with pytest.raises(refused, match=f"schema {version}"):
            look(database)
    assert schema_version(database) == version
    assert columns_of(database, "likes") == []


def test_a_table_that_can_t_be_made_leaves_none_of_them(tmp_path: Path) -> None:
    database = open_writer(tmp_path / "some.db")
    database.execute("create table replies (something integer)")  # the last of ours
    with pytest.raises(SqliteError):
        ensure_schema(database)
    assert schema_version(database) == 0
    tables = database.execute("select name from sqlite_schema").fetchall()
    database.close()
    assert tables == [("replies",)]


def test_the_version_in_a_file_is_0_where_there_is_none(tmp_path: Path) -> None:
    assert schema_in(tmp_path / "some.db") == 0
    assert not (tmp_path / "some.db").exists()
    (tmp_path / "some.db").touch()
    assert schema_in(tmp_path / "some.db") == 0
    writer = open_writer(tmp_path / "some.db")
    ensure_schema(writer)
    writer.close()
    assert schema_in(tmp_path / "some.db") == SCHEMA_VERSION


def test_every_column_that_refers_has_an_index() -> None:
    """Else each write to what it refers to would search its whole table."""
    connection = open_memory()
    ensure_schema(connection)
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
    ensure_schema(writer)
    reader = open_reader(tmp_path / "some.db")
    with pytest.raises(SqliteError):
        reader.execute("delete from users")
    reader.close()
    writer.close()
