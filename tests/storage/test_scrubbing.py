"""What was erased is in no byte of the folder after a clean stop; a kill meanwhile is no harm."""

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from storage import journal
from storage.disk import Group
from storage.ids import user_key
from storage.journal import SqliteDisk, open_disk
from storage.pages import NotPages, Pages
from storage.reads import Snapshot
from storage.schema import ensure_schema
from storage.scrubbing import CUT_SHORT, ERASED, NOTHING, Scrubbed, due_in, scrub_database
from storage.sqlite import open_reader, open_writer
from tests.storage.making import History
from tests.storage.needles import WORD, Marked, marked_groups, words_in

SEED, STEPS = 1, 3_000
"""A history after which, without scrubbing, ten erased texts are still in the file."""


ROOT = Path(__file__).parents[2]


def never() -> bool:
    return False


def at_once() -> bool:
    return True


@contextlib.asynccontextmanager
async def kept(database: Path, said: list[Scrubbed | None]) -> AsyncGenerator[SqliteDisk]:
    async with open_disk(database, on_closed=said.append) as disk:
        yield disk


@pytest.fixture(scope="module")
def unscrubbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Marked]:
    """A database after `SEED`'s history, as a kill leaves it once its log is merged."""
    database = tmp_path_factory.mktemp("unscrubbed") / "some.db"
    marked, groups = marked_groups(SEED, STEPS)
    writer = open_writer(database)
    ensure_schema(writer)
    for group in groups:
        journal.write_group(writer, group)
    writer.close()
    return database, marked


@pytest.fixture
def database(unscrubbed: tuple[Path, Marked], tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    return Path(shutil.copy(unscrubbed[0], tmp_path / "data" / "some.db"))


def words_of_rows(database: Path) -> set[bytes]:
    """The words of every text that is not erased."""
    reader = open_reader(database)
    texts = "select cast(text as blob) from contents union all select reply from replies"
    words = {word for (text,) in reader.execute(texts).fetchall() for word in WORD.findall(text)}
    reader.close()
    return words


def is_sound(database: Path) -> bool:
    reader = open_reader(database)
    said = reader.execute("pragma integrity_check").fetchall()
    said += reader.execute("pragma foreign_key_check").fetchall()
    reader.close()
    return said == [("ok",)]


def everything(database: Path) -> list[str]:
    """All rows but those of `erasures`."""
    reader = open_reader(database)
    tables = "select name from sqlite_schema where type = 'table' and name <> 'erasures'"
    rows = [
        f"{table}: {sorted(reader.execute(f'select * from {table}').fetchall(), key=repr)}"
        for (table,) in reader.execute(tables).fetchall()
    ]
    reader.close()
    return rows


def test_without_it_erased_texts_stay(unscrubbed: tuple[Path, Marked]) -> None:
    """Else the tests below would see nothing."""
    database, marked = unscrubbed
    assert words_in(database.parent) & marked.words > words_of_rows(database)


def test_what_was_erased_leaves_the_file_and_nothing_else_does(
    database: Path, unscrubbed: tuple[Path, Marked]
) -> None:
    before = everything(database)
    assert scrub_database(database, never) == "done"
    alive = words_of_rows(database)
    assert len(alive) > 1_000
    assert words_in(database.parent) & unscrubbed[1].words == alive
    assert everything(database) == before
    assert is_sound(database)


async def test_it_happens_at_each_clean_stop(tmp_path: Path) -> None:
    """Whatever was erased in this run or in one that was killed before."""
    marked, groups = marked_groups(SEED + 1, STEPS)
    said: list[Scrubbed | None] = []
    folder = tmp_path / "data"
    folder.mkdir()
    database = folder / "some.db"
    third = len(groups) // 3
    for some in (groups[:third], groups[third : 2 * third], groups[2 * third :]):
        async with kept(database, said) as disk:
            for group in some:
                await disk.commit(group)
        assert words_in(folder) & marked.words == words_of_rows(database)
    assert said == ["done"] * 3
    assert is_sound(database)


async def test_it_is_due_again_while_a_snapshot_may_hold_the_name_of_somebody_who_is_gone(
    tmp_path: Path, history: History
) -> None:
    """It is replaced without an erasure, by the stop after the next start."""
    said: list[Scrubbed | None] = []
    ann = history.register()
    history.register()
    async with kept(tmp_path / "some.db", said) as disk:
        await disk.commit(Group(history.entries, [], [Snapshot(user_key(ann), 2, b"a name")]))
    history.leave(ann)
    for group in (Group(history.entries[-1:]), Group([], [], [Snapshot(user_key(ann), 3, b"")])):
        async with kept(tmp_path / "some.db", said) as disk:
            await disk.commit(group)
        assert due_in(tmp_path / "some.db") == (ERASED if group.entries else NOTHING)
    assert said == ["nothing was erased", "done", "done"]


async def test_nothing_is_done_when_nothing_was_erased(tmp_path: Path, history: History) -> None:
    said: list[Scrubbed | None] = []
    ann = history.register()
    post = history.publish(ann, "here to stay")
    history.like(ann, post)
    async with kept(tmp_path / "some.db", said) as disk:
        await disk.commit(history.group())
    history.unlike(ann, post)
    async with kept(tmp_path / "some.db", said) as disk:
        await disk.commit(Group(entries=history.entries[-1:]))
    history.edit(post, ("caption",), "said otherwise")
    async with kept(tmp_path / "some.db", said) as disk:
        await disk.commit(Group(entries=history.entries[-1:]))
    async with kept(tmp_path / "some.db", said):
        pass
    assert said == ["nothing was erased", "nothing was erased", "done", "nothing was erased"]


async def test_what_a_kill_left_is_done_at_the_next_clean_stop(
    database: Path, unscrubbed: tuple[Path, Marked]
) -> None:
    """The database is one of which the stop was never clean."""
    said: list[Scrubbed | None] = []
    async with kept(database, said):
        pass
    assert said == ["done"]
    assert words_in(database.parent) & unscrubbed[1].words == words_of_rows(database)


def test_without_time_it_remains_due_for_the_next_start(database: Path) -> None:
    assert scrub_database(database, at_once) == "no time"
    assert due_in(database) == CUT_SHORT
    writer = open_writer(database)
    writer.execute("delete from replies")
    writer.close()
    assert due_in(database) == CUT_SHORT
    assert scrub_database(database, never) == "done"
    assert scrub_database(database, never) == "nothing was erased"


def test_it_leaves_a_file_alone_that_somebody_else_has_open(database: Path) -> None:
    before = database.read_bytes()
    reader = open_reader(database)
    reader.execute("select count(*) from posts").fetchone()
    assert scrub_database(database, never) == "in use"
    assert everything(database) != []
    assert database.read_bytes() == before
    reader.close()
    assert scrub_database(database, never) == "done"


def test_whenever_it_is_killed_the_database_is_sound_and_what_is_left_is_due(
    database: Path, tmp_path: Path
) -> None:
    before, alive = everything(database), words_of_rows(database)
    words = words_in(database.parent)
    dead = tmp_path / "dead"
    dead.mkdir()
    died = subprocess.run(
        [sys.executable, "-m", "tests.storage.dying_scrubs", database, dead],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert died.returncode == 0, died.stderr
    steps = {step.with_suffix(""): step.read_text() for step in dead.glob("*.step")}
    assert set(steps.values()) == {"open", "write", "synced"}
    for folder, step in steps.items():
        assert is_sound(folder / "some.db"), step
        assert everything(folder / "some.db") == before, step
        assert scrub_database(folder / "some.db", never) in ("done", "nothing was erased"), step
        assert words_in(folder) & words == alive, step


def trees(database: Path) -> list[int]:
    reader = open_reader(database)
    roots = reader.execute("select rootpage from sqlite_schema where rootpage > 0").fetchall()
    reader.close()
    return [1, *(root for (root,) in roots)]


@pytest.mark.parametrize(
    ("offset", "byte"),
    [
        (0, b"X"),
        (4_096, b"\x00"),
        (4_096, b"\x07"),
        (4_096 + 5, b"\x00\x01"),
        (4_096 + 1, b"\x00\x03"),
    ],
)
def test_what_is_no_page_of_sqlite_s_is_not_written_to(
    database: Path, offset: int, byte: bytes
) -> None:
    roots = trees(database)
    with database.open("r+b") as file:
        file.seek(offset)
        file.write(byte)
    descriptor = os.open(database, os.O_RDWR)
    with pytest.raises(NotPages):
        Pages(descriptor).scrub([2, *roots], never)
    os.close(descriptor)


def test_trees_that_go_in_circles_end(database: Path) -> None:
    descriptor = os.open(database, os.O_RDWR)
    pages = Pages(descriptor)
    with pytest.raises(NotPages, match="more pages than the file"):
        pages.scrub([2] * (pages.count + 1), never)
    os.close(descriptor)


def test_all_that_is_free_in_a_page_is_zero_after_it(database: Path) -> None:
    scrub_database(database, never)
    scrubbed = database.read_bytes()
    descriptor = os.open(database, os.O_RDWR)
    assert Pages(descriptor).scrub(trees(database), never)
    os.close(descriptor)
    assert database.read_bytes() == scrubbed
