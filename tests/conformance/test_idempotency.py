"""contract.md, "Forms": the Idempotency-Key."""

import json
import secrets
from functools import partial

import pytest

from tests.conformance.pictures import BLUE, RED, plain
from tests.conformance.world import (
    PASSWORD,
    PICTURE,
    Api,
    Person,
    at_once,
    form,
    fresh,
    ok,
    refused,
)

TWINS = 6


@pytest.fixture
def key() -> str:
    return secrets.token_hex(16)


def posts_of(person: Person) -> int:
    return person.sees("/users/me")["stats"]["posts_count"]


def test_a_post_is_published_once(ann: Person, key: str) -> None:
    """“the same user, route and key within 24 h get the first successful answer again and nothing
    happens twice” (each upload here has another multipart boundary)."""
    first = ann.publish(plain(), plain(colour=BLUE), key=key, caption="once")
    again = ann.publish(plain(), plain(colour=BLUE), key=key, caption="once")
    assert ok(first, 201) == ok(again, 201)
    assert posts_of(ann) == 1
    for medium in first.json()["media"]:
        assert ann.get(medium["url"]).status_code == 200


def test_a_comment_is_made_once(ann: Person, key: str) -> None:
    """“the same user, route and key … get the first successful answer again and nothing happens
    twice”."""
    path = f"/posts/{ann.posts()['post_id']}/comments"
    first, again = (ann.post(path, key=key, json={"text": "once"}) for _ in range(2))
    assert ok(first, 201) == ok(again, 201)
    assert len(ann.ids(path, "comments")) == 1


def test_a_story_and_a_place_are_made_once(ann: Person, key: str) -> None:
    """“**Idempotency-Key** on every POST but `/auth/*`”; “other values under the same key are
    400”."""
    first, again = (ann.post("/stories", files=form(PICTURE), key=key) for _ in range(2))
    assert ok(first, 201) == ok(again, 201)
    assert len(ann.sees("/users/me/stories")["stories"]) == 1
    longer = ann.post("/stories", files=form(PICTURE, duration="9"), key=key)
    refused(longer, "INVALID_REQUEST", "Idempotency-Key")
    place = {"name": fresh("Bench "), "lat": 48.1, "lng": 16.4}
    first, again = (ann.post("/locations", json=place, key=key) for _ in range(2))
    assert ok(first, 201) == ok(again, 201)
    assert len(ann.sees("/search/locations", q=place["name"])["locations"]) == 1
    elsewhere = ann.post("/locations", json={**place, "lat": 48.2}, key=key)
    refused(elsewhere, "INVALID_REQUEST", "Idempotency-Key")


def test_a_deleted_thing_is_not_made_again(ann: Person, key: str) -> None:
    """“get the first successful answer again and nothing happens twice”, also when what it made is
    gone."""
    first = ann.publish(key=key)
    ok(ann.delete(f"/posts/{ok(first, 201)['post_id']}"))
    assert ok(ann.publish(key=key), 201) == first.json()
    assert ann.ids("/users/me/posts", "posts") == []


def test_acts_that_make_nothing_are_kept_too(
    ann: Person, bob: Person, priv: Person, key: str
) -> None:
    """“**Idempotency-Key** on every POST but `/auth/*`”."""
    post = ann.posts()
    comment = ann.comments(post)
    story = ann.tells_story()
    bob.follows(priv)
    for person, path in (
        (bob, f"/posts/{post['post_id']}/like"),
        (bob, f"/posts/{post['post_id']}/save"),
        (bob, f"/comments/{comment['comment_id']}/like"),
        (bob, f"/users/{ann.id}/follow"),
        (priv, f"/follow-requests/{bob.id}/approve"),
        (bob, f"/stories/{story['story_id']}/view"),
        (bob, "/notifications/read"),
        (ann, f"/users/{bob.id}/block"),
    ):
        first, again = (person.post(path, key=key) for _ in range(2))
        assert ok(first) == ok(again), path


def test_a_denial_is_kept(bob: Person, priv: Person, key: str) -> None:
    """“get the first successful answer again”: without the key, a second denial finds nothing."""
    bob.follows(priv)
    first, again = (priv.post(f"/follow-requests/{bob.id}/deny", key=key) for _ in range(2))
    assert ok(first) == ok(again)
    refused(priv.post(f"/follow-requests/{bob.id}/deny"), "NOT_FOUND")


def test_the_first_answer_comes_again_and_nothing_happens(ann: Person, key: str) -> None:
    """“get the first successful answer again and nothing happens twice”: a like that was taken back
    since does not come back with a retry."""
    post = ann.posts()
    path = f"/posts/{post['post_id']}/like"
    assert ok(ann.post(path, key=key)) == {"liked": True, "likes_count": 1}
    ok(ann.delete(path))
    assert ok(ann.post(path, key=key)) == {"liked": True, "likes_count": 1}
    shown = ann.sees(f"/posts/{post['post_id']}")
    assert (shown["liked_by_user"], shown["likes_count"]) == (False, 0)


def test_what_is_left_unread_is_told_as_it_was(ann: Person, bob: Person, key: str) -> None:
    """“get the first successful answer again”, its `unread_count` too, whatever came since or was
    read since."""
    post = ann.posts()
    bob.likes(post)
    bob.follows(ann)
    oldest = ann.sees("/notifications")["notifications"][-1]["notification_id"]

    def reads() -> object:
        return ok(ann.post("/notifications/read", key=key, json={"up_to": oldest}))

    assert reads() == {"unread_count": 1}
    bob.comments(post)
    assert reads() == {"unread_count": 1}
    assert ann.sees("/notifications")["unread_count"] == 2
    ok(ann.post("/notifications/read"))
    assert reads() == {"unread_count": 1}


def test_the_end_of_an_account_is_told_again(api: Api, ann: Person, bob: Person, key: str) -> None:
    """“**Idempotency-Key** on every POST but `/auth/*`”: also where the first ended the session of
    its repeat. Another key, another route and another's token are 401 and 403 as ever."""
    path, body = "/users/me/delete", {"password": PASSWORD}
    other = ann.again()
    refused(ann.post(path, key=key, json={"password": "wrong horse"}), "FORBIDDEN", "password")
    first = ok(ann.post(path, key=key, json=body))
    assert first == {"message": "Account deleted", "user_id": ann.id}
    for person in (ann, other):
        assert ok(person.post(path, key=key, json=body)) == first
        assert ok(person.post(f"/users/{ann.id}/delete", key=key, json=body)) == first
        refused(person.post(path, key=f"{key}x", json=body), "UNAUTHORIZED")
        refused(person.post(path, json=body), "UNAUTHORIZED")
        refused(person.post("/notifications/read", key=key), "UNAUTHORIZED")
        refused(person.call("DELETE", "/users/me", key=key, json=body), "UNAUTHORIZED")
    forged = ann.token[:-4] + ("AAAA" if ann.token[-4:] != "AAAA" else "BBBB")
    refused(api.call("POST", path, token=forged, key=key, json=body), "UNAUTHORIZED")
    refused(bob.post(f"/users/{ann.id}/delete", key=key, json=body), "NOT_FOUND")
    ok(bob.get("/feed"))


def test_a_session_that_has_ended_gets_no_first_answer(ann: Person, key: str) -> None:
    """“ends the session at once”: what was kept for it is for the account's other sessions."""
    path = f"/posts/{ann.posts()['post_id']}/like"
    other = ann.again()
    first = ok(ann.post(path, key=key))
    ok(ann.post("/auth/logout"))
    refused(ann.post(path, key=key), "UNAUTHORIZED")
    assert ok(other.post(path, key=key)) == first


def test_twins_that_end_an_account_are_one(ann: Person, key: str) -> None:
    """“a second one while the first is under way waits for it”."""
    twin = partial(ann.post, "/users/me/delete", key=key, json={"password": PASSWORD})
    answers = at_once(*[twin] * TWINS)
    assert [ok(answer)["user_id"] for answer in answers] == [ann.id] * TWINS


def test_other_values_under_the_same_key_are_refused(ann: Person, key: str) -> None:
    """“other values under the same key are 400”."""
    ann.publish(plain(colour=RED), key=key, caption="one")
    refused(ann.publish(plain(colour=RED), key=key, caption="other"), "INVALID_REQUEST")
    refused(ann.publish(plain(colour=BLUE), key=key, caption="one"), "INVALID_REQUEST")
    refused(ann.publish(plain(), plain(), key=key, caption="one"), "INVALID_REQUEST")
    assert posts_of(ann) == 1


def test_another_text_or_another_path_is_another_value(ann: Person, key: str) -> None:
    """“other values under the same key are 400”, what the path names among them."""
    one, other = (f"/posts/{ann.posts()['post_id']}" for _ in range(2))
    ok(ann.post(f"{one}/comments", key=key, json={"text": "one"}), 201)
    refused(ann.post(f"{one}/comments", key=key, json={"text": "other"}), "INVALID_REQUEST")
    refused(ann.post(f"{other}/comments", key=key, json={"text": "one"}), "INVALID_REQUEST")
    ok(ann.post(f"{one}/like", key=key))
    refused(ann.post(f"{other}/like", key=key), "INVALID_REQUEST")
    assert ann.sees(other)["likes_count"] == 0


def test_the_values_count_and_not_the_bytes(ann: Person, key: str) -> None:
    """“The request is compared by its values and file contents, not its bytes”."""
    path = f"/posts/{ann.posts()['post_id']}/comments"
    body = {"text": "once", "parent_comment_id": None}
    spelt = [
        json.dumps(body),
        json.dumps(dict(reversed(body.items())), indent=2),
        json.dumps(body).replace("once", "\\u006fnce"),
    ]
    answers = [ok(ann.post(path, key=key, content=text), 201) for text in spelt]
    assert len({answer["comment_id"] for answer in answers}) == 1


def test_a_key_is_one_user_s_and_one_route_s(ann: Person, bob: Person, key: str) -> None:
    """“the same user, route and key”."""
    path = f"/posts/{ann.posts()['post_id']}"
    comments = [
        ok(person.post(f"{path}/comments", key=key, json={"text": "x"}), 201)
        for person in (ann, bob)
    ]
    assert comments[0]["comment_id"] != comments[1]["comment_id"]
    ok(ann.post(f"{path}/like", key=key))
    ok(ann.post(f"{path}/save", key=key))


def test_twins_at_once_are_one(ann: Person, key: str) -> None:
    """“a second one while the first is under way waits for it”."""
    answers = at_once(*[partial(ann.publish, key=key, caption="twin")] * TWINS)
    assert len({ok(answer, 201)["post_id"] for answer in answers}) == 1
    assert posts_of(ann) == 1
    path = f"/posts/{answers[0].json()['post_id']}/comments"
    twin = partial(ann.post, path, key=key, json={"text": "twin"})
    comments = at_once(*[twin] * TWINS)
    assert len({ok(answer, 201)["comment_id"] for answer in comments}) == 1
    assert len(ann.ids(path, "comments")) == 1


def test_without_a_key_twins_are_two(ann: Person) -> None:
    """The key is what makes one of two: nothing else may."""
    answers = at_once(*[partial(ann.publish, caption="twin")] * 2)
    assert len({ok(answer, 201)["post_id"] for answer in answers}) == 2


def test_errors_are_not_kept(ann: Person, key: str) -> None:
    """“Errors are not kept: they are decided again.”"""
    refused(ann.publish(b"no picture", key=key), "INVALID_MEDIA_FORMAT")
    ok(ann.publish(key=key), 201)


def test_a_refusal_is_not_kept(bob: Person, priv: Person, key: str) -> None:
    """“Errors are not kept: they are decided again.”"""
    path = f"/posts/{priv.posts()['post_id']}/comments"
    refused(bob.post(path, key=key, json={"text": "x"}), "NOT_FOUND")
    bob.follows(priv)
    priv.approves(bob)
    ok(bob.post(path, key=key, json={"text": "x"}), 201)


def test_auth_takes_no_key(ann: Person, key: str) -> None:
    """“**Idempotency-Key** on every POST but `/auth/*`”."""
    body = {"username": ann.name, "password": "correct horse"}
    tokens = [
        ok(ann.api.call("POST", "/auth/login", key=key, json=body))["refresh_token"]
        for _ in range(2)
    ]
    assert tokens[0] != tokens[1]


@pytest.mark.parametrize("key", ["x" * 10_000, "a b", "=", "😍".encode(), b"\xff"])
def test_a_strange_key_is_no_failure(ann: Person, key: str | bytes) -> None:
    """hardening.md: “no 5xx from any input: 0”."""
    post = ann.posts()["post_id"]
    ann.post(f"/posts/{post}/like", headers={"Idempotency-Key": key})
