"""Views: whatever is filled and delivered in whatever order, they show what the rows say."""

from collections.abc import Callable

import msgspec
import trio
import trio.testing
from hypothesis import given, settings
from hypothesis import strategies as st

from server.views import Views
from storage.facts import (
    Followed,
    Medium,
    PostDeleted,
    PostLiked,
    PostPublished,
    PostUnliked,
    Registered,
    Text,
    Unfollowed,
    Verified,
)
from tests.server.rows_model import BASE_URL, HeldReads

ACCOUNTS = (1, 2, 3)
FIRST_POSTS = (101, 102, 103)

Step = Callable[["Stage"], None]


def published(author: int, post: int) -> PostPublished:
    medium = Medium(post, 640, 480, Text(post, f"{post}.jpg"), Text(post + 1, f"{post}t.jpg"))
    return PostPublished(author, post, Text(post + 2, f"a #Tag of {post}"), (medium,))


class Stage:
    """A world, its views, and what can happen to them."""

    def __init__(self, nursery: trio.Nursery, capacity: int = 100) -> None:
        self.world = HeldReads()
        self.views = Views(self.world, BASE_URL, capacity, capacity, capacity)
        self.nursery = nursery
        self.shown = 0
        for account in ACCOUNTS:
            name = Text(account, f"user{account}")
            self.world.commit(Registered(account, name, Text(9, "hash"), None, None))
        for post in FIRST_POSTS:
            self.world.commit(published(1 + post % 3, post))
        self.ids: list[int] = list(FIRST_POSTS)
        self.deliver(len(self.world.entries))

    def restart(self) -> None:
        """Begin again with nothing resident."""
        self.views = Views(self.world, BASE_URL)

    def like(self, account: int, post: int) -> None:
        rows = self.world.newest
        if post in rows.posts:
            liked = (account, post) in rows.likes
            self.world.commit(
                PostUnliked(post, account) if liked else PostLiked(post, account, True)
            )

    def follow(self, follower: int, followee: int) -> None:
        if follower != followee:
            followed = (follower, followee) in self.world.newest.follows
            fact = Unfollowed if followed else Followed
            self.world.commit(fact(followee, follower))

    def publish(self, author: int) -> None:
        self.ids.append(self.ids[-1] + 1)
        self.world.commit(published(author, self.ids[-1]))

    def delete(self, post: int) -> None:
        row = self.world.newest.posts.get(post)
        if row is not None:
            self.world.commit(PostDeleted(post, row.author))

    def badge(self, account: int) -> None:
        verified = self.world.newest.users[account].verified
        self.world.commit(Verified(account, not verified))

    def deliver(self, number: int) -> None:
        for entry in self.world.entries[self.world.delivered :][:number]:
            self.world.delivered = entry.seq
            self.views.on_delivered(entry)

    def look(self, viewer: int, posts: int) -> None:
        self.nursery.start_soon(self._look, viewer, self.ids[-posts:])

    def visit(self, account: int) -> None:
        self.nursery.start_soon(self._visit, account)

    async def read(self, *, and_return: bool) -> None:
        """Let the oldest question be answered from the rows, and perhaps its answer come back."""
        await trio.testing.wait_all_tasks_blocked()
        for read, returned in self.world.asked:
            read.set()
            await trio.testing.wait_all_tasks_blocked()
            if and_return and not returned.is_set():
                self.deliver(len(self.world.entries))
                returned.set()
                await trio.testing.wait_all_tasks_blocked()
                return

    async def finish(self) -> None:
        await trio.testing.wait_all_tasks_blocked()
        while any(not returned.is_set() for _, returned in self.world.asked):
            await self.read(and_return=True)

    async def _look(self, viewer: int, posts: list[int]) -> None:
        before = self.world.delivered
        shown = await self.views.posts(posts, viewer)
        rows = self.world.states[self.world.delivered]
        for post in posts:
            if post in rows.posts and post not in shown:
                # It came after the page was asked for: the page may be from just before.
                assert post not in self.world.states[before].posts
            elif post in rows.posts:
                assert shown[post] == rows.shown(post, viewer)
            else:
                assert post not in shown
        self.shown += 1

    async def _visit(self, account: int) -> None:
        view = await self.views.user(account)
        assert view is not None
        assert view.row == self.world.states[self.world.delivered].user(account)
        stats = msgspec.json.decode(view.shown(None))["stats"]
        assert stats["followers_count"] == view.row.followers
        self.shown += 1


accounts = st.sampled_from(ACCOUNTS)
acts = st.one_of(
    st.tuples(st.just("like"), accounts, st.integers(101, 106)),
    st.tuples(st.just("follow"), accounts, accounts),
    st.tuples(st.just("publish"), accounts),
    st.tuples(st.just("delete"), st.integers(101, 106)),
    st.tuples(st.just("badge"), accounts),
    st.tuples(st.just("deliver"), st.integers(1, 3)),
    st.tuples(st.just("look"), accounts, st.integers(1, 5)),
    st.tuples(st.just("visit"), accounts),
    st.tuples(st.sampled_from(("read", "return"))),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(acts, min_size=4, max_size=40), st.sampled_from((1, 2, 4, 100)))
def test_whatever_is_filled_and_delivered_views_show_what_the_rows_say(
    steps: list[tuple[object, ...]], capacity: int
) -> None:
    async def play() -> None:
        async with trio.open_nursery() as nursery:
            stage = Stage(nursery, capacity)
            looks = 0
            for name, *values in steps:
                if name in ("read", "return"):
                    await stage.read(and_return=name == "return")
                else:
                    looks += name in ("look", "visit")
                    getattr(stage, str(name))(*values)
                    await trio.testing.wait_all_tasks_blocked()
            await stage.finish()
            assert stage.shown == looks
            assert stage.views.statistics()["fills"] == 0

    trio.run(play)


async def test_a_fact_delivered_while_its_rows_are_on_their_way_is_not_lost(
    nursery: trio.Nursery,
) -> None:
    stage = Stage(nursery)
    stage.restart()
    stage.look(1, 3)
    await stage.read(and_return=False)
    stage.like(2, 101)
    stage.deliver(1)
    await stage.finish()
    assert stage.shown == 1


async def test_a_fact_that_the_rows_have_already_is_not_counted_twice(
    nursery: trio.Nursery,
) -> None:
    stage = Stage(nursery)
    stage.restart()
    stage.look(1, 3)
    stage.like(2, 101)
    await trio.testing.wait_all_tasks_blocked()
    await stage.read(and_return=False)
    stage.deliver(1)
    await stage.finish()
    assert stage.shown == 1


async def test_what_is_resident_is_read_without_asking(nursery: trio.Nursery) -> None:
    stage = Stage(nursery)
    stage.look(1, 3)
    await stage.finish()
    asked = len(stage.world.questions)
    stage.like(1, 103)
    stage.deliver(1)
    stage.look(1, 3)
    await trio.testing.wait_all_tasks_blocked()
    assert stage.shown == 2
    assert len(stage.world.questions) == asked


async def test_two_pages_that_miss_the_same_share_one_question(nursery: trio.Nursery) -> None:
    stage = Stage(nursery)
    stage.visit(1)
    stage.visit(1)
    await trio.testing.wait_all_tasks_blocked()
    assert len(stage.world.questions) == 1
    await stage.finish()
    assert stage.shown == 2


async def test_a_post_that_was_deleted_is_gone_without_asking(nursery: trio.Nursery) -> None:
    stage = Stage(nursery)
    stage.delete(103)
    stage.deliver(1)
    with trio.fail_after(5):  # Nobody would answer if it asked.
        assert await stage.views.post(103) is None
    assert stage.world.questions == []
