"""Lists of posts: the home feed and a user's own, page by page, both ways."""

from typing import Any

import pytest

from tests.api.world import Person, World


def ids(answer: Any) -> list[str]:
    return [post["post_id"] for post in answer.json()["posts"]]


async def test_a_follower_sees_earlier_and_later_posts_newest_first(
    ann: Person, bob: Person
) -> None:
    first = await ann.posted("first")
    await bob.follows(ann)
    own = await bob.posted("own")
    last = await ann.posted("last")
    answer = await bob.get("/feed")
    assert ids(answer) == [last, own, first]
    page = answer.json()
    assert (page["next_cursor"], page["has_more"]) == (None, False)
    assert page["previous_cursor"]
    assert set(page) == {"posts", "next_cursor", "previous_cursor", "has_more"}


async def test_a_reader_who_unfollows_sees_nothing_more(ann: Person, bob: Person) -> None:
    await bob.follows(ann)
    await ann.posted()
    assert len(ids(await bob.get("/feed"))) == 1
    await bob.delete(f"/users/{ann.id}/follow")
    assert ids(await bob.get("/feed")) == []


async def test_posts_in_the_feed_are_those_of_their_own_page(ann: Person, bob: Person) -> None:
    await bob.follows(ann)
    post = await ann.posted("#one")
    await bob.post(f"/posts/{post}/like")
    shown = (await bob.get("/feed")).json()["posts"][0]
    assert shown == (await bob.get(f"/posts/{post}")).json()
    assert (shown["liked_by_user"], shown["likes_count"]) == (True, 1)


async def test_an_empty_feed_has_nowhere_to_go(ann: Person) -> None:
    assert (await ann.get("/feed")).json() == {
        "posts": [],
        "next_cursor": None,
        "previous_cursor": None,
        "has_more": False,
    }


@pytest.mark.parametrize("path", ["/feed", "/users/me/posts"])
async def test_pages_lead_on_and_back(ann: Person, path: str) -> None:
    posts = [await ann.posted() for _ in range(5)][::-1]
    first = await ann.get(path, count=2)
    assert (ids(first), first.json()["has_more"]) == (posts[:2], True)
    second = await ann.get(path, count=2, cursor=first.json()["next_cursor"])
    assert (ids(second), second.json()["has_more"]) == (posts[2:4], True)
    third = await ann.get(path, count=2, cursor=second.json()["next_cursor"])
    assert (ids(third), third.json()["has_more"]) == (posts[4:], False)
    assert third.json()["next_cursor"] is None
    back = await ann.get(path, count=2, cursor=third.json()["previous_cursor"])
    assert ids(back) == posts[2:4]


async def test_what_comes_and_goes_meanwhile_neither_repeats_nor_hides(ann: Person) -> None:
    posts = [await ann.posted() for _ in range(5)][::-1]
    first = await ann.get("/feed", count=2)
    newer = await ann.posted()
    await ann.delete(f"/posts/{posts[1]}")
    await ann.delete(f"/posts/{posts[2]}")
    second = await ann.get("/feed", count=2, cursor=first.json()["next_cursor"])
    assert ids(second) == posts[3:]
    since = await ann.get("/feed", cursor=first.json()["previous_cursor"])
    assert ids(since) == [newer]


@pytest.mark.parametrize(
    ("path", "most"), [("/feed", 50), ("/users/me/posts", 50), ("/users/me/followers", 100)]
)
@pytest.mark.parametrize("count", ["0", "-1", "x", "1.0", "1e1", "", " 5", "9" * 30, "over"])
async def test_a_count_out_of_range_is_refused(
    ann: Person, path: str, most: int, count: str
) -> None:
    assert (await ann.get(path, count=1)).status_code == 200
    assert (await ann.get(path, count=most)).status_code == 200
    answer = await ann.get(path, count=str(most + 1) if count == "over" else count)
    assert answer.status_code == 400
    details = answer.json()["error"]["details"]
    assert details == {"field": "count", "min": 1, "max": most}


async def test_a_cursor_is_good_for_one_list_and_one_user(ann: Person, bob: Person) -> None:
    await ann.posted()
    await ann.posted()
    page = (await ann.get("/feed", count=1)).json()
    cursor = page["next_cursor"]
    for answer in (
        await bob.get("/feed", cursor=cursor),
        await ann.get("/users/me/posts", cursor=cursor),
        await ann.get("/feed", cursor=cursor[:-1] + ("A" if cursor[-1] != "A" else "B")),
        await ann.get("/feed", cursor=""),
        await ann.get("/feed", cursor="x" * 2_000),
    ):
        assert answer.status_code == 400
        assert answer.json()["error"]["details"]["field"] == "cursor"


async def test_posts_of_nobody_are_not_found(world: World, ann: Person) -> None:
    assert (await ann.get("/users/99/posts")).status_code == 404
