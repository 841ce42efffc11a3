"""Why a post is in a home feed or not."""

from tests.api.world import Person


async def test_a_post_that_was_there_before_the_follow_was_pulled(ann: Person, bob: Person) -> None:
    post = await ann.posted()
    await bob.follows(ann)
    await bob.get("/feed")
    why = (await bob.get(f"/posts/{post}/why")).json()
    assert why == {"in_feed": True, "how": "pulled", "reason": "followed"}


async def test_a_post_published_while_its_reader_was_about_was_pushed(
    ann: Person, bob: Person
) -> None:
    await bob.follows(ann)
    await bob.get("/feed")
    post = await ann.posted()
    why = (await bob.get(f"/posts/{post}/why")).json()
    assert why == {"in_feed": True, "how": "pushed", "reason": "followed"}


async def test_a_strangers_post_is_not_in_the_feed_and_ones_own_is(
    ann: Person, bob: Person
) -> None:
    post = await ann.posted()
    why = (await bob.get(f"/posts/{post}/why")).json()
    assert why == {"in_feed": False, "how": None, "reason": "not_followed"}
    own = (await ann.get(f"/posts/{post}/why")).json()
    assert (own["in_feed"], own["reason"]) == (True, "own_post")


async def test_nothing_can_be_said_of_a_post_that_is_gone(ann: Person) -> None:
    post = await ann.posted()
    await ann.delete(f"/posts/{post}")
    assert (await ann.get(f"/posts/{post}/why")).status_code == 404
