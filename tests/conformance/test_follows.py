"""contract.md, "Users and graph": following public and private accounts."""

from functools import partial

from tests.conformance.shapes import BRIEF, FOLLOW, LISTED, check, page
from tests.conformance.world import Api, Person, at_once, ok, refused

APPROVAL = {"approved": bool, "user": BRIEF}


def stats(person: Person) -> tuple[int, int]:
    shown = person.sees("/users/me")["stats"]
    return shown["followers_count"], shown["following_count"]


def test_following_a_public_account(ann: Person, bob: Person) -> None:
    """“Follow: public → `{"following": true, "requested": false, "user": …}` …; again is the same
    answer”."""
    answer = ann.follows(bob)
    check(answer, FOLLOW)
    assert (answer["following"], answer["requested"]) == (True, False)
    assert (answer["user"]["user_id"], answer["user"]["username"]) == (bob.id, bob.name)
    assert ann.follows(bob) == answer
    assert (stats(ann), stats(bob)) == ((0, 1), (1, 0))
    assert bob.ids("/users/me/followers") == ann.ids(f"/users/{bob.id}/followers") == [ann.id]
    assert ann.ids("/users/me/following") == bob.ids(f"/users/{ann.id}/following") == [bob.id]


def test_unfollowing(ann: Person, bob: Person) -> None:
    """The text's `DELETE …/follow` → `{"following": false}`; decided: the same shape, also for who
    was not followed."""
    ann.follows(bob)
    answer = ann.unfollows(bob)
    check(answer, FOLLOW)
    assert (answer["following"], answer["requested"]) == (False, False)
    assert ann.unfollows(bob) == answer
    assert (stats(ann), stats(bob)) == ((0, 0), (0, 0))
    assert bob.ids("/users/me/followers") == ann.ids("/users/me/following") == []


def test_nobody_follows_oneself(ann: Person) -> None:
    """“oneself is 400”."""
    for path in (f"/users/{ann.id}/follow", "/users/me/follow"):
        refused(ann.post(path), "INVALID_REQUEST")
    refused(ann.post("/users/999999999/follow"), "NOT_FOUND")
    refused(ann.delete("/users/999999999/follow"), "NOT_FOUND")


def test_many_follows_at_once_are_one(ann: Person, bob: Person) -> None:
    """“again is the same answer”, also at once."""
    for answer in at_once(*[partial(ann.follows, bob)] * 6):
        assert answer["following"] is True
    assert stats(bob) == (1, 0)


def test_listed_users_have_all_that_the_text_shows(ann: Person, bob: Person, cat: Person) -> None:
    """The text's `GET …/followers`: `user_id`, `username`, `full_name`, `profile_image_url`,
    `following`; newest first."""
    cat.edits(full_name="Follower One")
    for person in (ann, cat):
        person.follows(bob)
    ann.follows(cat)
    for viewer, following in ((ann, [True, False]), (bob, [False, False])):
        shown = viewer.sees(f"/users/{bob.id}/followers")
        check(shown, page("users", LISTED))
        assert [user["user_id"] for user in shown["users"]] == [cat.id, ann.id]
        assert [user["full_name"] for user in shown["users"]] == ["Follower One", None]
        assert [user["following"] for user in shown["users"]] == following


def test_asking_to_follow_a_private_account(ann: Person, priv: Person) -> None:
    """“private → `{"following": false, "requested": true, "user": …}`; again is the same
    answer”."""
    answer = ann.follows(priv)
    check(answer, FOLLOW)
    assert (answer["following"], answer["requested"]) == (False, True)
    assert ann.follows(priv) == answer
    assert (stats(ann), stats(priv)) == ((0, 0), (0, 0))
    shown = ann.sees(f"/users/{priv.id}")
    assert (shown["following"], shown["requested"]) == (False, True)
    requests = priv.sees("/follow-requests")
    check(requests, page("users", LISTED))
    assert [user["user_id"] for user in requests["users"]] == [ann.id]


def test_approving_a_request(ann: Person, priv: Person) -> None:
    """“`POST /follow-requests/:user_id/approve|deny`”; decided: again is the same."""
    post = priv.posts()
    ann.follows(priv)
    answer = priv.approves(ann)
    check(answer, APPROVAL)
    assert (answer["approved"], answer["user"]["user_id"]) == (True, ann.id)
    assert priv.approves(ann) == answer
    assert priv.ids("/follow-requests") == []
    assert priv.ids("/users/me/followers") == [ann.id]
    assert (stats(ann), stats(priv)) == ((0, 1), (1, 0))
    assert ann.ids("/feed", "posts") == [post["post_id"]]
    again = ann.follows(priv)
    assert (again["following"], again["requested"]) == (True, False)


def test_denying_a_request(ann: Person, priv: Person) -> None:
    """“`POST /follow-requests/:user_id/approve|deny`”; decided: nothing requested is 404."""
    ann.follows(priv)
    answer = ok(priv.post(f"/follow-requests/{ann.id}/deny"))
    check(answer, APPROVAL)
    assert (answer["approved"], answer["user"]["user_id"]) == (False, ann.id)
    refused(priv.post(f"/follow-requests/{ann.id}/deny"), "NOT_FOUND")
    refused(priv.post(f"/follow-requests/{ann.id}/approve"), "NOT_FOUND")
    assert priv.ids("/follow-requests") == priv.ids("/users/me/followers") == []
    assert ann.sees(f"/users/{priv.id}")["requested"] is False
    assert ann.follows(priv)["requested"] is True, "it may be asked again"


def test_nothing_is_approved_that_nobody_asked_for(ann: Person, bob: Person, priv: Person) -> None:
    """Decided: “neither requested nor following: 404”."""
    for other in (ann.id, priv.id, "999999999"):
        refused(priv.post(f"/follow-requests/{other}/approve"), "NOT_FOUND")
        refused(priv.post(f"/follow-requests/{other}/deny"), "NOT_FOUND")
    ann.follows(priv)
    refused(ann.post(f"/follow-requests/{ann.id}/approve"), "NOT_FOUND")
    refused(bob.post(f"/follow-requests/{ann.id}/approve"), "NOT_FOUND")
    assert ann.sees(f"/users/{priv.id}")["following"] is False


def test_a_request_can_be_withdrawn(ann: Person, priv: Person) -> None:
    """“`DELETE /users/:id/follow` also withdraws a request.”"""
    ann.follows(priv)
    answer = ann.unfollows(priv)
    assert (answer["following"], answer["requested"]) == (False, False)
    assert priv.ids("/follow-requests") == []
    refused(priv.post(f"/follow-requests/{ann.id}/approve"), "NOT_FOUND")


def test_going_public_approves_what_was_requested(api: Api, priv: Person) -> None:
    """“Going public approves what was requested.”"""
    asking = [api.person("asking") for _ in range(3)]
    for person in asking:
        person.follows(priv)
    assert priv.edits(private_account=False)["stats"]["followers_count"] == 3
    assert priv.ids("/follow-requests") == []
    assert set(priv.ids("/users/me/followers")) == {person.id for person in asking}
    for person in asking:
        shown = person.sees(f"/users/{priv.id}")
        assert (shown["following"], shown["requested"]) == (True, False)


def test_going_private_keeps_followers(ann: Person, bob: Person) -> None:
    """“A private account's posts, stories, followers and following are for its followers”: who
    followed before is one."""
    post = bob.posts()
    ann.follows(bob)
    assert bob.edits(private_account=True)["private_account"] is True
    assert ann.ids("/feed", "posts") == [post["post_id"]]
    assert ann.follows(bob)["following"] is True


def test_a_follower_can_be_removed(ann: Person, bob: Person) -> None:
    """“`DELETE /users/me/followers/:id` removes a follower.”"""
    bob.posts()
    ann.follows(bob)
    answer = ok(bob.delete(f"/users/me/followers/{ann.id}"))
    check(answer, {"followed_by": bool, "user": BRIEF})
    assert (answer["followed_by"], answer["user"]["user_id"]) == (False, ann.id)
    assert ok(bob.delete(f"/users/{bob.id}/followers/{ann.id}")) == answer
    assert (stats(ann), stats(bob)) == ((0, 0), (0, 0))
    assert ann.ids("/feed", "posts") == []
    assert ann.follows(bob)["following"] is True, "it may follow again"


def test_another_s_follower_can_t_be_removed(ann: Person, bob: Person, cat: Person) -> None:
    """Decided: “somebody else's: 403”; nobody's is 404."""
    ann.follows(bob)
    refused(cat.delete(f"/users/{bob.id}/followers/{ann.id}"), "FORBIDDEN")
    assert stats(bob) == (1, 0)
    refused(bob.delete("/users/me/followers/999999999"), "NOT_FOUND")
