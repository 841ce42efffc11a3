"""Comments: written, listed in order, answered one level deep, liked, and deleted with what hangs
on them."""

from typing import Any

import pytest

from tests.api.world import Person, World, refused, told


async def comment_count(viewer: Person, post: str) -> int:
    return told(await viewer.get(f"/posts/{post}"))["comments_count"]


async def test_a_new_comment_has_every_field(ann: Person, bob: Person) -> None:
    post = await ann.posted()
    body = {"text": "  Amazing photo! 😍\n", "parent_comment_id": None}
    comment = told(await bob.post(f"/posts/{post}/comments", json=body), 201)
    assert comment.pop("created_at").endswith("Z")
    id_ = comment.pop("comment_id")
    assert id_.startswith("comment_")
    assert comment == {
        "post_id": post,
        "user": {"user_id": bob.id, "username": "bob", "profile_image_url": None},
        "text": "Amazing photo! 😍",
        "parent_comment_id": None,
        "likes_count": 0,
        "liked_by_user": False,
        "replies_count": 0,
    }
    (listed,) = told(await ann.get(f"/posts/{post}/comments"))["comments"]
    assert (listed.pop("comment_id"), bool(listed.pop("created_at"))) == (id_, True)
    assert listed == comment
    assert await comment_count(bob, post) == 1


@pytest.mark.parametrize(
    "text", ["x", "x" * 1_000, "😍" * 1_000, " " * 2_000 + "x", "\u202e", "a\r\nb", "e\u0301" * 500]
)
async def test_these_may_be_comments(ann: Person, text: str) -> None:
    post = await ann.posted()
    comment = told(await ann.post(f"/posts/{post}/comments", json={"text": text}), 201)
    assert comment["text"] == text.strip()


@pytest.mark.parametrize("text", ["", " ", "\u3000\n\t", "x" * 1_001, "a\0b", None, 5, ["x"]])
async def test_these_may_not(ann: Person, text: Any) -> None:
    post = await ann.posted()
    error = refused(await ann.post(f"/posts/{post}/comments", json={"text": text}), 400)
    assert error["details"]["field"] == "text"
    if isinstance(text, str) and "\0" not in text:
        assert error["details"] == {"field": "text", "min_length": 1, "max_length": 1_000}
    assert await comment_count(ann, post) == 0


async def test_a_reply_to_a_reply_joins_its_thread(ann: Person, bob: Person) -> None:
    post = await ann.posted()
    root = await ann.commented(post, "root")
    reply = await bob.commented(post, "reply", root)
    deeper = await ann.commented(post, "deeper", reply)
    comments = told(await bob.get(f"/posts/{post}/comments"))["comments"]
    assert [one["comment_id"] for one in comments] == [root, reply, deeper]
    assert [one["parent_comment_id"] for one in comments] == [None, root, root]
    assert [one["replies_count"] for one in comments] == [2, 0, 0]
    assert await comment_count(ann, post) == 3


async def test_the_parent_may_be_named_in_each_way(ann: Person) -> None:
    post = await ann.posted()
    root = await ann.commented(post)
    number = root.removeprefix("comment_")
    for named in (root, number, int(number)):
        body = {"text": "x", "parent_comment_id": named}
        comment = told(await ann.post(f"/posts/{post}/comments", json=body), 201)
        assert comment["parent_comment_id"] == root


async def test_a_parent_must_be_under_the_same_post(ann: Person) -> None:
    post, other = await ann.posted(), await ann.posted()
    elsewhere, gone = await ann.commented(other), await ann.commented(post)
    told(await ann.delete(f"/comments/{gone}"))
    for named in (elsewhere, gone, "comment_1", "x", "", "me", -1, 0, 10**20, post):
        body = {"text": "x", "parent_comment_id": named}
        error = refused(await ann.post(f"/posts/{post}/comments", json=body), 400)
        assert error["details"]["field"] == "parent_comment_id"
    assert await comment_count(ann, post) == 0


@pytest.mark.parametrize("post", ["1", "x", "0", "9" * 30, "comment_1"])
async def test_there_is_nothing_to_say_of_no_post(ann: Person, post: str) -> None:
    refused(await ann.post(f"/posts/{post}/comments", json={"text": "x"}), 404)
    refused(await ann.get(f"/posts/{post}/comments"), 404)


# The list.


async def test_comments_are_paged_the_oldest_first_both_ways(ann: Person) -> None:
    post = await ann.posted()
    ids = [await ann.commented(post, str(number)) for number in range(5)]
    path = f"/posts/{post}/comments"
    first = told(await ann.get(path, count=2))
    assert [one["comment_id"] for one in first["comments"]] == ids[:2]
    assert set(first) == {"comments", "next_cursor", "previous_cursor", "has_more"}
    second = told(await ann.get(path, count=2, cursor=first["next_cursor"]))
    assert [one["comment_id"] for one in second["comments"]] == ids[2:4]
    third = told(await ann.get(path, count=2, cursor=second["next_cursor"]))
    assert [one["comment_id"] for one in third["comments"]] == ids[4:]
    assert (third["next_cursor"], third["has_more"]) == (None, False)
    back = await ann.lists(path, count=2, cursor=third["previous_cursor"])
    assert back == ids[2:4]


async def test_what_is_written_and_deleted_meanwhile_neither_repeats_nor_hides(
    ann: Person,
) -> None:
    post = await ann.posted()
    ids = [await ann.commented(post, str(number)) for number in range(5)]
    path = f"/posts/{post}/comments"
    first = told(await ann.get(path, count=2))
    for deleted in (ids[1], ids[2]):
        told(await ann.delete(f"/comments/{deleted}"))
    newer = await ann.commented(post)
    assert await ann.lists(path, cursor=first["next_cursor"]) == [ids[3], ids[4], newer]


async def test_a_thread_can_be_asked_for_by_any_of_its_comments(ann: Person) -> None:
    post = await ann.posted()
    root, other = await ann.commented(post), await ann.commented(post)
    replies = [await ann.commented(post, "x", root) for _ in range(3)]
    await ann.commented(post, "x", other)
    path = f"/posts/{post}/comments"
    for named in (root, root.removeprefix("comment_"), replies[1]):
        assert await ann.lists(path, parent_comment_id=named) == replies
    page = told(await ann.get(path, parent_comment_id=root, count=2))
    rest = {"parent_comment_id": root, "cursor": page["next_cursor"]}
    assert await ann.lists(path, **rest) == replies[2:]
    for query in (
        {"cursor": page["next_cursor"]},
        {"cursor": page["next_cursor"], "parent_comment_id": other},
        {"parent_comment_id": "comment_1"},
        {"parent_comment_id": ""},
        {"count": 51},
        {"count": 0},
    ):
        refused(await ann.get(path, **query), 400)


# Likes.


async def test_a_comment_is_liked_once_a_person(ann: Person, bob: Person) -> None:
    post = await ann.posted()
    comment = await ann.commented(post)
    for _ in range(2):
        answer = told(await bob.post(f"/comments/{comment}/like"))
        assert answer == {"liked": True, "likes_count": 1}
    number = comment.removeprefix("comment_")
    assert told(await ann.post(f"/comments/{number}/like"))["likes_count"] == 2
    (shown,) = told(await bob.get(f"/posts/{post}/comments"))["comments"]
    assert (shown["likes_count"], shown["liked_by_user"]) == (2, True)
    for _ in range(2):
        answer = told(await bob.delete(f"/comments/{comment}/like"))
        assert answer == {"liked": False, "likes_count": 1}
    (shown,) = told(await bob.get(f"/posts/{post}/comments"))["comments"]
    assert (shown["likes_count"], shown["liked_by_user"]) == (1, False)


@pytest.mark.parametrize("comment", ["comment_1", "1", "comment_x", "comment_", "0", "media_1"])
async def test_what_is_no_comment_is_not_found(ann: Person, comment: str) -> None:
    refused(await ann.post(f"/comments/{comment}/like"), 404)
    refused(await ann.delete(f"/comments/{comment}/like"), 404)
    refused(await ann.delete(f"/comments/{comment}"), 404)


async def test_a_repeat_may_name_the_parent_in_another_form(ann: Person) -> None:
    """“compared by its values”; “in requests an id may be a number or a string”."""
    post = await ann.posted()
    root = await ann.commented(post)
    number = root.removeprefix("comment_")
    answers = [
        told(
            await ann.post(
                f"/posts/{post}/comments",
                json={"text": "x", "parent_comment_id": parent},
                headers={"Idempotency-Key": "k"},
            ),
            201,
        )
        for parent in (root, number, int(number))
    ]
    assert answers[0] == answers[1] == answers[2]
    assert await comment_count(ann, post) == 2


# Deletion.


@pytest.mark.parametrize("deleter", [0, 1], ids=["the post's author", "its writer"])
async def test_a_comment_is_deleted_by_its_writer_or_the_posts_author_and_its_replies_with_it(
    world: World, deleter: int
) -> None:
    author, writer, third = people = await world.people("ann", "bob", "cat")
    post = await author.posted()
    root = await writer.commented(post)
    reply = await third.commented(post, "x", root)
    other = await third.commented(post)
    for nobody, comment in ((third, root), (writer, other), (writer, reply)):
        assert refused(await nobody.delete(f"/comments/{comment}"), 403)["code"] == "FORBIDDEN"
    answer = told(await people[deleter].delete(f"/comments/{root}"))
    assert answer == {"message": "Comment deleted", "comment_id": root}
    assert await author.lists(f"/posts/{post}/comments") == [other]
    assert await comment_count(third, post) == 1
    for gone in (root, reply):
        refused(await author.delete(f"/comments/{gone}"), 404)
        refused(await author.post(f"/comments/{gone}/like"), 404)


@pytest.mark.parametrize("blocker", [0, 1], ids=["by the post's author", "by its writer"])
@pytest.mark.parametrize("deleter", [0, 1], ids=["the post's author", "its writer"])
async def test_a_comment_is_deleted_across_a_block(
    world: World, blocker: int, deleter: int
) -> None:
    """“`DELETE /comments/:id` by its author or the post's”; others behind a block find none."""
    people = ann, bob, cat = await world.people("ann", "bob", "cat")
    comment = await bob.commented(await ann.posted())
    await people[blocker].blocks(people[1 - blocker])
    await cat.blocks(bob)
    refused(await cat.delete(f"/comments/{comment}"), 404)
    refused(await ann.post(f"/comments/{comment}/like"), 404)
    told(await people[deleter].delete(f"/comments/{comment}"))
    refused(await people[deleter].delete(f"/comments/{comment}"), 404)


async def test_who_was_removed_from_a_private_account_deletes_what_they_wrote(
    ann: Person, bob: Person
) -> None:
    await bob.follows(ann)
    post = await ann.posted()
    comment = await bob.commented(post)
    await ann.goes_private()
    told(await ann.delete(f"/users/me/followers/{bob.id}"))
    refused(await bob.get(f"/posts/{post}"), 404)
    told(await bob.delete(f"/comments/{comment}"))
    assert await comment_count(ann, post) == 0


async def test_deleting_a_reply_leaves_its_thread(ann: Person, bob: Person) -> None:
    post = await ann.posted()
    root = await ann.commented(post)
    reply, other = [await bob.commented(post, "x", root) for _ in range(2)]
    told(await bob.delete(f"/comments/{reply}"))
    comments = told(await ann.get(f"/posts/{post}/comments"))["comments"]
    assert [one["comment_id"] for one in comments] == [root, other]
    assert comments[0]["replies_count"] == 1
    assert await comment_count(ann, post) == 2


async def test_comments_go_with_their_post(ann: Person, bob: Person) -> None:
    post = await ann.posted()
    comment = await bob.commented(post)
    told(await ann.delete(f"/posts/{post}"))
    refused(await bob.get(f"/posts/{post}/comments"), 404)
    refused(await bob.delete(f"/comments/{comment}"), 404)
    refused(await bob.post(f"/comments/{comment}/like"), 404)
