"""contract.md, "Users and graph": deleting an account takes all that it made out of everything that
others see. Ann leaves; Bob and Cat stay."""

from typing import Any

import pytest

from tests.conformance.pictures import plain
from tests.conformance.world import PASSWORD, Api, Person, form, ok, refused


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/users/me/delete"), ("DELETE", "/users/me")]
)
def test_both_ways_to_go(api: Api, ann: Person, method: str, path: str) -> None:
    """“`POST /users/me/delete {password}` (`DELETE /users/me` takes the same body)”."""
    answer = ok(ann.call(method, path, json={"password": PASSWORD}))
    assert answer == {"message": "Account deleted", "user_id": ann.id}
    refused(api.call("GET", f"/users/{ann.id}"), "NOT_FOUND")


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/users/me/delete"), ("DELETE", "/users/me")]
)
def test_it_takes_the_password(ann: Person, method: str, path: str) -> None:
    """Decided: a wrong password is 403 and names its field."""
    wrong = ann.call(method, path, json={"password": "wrong horse"})
    refused(wrong, "FORBIDDEN", "password")
    for body in ({}, {"password": None}, {"password": 1}):
        refused(ann.call(method, path, json=body), "INVALID_REQUEST", "password")
    refused(ann.call(method, path), "INVALID_REQUEST")
    ok(ann.get("/feed"))


def test_another_s_account_can_t_be_deleted(ann: Person, bob: Person) -> None:
    """“nobody reaches another's data”: not with one's own password, nor with theirs, which is the
    same here."""
    for method, path in (("POST", f"/users/{bob.id}/delete"), ("DELETE", f"/users/{bob.id}")):
        refused(ann.call(method, path, json={"password": PASSWORD}), "FORBIDDEN")
    ok(bob.get("/feed"))
    ok(ann.get("/feed"))


def test_its_sessions_end_at_once(api: Api, ann: Person) -> None:
    """“deletes the account and all that it made”: its sessions and tokens, too."""
    other = ann.again()
    ann.deletes_account()
    for person in (ann, other):
        refused(person.get("/feed"), "UNAUTHORIZED")
        refused(person.get("/users/me"), "UNAUTHORIZED")
        refused(person.publish(), "UNAUTHORIZED")
        refused(api.refresh(person.refresh_token), "UNAUTHORIZED")
        refused(person.post("/users/me/delete", json={"password": PASSWORD}), "UNAUTHORIZED")
    refused(api.log_in(ann.name), "UNAUTHORIZED")


def test_it_is_not_found_any_more(api: Api, ann: Person, bob: Person) -> None:
    """“deletes the account and all that it made”."""
    post = ann.posts()
    ann.deletes_account()
    for path in ("", "/posts", "/followers", "/following", "/tagged"):
        refused(bob.get(f"/users/{ann.id}{path}"), "NOT_FOUND")
    refused(bob.get(f"/users/by-username/{ann.name}"), "NOT_FOUND")
    for act in ("follow", "block"):
        refused(bob.post(f"/users/{ann.id}/{act}"), "NOT_FOUND")
    assert bob.sees("/users/relationships", ids=ann.id) == {"relationships": []}
    refused(bob.publish(user_tags=[ann.id]), "INVALID_REQUEST", "user_tags")
    refused(bob.get(f"/posts/{post['post_id']}"), "NOT_FOUND")


def test_its_posts_and_files_are_gone(api: Api, ann: Person, bob: Person) -> None:
    """“deletes the account and all that it made”; “Deleting a post deletes its files.”"""
    post = ann.posts(plain(), plain())
    face = ok(ann.put("/users/me/avatar", files=form(plain())))["user"]["profile_image_url"]
    comment = bob.comments(post)
    bob.follows(ann)
    bob.likes(post)
    bob.saves(post)
    assert bob.ids("/feed", "posts") == [post["post_id"]]
    ann.deletes_account()
    assert bob.ids("/feed", "posts") == bob.ids("/users/me/saved", "posts") == []
    path = f"/posts/{post['post_id']}"
    for answer in (
        bob.get(path),
        bob.get(f"{path}/comments"),
        bob.get(f"{path}/likes"),
        bob.post(f"{path}/like"),
        bob.delete(f"{path}/save"),
        bob.post(f"{path}/comments", json={"text": "x"}),
        bob.post(f"/comments/{comment['comment_id']}/like"),
        bob.delete(f"/comments/{comment['comment_id']}"),
    ):
        refused(answer, "NOT_FOUND")
    for medium in post["media"]:
        for url in (medium["url"], medium["thumbnail_url"]):
            refused(bob.get(url), "NOT_FOUND")
            refused(api.call("GET", url), "NOT_FOUND")
    refused(api.call("GET", face), "NOT_FOUND")


def test_it_leaves_the_lists_and_counts_of_people(ann: Person, bob: Person, cat: Person) -> None:
    """“deletes the account and all that it made”: follows of both directions, and blocks."""
    ann.follows(bob)
    bob.follows(ann)
    cat.blocks(ann)
    ann.deletes_account()
    stats = bob.sees("/users/me")["stats"]
    assert (stats["followers_count"], stats["following_count"]) == (0, 0)
    assert bob.ids("/users/me/followers") == bob.ids("/users/me/following") == []
    assert cat.ids(f"/users/{bob.id}/followers") == []
    assert cat.ids("/users/me/blocks") == []
    refused(bob.delete(f"/users/{ann.id}/follow"), "NOT_FOUND")


def test_its_requests_are_gone(ann: Person, priv: Person) -> None:
    """“deletes the account and all that it made”: what it asked for, too."""
    ann.follows(priv)
    ann.deletes_account()
    assert priv.ids("/follow-requests") == []
    refused(priv.post(f"/follow-requests/{ann.id}/approve"), "NOT_FOUND")
    assert priv.edits(private_account=False)["stats"]["followers_count"] == 0


def counts(person: Person, post: Any) -> tuple[int, int]:
    shown = person.sees(f"/posts/{post['post_id']}")
    return shown["likes_count"], shown["comments_count"]


def test_its_likes_and_comments_leave_others_posts(ann: Person, bob: Person, cat: Person) -> None:
    """“deletes the account and all that it made”; “`comments_count` counts all that are listed”."""
    post = bob.posts()
    path = f"/posts/{post['post_id']}"
    mine, theirs = ann.comments(post, "Ann's"), cat.comments(post, "Cat's")
    ann.comments(post, "Ann's reply", parent=theirs)
    cat.comments(post, "Cat's reply to Ann's", parent=mine)
    ann.likes_comment(theirs)
    for person in (ann, cat):
        person.likes(post)
    assert counts(bob, post) == (2, 4)
    ann.deletes_account()
    assert bob.ids(f"{path}/likes") == [cat.id]
    listed = bob.sees(f"{path}/comments")["comments"]
    assert all(comment["user"]["user_id"] != ann.id for comment in listed)
    assert counts(bob, post) == (1, len(listed))
    [kept] = [comment for comment in listed if comment["comment_id"] == theirs["comment_id"]]
    assert (kept["likes_count"], kept["replies_count"]) == (0, 0)
    refused(bob.post(f"/comments/{mine['comment_id']}/like"), "NOT_FOUND")


def test_its_tags_are_gone(ann: Person, bob: Person) -> None:
    """“deletes the account and all that it made”: and it is not shown in what others made."""
    post = bob.posts(user_tags=[{"user_id": ann.id, "x": 0.5, "y": 0.5}])
    tagged = ann.posts(user_tags=[bob.id])
    assert bob.ids("/users/me/tagged", "posts") == [tagged["post_id"]]
    ann.deletes_account()
    assert bob.sees(f"/posts/{post['post_id']}")["user_tags"] == []
    assert bob.ids("/users/me/tagged", "posts") == []


def test_a_mention_of_it_is_only_text(ann: Person, bob: Person) -> None:
    """“deletes the account and all that it made”: what others wrote stays as they wrote it."""
    post = bob.posts(caption=f"with @{ann.name}")
    ann.deletes_account()
    assert bob.sees(f"/posts/{post['post_id']}")["caption"] == f"with @{ann.name}"


def test_a_page_goes_on_past_it(ann: Person, bob: Person, cat: Person) -> None:
    """“what is inserted or deleted meanwhile never repeats or hides an item”."""
    for person in (bob, cat):
        ann.follows(person)
    reader = ann.api.person("reader")
    for person in (ann, bob, cat):
        person.follows(reader)
    path = f"/users/{reader.id}/followers"
    first = reader.sees(path, count=1)
    assert [user["user_id"] for user in first["users"]] == [cat.id]
    bob.deletes_account()
    second = reader.sees(path, count=1, cursor=first["next_cursor"])
    assert ([user["user_id"] for user in second["users"]], second["has_more"]) == ([ann.id], False)
