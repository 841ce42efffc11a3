"""Blocks: whoever blocks or is blocked finds nothing of the other on any path, and what stood
between them has ended."""

from typing import Any

import pytest

from tests.api.world import Person, World, refused, told


class Parted:
    """Ann and Bob followed each other and left traces everywhere; then one blocked the other. Cat
    follows both and is blocked by nobody."""

    def __init__(self, ann: Person, bob: Person, cat: Person) -> None:
        self.ann = ann
        self.bob = bob
        self.cat = cat
        self.posts: dict[str, str] = {}
        self.comments: dict[str, str] = {}

    async def live(self) -> None:
        ann, bob, cat = self.ann, self.bob, self.cat
        for one in (ann, bob, cat):
            for other in (ann, bob, cat):
                if one is not other:
                    await one.follows(other)
        self.posts["cat"] = await cat.posted("of all", user_tags=[ann.id, bob.id])
        for one, other in ((ann, bob), (bob, ann)):
            self.posts[one.name] = await one.posted(f"with @{other.name}", user_tags=[other.id])
        for post in self.posts.values():
            for one in (ann, bob):
                await one.likes(post)
                await one.saves(post)
        for one in (ann, bob):
            self.comments[one.name] = await one.commented(self.posts["cat"])
        self.comments["reply"] = await cat.commented(self.posts["cat"], "so", self.comments["ann"])


@pytest.fixture(params=["ann", "bob"], ids=["blocking", "blocked"])
async def parted(world: World, request: pytest.FixtureRequest) -> Parted:
    """Ann looks, from either side of the block."""
    parted = Parted(*await world.people("ann", "bob", "cat"))
    await parted.live()
    sides = {"ann": parted.ann, "bob": parted.bob}
    blocker = sides.pop(request.param)
    (blocked,) = sides.values()
    await blocker.blocks(blocked)
    return parted


async def test_nothing_of_the_other_is_found_by_its_name_or_id(parted: Parted) -> None:
    ann, bob, post = parted.ann, parted.bob, parted.posts["bob"]
    for path in (
        f"/users/{bob.id}",
        "/users/by-username/bob",
        *[f"/users/{bob.id}/{name}" for name in ("posts", "followers", "following", "tagged")],
        *[f"/posts/{post}{more}" for more in ("", "/why", "/likes", "/comments")],
    ):
        assert refused(await ann.get(path), 404)["code"] == "NOT_FOUND", path


async def test_nothing_can_be_done_to_what_the_other_made(parted: Parted) -> None:
    ann, bob, post = parted.ann, parted.bob, parted.posts["bob"]
    comment = parted.comments["bob"]
    for answer in (
        await ann.post(f"/users/{bob.id}/follow"),
        await ann.delete(f"/users/{bob.id}/follow"),
        await ann.delete(f"/users/me/followers/{bob.id}"),
        await ann.post(f"/follow-requests/{bob.id}/approve"),
        await ann.post(f"/follow-requests/{bob.id}/deny"),
        await ann.post(f"/posts/{post}/like"),
        await ann.delete(f"/posts/{post}/like"),
        await ann.post(f"/posts/{post}/save"),
        await ann.delete(f"/posts/{post}/save"),
        await ann.post(f"/posts/{post}/comments", json={"text": "x"}),
        await ann.put(f"/posts/{post}", json={"caption": "x"}),
        await ann.delete(f"/posts/{post}"),
        await ann.post(f"/comments/{comment}/like"),
        await ann.delete(f"/comments/{comment}/like"),
        await ann.delete(f"/comments/{comment}"),
        await ann.put(f"/users/{bob.id}", json={"bio": "x"}),
    ):
        assert refused(answer, 404)["code"] == "NOT_FOUND"


async def test_the_other_can_neither_be_tagged_nor_answered(parted: Parted) -> None:
    ann, bob = parted.ann, parted.bob
    own = parted.posts["ann"]
    for answer in (
        await ann.publishes("x", user_tags=[bob.id]),
        await ann.put(f"/posts/{own}", json={"user_tags": [bob.id]}),
    ):
        assert refused(answer, 400)["details"]["field"] == "user_tags"
    body = {"text": "x", "parent_comment_id": parted.comments["bob"]}
    answer = await ann.post(f"/posts/{parted.posts['cat']}/comments", json=body)
    assert refused(answer, 400)["details"]["field"] == "parent_comment_id"


async def test_follows_have_ended_both_ways(parted: Parted) -> None:
    ann, bob, cat = parted.ann, parted.bob, parted.cat
    for one in (ann, bob):
        assert (await one.sees(one))["stats"] == {
            "followers_count": 1,
            "following_count": 1,
            "posts_count": 1,
        }
        for relation in ("followers", "following"):
            assert await cat.lists(f"/users/{one.id}/{relation}") == ["cat"]
    assert await ann.lists("/feed") == [parted.posts["ann"], parted.posts["cat"]]
    assert await bob.lists("/feed") == [parted.posts["bob"], parted.posts["cat"]]


async def test_lists_of_third_people_leave_the_other_out(parted: Parted) -> None:
    ann, cat, post = parted.ann, parted.cat, parted.posts["cat"]
    assert await ann.lists(f"/users/{cat.id}/followers") == ["ann"]
    assert await ann.lists(f"/users/{cat.id}/following") == ["ann"]
    assert await ann.lists(f"/posts/{post}/likes") == ["ann"]
    comments = [parted.comments["ann"], parted.comments["reply"]]
    assert await ann.lists(f"/posts/{post}/comments") == comments
    assert await ann.lists("/users/me/saved") == [parted.posts["ann"], post]
    assert await ann.lists("/users/me/tagged") == [post]
    # To Cat, all of them are there.
    assert await cat.lists(f"/users/{cat.id}/followers") == ["bob", "ann"]
    assert await cat.lists(f"/posts/{post}/likes") == ["bob", "ann"]
    assert len(await cat.lists(f"/posts/{post}/comments")) == 3
    assert await cat.lists(f"/users/{parted.bob.id}/tagged") == [parted.posts["ann"], post]


async def test_the_replies_to_the_other_can_not_be_asked_for(parted: Parted) -> None:
    path = f"/posts/{parted.posts['cat']}/comments"
    answer = await parted.ann.get(path, parent_comment_id=parted.comments["bob"])
    assert refused(answer, 400)["details"]["field"] == "parent_comment_id"


async def test_tags_of_the_other_are_hidden_to_oneself_only(parted: Parted) -> None:
    def tags(post: dict[str, Any]) -> list[str]:
        return [tag["username"] for tag in post["user_tags"]]

    ann, post = parted.ann, parted.posts["cat"]
    assert tags(told(await ann.get(f"/posts/{post}"))) == ["ann"]
    assert tags(told(await ann.get("/feed"))["posts"][1]) == ["ann"]
    assert tags(told(await parted.cat.get(f"/posts/{post}"))) == ["ann", "bob"]
    assert tags(told(await ann.get(f"/posts/{parted.posts['ann']}"))) == []


async def test_counts_are_the_same_for_everybody(parted: Parted) -> None:
    for one in (parted.ann, parted.bob, parted.cat):
        post = told(await one.get(f"/posts/{parted.posts['cat']}"))
        assert (post["likes_count"], post["comments_count"]) == (2, 3)


async def test_a_mention_of_the_other_is_only_a_word(parted: Parted) -> None:
    post = await parted.ann.posted("hello @bob and @cat")
    assert told(await parted.ann.get(f"/posts/{post}"))["caption"] == "hello @bob and @cat"


async def test_relationships_name_the_blocked_to_the_blocker_only(world: World) -> None:
    ann, bob = await world.people("ann", "bob")
    await ann.blocks(bob)
    (told_to_ann,) = told(await ann.get("/users/relationships", ids=bob.id))["relationships"]
    assert told_to_ann["blocking"] is True
    assert told(await bob.get("/users/relationships", ids=ann.id)) == {"relationships": []}


async def test_a_request_ends_with_a_block(world: World) -> None:
    ann, bob = await world.people("ann", "bob")
    await ann.goes_private()
    await bob.follows(ann)
    await ann.blocks(bob)
    assert await ann.lists("/follow-requests") == []
    told(await ann.delete(f"/users/{bob.id}/block"))
    assert await ann.lists("/follow-requests") == []
    assert (await bob.sees(ann))["requested"] is False


async def test_blocking_is_idempotent_and_unblocking_brings_nothing_back(world: World) -> None:
    ann, bob = await world.people("ann", "bob")
    await bob.follows(ann)
    user = {"user_id": bob.id, "username": "bob", "profile_image_url": None}
    for _ in range(2):
        answer = told(await ann.post(f"/users/{bob.id}/block"))
        assert answer == {"blocking": True, "user": user}
    for _ in range(2):
        answer = told(await ann.delete(f"/users/{bob.id}/block"))
        assert answer == {"blocking": False, "user": user}
    profile = await bob.sees(ann)
    assert (profile["following"], profile["stats"]["followers_count"]) == (False, 0)
    await bob.follows(ann)


async def test_each_may_block_the_other_and_both_must_unblock(world: World) -> None:
    ann, bob = await world.people("ann", "bob")
    await ann.blocks(bob)
    await bob.blocks(ann)
    told(await ann.delete(f"/users/{bob.id}/block"))
    refused(await ann.get(f"/users/{bob.id}"), 404)
    refused(await bob.get(f"/users/{ann.id}"), 404)
    told(await bob.delete(f"/users/{ann.id}/block"))
    await ann.sees(bob)


async def test_who_is_blocked_learns_no_name_by_unblocking(world: World) -> None:
    ann, bob = await world.people("ann", "bob")
    await ann.blocks(bob)
    refused(await bob.delete(f"/users/{ann.id}/block"), 404)
    await bob.blocks(ann)
    told(await bob.delete(f"/users/{ann.id}/block"))
    refused(await bob.delete(f"/users/{ann.id}/block"), 404)


@pytest.mark.parametrize(("who", "status"), [("me", 400), ("99", 404), ("x", 404), ("0", 404)])
async def test_nobody_blocks_themselves_or_nobody(ann: Person, who: str, status: int) -> None:
    refused(await ann.post(f"/users/{who}/block"), status)


async def test_the_blocked_are_listed_to_the_blocker_the_newest_first(world: World) -> None:
    ann, *others = await world.people("ann", "bob", "cat", "dan")
    for other in others:
        await ann.blocks(other)
    await others[1].describes(full_name="Cat")
    page = told(await ann.get("/users/me/blocks", count=2))
    assert [user["username"] for user in page["users"]] == ["dan", "cat"]
    assert page["users"][1] == {
        "user_id": others[1].id,
        "username": "cat",
        "full_name": "Cat",
        "profile_image_url": None,
        "following": False,
    }
    assert await ann.lists("/users/me/blocks", count=2, cursor=page["next_cursor"]) == ["bob"]
    assert await others[0].lists("/users/me/blocks") == []
