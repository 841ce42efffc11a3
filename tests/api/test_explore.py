"""Explore: pages of one ranking both ways, and before them what newer rankings have found."""

from typing import Any

from tests.api.world import Person, World, told


async def explored(viewer: Person, **query: Any) -> tuple[list[str], Any]:
    """A page of explore: its posts' ids, and the whole of it."""
    page = told(await viewer.get("/explore", count=2, **query))
    return [post["post_id"] for post in page["posts"]], page


async def test_pages_lead_back_in_the_ranking_that_they_are_of(
    world: World, ann: Person, bob: Person
) -> None:
    posts = [await ann.posted(str(number)) for number in range(5)]
    await world.context.rankings.rank()
    above, first = await explored(bob)
    between, second = await explored(bob, cursor=first["next_cursor"])
    below, last = await explored(bob, cursor=second["next_cursor"])
    assert sorted(above + between + below) == sorted(posts)
    assert last["has_more"] is False

    await bob.likes(below[0])  # which takes it to the front
    await world.context.rankings.rank()
    assert (await explored(bob))[0][0] == below[0]
    again, back = await explored(bob, cursor=last["previous_cursor"])
    assert again == between
    again, front = await explored(bob, cursor=back["previous_cursor"])
    assert again == above
    assert (await explored(bob, cursor=back["next_cursor"]))[0] == below
    # It only moved, and was on these pages: nothing came.
    assert (await explored(bob, cursor=front["previous_cursor"]))[0] == []


async def test_a_client_can_poll_with_the_first_page_s_previous_cursor(
    world: World, ann: Person, bob: Person
) -> None:
    old = [await ann.posted(str(number)) for number in range(3)]
    await world.context.rankings.rank()
    shown, first = await explored(bob)
    nothing, polled = await explored(bob, cursor=first["previous_cursor"])
    assert nothing == []
    assert polled["has_more"] is True
    assert (await explored(bob, cursor=polled["next_cursor"]))[0] == shown

    new = {await ann.posted(str(number)) for number in range(3)}
    await world.context.rankings.rank()
    nearest, page = await explored(bob, cursor=polled["previous_cursor"])
    assert len(nearest) == 2
    assert (await explored(bob, cursor=page["next_cursor"]))[0] == shown
    rest, page = await explored(bob, cursor=page["previous_cursor"])
    assert {*nearest, *rest} == new
    nothing, page = await explored(bob, cursor=page["previous_cursor"])
    assert nothing == []

    newest = await ann.posted("newest")
    told(await ann.delete(f"/posts/{old[0]}"))
    await world.context.rankings.rank()
    assert (await explored(bob, cursor=page["previous_cursor"]))[0] == [newest]


async def test_what_may_not_be_seen_is_gone_at_once(world: World, ann: Person, bob: Person) -> None:
    cat, dan = await world.people("cat", "dan")
    deleted, kept = await ann.posted("deleted"), await ann.posted("kept")
    private, blocked = await cat.posted("private"), await dan.posted("blocked")
    await world.context.rankings.rank()
    assert set(await bob.lists("/explore")) == {deleted, kept, private, blocked}
    told(await ann.delete(f"/posts/{deleted}"))
    await cat.goes_private()
    await dan.blocks(bob)
    assert await bob.lists("/explore") == [kept]  # of the same ranking
    assert set(await cat.lists("/explore")) == {kept, private, blocked}
    await world.context.rankings.rank()
    assert await bob.lists("/explore") == [kept]
