"""Profiles and who follows whom."""

import pytest

from tests.api.world import Person, World


async def test_a_profile_has_every_field(ann: Person, bob: Person) -> None:
    await bob.follows(ann)
    await ann.posted()
    answer = await bob.get(f"/users/{ann.id}")
    assert answer.status_code == 200
    assert answer.json() == {
        "user_id": ann.id,
        "username": "ann",
        "full_name": None,
        "bio": None,
        "website": None,
        "profile_image_url": None,
        "verified": False,
        "private_account": False,
        "stats": {"followers_count": 1, "following_count": 0, "posts_count": 1},
        "following": True,
        "followed_by": False,
        "requested": False,
    }
    back = (await ann.get(f"/users/{bob.id}")).json()
    assert (back["following"], back["followed_by"]) == (False, True)
    assert back["stats"]["following_count"] == 1


async def test_a_stranger_without_a_token_sees_a_profile(world: World, ann: Person) -> None:
    answer = await world.client.get(f"/api/v1/users/{ann.id}")
    assert answer.status_code == 200
    assert answer.json()["following"] is False


async def test_a_bad_token_is_refused_where_none_is_needed(world: World, ann: Person) -> None:
    headers = {"Authorization": "Bearer x"}
    answer = await world.client.get(f"/api/v1/users/{ann.id}", headers=headers)
    assert answer.status_code == 401


async def test_me_without_a_token_is_a_401(world: World) -> None:
    assert (await world.client.get("/api/v1/users/me")).status_code == 401


@pytest.mark.parametrize("user", ["99", "0", "x", "ME", "-1", "9" * 30])
async def test_who_does_not_exist_is_not_found(ann: Person, user: str) -> None:
    for answer in (
        await ann.get(f"/users/{user}"),
        await ann.get(f"/users/{user}/posts"),
        await ann.get(f"/users/{user}/followers"),
        await ann.post(f"/users/{user}/follow"),
        await ann.delete(f"/users/{user}/follow"),
    ):
        assert answer.status_code == 404
        assert answer.json()["error"]["code"] == "NOT_FOUND"


async def test_following_twice_is_the_same_answer(ann: Person, bob: Person) -> None:
    for _ in range(2):
        answer = await bob.post(f"/users/{ann.id}/follow")
        assert answer.status_code == 200
        assert answer.json() == {
            "following": True,
            "requested": False,
            "user": {"user_id": ann.id, "username": "ann", "profile_image_url": None},
        }
    assert (await ann.get("/users/me")).json()["stats"]["followers_count"] == 1
    for _ in range(2):
        answer = await bob.delete(f"/users/{ann.id}/follow")
        assert answer.status_code == 200
        assert answer.json()["following"] is False
    assert (await ann.get("/users/me")).json()["stats"]["followers_count"] == 0


@pytest.mark.parametrize("oneself", ["me", "1"])
async def test_nobody_follows_themselves(ann: Person, oneself: str) -> None:
    answer = await ann.post(f"/users/{oneself}/follow")
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "INVALID_REQUEST"


async def test_a_follow_with_a_key_happens_once(ann: Person, bob: Person) -> None:
    headers = {"Idempotency-Key": "f"}
    first = await bob.post(f"/users/{ann.id}/follow", headers=headers)
    await bob.delete(f"/users/{ann.id}/follow")
    again = await bob.post(f"/users/{ann.id}/follow", headers=headers)
    assert again.content == first.content
    assert (await ann.get("/users/me")).json()["stats"]["followers_count"] == 0


async def test_a_retry_gets_the_same_answer_also_when_a_block_has_come_between(
    ann: Person, bob: Person
) -> None:
    await ann.goes_private()
    asks = (bob, f"/users/{ann.id}/follow")
    approves = (ann, f"/follow-requests/{bob.id}/approve")
    denies = (ann, f"/follow-requests/{bob.id}/deny")

    async def says(who: Person, path: str) -> bytes:
        answer = await who.post(path, headers={"Idempotency-Key": "k"})
        assert answer.status_code == 200, answer.text
        return answer.content

    first = [await says(*asks), await says(*approves)]
    await bob.delete(f"/users/{ann.id}/follow")
    await bob.post(f"/users/{ann.id}/follow")
    first.append(await says(*denies))
    await ann.blocks(bob)
    assert [await says(*asked) for asked in (asks, approves, denies)] == first


async def test_followers_are_listed_the_newest_first(world: World, ann: Person) -> None:
    others = [await world.person(f"user{number}") for number in range(3)]
    for other in others:
        await other.follows(ann)
    await others[0].follows(others[2])
    page = (await others[0].get(f"/users/{ann.id}/followers", count=2)).json()
    assert [user["username"] for user in page["users"]] == ["user2", "user1"]
    assert page["users"][0] == {
        "user_id": others[2].id,
        "username": "user2",
        "full_name": None,
        "profile_image_url": None,
        "following": True,
    }
    assert (page["users"][1]["following"], page["has_more"]) == (False, True)
    rest = await others[0].get(f"/users/{ann.id}/followers", cursor=page["next_cursor"])
    assert [user["username"] for user in rest.json()["users"]] == ["user0"]
