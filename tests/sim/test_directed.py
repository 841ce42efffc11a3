"""Races that random seeds seldom meet, each staged on purpose."""

from random import Random
from typing import Any

import pytest
import structlog.testing
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from actors.decisions import Refused
from actors.fanout import Hybrid
from actors.kinds import BEHAVIOURS, Behaviour
from actors.post.messages import DeletePost, Like, LikeReply, Unlike
from actors.runtime import rounds
from actors.runtime.asking import Bug, KeyConflict, Overloaded, Quarantined, RequestKey
from actors.runtime.passivation import Residency
from actors.user.messages import Follow, Publish, Unfollow
from storage.facts import PostLiked
from storage.ids import Kind, post_key, user_key
from storage.reads import REPLY_KEPT_MS, PullFrom, Snapshot, Span
from tests.sim.house import PICTURE, open_house
from tests.sim.model import ModelDisk
from tests.sim.simulation import ROUNDS_WAITED_MAX, deterministic
from tests.sim.watched import WatchedRounds


async def test_with_the_writer_held_nobody_learns_of_anything(autojump_clock: Any) -> None:
    async with open_house() as house:
        ann, bob = await house.user("ann"), await house.user("bob")
        await house.actors.ask(Follow(ann, bob))
        old = await house.post(ann)
        assert await house.feed.posts(bob, Span(9)) == [old]
        delivered = house.actors.delivered
        answers: list[Any] = []

        async def ask(command: Any) -> None:
            answers.append(await house.actors.ask(command))

        house.disk.gate = trio.Event()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask, Publish(ann, None, PICTURE))
            nursery.start_soon(ask, Like(old, ann, bob))
            nursery.start_soon(ask, Unfollow(ann, ann))
            await trio.sleep(5)
            nursery.start_soon(ask, Like(old, ann, bob))
            await trio.sleep(5)
            assert await house.feed.posts(bob, Span(9)) == [old]
            assert await house.feed.posts(ann, Span(9)) == [old]
            assert house.actors.delivered == delivered
            liked_at_once = [answer for answer in answers if isinstance(answer, LikeReply)]
            assert liked_at_once == []
            house.disk.gate.set()
        assert len(answers) == 4
        assert len(await house.feed.posts(bob, Span(9))) == 2
        assert answers.count(LikeReply(liked=True, likes=1)) == 2


async def test_loading_while_facts_are_with_the_writer_loses_and_doubles_nothing(
    autojump_clock: Any,
) -> None:
    async with open_house(rounds_type=WatchedRounds) as house:
        ann, bob, cleo = [await house.user(name) for name in ("ann", "bob", "cleo")]
        cells = house.actors.directory.cells
        house.actors.directory.passivate(cells[user_key(bob)]) if user_key(bob) in cells else None
        house.disk.gate = trio.Event()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(house.actors.ask, Follow(ann, bob))  # concerns bob, with the writer
            await trio.sleep(1)
            assert user_key(bob) not in cells
            nursery.start_soon(house.actors.ask, Follow(bob, cleo))  # loads bob meanwhile
            await trio.sleep(0.001)
            assert cells[user_key(bob)].state is None
            house.disk.gate.set()
        assert set(cells[user_key(bob)].state.following) == {ann}
        assert set(cells[user_key(bob)].state.followers) == {cleo}
        assert not cells[user_key(bob)].quarantined


def test_three_hostile_clients_starve_nobody() -> None:
    async def longest_wait() -> int:
        watched: list[WatchedRounds] = []

        class Watched(WatchedRounds):
            def __init__(self, *args: Any) -> None:
                super().__init__(*args)
                watched.append(self)

        async with open_house(rounds_type=Watched) as house:
            victim, *others = [await house.user(f"user{n}") for n in range(12)]

            async def bother(follower: int) -> None:
                while True:
                    await house.actors.ask(Follow(victim, follower))
                    await house.actors.ask(Unfollow(victim, follower))

            async def live(account: int) -> None:
                for _ in range(10):
                    await house.actors.ask(Follow(victim, account))  # decided by the victim
                    await house.actors.ask(Follow(account, victim))  # concerns it
                    await house.actors.ask(Unfollow(victim, account))
                    await house.actors.ask(Unfollow(account, victim))

            async with trio.open_nursery() as hostile:
                for follower in others[:3]:
                    hostile.start_soon(bother, follower)
                async with trio.open_nursery() as honest:
                    for account in others[3:]:
                        honest.start_soon(live, account)
                hostile.cancel_scope.cancel()
        return watched[0].longest_wait

    for seed in range(20):
        with deterministic(seed):
            waited = trio.run(longest_wait, clock=MockClock(autojump_threshold=0))
        assert waited <= ROUNDS_WAITED_MAX, f"seed {seed}"


async def test_a_mailbox_is_decided_in_one_commit(autojump_clock: Any) -> None:
    async with open_house() as house:
        ann = await house.user("ann")
        fans = [await house.user(f"fan{n}") for n in range(20)]
        post = await house.post(ann)
        house.disk.gate = trio.Event()
        commits: list[int] = []
        commit = house.disk.commit

        async def counted(group: Any) -> None:
            commits.append(len(group.entries))
            await commit(group)

        house.disk.commit = counted
        async with trio.open_nursery() as nursery:
            nursery.start_soon(house.actors.ask, Like(post, ann, fans[0]))
            await trio.sleep(1)
            for fan in fans[1:]:
                nursery.start_soon(house.actors.ask, Like(post, ann, fan))
            await trio.sleep(1)
            house.disk.gate.set()
        assert commits == [1, 19]


async def test_a_keyed_request_whose_answer_was_lost_happens_once(autojump_clock: Any) -> None:
    disk = ModelDisk(Random(1))
    key = RequestKey(1, "POST /posts", "k", b"values")
    for _ in range(2):
        with trio.CancelScope() as plug:
            async with open_house(disk) as house:
                if not disk.journal:
                    await house.user("ann")
                commit = disk.commit

                async def commit_and_die(group: Any) -> None:
                    await commit(group)  # noqa: B023
                    plug.cancel()
                    await trio.sleep_forever()

                disk.commit = commit_and_die
                await house.post(1, key)
        disk.commit = commit
    async with open_house(disk) as house:
        post = await house.post(1, key)
        assert await house.post(1, key) == post
        assert await house.feed.posts(1, Span(9)) == [post]
        with pytest.raises(KeyConflict):
            await house.post(1, RequestKey(1, "POST /posts", "k", b"other values"))


async def test_a_kept_reply_is_forgotten_after_a_day(autojump_clock: Any) -> None:
    key = RequestKey(1, "POST /posts", "k", b"values")
    async with open_house() as house:
        await house.user("ann")
        first = await house.post(1, key)
        await trio.sleep(REPLY_KEPT_MS / 1000 - 60)
        assert await house.post(1, key) == first
        await trio.sleep(61)
        assert await house.post(1, key) != first


async def test_a_no_op_with_a_key_is_kept_and_a_refusal_is_decided_again(
    autojump_clock: Any,
) -> None:
    async with open_house() as house:
        ann, bob = await house.user("ann"), await house.user("bob")
        post = await house.post(ann)
        like = Like(post, ann, bob)
        await house.actors.ask(like)
        key = RequestKey(bob, "POST /posts/:id/like", "k", b"values")
        assert await house.actors.ask(like, key) == LikeReply(liked=True, likes=1)
        await house.actors.ask(Unlike(post, bob))
        assert await house.actors.ask(like, key) == LikeReply(liked=True, likes=1)
        refused = RequestKey(bob, "DELETE", "k", b"values")
        assert isinstance(await house.actors.ask(DeletePost(post, bob), refused), Refused)
        assert await house.actors.kept(DeletePost, refused) is None


async def test_more_commands_than_may_wait_are_refused_at_once(
    autojump_clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rounds, "WAITING_COMMANDS_MAX", 5)
    async with open_house() as house:
        ann = await house.user("ann")
        fans = [await house.user(f"fan{n}") for n in range(10)]
        post = await house.post(ann)
        house.disk.gate = trio.Event()
        outcomes: list[str] = []

        async def like(fan: int) -> None:
            try:
                await house.actors.ask(Like(post, ann, fan))
                outcomes.append("liked")
            except Overloaded:
                outcomes.append("overloaded")

        async with trio.open_nursery() as nursery:
            for fan in fans:
                nursery.start_soon(like, fan)
            await trio.sleep(1)
            assert outcomes == ["overloaded"] * 5
            house.disk.gate.set()
        assert outcomes.count("liked") == 5


def _with_fold(kind: Kind, fold: Any) -> Behaviour:
    was = BEHAVIOURS[kind]
    return Behaviour(was.state, was.decide, fold, was.folds_a_snapshot)


async def test_a_fold_that_fails_closes_its_actor_and_no_other(
    autojump_clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fold(state: Any, seq: int, fact: Any) -> None:
        if isinstance(fact, PostLiked) and not hasattr(state.likers, "_base"):  # not in a draft
            raise RuntimeError("planted")
        was.fold(state, seq, fact)

    was = BEHAVIOURS[Kind.POST]
    async with open_house() as house:
        ann, bob = await house.user("ann"), await house.user("bob")
        sick, sound = await house.post(ann), await house.post(ann)
        monkeypatch.setitem(BEHAVIOURS, Kind.POST, _with_fold(Kind.POST, fold))
        house.actors.directory.cells.pop(post_key(sick), None)
        await house.actors.ask(Like(sick, ann, bob))  # committed: it is so, whatever folding does
        with pytest.raises(Quarantined):
            await house.actors.ask(Unlike(sick, bob))
        monkeypatch.setitem(BEHAVIOURS, Kind.POST, was)
        assert await house.actors.ask(Like(sound, ann, bob)) == LikeReply(liked=True, likes=1)


async def test_a_decision_that_raises_appends_nothing_and_spoils_no_other(
    autojump_clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    was = BEHAVIOURS[Kind.POST]

    def decide(state: Any, command: Any, moment: Any) -> Any:
        if isinstance(command, Like) and command.account == cursed:
            raise RuntimeError("planted")
        return was.decide(state, command, moment)

    async with open_house() as house:
        ann, bob, cursed = [await house.user(name) for name in ("ann", "bob", "cursed")]
        post = await house.post(ann)
        planted = Behaviour(was.state, decide, was.fold, was.folds_a_snapshot)
        monkeypatch.setitem(BEHAVIOURS, Kind.POST, planted)
        house.disk.gate = trio.Event()
        answers: dict[int, Any] = {}

        async def like(account: int) -> None:
            try:
                answers[account] = await house.actors.ask(Like(post, ann, account))
            except Bug as bug:
                answers[account] = bug

        async with trio.open_nursery() as nursery:
            nursery.start_soon(house.actors.ask, Follow(ann, bob))
            await wait_all_tasks_blocked()
            for account in (ann, cursed, bob):
                nursery.start_soon(like, account)
            await trio.sleep(1)
            house.disk.gate.set()
        assert isinstance(answers[cursed], Bug)
        assert {answers[ann].likes, answers[bob].likes} == {1, 2}


async def test_the_rounds_stop_with_every_command_answered_and_snapshots_written(
    autojump_clock: Any,
) -> None:
    disk = ModelDisk(Random(0))
    async with open_house(disk) as house:
        ann = await house.user("ann")
        post = await house.post(ann)
        await house.actors.ask(Like(post, ann, ann))
    assert post_key(post) in disk._snapshots
    async with open_house(disk) as house:
        assert await house.actors.ask(Like(post, ann, ann)) == LikeReply(liked=True, likes=1)
        assert house.actors.directory.cells[post_key(post)].folded == len(disk.journal)


def _small(cells_max: int, idle_s: float) -> Residency:
    return Residency(cells_max, idle_s, period_s=1.0)


async def test_idle_actors_leave_memory_and_come_back_as_they_were(autojump_clock: Any) -> None:
    async with open_house(residency=_small(1_000, 10.0)) as house:
        ann, bob = await house.user("ann"), await house.user("bob")
        post = await house.post(ann)
        await house.actors.ask(Like(post, ann, bob))
        assert post_key(post) in house.actors.directory.cells
        await trio.sleep(12)
        assert len(house.actors.directory.cells) == 0
        assert await house.actors.ask(Like(post, ann, ann)) == LikeReply(liked=True, likes=2)


async def test_more_actors_than_the_cap_are_never_in_memory_for_long(autojump_clock: Any) -> None:
    async with open_house(residency=_small(20, 1e9)) as house:
        accounts = [await house.user(f"user{n}") for n in range(100)]
        for account in accounts:
            await house.post(account)
        await trio.sleep(1)
        assert len(house.actors.directory.cells) <= 20
        assert [await house.feed.posts(account, Span(9)) for account in accounts[:3]]


async def test_an_actor_that_is_in_use_stays_however_crowded_it_is(autojump_clock: Any) -> None:
    async with open_house(residency=_small(1, 0.0)) as house:
        ann = await house.user("ann")
        fans = [await house.user(f"fan{n}") for n in range(5)]
        post = await house.post(ann)
        house.disk.gate = trio.Event()
        async with trio.open_nursery() as nursery:
            for fan in fans:
                nursery.start_soon(house.actors.ask, Like(post, ann, fan))
            await trio.sleep(5)
            assert {post_key(post), user_key(ann)} <= set(house.actors.directory.cells)
            house.disk.gate.set()
        assert await house.actors.ask(Like(post, ann, ann)) == LikeReply(liked=True, likes=6)


async def test_a_snapshot_that_cannot_be_read_is_not_skipped_over(autojump_clock: Any) -> None:
    disk = ModelDisk(Random(0))
    async with open_house(disk) as house:
        ann, bob = await house.user("ann"), await house.user("bob")
        post = await house.post(ann)
        await house.actors.ask(Like(post, ann, bob))
    kept = disk._snapshots[post_key(post)]
    disk._snapshots[post_key(post)] = Snapshot(kept.actor, kept.seq, b"\xc1")
    async with open_house(disk) as house:
        with structlog.testing.capture_logs() as logs:
            assert await house.actors.ask(Like(post, ann, bob)) == LikeReply(liked=True, likes=1)
        assert [line["log_level"] for line in logs] == ["warning"]


async def test_an_actor_whose_decisions_keep_raising_is_quarantined_and_no_other(
    autojump_clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    was = BEHAVIOURS[Kind.POST]

    def decide(state: Any, command: Any, moment: Any) -> Any:
        if isinstance(command, Unlike):
            raise RuntimeError("planted")
        return was.decide(state, command, moment)

    async with open_house() as house:
        ann = await house.user("ann")
        sick, sound = await house.post(ann), await house.post(ann)
        planted = Behaviour(was.state, decide, was.fold, was.folds_a_snapshot)
        monkeypatch.setitem(BEHAVIOURS, Kind.POST, planted)
        for _ in range(2):
            with pytest.raises(Bug):
                await house.actors.ask(Unlike(sick, ann))
        await trio.sleep(31)  # long ago is forgotten
        for _ in range(2):
            with pytest.raises(Bug):
                await house.actors.ask(Unlike(sick, ann))
        assert await house.actors.ask(Like(sick, ann, ann)) == LikeReply(liked=True, likes=1)
        with pytest.raises(Bug):
            await house.actors.ask(Unlike(sick, ann))
        with pytest.raises(Quarantined):
            await house.actors.ask(Like(sick, ann, ann))
        assert list(house.actors.directory.quarantined()) == [post_key(sick)]
        assert house.actors.directory.lift(post_key(sick))
        assert not house.actors.directory.lift(post_key(sick))
        assert await house.actors.ask(Like(sick, ann, ann)) == LikeReply(liked=True, likes=1)
        assert await house.actors.ask(Like(sound, ann, ann)) == LikeReply(liked=True, likes=1)


async def test_a_reader_of_an_actor_that_is_reloaded_waits_for_it(
    autojump_clock: Any,
) -> None:
    async with open_house() as house:
        ann = await house.user("ann")
        post = await house.post(ann)
        await house.actors.ask(Like(post, ann, ann))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(house.actors.ask, Unlike(post, ann))
            nursery.start_soon(house.actors.ask, Like(post, ann, ann))
            house.actors.directory.reload(house.actors.directory.cells[user_key(ann)])
        assert await house.actors.ask(Unlike(post, ann)) == LikeReply(liked=False, likes=0)


async def test_a_pull_is_not_put_together_with_an_inbox_that_has_moved_on(
    autojump_clock: Any,
) -> None:
    async with open_house(policy=Hybrid(followers_max=1)) as house:
        names = ("viewer", "other", "star", "friend")
        viewer, other, star, friend = [await house.user(name) for name in names]
        for followee, follower in ((star, viewer), (star, other), (friend, viewer)):
            await house.actors.ask(Follow(followee, follower))
        assert await house.feed.posts(viewer, Span(9)) == []
        first = await house.post(star)  # has two followers, so it is not pushed
        read, answered, go_on = house.disk.read, trio.Event(), trio.Event()

        async def held(question: Any) -> Any:
            answer = await read(question)
            if isinstance(question, PullFrom):
                answered.set()
                await go_on.wait()
            return answer

        house.disk.read = held
        pages: list[list[int]] = []

        async def look() -> None:
            pages.append(await house.feed.posts(viewer, Span(9)))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(look)
            await answered.wait()
            second, third = await house.post(star), await house.post(friend)
            go_on.set()
        assert pages == [[third, second, first]]
