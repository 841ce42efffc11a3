"""What hangs on posts beside comments: who likes them, who has saved them, who is to be seen in
them."""

from typing import Any

import pytest

from tests.api.world import Person, World, jpeg, refused, told


def tags_of(post: dict[str, Any]) -> list[tuple[str, float | None, float | None]]:
    return [(tag["username"], tag["x"], tag["y"]) for tag in post["user_tags"]]


# Saves.


async def test_a_saved_post_is_marked_and_listed_to_oneself_only(ann: Person, bob: Person) -> None:
    post = await ann.posted()
    for _ in range(2):
        assert told(await bob.post(f"/posts/{post}/save")) == {"saved": True, "post_id": post}
    assert told(await bob.get(f"/posts/{post}"))["saved_by_user"] is True
    assert told(await ann.get(f"/posts/{post}"))["saved_by_user"] is False
    assert await bob.lists("/users/me/saved") == [post]
    assert await bob.lists(f"/users/{bob.id}/saved") == [post]
    assert await ann.lists("/users/me/saved") == []
    (listed,) = told(await bob.get("/users/me/saved"))["posts"]
    assert listed == told(await bob.get(f"/posts/{post}"))
    for _ in range(2):
        assert told(await bob.delete(f"/posts/{post}/save")) == {"saved": False, "post_id": post}
    assert told(await bob.get(f"/posts/{post}"))["saved_by_user"] is False
    assert await bob.lists("/users/me/saved") == []


async def test_saves_are_listed_by_when_they_were_saved(ann: Person) -> None:
    posts = [await ann.posted() for _ in range(5)]
    saved = [posts[place] for place in (3, 0, 4, 1, 2)]
    for post in saved:
        await ann.saves(post)
    page = told(await ann.get("/users/me/saved", count=2))
    assert [post["post_id"] for post in page["posts"]] == saved[:2:-1]
    await ann.saves(saved[4])  # already so: it keeps its place
    told(await ann.delete(f"/posts/{saved[3]}/save"))
    told(await ann.delete(f"/posts/{saved[2]}"))
    rest = told(await ann.get("/users/me/saved", count=2, cursor=page["next_cursor"]))
    assert [post["post_id"] for post in rest["posts"]] == [saved[1], saved[0]]
    back = await ann.lists("/users/me/saved", cursor=rest["previous_cursor"])
    assert back == [saved[4]]


async def test_likes_and_saves_are_two_things(ann: Person) -> None:
    post = await ann.posted()
    await ann.likes(post)
    await ann.saves(post)
    told(await ann.delete(f"/posts/{post}/like"))
    shown = told(await ann.get(f"/posts/{post}"))
    assert (shown["liked_by_user"], shown["saved_by_user"]) == (False, True)


# Likers.


async def test_likers_are_listed_the_newest_first(world: World, ann: Person) -> None:
    post = await ann.posted()
    others = await world.people("bob", "cat", "dan")
    for other in others:
        await other.likes(post)
    await others[0].follows(others[1])
    page = told(await others[0].get(f"/posts/{post}/likes", count=2))
    assert [user["username"] for user in page["users"]] == ["dan", "cat"]
    assert [user["following"] for user in page["users"]] == [False, True]
    told(await others[1].delete(f"/posts/{post}/like"))
    rest = await ann.lists(f"/posts/{post}/likes", count=50)
    assert rest == ["dan", "bob"]
    refused(await ann.get(f"/posts/{post}/likes", count=51), 400)
    refused(await ann.get("/posts/1/likes"), 404)


# Tags.


async def test_tags_are_ids_or_ids_with_a_place(world: World, ann: Person) -> None:
    bob, cat = await world.people("bob", "cat")
    tags = [int(bob.id), {"user_id": cat.id, "x": 0.25, "y": 1}, ann.id]
    published = told(await ann.publishes("we", user_tags=tags), 201)
    assert tags_of(published) == [("bob", None, None), ("cat", 0.25, 1.0), ("ann", None, None)]
    assert [tag["user_id"] for tag in published["user_tags"]] == [bob.id, cat.id, ann.id]
    assert told(await cat.get(f"/posts/{published['post_id']}")) == published


async def test_whoever_is_tagged_twice_is_tagged_once_in_the_first_place(
    ann: Person, bob: Person
) -> None:
    tags = [{"user_id": bob.id, "x": 0, "y": 0}, int(bob.id), {"user_id": bob.id, "x": 1, "y": 1}]
    assert tags_of(told(await ann.publishes("x", user_tags=tags), 201)) == [("bob", 0.0, 0.0)]


@pytest.mark.parametrize("form", [True, False], ids=["publishing", "editing"])
@pytest.mark.parametrize(
    "tags",
    [
        [99],
        ["x"],
        ["me"],
        [0],
        [-1],
        [10**30],
        [1.5],
        [True],
        [None],
        "1",
        {"user_id": 1},
        [{"user_id": 1, "x": 0.5}],
        [{"user_id": 1, "y": 0.5}],
        [{"user_id": 1, "x": 1.5, "y": 0}],
        [{"user_id": 1, "x": -0.1, "y": 0}],
        [{"user_id": 1, "x": "0", "y": "0"}],
        [{"x": 0, "y": 0}],
        [1] * 21,
        [1, 99],
    ],
)
async def test_what_is_no_tag_is_refused(world: World, ann: Person, tags: Any, form: bool) -> None:
    if form:
        answer = await ann.publishes("x", user_tags=tags)
    else:
        answer = await ann.put(f"/posts/{await ann.posted()}", json={"user_tags": tags})
    error = refused(answer, 400)
    assert (error["code"], error["details"]["field"]) == ("INVALID_REQUEST", "user_tags")
    if tags == [1] * 21:
        assert 20 in error["details"].values()
    assert len(world.files) == (0 if form else 2)


@pytest.mark.parametrize("text", ["", "null", "[]", " [ ] "])
async def test_no_tags_may_be_said_in_several_ways(ann: Person, text: str) -> None:
    form = {"user_tags": text}
    files = {"media": ("x.jpg", jpeg(), "image/jpeg")}
    assert told(await ann.post("/posts", files=files, data=form), 201)["user_tags"] == []


@pytest.mark.parametrize("text", ["[", "{}", "[1", "\u00ff", "[NaN]", "[" * 5_000])
async def test_tags_that_are_no_json_are_refused(ann: Person, text: str) -> None:
    files = {"media": ("x.jpg", jpeg(), "image/jpeg")}
    error = refused(await ann.post("/posts", files=files, data={"user_tags": text}), 400)
    assert error["details"]["field"] == "user_tags"


async def test_posts_in_which_somebody_is_tagged_are_listed_the_newest_first(
    world: World, ann: Person, bob: Person
) -> None:
    cat = await world.person("cat")
    posts = [await one.posted(user_tags=[bob.id]) for one in (ann, cat, bob, ann)][::-1]
    await ann.posted(user_tags=[cat.id])
    assert await cat.lists(f"/users/{bob.id}/tagged") == posts
    assert await bob.lists("/users/me/tagged") == posts
    page = told(await cat.get(f"/users/{bob.id}/tagged", count=3))
    assert page["has_more"] is True
    rest = await cat.lists(f"/users/{bob.id}/tagged", cursor=page["next_cursor"])
    assert rest == posts[3:]
    told(await ann.put(f"/posts/{posts[0]}", json={"user_tags": []}))
    told(await ann.delete(f"/posts/{posts[3]}"))
    assert await cat.lists(f"/users/{bob.id}/tagged") == posts[1:3]
    refused(await cat.get("/users/99/tagged"), 404)


async def test_tagging_somebody_who_may_not_see_the_post_is_allowed(
    ann: Person, bob: Person
) -> None:
    await ann.goes_private()
    post = told(await ann.publishes("x", user_tags=[bob.id]), 201)
    assert tags_of(post) == [("bob", None, None)]
    assert await bob.lists("/users/me/tagged") == []
