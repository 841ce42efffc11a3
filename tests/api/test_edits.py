"""Posts changed by their authors: what is said of them, of their pictures, and whom they show."""

import json
from typing import Any

import pytest

from tests.api.world import Person, World, jpeg, refused, told


async def edited(person: Person, post: str, **changes: Any) -> dict[str, Any]:
    return told(await person.put(f"/posts/{post}", json=changes))


async def test_a_post_is_changed_by_what_is_said_and_no_more(ann: Person, bob: Person) -> None:
    await bob.follows(ann)
    before = told(
        await ann.publishes("#one", jpeg(), jpeg(), user_tags=[bob.id], alt_texts=["a", "b"]), 201
    )
    post = before["post_id"]
    after = await edited(ann, post, caption="#Two and @bob")
    expected = {**before, "caption": "#Two and @bob", "hashtags": ["two"]}
    assert after == expected
    assert told(await bob.get(f"/posts/{post}")) == expected
    assert told(await bob.get("/feed"))["posts"] == [expected]
    after = await edited(ann, post, alt_texts=["c", None])
    assert [medium["alt_text"] for medium in after["media"]] == ["c", None]
    after = await edited(ann, post, user_tags=[{"user_id": ann.id, "x": 0.5, "y": 0.5}])
    assert [tag["username"] for tag in after["user_tags"]] == ["ann"]
    assert after["caption"] == "#Two and @bob"
    assert await edited(ann, post) == after


async def test_null_and_nothing_clear(ann: Person) -> None:
    whole = {"user_tags": [ann.id], "alt_texts": ["a"]}
    for nothing in (None, ""):
        post = await ann.posted("x", **whole)
        assert (await edited(ann, post, caption=nothing))["caption"] is None
    for nothing in (None, []):
        post = await ann.posted("x", **whole)
        after = await edited(ann, post, user_tags=nothing, alt_texts=nothing, location_id=None)
        assert after["user_tags"] == []
        assert [medium["alt_text"] for medium in after["media"]] == [None]
        assert after["location"] is None


async def test_what_others_think_of_it_stays(ann: Person, bob: Person) -> None:
    post = await ann.posted("x")
    await bob.likes(post)
    await bob.saves(post)
    await bob.commented(post)
    await edited(ann, post, caption="y", user_tags=[bob.id], alt_texts=["z"])
    shown = told(await bob.get(f"/posts/{post}"))
    assert (shown["likes_count"], shown["comments_count"]) == (1, 1)
    assert (shown["liked_by_user"], shown["saved_by_user"]) == (True, True)


async def test_the_pictures_and_the_rest_can_not_be_changed(ann: Person) -> None:
    post = await ann.posted("x")
    before = told(await ann.get(f"/posts/{post}"))
    sly = {"post_id": "7", "likes_count": 9, "media": [], "created_at": "x", "hashtags": ["y"]}
    assert await edited(ann, post, **sly) == before


async def test_only_the_author_edits(ann: Person, bob: Person) -> None:
    post = await ann.posted("x")
    assert refused(await bob.put(f"/posts/{post}", json={"caption": "y"}), 403)
    for nothing in ("1", "x", "0"):
        refused(await ann.put(f"/posts/{nothing}", json={}), 404)
    told(await ann.delete(f"/posts/{post}"))
    refused(await ann.put(f"/posts/{post}", json={"caption": "y"}), 404)


@pytest.mark.parametrize(
    ("changes", "details"),
    [
        ({"caption": "x" * 2_201}, {"field": "caption", "max_length": 2_200}),
        ({"caption": "a\0b"}, {"field": "caption"}),
        ({"caption": 5}, {"field": "caption"}),
        ({"alt_texts": ["a", "b"]}, {"field": "alt_texts", "max": 1}),
        ({"alt_texts": ["x" * 1_501]}, {"field": "alt_texts", "max_length": 1_500}),
        ({"alt_texts": ["a\0b"]}, {"field": "alt_texts"}),
        ({"alt_texts": "a"}, {"field": "alt_texts"}),
        ({"alt_texts": [5]}, {"field": "alt_texts"}),
        ({"location_id": 12345}, {"field": "location_id"}),
        ({"location_id": "12345"}, {"field": "location_id"}),
        ({"location_id": 0}, {"field": "location_id"}),
        ({"location_id": ""}, {"field": "location_id"}),
        ({"location_id": 1.5}, {"field": "location_id"}),
        ({"caption": "fine", "user_tags": [99]}, {"field": "user_tags"}),
    ],
)
async def test_a_bad_value_is_named_and_nothing_is_changed(
    ann: Person, changes: dict[str, Any], details: dict[str, Any]
) -> None:
    post = await ann.posted("x", alt_texts=["a"])
    before = told(await ann.get(f"/posts/{post}"))
    error = refused(await ann.put(f"/posts/{post}", json=changes), 400)
    assert error["details"].items() >= details.items()
    assert told(await ann.get(f"/posts/{post}")) == before


# Alt texts and places, when publishing.


async def test_each_picture_may_have_a_text(ann: Person) -> None:
    pictures = [jpeg(), jpeg(), jpeg()]
    for alts, shown in (
        (["a", "b", "c"], ["a", "b", "c"]),
        (["😍" * 1_500], ["😍" * 1_500, None, None]),
        ([None, "", "c"], [None, None, "c"]),
        ([], [None] * 3),
        (None, [None] * 3),
    ):
        post = told(await ann.publishes("x", *pictures, alt_texts=alts), 201)
        assert [medium["alt_text"] for medium in post["media"]] == shown
        assert told(await ann.get(f"/posts/{post['post_id']}")) == post


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("alt_texts", json.dumps(["a", "b"])),
        ("alt_texts", json.dumps(["x" * 1_501])),
        ("alt_texts", json.dumps(["a\0b"])),
        ("alt_texts", json.dumps("a")),
        ("alt_texts", json.dumps([1])),
        ("alt_texts", "["),
        ("alt_texts", '["\\ud800"]'),
        ("location_id", "12345"),
        ("location_id", "0"),
        ("location_id", "x"),
    ],
)
async def test_a_bad_field_of_a_form_is_named_and_there_is_no_post(
    world: World, ann: Person, field: str, text: str
) -> None:
    files = {"media": ("x.jpg", jpeg(), "image/jpeg")}
    error = refused(await ann.post("/posts", files=files, data={field: text}), 400)
    assert (error["code"], error["details"]["field"]) == ("INVALID_REQUEST", field)
    assert world.files == set()
    assert await ann.lists("/users/me/posts") == []


@pytest.mark.parametrize("field", ["caption", "alt_texts", "user_tags", "location_id"])
async def test_a_field_comes_once(ann: Person, field: str) -> None:
    files = [("media", ("x.jpg", jpeg())), *[(field, (None, b"[]"))] * 2]
    error = refused(await ann.post("/posts", files=files), 400)
    assert error["details"]["field"] == field


async def test_the_longest_texts_of_ten_pictures_fit(ann: Person) -> None:
    alts = ["😍" * 1_500] * 10
    text = json.dumps(alts, ensure_ascii=False)
    files = [("media", ("x.jpg", jpeg()))] * 10
    post = told(await ann.post("/posts", files=files, data={"alt_texts": text}), 201)
    assert [medium["alt_text"] for medium in post["media"]] == alts
