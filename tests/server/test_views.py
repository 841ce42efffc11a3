"""Views: whatever is filled and delivered in whatever order, they show what the rows say, and to
each viewer what they may see."""

from collections.abc import Sequence

import pytest
import trio
import trio.testing
from hypothesis import given, settings
from hypothesis import strategies as st

from server.reading.views import SHARED_TRIES
from storage.facts import Tag
from tests.server.views_stage import Stage

accounts = st.integers(1, 5)
viewers = st.integers(1, 4)
posts = st.integers(101, 106)
several = st.integers(0, 126)
"""Bits of accounts."""


def act(name: str, *values: st.SearchStrategy[object]) -> st.SearchStrategy[tuple[object, ...]]:
    return st.tuples(st.just(name), *values)


LOOKS = ("look", "glance", "visit", "compare")

acts = st.one_of(
    act("register"),
    act("rename", accounts),
    act("describe", accounts, *[st.sampled_from(("full_name", "bio", "website"))] * 2),
    act("picture", accounts),
    act("badge", accounts),
    act("privacy", accounts),
    act("depart", accounts),
    act("clear", accounts),
    act("follow", accounts, accounts),
    act("follow", accounts, accounts),
    act("approve", accounts),
    act("block", accounts, accounts),
    act("publish", accounts, several),
    act("edit", posts, several, *[st.sampled_from(("caption", "alts", "tags"))] * 2),
    act("delete", posts),
    act("like", accounts, posts),
    act("save", accounts, posts),
    act("comment", accounts, posts, st.booleans()),
    act("uncomment", st.integers(0, 9)),
)
"""What may happen, if it applies."""

moves = st.one_of(
    act("deliver", st.integers(1, 3)),
    st.tuples(st.sampled_from(("read", "return"))),
)
looks = st.one_of(
    act("look", viewers, st.integers(1, 6)),
    act("look", viewers, st.integers(1, 6)),
    act("glance", viewers, posts),
    act("visit", st.none() | viewers, several),
    act("compare", viewers, several),
)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.one_of(acts, acts, moves, looks), min_size=4, max_size=50),
    st.sampled_from((1, 2, 4, 100)),
)
def test_whatever_is_filled_and_delivered_views_show_what_the_rows_say(
    steps: list[tuple[object, ...]], capacity: int
) -> None:
    async def play() -> None:
        async with trio.open_nursery() as nursery:
            stage = Stage(nursery, capacity)
            looked = 0
            for name, *values in steps:
                if name in ("read", "return"):
                    await stage.read(and_return=name == "return")
                else:
                    looked += name in LOOKS
                    getattr(stage, str(name))(*values)
                    await trio.testing.wait_all_tasks_blocked()
            await stage.finish()
            assert stage.looks == looked
            assert stage.views.statistics()["fills"] == 0
            # Whatever is resident in the end is right, too.
            stage.deliver(len(stage.world.entries))
            for viewer in (1, 2, 3):
                stage.look(viewer, 6)
                stage.visit(viewer, 126)
                stage.compare(viewer, 126)
            await stage.finish()
            assert stage.looks == looked + 9

    trio.run(play)


few = st.integers(1, 3)
dense = st.one_of(
    act("rename", few),
    act("describe", few, *[st.sampled_from(("full_name", "bio", "website"))] * 2),
    act("picture", few),
    act("badge", few),
    act("privacy", few),
    act("privacy", few),
    act("depart", st.just(3)),
    act("clear", st.just(3)),
    *[act("follow", few, few)] * 4,
    *[act("approve", few)] * 2,
    *[act("block", few, few)] * 2,
    act("publish", few, several),
    act("edit", posts, several, *[st.sampled_from(("caption", "alts", "tags"))] * 2),
    act("delete", posts),
    act("like", few, posts),
    act("save", few, posts),
    act("comment", few, posts, st.booleans()),
    act("comment", few, posts, st.just(True)),
    act("uncomment", st.integers(0, 9)),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(dense, min_size=1, max_size=30))
def test_each_fact_changes_what_is_resident_as_it_changes_the_rows(
    steps: list[tuple[object, ...]],
) -> None:
    async def play() -> None:
        async with trio.open_nursery() as nursery:
            await go_through(Stage(nursery), steps)

    trio.run(play)


async def go_through(stage: Stage, steps: Sequence[tuple[object, ...]]) -> None:
    """Each step is delivered at once and looked at from all sides, with everything resident."""
    await look_at_everything(stage)
    asked = len(stage.world.questions)
    for name, *values in steps:
        getattr(stage, str(name))(*values)
        stage.deliver(len(stage.world.entries))
        await look_at_everything(stage)
    # What is new is resident, all else was; only what somebody thinks of a new post is not.
    assert all(question.flags for question in stage.world.questions[asked:])


async def look_at_everything(stage: Stage) -> None:
    """Whoever looks, at all that there is. Two accounts more are nobody's."""
    looked = stage.looks
    for viewer in (1, 2, 3):
        stage.look(viewer, 10)
        stage.visit(viewer, 62)
        stage.compare(viewer, 62)
    stage.visit(None, 62)
    await stage.finish()
    assert stage.looks == looked + 10


STORIES = {
    "a request is withdrawn": [("privacy", 2), ("follow", 1, 2), ("follow", 1, 2)],
    "a request is approved": [("privacy", 2), ("follow", 1, 2), ("approve", 2), ("follow", 1, 2)],
    "going public approves": [("privacy", 2), ("follow", 1, 2), ("follow", 3, 2), ("privacy", 2)],
    "a block ends a request": [("privacy", 2), ("follow", 1, 2), ("block", 2, 1), ("block", 2, 1)],
    "a block ends follows both ways": [
        ("follow", 1, 2),
        ("follow", 2, 1),
        ("block", 1, 2),
        ("block", 2, 1),
        ("block", 1, 2),
        ("block", 2, 1),
    ],
    "a comment goes with its replies": [
        ("comment", 1, 103, False),
        ("comment", 2, 103, True),
        ("comment", 3, 103, True),
        ("uncomment", 1),
        ("uncomment", 0),
    ],
    "an account goes, and what it left": [
        ("follow", 3, 2),
        ("follow", 1, 3),
        ("like", 3, 102),
        ("edit", 103, 1 << 3, "tags"),
        ("depart", 3),
        ("clear", 3),
    ],
}


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES)
async def test_what_is_resident_follows(
    story: list[tuple[object, ...]], nursery: trio.Nursery
) -> None:
    await go_through(Stage(nursery), story)


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
    assert stage.looks == 1


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
    assert stage.looks == 1


async def test_what_is_resident_is_read_without_asking(nursery: trio.Nursery) -> None:
    stage = Stage(nursery)
    stage.look(1, 3)
    await stage.finish()
    asked = len(stage.world.questions)
    stage.like(1, 103)
    stage.save(1, 103)
    stage.comment(2, 103, False)
    stage.rename(3)
    stage.deliver(4)
    stage.look(1, 3)
    await trio.testing.wait_all_tasks_blocked()
    assert stage.looks == 2
    assert len(stage.world.questions) == asked


async def test_two_pages_that_miss_the_same_share_one_question(nursery: trio.Nursery) -> None:
    stage = Stage(nursery)
    stage.visit(None, 1 << 1)
    stage.visit(None, 1 << 1)
    await trio.testing.wait_all_tasks_blocked()
    assert len(stage.world.questions) == 1
    await stage.finish()
    assert stage.looks == 2


async def test_a_post_that_was_deleted_is_gone_without_asking(nursery: trio.Nursery) -> None:
    stage = Stage(nursery)
    stage.delete(103)
    stage.deliver(1)
    with trio.fail_after(5):  # Nobody would answer if it asked.
        assert await stage.views.post(103, 1) is None
    assert stage.world.questions == []


async def test_a_block_hides_at_once_what_is_resident(nursery: trio.Nursery) -> None:
    stage = Stage(nursery)
    stage.publish(2, 1 << 3)
    stage.deliver(1)
    stage.look(1, 4)
    await stage.finish()
    assert b'"user_tags":[{' in ((await stage.views.posts([104], 1))[0] or b"")
    asked = len(stage.world.questions)
    stage.block(3, 1)
    stage.deliver(1)
    assert b'"user_tags":[]' in ((await stage.views.posts([104], 1))[0] or b"")
    stage.block(1, 2)
    stage.deliver(1)
    assert await stage.views.posts([104], 1) == [None]
    assert await stage.views.post(104, 1) is None
    assert len(stage.world.questions) == asked


async def test_an_account_that_goes_private_is_closed_at_once_but_to_its_followers(
    nursery: trio.Nursery,
) -> None:
    stage = Stage(nursery)
    stage.follow(3, 2)
    stage.deliver(1)
    (post,) = (post for post, row in stage.rows.posts.items() if row.author == 2)
    for viewer in (1, 2, 3):
        stage.look(viewer, 3)
    await stage.finish()
    stage.privacy(2)
    stage.deliver(1)
    with trio.fail_after(5):
        shown = {viewer: await stage.views.posts([post], viewer) for viewer in (1, 2, 3)}
    assert {viewer for viewer, posts in shown.items() if posts != [None]} == {2, 3}


async def test_whoever_is_tagged_by_an_edit_is_named_though_nobody_had_looked_at_them(
    nursery: trio.Nursery,
) -> None:
    stage = Stage(nursery)
    stage.look(1, 3)
    await stage.finish()
    stage.register()
    stage.edit(103, 1 << 4, "tags")
    stage.deliver(2)
    assert stage.rows.posts[103].tags[0].account == Tag(4).account
    stage.look(1, 3)
    await stage.finish()
    assert stage.looks == 2


async def test_a_tag_that_comes_while_a_page_is_asked_for_as_a_whole_is_shown(
    nursery: trio.Nursery,
) -> None:
    stage = Stage(nursery, capacity=1)
    stage.register()
    stage.deliver(1)
    stage.look(1, 3)
    for _ in range(SHARED_TRIES):
        await stage.read(and_return=True)
    await stage.read(and_return=False)
    stage.edit(103, 1 << 4, "tags")
    await stage.finish()
    assert stage.looks == 1
