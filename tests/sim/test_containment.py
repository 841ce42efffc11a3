"""What is broken in one actor, or on the disk below it, stays there: each staged on purpose."""

from random import Random
from typing import Any

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from actors.fanout import Lossy
from actors.kinds import BEHAVIOURS, Behaviour
from actors.post.messages import Like, LikeReply, Unlike
from actors.runtime.asking import Quarantined
from actors.runtime.inboxes import Inboxes, Sizes
from actors.user.messages import Follow
from storage.facts import PostLiked
from storage.ids import Kind, post_key, user_key
from storage.reads import GetWholeHistory, Snapshot, Span
from tests.sim.house import open_house
from tests.sim.model import ModelDisk
from tests.sim.sqlite_side import SqliteDisk

UNREADABLE = b"\xc1"


def plant(monkeypatch: pytest.MonkeyPatch, fold: Any) -> None:
    """Have posts fold so."""
    was = BEHAVIOURS[Kind.POST]
    planted = Behaviour(was.state, was.decide, fold, was.folds_a_snapshot)
    monkeypatch.setitem(BEHAVIOURS, Kind.POST, planted)


async def with_spoilt_snapshots(disk: ModelDisk, posts: int) -> tuple[int, list[int]]:
    """(author, posts): each liked by its author, all but the last with a snapshot that can't be
    read."""
    async with open_house(disk) as house:
        ann = await house.user("ann")
        published = [await house.post(ann) for _ in range(posts)]
        for post in published:
            await house.actors.ask(Like(post, ann, ann))
    for post in published[:-1] or published:
        kept = disk._snapshots[post_key(post)]
        spoilt = Snapshot(kept.actor, kept.seq, UNREADABLE)
        disk._snapshots[post_key(post)] = spoilt
    return ann, published


def slow_whole_journal(disk: ModelDisk) -> None:
    """As if the journal were very long."""
    read = disk.read

    async def slow(question: Any) -> Any:
        if isinstance(question, GetWholeHistory):
            await trio.sleep(30)
        return await read(question)

    disk.read = slow


async def test_a_command_that_waits_while_its_actor_is_quarantined_is_answered(
    autojump_clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    was = BEHAVIOURS[Kind.POST]

    def fold(state: Any, seq: int, fact: Any) -> None:
        if isinstance(fact, PostLiked) and not hasattr(state.likers, "_base"):  # not in a draft
            raise RuntimeError("planted")
        was.fold(state, seq, fact)

    async with open_house() as house:
        ann = await house.user("ann")
        post = await house.post(ann)
        plant(monkeypatch, fold)
        house.disk.gate = trio.Event()
        refused: list[bool] = []

        async def unlike() -> None:
            with pytest.raises(Quarantined):
                await house.actors.ask(Unlike(post, ann))
            refused.append(True)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(house.actors.ask, Like(post, ann, ann))
            await trio.sleep(1)
            nursery.start_soon(unlike)  # in the rounds' queue during the commit
            await trio.sleep(1)
            house.disk.gate.set()
        assert refused == [True]
        monkeypatch.undo()
        assert await house.user("bob")


async def test_a_stop_ends_though_the_last_load_fails(
    autojump_clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fold(state: Any, seq: int, fact: Any) -> None:
        raise RuntimeError("planted")

    disk = ModelDisk(Random(0))
    async with open_house(disk) as house:
        ann = await house.user("ann")
        post = await house.post(ann)
    disk._snapshots.clear()
    disk._concerns[post_key(post)] = {2}
    disk._concerns[user_key(ann)] = {1, 2}
    plant(monkeypatch, fold)
    with trio.fail_after(5):
        async with open_house(disk) as house, trio.open_nursery() as edge:
            edge.start_soon(house.actors.ask, Unlike(post, ann))
            await wait_all_tasks_blocked()
            edge.cancel_scope.cancel()


async def test_a_fact_that_cannot_be_read_closes_one_actor_only(autojump_clock: Any) -> None:
    disk = SqliteDisk(Random(0))
    async with open_house(disk) as house:
        ann, bob = await house.user("ann"), await house.user("bob")
        post = await house.post(ann)
        await house.actors.ask(Like(post, ann, ann))
    liked = len(disk.journal)
    disk.connection.execute("delete from snapshots where actor = ?", (post_key(post),))
    listed = (post_key(post), liked)
    disk.connection.execute("insert or replace into concerns (actor, seq) values (?, ?)", listed)
    disk.connection.execute("update journal set fact = x'c1' where seq = ?", (liked,))
    async with open_house(disk) as house, trio.open_nursery() as nursery:
        nursery.start_soon(house.actors.ask, Follow(ann, bob))  # loaded by the same read
        with pytest.raises(Quarantined):
            await house.actors.ask(Unlike(post, ann))


async def test_an_unreadable_snapshot_keeps_nobody_else_waiting(autojump_clock: Any) -> None:
    disk = ModelDisk(Random(0))
    ann, posts = await with_spoilt_snapshots(disk, 4)
    async with open_house(disk) as house, trio.open_nursery() as nursery:
        slow_whole_journal(disk)
        for post in posts[:-1]:
            nursery.start_soon(house.actors.ask, Unlike(post, ann))
        await trio.sleep(1)
        with trio.fail_after(5):
            unliked = await house.actors.ask(Unlike(posts[-1], ann))
        assert unliked == LikeReply(liked=False, likes=0)
        nursery.cancel_scope.cancel()


async def test_a_stop_does_not_wait_for_a_whole_journal(autojump_clock: Any) -> None:
    disk = ModelDisk(Random(0))
    ann, [post] = await with_spoilt_snapshots(disk, 1)
    slow_whole_journal(disk)
    with trio.fail_after(5):
        async with open_house(disk) as house, trio.open_nursery() as edge:
            edge.start_soon(house.actors.ask, Unlike(post, ann))
            await trio.sleep(0.1)
            edge.cancel_scope.cancel()


@pytest.mark.parametrize("sizes", [Sizes(inbox_posts=10), Sizes(push_slice=1, handouts=0)])
async def test_what_is_shown_is_never_said_to_be_dropped(autojump_clock: Any, sizes: Sizes) -> None:
    async with open_house() as house:
        feed = Inboxes(house.actors, Lossy(1), trio.current_time, sizes)
        house.actors.listen(feed.on_delivered)
        reader = await house.user("reader")
        authors = [await house.user(f"author{n}") for n in range(3)]
        for author in authors:
            await house.actors.ask(Follow(author, reader))
            await house.actors.ask(Follow(author, authors[0] if author != authors[0] else reader))
        for author in authors * 4:
            await house.post(author)
        await feed.posts(reader, Span(5))
        posts = [(await house.post(author), author) for author in authors * 4]
        page = await feed.posts(reader, Span(20))  # more than the inbox has
        reasons = {post: (await feed.why(reader, post, author)).reason for post, author in posts}
        assert [post for post in page if reasons.get(post) == "dropped"] == []


async def test_a_stop_during_a_slow_commit_takes_no_snapshots_beside_it(
    autojump_clock: Any,
) -> None:
    disk = ModelDisk(Random(0))  # which would see two commits at once
    async with open_house(disk) as house:
        ann = await house.user("ann")
        post = await house.post(ann)
        before = dict(disk._snapshots)
        async with trio.open_nursery() as edge:
            disk.gate = trio.Event()
            edge.start_soon(house.actors.ask, Like(post, ann, ann))
            await trio.sleep(0.1)
            edge.cancel_scope.cancel()
    assert disk._snapshots == before
    disk.gate = None
    async with open_house(disk) as house:
        assert (await house.actors.ask(Like(post, ann, ann))) == LikeReply(liked=True, likes=1)
