"""Profiles: described, renamed, found by name, with a picture; and how people stand to each
other."""

from typing import Any

import pytest

from actors.user.messages import SetVerified
from tests.api.world import BASE_URL, PASSWORD, Person, World, jpeg, refused, told


async def test_a_profile_is_changed_by_what_is_said_and_no_more(ann: Person) -> None:
    whole = {"full_name": "Ann Lee", "bio": "Walks.", "website": "https://ann.example"}
    profile = await ann.describes(**whole)
    assert {name: profile[name] for name in whole} == whole
    profile = await ann.describes(bio="Runs.")
    assert (profile["full_name"], profile["bio"]) == ("Ann Lee", "Runs.")
    assert profile == await ann.sees(ann)
    assert await ann.describes() == profile


@pytest.mark.parametrize("nothing", [None, ""])
async def test_null_and_nothing_clear_a_text(ann: Person, nothing: str | None) -> None:
    texts = ("full_name", "bio", "website")
    await ann.describes(full_name="Ann", bio="x", website="https://ann.example")
    profile = await ann.describes(**dict.fromkeys(texts, nothing))
    assert [profile[name] for name in texts] == [None, None, None]


async def test_what_is_not_ones_own_to_say_is_ignored(ann: Person) -> None:
    before = await ann.sees(ann)
    stats = {"followers_count": 9_999}
    assert await ann.describes(verified=True, stats=stats, user_id="7", following=True) == before


async def test_a_badge_is_the_operators(world: World, ann: Person, bob: Person) -> None:
    await world.context.asking.ask(SetVerified(int(ann.id), True))
    assert (await bob.sees(ann))["verified"] is True


@pytest.mark.parametrize(
    ("changes", "details"),
    [
        ({"full_name": "x" * 65}, {"field": "full_name", "max_length": 64}),
        ({"bio": "x" * 151}, {"field": "bio", "max_length": 150}),
        ({"bio": "a\0b"}, {"field": "bio"}),
        ({"website": "javascript:alert(1)"}, {"field": "website"}),
        ({"website": "http://ann@evil.example"}, {"field": "website"}),
        ({"username": "a b"}, {"field": "username"}),
        ({"username": None}, {"field": "username"}),
        ({"private_account": "yes"}, {"field": "private_account"}),
        ({"private_account": None}, {"field": "private_account"}),
        ({"bio": "fine", "full_name": 5}, {"field": "full_name"}),
    ],
)
async def test_a_bad_value_is_named_and_nothing_is_changed(
    ann: Person, changes: dict[str, Any], details: dict[str, Any]
) -> None:
    before = await ann.sees(ann)
    error = refused(await ann.put("/users/me", json=changes), 400)
    assert error["details"].items() >= details.items()
    assert await ann.sees(ann) == before


@pytest.mark.parametrize("text", ["\u202eevil", "e\u0301" * 30, "\U0001f600" * 64, "<b>&\"'</b>"])
async def test_any_text_is_given_back_as_it_was(ann: Person, text: str) -> None:
    assert (await ann.describes(full_name=text, bio=text))["full_name"] == text
    assert (await ann.sees(ann))["bio"] == text


async def test_nobody_changes_somebody_else(ann: Person, bob: Person) -> None:
    for answer in (
        await bob.put(f"/users/{ann.id}", json={"bio": "x"}),
        await bob.put(f"/users/{ann.id}/avatar", files={"media": ("x", jpeg())}),
        await bob.delete(f"/users/{ann.id}/avatar"),
        await bob.post(f"/users/{ann.id}/delete", json={"password": PASSWORD}),
        await bob.delete(f"/users/{ann.id}", json={"password": PASSWORD}),
        await bob.get(f"/users/{ann.id}/saved"),
        await bob.get(f"/users/{ann.id}/blocks"),
        await bob.delete(f"/users/{ann.id}/followers/{bob.id}"),
    ):
        assert refused(answer, 403)["code"] == "FORBIDDEN"
    for path in ("/users/99", "/users/99/avatar"):
        refused(await bob.put(path, json={}), 404)


# The username.


async def test_a_renamed_account_is_the_same_everywhere(
    world: World, ann: Person, bob: Person
) -> None:
    await bob.follows(ann)
    post = await ann.posted()
    comment = await ann.commented(post)
    assert (await ann.describes(username="Anna"))["username"] == "anna"
    assert (await bob.sees(ann))["username"] == "anna"
    assert told(await bob.get(f"/posts/{post}"))["user"]["username"] == "anna"
    assert told(await bob.get("/feed"))["posts"][0]["user"]["username"] == "anna"
    assert await bob.lists(f"/users/{bob.id}/following") == ["anna"]
    (shown,) = told(await bob.get(f"/posts/{post}/comments"))["comments"]
    assert (shown["comment_id"], shown["user"]["username"]) == (comment, "anna")
    assert told(await bob.get("/users/by-username/anna"))["user_id"] == ann.id
    refused(await bob.get("/users/by-username/ann"), 404)
    again, _ = await world.login("anna")
    assert again.id == ann.id


async def test_a_name_is_somebodys_once_and_free_again_when_given_up(
    world: World, ann: Person, bob: Person
) -> None:
    error = refused(await bob.put("/users/me", json={"username": "ANN", "bio": "x"}), 409)
    assert (error["code"], error["details"]) == ("CONFLICT", {"field": "username"})
    assert (await bob.sees(bob))["bio"] is None
    assert (await ann.describes(username="ANN"))["username"] == "ann"
    await ann.describes(username="anna")
    assert (await bob.describes(username="ann"))["username"] == "ann"
    refused(await ann.put("/users/me", json={"username": "ann"}), 409)


@pytest.mark.parametrize("name", ["ann", "ANN", "Ann"])
async def test_a_profile_is_found_by_its_name_in_any_case(
    world: World, ann: Person, name: str
) -> None:
    by_name = await world.client.get(f"/api/v1/users/by-username/{name}")
    by_id = await world.client.get(f"/api/v1/users/{ann.id}")
    assert by_name.content == by_id.content


@pytest.mark.parametrize("name", ["nobody", "a" * 500, "%00", "%ff", "deleted:1", "me", "'", "😍"])
async def test_a_name_of_nobody_is_not_found(world: World, ann: Person, name: str) -> None:
    refused(await world.client.get(f"/api/v1/users/by-username/{name}"), 404)


# The picture.


async def test_a_picture_of_oneself_is_shown_everywhere_and_gone_again(
    world: World, ann: Person, bob: Person
) -> None:
    post = await ann.posted()
    before = world.files
    url = await ann.shows_face()
    assert url.startswith(f"{BASE_URL}/media/")
    assert (await bob.sees(ann))["profile_image_url"] == url
    assert told(await bob.get(f"/posts/{post}"))["user"]["profile_image_url"] == url
    assert (await world.client.get(url)).content.startswith(b"\xff\xd8\xff")
    _, login = await world.login("ann")
    assert login["user"]["profile_image_url"] == url
    assert len(world.files - before) == 1

    other = await ann.shows_face("blue")
    assert other != url
    refused(await world.client.get(url), 404)
    assert len(world.files - before) == 1

    for _ in range(2):
        user = told(await ann.delete("/users/me/avatar"))["user"]
        assert user["profile_image_url"] is None
    refused(await world.client.get(other), 404)
    assert world.files == before


@pytest.mark.parametrize(
    ("files", "status", "code"),
    [
        ([("media", ("x.jpg", b"no picture"))], 400, "INVALID_MEDIA_FORMAT"),
        ([("media", ("x.jpg", b""))], 400, "INVALID_MEDIA_FORMAT"),
        ([("media", ("x.jpg", jpeg())), ("media", ("y.jpg", jpeg()))], 400, "INVALID_REQUEST"),
        ([("other", ("x.jpg", jpeg()))], 400, "INVALID_REQUEST"),
        ([("media", ("x.jpg", b"x" * (8 * 1_048_576 + 1)))], 413, "MEDIA_TOO_LARGE"),
    ],
)
@pytest.mark.filterwarnings("ignore:.*MultipartStream:pytest.PytestUnraisableExceptionWarning")
async def test_what_is_no_picture_leaves_the_old_one(
    world: World, ann: Person, files: Any, status: int, code: str
) -> None:
    url = await ann.shows_face()
    before = world.files
    error = refused(await ann.put("/users/me/avatar", files=files), status)
    assert error["code"] == code
    assert (await ann.sees(ann))["profile_image_url"] == url
    assert world.files == before
    assert list(world.context.uploads.iterdir()) == []


# How people stand to each other.


async def test_relationships_are_told_in_the_order_asked(world: World, ann: Person) -> None:
    bob, cat, dan, eve = await world.people("bob", "cat", "dan", "eve")
    await cat.goes_private()
    await ann.follows(bob)
    await bob.follows(ann)
    await ann.follows(cat)
    await ann.blocks(dan)
    await eve.blocks(ann)

    def of(person: Person, *true: str) -> dict[str, Any]:
        names = ("following", "followed_by", "requested", "blocking")
        return {"user_id": person.id, **{name: name in true for name in names}}

    asked = f"ids={cat.id},99,{bob.id}&ids={dan.id},{eve.id}"
    answer = await ann.call("GET", f"/api/v1/users/relationships?{asked}")
    assert told(answer) == {
        "relationships": [
            of(cat, "requested"),
            of(bob, "following", "followed_by"),
            of(dan, "blocking"),
        ]
    }
    twice = await ann.get("/users/relationships", ids=f"{ann.id},{bob.id},{ann.id}")
    assert [one["user_id"] for one in told(twice)["relationships"]] == [ann.id, bob.id]


@pytest.mark.parametrize("asked", ["ids[]=1&ids[]=2", "ids%5B%5D=1,2", "ids=1&ids[]=2"])
async def test_a_list_in_a_query_may_be_named_with_brackets(
    ann: Person, bob: Person, asked: str
) -> None:
    answer = await ann.call("GET", f"/api/v1/users/relationships?{asked}")
    assert [one["user_id"] for one in told(answer)["relationships"]] == [ann.id, bob.id]


@pytest.mark.parametrize("ids", [None, "", ",", "1,", "x", "1;2", "-1", "me", "1.0", "9" * 30])
async def test_what_are_no_ids_are_refused(ann: Person, ids: str | None) -> None:
    query = {} if ids is None else {"ids": ids}
    error = refused(await ann.get("/users/relationships", **query), 400)
    assert error["details"]["field"] == "ids"


async def test_a_hundred_relationships_can_be_asked_for_and_no_more(ann: Person) -> None:
    hundred = ",".join(str(number) for number in range(1, 101))
    assert len(told(await ann.get("/users/relationships", ids=hundred))["relationships"]) == 1
    error = refused(await ann.get("/users/relationships", ids=f"{hundred},101"), 400)
    assert error["details"] == {"field": "ids", "max": 100}
