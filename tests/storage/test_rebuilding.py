"""A database of an older schema, or with wrong rows, becomes what its journal says: all of it, or
nothing has changed; whenever it is killed."""

import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from storage.disk import Group
from storage.facts import UPGRADES, UnknownFact
from storage.gazetteer import has_cities, load_cities
from storage.journal import open_disk
from storage.projection import raise_largest_id, write_group
from storage.queries import answer
from storage.reads import GetBeginning, GetWholeHistory, KeptReply
from storage.rebuilding import DatabaseInUse, JournalBroken, NoRoom, rebuild
from storage.schema import SCHEMA_VERSION, SchemaTooNew, ensure_schema, schema_in
from storage.sqlite import SqliteError, open_reader, open_writer
from tests.storage.aging import age, rows_of
from tests.storage.dying import A_STEP, SUFFIX
from tests.storage.living import random_history
from tests.storage.making import History

ROOT = Path(__file__).parents[2]

FACTS = 300
BERLIN = 2950159
"""A city of the gazetteer."""
LARGEST_ID = 10**15
"""Above all ids of a history."""

REPLIES = [
    KeptReply(1, "POST /posts", "a key", b"\x00hash", b"\xc1 whatever \x00", 1_760_000_000_000),
    KeptReply(2, "POST /posts", "a key", b"hash", b"", 1_760_000_000_001),
]


@pytest.fixture(autouse=True)
def _small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in the processes of `tests.storage.dying`."""
    monkeypatch.setattr("storage.audit.ENTRIES_A_STEP", A_STEP)


def keep(database: Path, history: History) -> None:
    """Write all of `history` to `database`, with replies, and ids that nothing speaks of any
    more."""
    connection = open_writer(database)
    ensure_schema(connection)
    write_group(connection, history.group())
    write_group(connection, Group(replies=REPLIES))
    raise_largest_id(connection, LARGEST_ID)
    connection.close()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Path]:
    """A database of this version, in a folder of its own. Nothing else is left in there."""
    folder = tmp_path / "data"
    folder.mkdir()
    keep(folder / "some.db", random_history(seed=11, steps=FACTS))
    yield folder / "some.db"
    assert {path.name for path in folder.iterdir()} <= {
        "some.db",
        f"some.db{SUFFIX}",
        f"some.db{SUFFIX}+",
    }


def quiet(done: int, of: int) -> None:
    pass


def contents_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_an_older_database_becomes_what_its_journal_says(database: Path) -> None:
    due = rows_of(database)
    age(database)
    assert rows_of(database).keys() < due.keys()
    before = database.read_bytes()
    kept = rebuild(database, SUFFIX, quiet)
    assert schema_in(database) == SCHEMA_VERSION
    assert rows_of(database) == due
    assert kept.name == f"some.db{SUFFIX}"
    assert kept.read_bytes() == before


def test_wrong_rows_become_what_the_journal_says(database: Path) -> None:
    due = rows_of(database)
    connection = open_writer(database)
    connection.execute("update users set posts_count = 77")
    connection.execute("delete from follows")
    connection.execute("insert into snapshots values (9, 1, x'c1')")
    connection.close()
    rebuild(database, SUFFIX, quiet)
    assert rows_of(database) == due


@pytest.mark.parametrize("there", [True, False], ids=["cities kept", "cities lost"])
def test_posts_are_counted_at_the_cities_again(there: bool, tmp_path: Path) -> None:
    history = History()
    history.keep_private(history.register())
    for author in (1, history.register()):
        history.publish(author, location=BERLIN)
    keep(tmp_path / "some.db", history)
    connection = open_writer(tmp_path / "some.db")
    if there:
        load_cities(connection)
    connection.close()
    rebuild(tmp_path / "some.db", SUFFIX, quiet)
    connection = open_writer(tmp_path / "some.db")
    assert has_cities(connection) == there
    load_cities(connection)
    counted = connection.execute("select location, posts_count from locations where posts_count")
    assert counted.fetchall() == [(BERLIN, 1)]
    connection.close()


async def test_what_was_rebuilt_is_opened_and_goes_on_above_all_ids(database: Path) -> None:
    age(database)
    rebuild(database, SUFFIX, quiet)
    async with open_disk(database) as disk:
        beginning = (await disk.read(GetBeginning())).value
    assert beginning.id == LARGEST_ID


def test_progress_is_told_from_the_first_facts_to_the_last(database: Path) -> None:
    told: list[tuple[int, int]] = []
    rebuild(database, SUFFIX, lambda done, of: told.append((done, of)))
    facts = len(rows_of(database)["journal"])
    assert [done for done, _ in told] == [*range(A_STEP, facts, A_STEP), facts]
    assert {of for _, of in told} == {facts}


def test_what_was_not_merged_into_the_file_yet_is_there(database: Path, tmp_path: Path) -> None:
    """After a kill the newest facts are in SQLite's log only."""
    due = rows_of(database)
    connection = open_writer(database)
    connection.execute("pragma user_version = 1")
    connection.execute("delete from likes")
    killed = tmp_path / "killed"
    shutil.copytree(database.parent, killed)
    connection.close()
    assert (killed / "some.db-wal").stat().st_size > 0
    rebuild(killed / "some.db", SUFFIX, quiet)
    assert rows_of(killed / "some.db") == due
    assert not [path for path in killed.iterdir() if path.name.endswith(("-wal", "-shm"))]


def test_earlier_databases_that_were_kept_are_left_alone(database: Path) -> None:
    database.with_name(f"some.db{SUFFIX}").write_text("an earlier one")
    assert rebuild(database, SUFFIX, quiet).name == f"some.db{SUFFIX}+"
    assert database.with_name(f"some.db{SUFFIX}").read_text() == "an earlier one"


def first_like(history: History) -> int:
    return next(one.seq for one in history.entries if type(one.fact).__name__ == "PostLiked")


def written_once(history: History, database: Path) -> tuple[int, bytes]:
    """Let the first like be one of version 0, which did not say whether it was the first."""
    seq = first_like(history)
    fact = history.entries[seq - 1].fact
    fields = msgspec.to_builtins(fact)[:-1]
    older = msgspec.msgpack.encode(("PostLiked", 0, fields))
    connection = open_writer(database)
    connection.execute("update journal set fact = ? where seq = ?", (older, seq))
    connection.close()
    return seq, older


def test_a_fact_of_an_older_version_is_upgraded_at_each_reading_and_kept_as_it_was_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    history, database = random_history(seed=11, steps=FACTS), tmp_path / "some.db"
    keep(database, history)
    due = rows_of(database)
    seq, older = written_once(history, database)
    age(database)
    monkeypatch.setitem(UPGRADES, ("PostLiked", 0), lambda fields: [*fields, True])
    rebuild(database, SUFFIX, quiet)
    found = rows_of(database)
    journal = {row[0]: row[2] for row in found.pop("journal")}
    assert journal.pop(seq) == older
    assert journal.items() <= {row[0]: row[2] for row in due.pop("journal")}.items()
    assert found == due
    fact = history.entries[seq - 1].fact
    reader = open_reader(database)
    histories = [answer(reader, GetWholeHistory(actor)).value for actor in fact.concerns()]
    reader.close()
    for one in histories:
        assert [entry.fact for entry in one.entries if entry.seq == seq] == [fact]


def test_a_fact_that_nobody_can_read_changes_nothing(tmp_path: Path) -> None:
    history, database = random_history(seed=11, steps=FACTS), tmp_path / "some.db"
    keep(database, history)
    written_once(history, database)
    before = contents_of(tmp_path)
    with pytest.raises(UnknownFact):
        rebuild(database, SUFFIX, quiet)
    assert contents_of(tmp_path) == before


def test_a_newer_database_is_refused(database: Path) -> None:
    connection = open_writer(database)
    connection.execute(f"pragma user_version = {SCHEMA_VERSION + 1}")
    connection.close()
    before = contents_of(database.parent)
    with pytest.raises(SchemaTooNew):
        rebuild(database, SUFFIX, quiet)
    assert contents_of(database.parent) == before


def test_a_journal_with_a_hole_is_refused(database: Path) -> None:
    connection = open_writer(database)
    connection.execute("delete from journal where seq = 100")
    connection.close()
    before = contents_of(database.parent)
    with pytest.raises(JournalBroken, match="fact 100"):
        rebuild(database, SUFFIX, quiet)
    assert contents_of(database.parent) == before


def test_who_is_in_the_middle_of_reading_is_waited_for_and_then_told(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.sqlite.BUSY_TIMEOUT_S", 0.0)
    writer, reader = open_writer(database), open_reader(database)
    writer.execute("delete from likes")
    reader.execute("begin")
    assert reader.execute("select count(*) from likes").fetchone() == (0,)
    with pytest.raises(DatabaseInUse):
        rebuild(database, SUFFIX, quiet)
    reader.close()
    writer.close()
    assert [path.name for path in database.parent.iterdir()] == ["some.db"]
    rebuild(database, SUFFIX, quiet)


def test_who_has_the_old_file_open_keeps_it_and_is_not_in_the_way(database: Path) -> None:
    age(database)
    theirs = open_writer(database)
    assert theirs.execute("select nickname from users").fetchone()
    rebuild(database, SUFFIX, quiet)
    ours = open_writer(database)
    ours.execute("update users set verified = 1 where account = 1")
    theirs.execute("update users set nickname = 'still there'")
    theirs.close()
    log = database.with_name("some.db-wal")
    assert log.stat().st_size > 0, "what is not merged into our file is gone"
    assert ours.execute("select verified from users where account = 1").fetchone() == (1,)
    assert ours.execute("pragma integrity_check").fetchone() == ("ok",)
    ours.close()


def test_a_file_system_without_room_is_told_before_anything_is_done(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    size, told = database.stat().st_size, list[int]()
    with open(database, "r+b") as file:  # a hole takes no room, and is larger than what is free
        file.truncate(shutil.disk_usage(database.parent).free)
    with pytest.raises(NoRoom, match=r"MB must be free in .*make room"):
        rebuild(database, SUFFIX, lambda done, of: told.append(done))
    assert not told
    assert [path.name for path in database.parent.iterdir()] == ["some.db"]
    with open(database, "r+b") as file:
        file.truncate(size)
    rebuild(database, SUFFIX, quiet)


def test_a_disk_that_fills_up_meanwhile_changes_nothing(database: Path) -> None:
    before = contents_of(database.parent)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(before["some.db"]) // 2, limits[1]))
        with pytest.raises(SqliteError):
            rebuild(database, SUFFIX, quiet)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert contents_of(database.parent) == before


def test_whenever_it_is_killed_the_next_start_has_everything(
    database: Path, tmp_path: Path
) -> None:
    due = rows_of(database)
    age(database)
    old = database.read_bytes()
    dead = tmp_path / "dead"
    dead.mkdir()
    died = subprocess.run(
        [sys.executable, "-m", "tests.storage.dying", database.parent, dead],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert died.returncode == 0, died.stderr
    steps = {step.with_suffix(""): step.read_text() for step in dead.glob("*.step")}
    for event in (f"{A_STEP} of ", "os.link ", "os.remove ", "os.rename ", f"open {dead}"):
        assert any(step.startswith(event) for step in steps.values()), event
    versions: set[int] = set()
    for folder, step in steps.items():
        connection = open_reader(folder / "some.db")
        assert connection.execute("pragma integrity_check").fetchone() == ("ok",), step
        connection.close()
        versions.add(found := schema_in(folder / "some.db"))
        if found < SCHEMA_VERSION:
            rebuild(folder / "some.db", SUFFIX, quiet)
        assert rows_of(folder / "some.db") == due, step
        kept = contents_of(folder)
        del kept["some.db"]
        assert kept == {f"some.db{SUFFIX}": old}, step
    assert versions == {SCHEMA_VERSION - 1, SCHEMA_VERSION}
