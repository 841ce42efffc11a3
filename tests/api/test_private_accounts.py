"""Private accounts: who asks to follow, is let in, denied and removed, and what everybody else
sees: nothing of what they post."""

import httpx
import pytest

from actors.user.profile import APPROVED_A_TURN
from tests.api.world import Person, World, refused, told


@pytest.fixture
async def cat(world: World, bob: Person) -> Person:
    """A private account, registered after Ann and Bob."""
    cat = await world.person("cat")
    await cat.goes_private()
    return cat


def stand(profile: dict[str, object]) -> tuple[object, object, object]:
    return profile["following"], profile["followed_by"], profile["requested"]


async def test_to_follow_a_private_account_is_to_ask(ann: Person, cat: Person) -> None:
    for _ in range(2):
        answer = told(await ann.post(f"/users/{cat.id}/follow"))
        user = {"user_id": cat.id, "username": "cat", "profile_image_url": None}
        assert answer == {"following": False, "requested": True, "user": user}
    assert stand(await ann.sees(cat)) == (False, False, True)
    assert (await ann.sees(cat))["stats"]["followers_count"] == 0
    assert await cat.lists("/follow-requests") == ["ann"]


async def test_a_request_can_be_withdrawn(ann: Person, cat: Person) -> None:
    await ann.follows(cat)
    for _ in range(2):
        answer = told(await ann.delete(f"/users/{cat.id}/follow"))
        assert (answer["following"], answer["requested"]) == (False, False)
    assert await cat.lists("/follow-requests") == []
    assert stand(await ann.sees(cat)) == (False, False, False)
    refused(await cat.post(f"/follow-requests/{ann.id}/approve"), 404)


async def test_whoever_is_let_in_follows(ann: Person, cat: Person) -> None:
    post = await cat.posted()
    await ann.follows(cat)
    for _ in range(2):
        answer = told(await cat.post(f"/follow-requests/{ann.id}/approve"))
        user = {"user_id": ann.id, "username": "ann", "profile_image_url": None}
        assert answer == {"approved": True, "user": user}
    assert await cat.lists("/follow-requests") == []
    assert stand(await ann.sees(cat)) == (True, False, False)
    assert await ann.lists("/feed") == [post]
    assert await ann.lists(f"/users/{cat.id}/posts") == [post]
    again = told(await ann.post(f"/users/{cat.id}/follow"))
    assert (again["following"], again["requested"]) == (True, False)


async def test_whoever_is_denied_does_not_and_may_ask_again(ann: Person, cat: Person) -> None:
    await ann.follows(cat)
    answer = told(await cat.post(f"/follow-requests/{ann.id}/deny"))
    assert (answer["approved"], answer["user"]["user_id"]) == (False, ann.id)
    refused(await cat.post(f"/follow-requests/{ann.id}/deny"), 404)
    refused(await cat.post(f"/follow-requests/{ann.id}/approve"), 404)
    assert stand(await ann.sees(cat)) == (False, False, False)
    await ann.follows(cat)
    assert await cat.lists("/follow-requests") == ["ann"]


@pytest.mark.parametrize("who", ["99", "0", "me", "x"])
async def test_nobody_can_be_let_in_who_did_not_ask(cat: Person, ann: Person, who: str) -> None:
    for what in ("approve", "deny"):
        refused(await cat.post(f"/follow-requests/{who}/{what}"), 404)
        refused(await cat.post(f"/follow-requests/{ann.id}/{what}"), 404)


async def test_requests_are_listed_the_newest_first_and_only_to_whom_they_are_made(
    world: World, cat: Person
) -> None:
    others = await world.people("dan", "eve", "fay")
    for other in others:
        await other.follows(cat)
    page = told(await cat.get("/follow-requests", count=2))
    assert [user["username"] for user in page["users"]] == ["fay", "eve"]
    rest = await cat.lists("/follow-requests", count=2, cursor=page["next_cursor"])
    assert rest == ["dan"]
    assert await others[0].lists("/follow-requests") == []


async def test_going_public_lets_in_all_who_asked(world: World, ann: Person, cat: Person) -> None:
    dan = await world.person("dan")
    post = await cat.posted()
    await ann.follows(cat)
    await dan.follows(cat)
    assert (await cat.describes(private_account=False))["stats"]["followers_count"] == 2
    assert await cat.lists("/follow-requests") == []
    assert await ann.lists("/feed") == await dan.lists("/feed") == [post]
    assert (await ann.sees(cat))["private_account"] is False


async def test_going_private_keeps_the_followers(ann: Person, bob: Person, cat: Person) -> None:
    await cat.describes(private_account=False)
    await ann.follows(cat)
    post = await cat.posted()
    await cat.goes_private()
    assert await ann.lists("/feed") == [post]
    refused(await bob.get(f"/posts/{post}"), 404)
    await cat.goes_private()
    assert await cat.lists(f"/users/{cat.id}/followers") == ["ann"]


async def test_more_may_ask_than_are_let_in_at_once(
    world: World, cat: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert APPROVED_A_TURN > 3
    monkeypatch.setattr("actors.user.profile.APPROVED_A_TURN", 3)
    others = await world.people(*[f"user{number}" for number in range(8)])
    for other in others:
        await other.follows(cat)
    assert (await cat.describes(private_account=False))["stats"]["followers_count"] == 8


# A follower is removed.


async def test_a_follower_can_be_removed(ann: Person, bob: Person) -> None:
    await bob.follows(ann)
    post = await ann.posted()
    for _ in range(2):
        answer = told(await ann.delete(f"/users/me/followers/{bob.id}"))
        user = {"user_id": bob.id, "username": "bob", "profile_image_url": None}
        assert answer == {"followed_by": False, "user": user}
    assert await ann.lists(f"/users/{ann.id}/followers") == []
    assert await bob.lists("/feed") == []
    assert told(await bob.get(f"/posts/{post}"))["post_id"] == post
    for nobody in ("99", "x", "me", "0"):
        refused(await ann.delete(f"/users/me/followers/{nobody}"), 404)


# What others see.


async def everything(viewer: Person, cat: Person, post: str, comment: str) -> dict[str, int]:
    """The status of everything that `viewer` may try on what `cat` has posted."""
    statuses: dict[str, int] = {}

    async def tried(name: str, answer: httpx.Response) -> None:
        statuses[name] = answer.status_code

    for path in ("", "/why", "/likes", "/comments"):
        await tried(f"get post{path}", await viewer.get(f"/posts/{post}{path}"))
    for path in ("/like", "/save"):
        await tried(f"post {path}", await viewer.post(f"/posts/{post}{path}"))
        await tried(f"delete {path}", await viewer.delete(f"/posts/{post}{path}"))
    body = {"text": "x"}
    await tried("comment", await viewer.post(f"/posts/{post}/comments", json=body))
    await tried("like comment", await viewer.post(f"/comments/{comment}/like"))
    await tried("unlike comment", await viewer.delete(f"/comments/{comment}/like"))
    await tried("edit", await viewer.put(f"/posts/{post}", json={"caption": "x"}))
    await tried("delete comment", await viewer.delete(f"/comments/{comment}"))
    await tried("delete post", await viewer.delete(f"/posts/{post}"))
    return statuses


LISTS = ("posts", "followers", "following", "tagged")


@pytest.mark.parametrize("asks", [False, True], ids=["a stranger", "one who asks"])
async def test_a_stranger_finds_nothing_by_its_id_and_no_list(
    ann: Person, bob: Person, cat: Person, asks: bool
) -> None:
    post = await cat.posted("#mine")
    comment = await cat.commented(post)
    await cat.follows(bob)
    if asks:
        await ann.follows(cat)
    assert set((await everything(ann, cat, post, comment)).values()) == {404}
    for name in LISTS:
        assert refused(await ann.get(f"/users/{cat.id}/{name}"), 403)["code"] == "FORBIDDEN"
    profile = await ann.sees(cat)
    assert profile["stats"] == {"followers_count": 0, "following_count": 1, "posts_count": 1}
    assert await ann.lists("/feed") == []
    # Nothing of all that has been done.
    assert told(await cat.get(f"/posts/{post}"))["comments_count"] == 1
    assert told(await cat.get(f"/posts/{post}"))["likes_count"] == 0


async def test_a_follower_may_do_all_but_what_is_the_authors(
    ann: Person, bob: Person, cat: Person
) -> None:
    post = await cat.posted()
    comment = await cat.commented(post)
    await ann.follows(cat)
    await cat.lets_in(ann)
    statuses = await everything(ann, cat, post, comment)
    assert {name for name, status in statuses.items() if status == 403} == {
        "edit",
        "delete comment",
        "delete post",
    }
    assert set(statuses.values()) == {200, 201, 403}
    for name in LISTS:
        told(await ann.get(f"/users/{cat.id}/{name}"))


async def test_whoever_stops_following_has_lost_sight_at_once(ann: Person, cat: Person) -> None:
    post = await cat.posted()
    await ann.follows(cat)
    await cat.lets_in(ann)
    await ann.likes(post)
    await ann.saves(post)
    await ann.commented(post)
    assert await ann.lists("/users/me/saved") == [post]
    told(await cat.delete(f"/users/me/followers/{ann.id}"))
    refused(await ann.get(f"/posts/{post}"), 404)
    assert await ann.lists("/users/me/saved") == await ann.lists("/feed") == []
    refused(await ann.get(f"/users/{cat.id}/posts"), 403)
    await ann.follows(cat)
    await cat.lets_in(ann)
    assert await ann.lists("/users/me/saved") == [post]


async def test_lists_of_others_leave_out_what_is_private(
    ann: Person, bob: Person, cat: Person
) -> None:
    """A post of a private account in which somebody public is tagged, or that they have saved."""
    tagged = await cat.posted(user_tags=[bob.id])
    assert await cat.lists(f"/users/{bob.id}/tagged") == [tagged]
    assert await ann.lists(f"/users/{bob.id}/tagged") == []
    assert await bob.lists(f"/users/{bob.id}/tagged") == []
    # The account itself is nobody's secret.
    await bob.follows(ann)
    await cat.follows(ann)
    assert await bob.lists(f"/users/{ann.id}/followers") == ["cat", "bob"]
    post = await ann.posted()
    await cat.likes(post)
    assert await bob.lists(f"/posts/{post}/likes") == ["cat"]
    comment = await cat.commented(post)
    assert await bob.lists(f"/posts/{post}/comments") == [comment]


async def test_somebody_without_a_token_sees_the_profile_only(world: World, cat: Person) -> None:
    profile = told(await world.client.get(f"/api/v1/users/{cat.id}"))
    assert profile["private_account"] is True
    assert stand(profile) == (False, False, False)
