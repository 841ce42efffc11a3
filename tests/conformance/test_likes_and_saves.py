"""contract.md, "Posts": liking and saving."""

from functools import partial

from tests.conformance.shapes import LISTED, POST, check, page
from tests.conformance.world import Api, Person, at_once, ok, refused


def test_liking_and_unliking(ann: Person, bob: Person) -> None:
    """The text's `POST|DELETE /api/v1/posts/:post_id/like`; “Like and unlike are idempotent.”"""
    post = ann.posts()
    path = f"/posts/{post['post_id']}"
    for _ in range(2):
        assert bob.likes(post) == {"liked": True, "likes_count": 1}
    assert ann.likes(post) == {"liked": True, "likes_count": 2}
    assert bob.sees(path)["liked_by_user"] is True
    assert bob.sees(path)["likes_count"] == 2
    for _ in range(2):
        assert ok(bob.delete(f"{path}/like")) == {"liked": False, "likes_count": 1}
    assert (bob.sees(path)["liked_by_user"], ann.sees(path)["liked_by_user"]) == (False, True)


def test_liking_what_is_not_there(ann: Person) -> None:
    """“NOT_FOUND: 404”."""
    for act in ("like", "save"):
        for method in ("POST", "DELETE"):
            refused(ann.call(method, f"/posts/999999999/{act}"), "NOT_FOUND")
    refused(ann.get("/posts/999999999/likes"), "NOT_FOUND")


def test_many_likes_at_once_are_counted_once_each(api: Api, ann: Person) -> None:
    """“Like and unlike are idempotent”, also at once."""
    post = ann.posts()
    people = [api.person("liker") for _ in range(3)]
    at_once(*[partial(person.likes, post) for person in people for _ in range(3)])
    assert ann.sees(f"/posts/{post['post_id']}")["likes_count"] == 3
    assert set(ann.ids(f"/posts/{post['post_id']}/likes")) == {person.id for person in people}


def test_who_likes_a_post(ann: Person, bob: Person, cat: Person) -> None:
    """“`GET /posts/:id/likes` lists users”, decided: the newest like first; a like that is taken
    back and given again is a new one."""
    post = ann.posts()
    path = f"/posts/{post['post_id']}/likes"
    for person in (ann, bob, cat):
        person.likes(post)
    ann.follows(cat)
    shown = ann.sees(path)
    check(shown, page("users", LISTED))
    assert [user["user_id"] for user in shown["users"]] == [cat.id, bob.id, ann.id]
    assert [user["following"] for user in shown["users"]] == [True, False, False]
    ok(ann.delete(f"/posts/{post['post_id']}/like"))
    assert bob.ids(path) == [cat.id, bob.id]
    ann.likes(post)
    assert bob.ids(path) == [ann.id, cat.id, bob.id]
    bob.likes(post)
    assert bob.ids(path) == [ann.id, cat.id, bob.id], "liking again changes nothing"


def test_saving_and_unsaving(ann: Person, bob: Person) -> None:
    """“`POST|DELETE /posts/:id/save`, `GET /users/me/saved`”; decided: the newest save first."""
    one, other = ann.posts(), ann.posts()
    for _ in range(2):
        assert bob.saves(other) == {"saved": True, "post_id": other["post_id"]}
    bob.saves(one)
    shown = bob.sees("/users/me/saved")
    check(shown, page("posts", POST))
    assert [post["post_id"] for post in shown["posts"]] == [one["post_id"], other["post_id"]]
    assert all(post["saved_by_user"] for post in shown["posts"])
    for _ in range(2):
        answer = ok(bob.delete(f"/posts/{one['post_id']}/save"))
        assert answer == {"saved": False, "post_id": one["post_id"]}
    assert bob.ids("/users/me/saved", "posts") == [other["post_id"]]
    assert bob.sees(f"/posts/{one['post_id']}")["saved_by_user"] is False


def test_saves_are_one_s_own(ann: Person, bob: Person) -> None:
    """Decided: “/saved of others: 403”; nobody else sees that a post is saved."""
    post = ann.posts()
    bob.saves(post)
    refused(ann.get(f"/users/{bob.id}/saved"), "FORBIDDEN")
    assert bob.ids(f"/users/{bob.id}/saved", "posts") == [post["post_id"]]
    assert ann.sees(f"/posts/{post['post_id']}")["saved_by_user"] is False


def test_likes_and_saves_come_and_go_apart(ann: Person) -> None:
    """The text's post: `liked_by_user` and `saved_by_user` are two things."""
    post = ann.posts()
    path = f"/posts/{post['post_id']}"
    ann.saves(post)
    shown = ann.sees(path)
    assert (shown["liked_by_user"], shown["saved_by_user"]) == (False, True)
    ann.likes(post)
    ok(ann.delete(f"{path}/save"))
    shown = ann.sees(path)
    assert (shown["liked_by_user"], shown["saved_by_user"]) == (True, False)
