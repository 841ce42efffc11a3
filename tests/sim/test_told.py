"""Races and turns about notifications that random seeds seldom meet, each staged on purpose, on the
real rows."""

from random import Random
from typing import Any

import trio
from trio.testing import MockClock

from actors.comment.messages import LikeComment, Place, UnlikeComment
from actors.post.messages import Comment, Like
from actors.runtime.clearing import Clearing
from actors.user.messages import (
    Approve,
    Block,
    ChangeProfile,
    DeleteAccount,
    Follow,
    Publish,
    RemoveFollower,
    Unblock,
)
from storage.reads import GetNotifications, GetUnread, Span
from tests.sim.house import House, open_house
from tests.sim.simulation import ROUNDS_WAITED_MAX, deterministic
from tests.sim.sqlite_side import SqliteDisk
from tests.sim.watched import WatchedRounds


async def told(house: House, account: int) -> list[str]:
    """The types of an account's notifications, the latest first."""
    rows = await house.actors.read(GetNotifications(account, Span(50)))
    assert await house.actors.read(GetUnread(account)) == len(rows)
    return [row.type for row in rows]


async def test_acts_decided_beside_a_block_tell_nobody(autojump_clock: Any) -> None:
    """“never from someone blocked”, and not after an unblock either."""
    async with open_house(SqliteDisk(Random(0)), rounds_type=WatchedRounds) as house:
        ann, bob = await house.user("ann"), await house.user("bob")
        reply: Any = await house.actors.ask(Publish(ann, None, ()))
        other = await house.post(ann)
        comment: Any = await house.actors.ask(Comment(other, ann, ann, "hello"))
        house.disk.gate = trio.Event()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(house.user, "cleo")  # with the writer, while all else waits
            await trio.sleep(1)
            nursery.start_soon(house.actors.ask, Block(ann, bob))
            await trio.sleep(1)
            nursery.start_soon(house.actors.ask, Like(reply.post, ann, bob))
            place = Place(comment.comment, other, ann, None)
            nursery.start_soon(house.actors.ask, LikeComment(place, bob))
            await trio.sleep(1)
            house.disk.gate.set()
        kinds = [type(entry.fact).__name__ for entry in house.disk.journal[-3:]]
        assert kinds[0] == "Blocked"
        assert set(kinds[1:]) == {"PostLiked", "CommentLiked"}
        assert await told(house, ann) == []
        await house.actors.ask(Unblock(ann, bob))
        assert await told(house, ann) == []


async def test_a_like_that_came_again_unseen_is_back_when_it_may_be_seen(
    autojump_clock: Any,
) -> None:
    """“liking again brings the same one back, in its place”: also if the comment's author could not
    see it just then."""
    async with open_house(SqliteDisk(Random(0)), rounds_type=WatchedRounds) as house:
        ask = house.actors.ask
        ann, bob, cleo = [await house.user(name) for name in ("ann", "bob", "cleo")]
        post = await house.post(ann)
        comment: Any = await ask(Comment(post, ann, bob, "hello"))
        place = Place(comment.comment, post, ann, None)
        await ask(Follow(ann, bob))
        await ask(Follow(ann, cleo))
        await ask(LikeComment(place, cleo))
        await ask(ChangeProfile(ann, (), private=True))
        assert await told(house, bob) == ["comment_like"]
        await ask(RemoveFollower(ann, bob))
        assert await told(house, bob) == []
        await ask(UnlikeComment(place, cleo))
        await ask(LikeComment(place, cleo))
        assert await told(house, bob) == []
        await ask(Follow(ann, bob))
        await ask(Approve(ann, bob))
        assert await told(house, bob) == ["follow_accepted", "comment_like"]


def test_clearing_a_busy_writer_away_holds_up_nobody_else() -> None:
    """Somebody with many comments on one post is deleted: who likes the post meanwhile waits for
    one of them, not for all."""
    waited: list[int] = []

    async def stage() -> None:
        async with open_house(SqliteDisk(Random(0)), rounds_type=WatchedRounds) as house:
            rounds: Any = house.actors._rounds  # pyright: ignore[reportPrivateUsage]
            ann, bob, cleo = [await house.user(name) for name in ("ann", "bob", "cleo")]
            post = await house.post(ann)
            for n in range(3 * ROUNDS_WAITED_MAX):
                await house.actors.ask(Comment(post, ann, bob, f"comment {n}"))
            clearing = Clearing(house.actors)
            house.actors.listen(clearing.on_delivered)

            async def forget(names: Any) -> None:
                """There are no files here."""

            async with trio.open_nursery() as nursery:
                nursery.start_soon(clearing.run, forget)
                password = rounds.delivered.truth.passwords[bob]
                await house.actors.ask(DeleteAccount(bob, password))
                nursery.start_soon(house.actors.ask, Like(post, ann, cleo))
                await clearing.cleared(bob)
                nursery.cancel_scope.cancel()
            assert rounds.delivered.truth.comments == {}
            waited.append(rounds.longest_wait)

    with deterministic(0):
        trio.run(stage, clock=MockClock(autojump_threshold=0))
    assert waited[0] <= ROUNDS_WAITED_MAX
