"""contract.md, "Posts": comments, replies, likes on comments."""

from typing import Any

import pytest

from tests.conformance.shapes import COMMENT, check, page
from tests.conformance.world import Person, ok, refused


def path_of(post: Any) -> str:
    return f"/posts/{post['post_id']}/comments"


def listed(person: Person, post: Any, **query: Any) -> list[Any]:
    """All comments, which are as many as the post counts."""
    shown = person.sees(path_of(post), count=50, **query)
    check(shown, page("comments", COMMENT))
    if not query:
        count = person.sees(f"/posts/{post['post_id']}")["comments_count"]
        assert count == len(shown["comments"])
    return shown["comments"]


def ids(comments: list[Any]) -> list[str]:
    return [comment["comment_id"] for comment in comments]


def test_a_comment_as_the_text_shows_it(ann: Person, bob: Person) -> None:
    """The text's `POST /api/v1/posts/:post_id/comments` → 201, with the keys that contract.md adds:
    “each with `parent_comment_id`, `likes_count`, `liked_by_user`, `replies_count`”."""
    post = ann.posts()
    body = {"text": "Amazing photo! 😍", "parent_comment_id": None}
    comment = ok(bob.post(path_of(post), json=body), 201)
    check(comment, COMMENT)
    assert comment["post_id"] == post["post_id"]
    assert comment["user"] == {
        "user_id": bob.id,
        "username": bob.name,
        "profile_image_url": None,
    }
    assert (comment["text"], comment["parent_comment_id"]) == ("Amazing photo! 😍", None)
    assert (comment["likes_count"], comment["replies_count"]) == (0, 0)
    assert comment["liked_by_user"] is False
    assert listed(ann, post) == [comment]


def test_comments_are_listed_oldest_first_with_their_replies(ann: Person, bob: Person) -> None:
    """“`GET /posts/:id/comments` → `{"comments": […], …}` oldest first, replies included
    (`?parent_comment_id=` filters)”."""
    post = ann.posts()
    first = ann.comments(post, "first")
    second = bob.comments(post, "second")
    reply = bob.comments(post, "a reply", parent=first)
    third = ann.comments(post, "third")
    shown = listed(bob, post)
    assert ids(shown) == ids([first, second, reply, third])
    assert [one["replies_count"] for one in shown] == [1, 0, 0, 0]
    assert shown[2]["parent_comment_id"] == first["comment_id"]
    number = first["comment_id"].removeprefix("comment_")
    for spelt in (first["comment_id"], number):
        assert listed(bob, post, parent_comment_id=spelt) == [reply]
    assert listed(bob, post, parent_comment_id=second["comment_id"]) == []


def test_a_filter_that_fits_nothing(ann: Person) -> None:
    """“INVALID_REQUEST: 400 (… wrong type …)”; a thread that is not on this post is no thread."""
    post, other = ann.posts(), ann.posts()
    elsewhere = ann.comments(other)
    for bad in ("x", "comment_", "1.5", "-1", "9" * 40, "post_5"):
        answer = ann.get(path_of(post), parent_comment_id=bad)
        refused(answer, "INVALID_REQUEST", "parent_comment_id")
    for unknown in (elsewhere["comment_id"], "999999999"):
        answer = ann.get(path_of(post), parent_comment_id=unknown)
        assert answer.status_code in {200, 400, 404}
        assert answer.status_code != 200 or answer.json()["comments"] == []


def test_texts_are_trimmed_and_have_their_length(ann: Person) -> None:
    """“Comments: 1…1,000 characters after trimming”."""
    post = ann.posts()
    assert ann.comments(post, "  \n trimmed \t ")["text"] == "trimmed"
    for unit in ("x", "é", "😍"):
        assert ann.comments(post, unit * 1_000)["text"] == unit * 1_000
        assert ann.comments(post, " " + unit * 1_000 + "\n")["text"] == unit * 1_000
        answer = ann.post(path_of(post), json={"text": unit * 1_001})
        refused(answer, "INVALID_REQUEST", "text", max_length=1_000)
    for empty in ("", " ", "\n\t \r\n"):
        refused(ann.post(path_of(post), json={"text": empty}), "INVALID_REQUEST", "text")
    assert len(listed(ann, post)) == 7


def test_a_text_stays_as_it_was_written(ann: Person) -> None:
    """“JSON in UTF-8”; a text comes back code point for code point."""
    post = ann.posts()
    text = '"quotes" <b>tags</b> \\u0041 & \n a line, e\u0301, 👩‍👩‍👧, עברית @nobody #tag'
    assert ann.comments(post, text)["text"] == text
    assert listed(ann, post)[0]["text"] == text


def test_a_reply_to_a_reply_joins_its_thread(ann: Person, bob: Person) -> None:
    """“replies are one level deep (a reply to a reply joins its thread)”."""
    post = ann.posts()
    first = ann.comments(post)
    reply = bob.comments(post, "a reply", parent=first)
    deeper = ann.comments(post, "a reply to it", parent=reply)
    assert deeper["parent_comment_id"] == first["comment_id"]
    assert ids(listed(ann, post, parent_comment_id=first["comment_id"])) == ids([reply, deeper])
    assert [one["replies_count"] for one in listed(ann, post)] == [2, 0, 0]


@pytest.mark.parametrize(
    "parent",
    ["999999999", 999999999, "comment_999999999", "x", "", "post_1", 1.5, -1, True, [], {}],
)
def test_what_is_no_parent(ann: Person, parent: Any) -> None:
    """Decided: “parent on another post, unknown or invisible: 400 details.field
    parent_comment_id”."""
    post = ann.posts()
    answer = ann.post(path_of(post), json={"text": "x", "parent_comment_id": parent})
    refused(answer, "INVALID_REQUEST", "parent_comment_id")


def test_a_reply_is_on_the_same_post(ann: Person) -> None:
    """“must be on the same post (else 400)”."""
    comment = ann.comments(ann.posts())
    other = ann.posts()
    body = {"text": "x", "parent_comment_id": comment["comment_id"]}
    refused(ann.post(path_of(other), json=body), "INVALID_REQUEST", "parent_comment_id")
    assert listed(ann, other) == []


def test_a_deleted_comment_has_no_replies(ann: Person) -> None:
    """Decided: an unknown parent is 400."""
    post = ann.posts()
    comment = ann.comments(post)
    ok(ann.delete(f"/comments/{comment['comment_id']}"))
    body = {"text": "x", "parent_comment_id": comment["comment_id"]}
    refused(ann.post(path_of(post), json=body), "INVALID_REQUEST", "parent_comment_id")


def test_liking_comments(ann: Person, bob: Person) -> None:
    """“`POST|DELETE /comments/:id/like`”, as idempotent as of posts."""
    post = ann.posts()
    comment = ann.comments(post)
    reply = ann.comments(post, "a reply", parent=comment)
    for _ in range(2):
        assert bob.likes_comment(comment) == {"liked": True, "likes_count": 1}
    assert ann.likes_comment(comment) == {"liked": True, "likes_count": 2}
    bob.likes_comment(reply)
    for person, liked in ((ann, [True, False]), (bob, [True, True])):
        shown = listed(person, post)
        assert [one["likes_count"] for one in shown] == [2, 1]
        assert [one["liked_by_user"] for one in shown] == liked
    for _ in range(2):
        answer = ok(bob.delete(f"/comments/{comment['comment_id']}/like"))
        assert answer == {"liked": False, "likes_count": 1}
    assert ann.sees(f"/posts/{post['post_id']}")["likes_count"] == 0


@pytest.mark.parametrize(
    "text", ["999999999", "comment_999999999", "x", "post_1", "comment_x", "0"]
)
def test_a_comment_that_is_not_there(reader: Person, text: str) -> None:
    """“NOT_FOUND: 404, also for … malformed ids in a path”."""
    refused(reader.post(f"/comments/{text}/like"), "NOT_FOUND")
    refused(reader.delete(f"/comments/{text}/like"), "NOT_FOUND")
    refused(reader.delete(f"/comments/{text}"), "NOT_FOUND")


def test_a_comment_is_deleted_by_its_author_or_the_post_s(
    ann: Person, bob: Person, cat: Person
) -> None:
    """“`DELETE /comments/:id` by its author or the post's”; decided: others 403."""
    post = ann.posts()
    one, other = bob.comments(post, "one"), bob.comments(post, "other")
    refused(cat.delete(f"/comments/{one['comment_id']}"), "FORBIDDEN")
    answer = ok(bob.delete(f"/comments/{one['comment_id']}"))
    assert answer == {"message": "Comment deleted", "comment_id": one["comment_id"]}
    assert ids(listed(cat, post)) == [other["comment_id"]]
    ok(ann.delete(f"/comments/{other['comment_id'].removeprefix('comment_')}"))
    assert listed(cat, post) == []
    for person in (ann, bob, cat):
        refused(person.delete(f"/comments/{one['comment_id']}"), "NOT_FOUND")


def test_a_reply_is_not_the_parent_s_author_s_to_delete(
    ann: Person, bob: Person, cat: Person
) -> None:
    """“by its author or the post's”: not by who wrote what it replies to."""
    post = ann.posts()
    comment = bob.comments(post)
    reply = cat.comments(post, "a reply", parent=comment)
    refused(bob.delete(f"/comments/{reply['comment_id']}"), "FORBIDDEN")
    ok(cat.delete(f"/comments/{reply['comment_id']}"))
    assert [one["replies_count"] for one in listed(ann, post)] == [0]


def test_a_comment_takes_its_replies_along(ann: Person, bob: Person) -> None:
    """“it takes its replies along. `comments_count` counts all that are listed”."""
    post = ann.posts()
    comment = ann.comments(post)
    replies = [bob.comments(post, "a reply", parent=comment) for _ in range(2)]
    kept = bob.comments(post, "kept")
    assert len(listed(ann, post)) == 4
    ok(ann.delete(f"/comments/{comment['comment_id']}"))
    assert ids(listed(bob, post)) == [kept["comment_id"]]
    for reply in replies:
        refused(bob.delete(f"/comments/{reply['comment_id']}"), "NOT_FOUND")
        refused(bob.post(f"/comments/{reply['comment_id']}/like"), "NOT_FOUND")


def test_commenting_on_what_is_not_there(ann: Person) -> None:
    """“NOT_FOUND: 404”."""
    refused(ann.post("/posts/999999999/comments", json={"text": "x"}), "NOT_FOUND")
    refused(ann.get("/posts/999999999/comments"), "NOT_FOUND")


def test_counts_are_the_same_everywhere(ann: Person, bob: Person) -> None:
    """“`comments_count` counts all that are listed”, in feeds and lists as well."""
    post = ann.posts()
    bob.follows(ann)
    bob.comments(post)
    for path in ("/feed", f"/users/{ann.id}/posts"):
        assert [one["comments_count"] for one in bob.sees(path)["posts"]] == [1]
