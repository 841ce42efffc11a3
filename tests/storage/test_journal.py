"""What a commit has promised is there, for readers at once and for the next process too."""

from pathlib import Path

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from storage.disk import Disk, DiskFailed, Group
from storage.journal import READERS, open_disk
from storage.reads import GetBeginning, GetPostsOf, GetUsers, Span
from storage.schema import SCHEMA_VERSION, SchemaTooNew, SchemaTooOld
from storage.sqlite import open_writer
from tests.storage.making import History


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def test_what_was_committed_is_read_with_its_seq(tmp_path: Path, history: History) -> None:
    ann = history.register()
    async with open_disk(tmp_path / "some.db") as opened:
        disk: Disk = opened
        assert (await disk.read(GetBeginning())).committed == 0
        await disk.commit(history.group())
        post = history.publish(ann)
        before = await disk.read(GetPostsOf(ann, Span(5)))
        await disk.commit(Group(entries=history.entries[-1:]))
        after = await disk.read(GetPostsOf(ann, Span(5)))
    assert (before.value, before.committed) == ([], 1)
    assert (after.value, after.committed) == ([post], 2)


async def test_the_next_process_finds_it_in_one_file(tmp_path: Path, history: History) -> None:
    database = tmp_path / "some.db"
    history.register("ann")
    async with open_disk(database) as disk:
        await disk.commit(history.group())
    assert names_in(tmp_path) == ["some.db"]
    async with open_disk(database) as disk:
        found = await disk.read(GetUsers(0, 10))
    assert [user.username for user in found.value] == ["ann"]


async def test_more_readers_than_connections_all_get_their_answers(
    tmp_path: Path, history: History
) -> None:
    seen: list[int] = []
    async with open_disk(tmp_path / "some.db") as disk:

        async def look() -> None:
            seen.append((await disk.read(GetBeginning())).committed)

        async with trio.open_nursery() as nursery:
            for _ in range(READERS * 5):
                nursery.start_soon(look)
            for _ in range(10):
                history.register()
                await disk.commit(Group(entries=history.entries[-1:]))
        assert (await disk.read(GetBeginning())).committed == 10
    assert len(seen) == READERS * 5


async def test_a_commit_that_began_is_not_cancelled(tmp_path: Path, history: History) -> None:
    history.register()
    async with open_disk(tmp_path / "some.db") as disk:
        other = open_writer(tmp_path / "some.db")
        other.execute("begin immediate")  # the commit waits for this one's end
        async with trio.open_nursery() as nursery:
            nursery.start_soon(disk.commit, history.group())
            await wait_all_tasks_blocked()
            nursery.cancel_scope.cancel()
            other.execute("rollback")
        other.close()
        assert (await disk.read(GetBeginning())).committed == 1


async def test_after_a_failed_commit_nothing_more_is_answered(
    tmp_path: Path, history: History
) -> None:
    history.register()
    async with open_disk(tmp_path / "some.db") as disk:
        await disk.commit(history.group())
        with pytest.raises(DiskFailed):
            await disk.commit(history.group())  # the same seqs once more: a broken constraint
        history.register()
        with pytest.raises(DiskFailed):
            await disk.commit(Group(entries=history.entries[-1:]))
        with pytest.raises(DiskFailed):
            await disk.read(GetBeginning())
    async with open_disk(tmp_path / "some.db") as disk:
        assert (await disk.read(GetBeginning())).committed == 1


async def test_a_disk_that_is_full_fails_the_commit(tmp_path: Path, history: History) -> None:
    database = tmp_path / "some.db"
    history.publish(history.register(), "x" * 1_000_000)
    async with open_disk(database) as disk:
        disk._writer.execute("pragma max_page_count = 100").fetchone()
        with pytest.raises(DiskFailed):
            await disk.commit(history.group())


async def test_what_is_no_database_or_one_of_another_version_is_refused(tmp_path: Path) -> None:
    (tmp_path / "garbage.db").write_bytes(b"this is no database" * 1_000)
    with pytest.raises(DiskFailed):
        async with open_disk(tmp_path / "garbage.db"):
            pass
    for name, version, refused in (
        ("older.db", SCHEMA_VERSION - 1, SchemaTooOld),
        ("newer.db", SCHEMA_VERSION + 1, SchemaTooNew),
    ):
        other = open_writer(tmp_path / name)
        other.execute(f"pragma user_version = {version}")
        other.close()
        with pytest.raises(refused):
            async with open_disk(tmp_path / name):
                pass


async def test_a_deleted_text_is_gone_from_the_file_after_a_clean_stop(
    tmp_path: Path, history: History
) -> None:
    ann = history.register()
    caption = "a caption that should be forgotten " * 50
    post = history.publish(ann, caption)
    async with open_disk(tmp_path / "some.db") as disk:
        await disk.commit(history.group())
        history.delete(post, ann)
        await disk.commit(Group(entries=history.entries[-1:]))
    assert b"should be forgotten" not in (tmp_path / "some.db").read_bytes()
