"""contract.md, "Notifications", and the text's `GET /api/v1/notifications`."""

from typing import Any

import pytest

from tests.conformance.shapes import NOTIFICATION, check, page
from tests.conformance.world import Person, fresh, ok, refused


def test_each_act_tells_the_one_it_concerns(ann: Person, bob: Person) -> None:
    """“`like`, `comment`, `reply`, `comment_like`, `mention`, `tag`, `follow`, `follow_request`,
    `follow_accepted`”; “never for one's own”."""
    bob.follows(ann)
    post = ann.posts(caption=f"with @{bob.name}")
    bob.likes(post)
    comment = bob.comments(post)
    ann.comments(post, "thanks", comment)
    ann.likes_comment(comment)
    ann.likes(post)
    ann.posts(caption="x", user_tags=[bob.id])
    told = ann.sees("/notifications")
    check(told, {**page("notifications", NOTIFICATION), "unread_count": int})
    assert ann.notified() == [("comment", bob.id), ("like", bob.id), ("follow", bob.id)]
    assert told["unread_count"] == 3
    assert told["notifications"][1]["post"]["post_id"] == post["post_id"]
    kinds = [kind for kind, _ in bob.notified()]
    assert kinds == ["tag", "comment_like", "reply", "mention"]


def test_requests_and_their_acceptance(ann: Person, bob: Person) -> None:
    """“`follow_request`, `follow_accepted`”; withdrawn with the request."""
    ann.edits(private_account=True)
    bob.follows(ann)
    assert ann.notified() == [("follow_request", bob.id)]
    bob.unfollows(ann)
    assert ann.notified() == []
    bob.follows(ann)
    ann.approves(bob)
    assert ann.notified() == []
    assert bob.notified() == [("follow_accepted", ann.id)]


def test_a_request_that_is_made_anew_after_an_answer_is_told_anew(ann: Person, bob: Person) -> None:
    """“`follow_request`, `follow_accepted`”; decided: what was answered is over, so asking again,
    and accepting again, is another act and another notification; one that was only taken back is
    the same one again, as a like is."""
    ann.edits(private_account=True)

    def latest(person: Person) -> tuple[str, str]:
        (newest, *_) = person.sees("/notifications")["notifications"]
        return newest["notification_id"], newest["type"]

    bob.follows(ann)
    first = latest(ann)
    bob.unfollows(ann)
    bob.follows(ann)
    assert latest(ann) == first
    ok(ann.post(f"/follow-requests/{bob.id}/deny"))
    bob.follows(ann)
    second = latest(ann)
    assert second[1] == "follow_request"
    assert second != first
    ann.approves(bob)
    accepted = latest(bob)
    ok(ann.delete(f"/users/me/followers/{bob.id}"))
    bob.follows(ann)
    third = latest(ann)
    assert third[1] == "follow_request"
    assert third not in (first, second)
    assert ann.sees("/notifications")["unread_count"] == 1
    ann.approves(bob)
    assert latest(bob)[1] == accepted[1] == "follow_accepted"
    assert latest(bob) != accepted


def test_for_one_act_each_person_gets_one_the_closest(ann: Person, bob: Person) -> None:
    """“for one act each person gets at most one, the closest to them (tag, reply, comment, mention
    in that order)”."""
    ann.posts(caption=f"@{bob.name}", user_tags=[bob.id])
    assert [kind for kind, _ in bob.notified()] == ["tag"]
    post = bob.posts()
    ann.comments(post, f"hello @{bob.name}")
    assert [kind for kind, _ in bob.notified()] == ["comment", "tag"]
    own = bob.comments(post)
    ann.comments(post, f"hello again @{bob.name}", own)
    assert [kind for kind, _ in bob.notified()] == ["reply", "comment", "tag"]


def test_an_edit_tells_those_whom_it_newly_names(ann: Person, bob: Person) -> None:
    """“`@username` mentions notify”; “`mention`, `tag`”: also one that an edit puts in, and nobody
    is told twice that a post mentions or shows them."""
    post = ann.posts(caption="alone")
    ann.changes(post, caption=f"with @{bob.name}")
    assert bob.notified() == [("mention", ann.id)]
    ann.changes(post, caption="alone after all")
    ann.changes(post, caption=f"no, with @{bob.name}")
    assert bob.notified() == [("mention", ann.id)]
    ann.changes(post, user_tags=[bob.id])
    assert [kind for kind, _ in bob.notified()] == ["tag", "mention"]
    ann.changes(post, user_tags=[])
    ann.changes(post, user_tags=[bob.id], caption=f"@{bob.name} again")
    assert [kind for kind, _ in bob.notified()] == ["tag", "mention"]
    tagged = ann.posts(user_tags=[bob.id])
    ann.changes(tagged, caption=f"it is @{bob.name}", user_tags=[bob.id])
    assert [kind for kind, _ in bob.notified()] == ["tag", "tag", "mention"]


def test_unliking_withdraws_and_liking_again_brings_the_same_back(ann: Person, bob: Person) -> None:
    """“Un-liking withdraws it; liking again brings the same one back, in its place and read
    state”."""
    first, second = ann.posts(), ann.posts()
    bob.likes(first)
    bob.likes(second)
    before = ann.sees("/notifications")["notifications"]
    ok(ann.post("/notifications/read"))
    ok(bob.delete(f"/posts/{first['post_id']}/like"))
    assert len(ann.notified()) == 1
    bob.likes(first)
    after = ann.sees("/notifications")["notifications"]
    assert after == [{**one, "read": True} for one in before]


def test_reading(ann: Person, bob: Person) -> None:
    """“`POST /notifications/read {up_to?: notification_id}`”."""
    post = ann.posts()
    bob.follows(ann)
    bob.likes(post)
    newest, oldest = ann.sees("/notifications")["notifications"]
    read = ann.post("/notifications/read", json={"up_to": oldest["notification_id"]})
    assert ok(read) == {"unread_count": 1}
    states = [one["read"] for one in ann.sees("/notifications")["notifications"]]
    assert states == [False, True]
    assert ok(ann.post("/notifications/read")) == {"unread_count": 0}
    refused(ann.post("/notifications/read", json={"up_to": "notif_x"}), "INVALID_REQUEST", "up_to")
    assert newest["type"] == "like"


def test_blocking_withdraws_what_is_there_and_keeps_more_away(ann: Person, bob: Person) -> None:
    """“never from someone blocked (blocking also withdraws those already there)”."""
    post = ann.posts()
    bob.follows(ann)
    bob.likes(post)
    ann.blocks(bob)
    told = ann.sees("/notifications")
    assert (told["notifications"], told["unread_count"]) == ([], 0)
    ann.unblocks(bob)
    assert ann.notified() == []


def test_who_may_not_see_a_post_hears_nothing_of_it(ann: Person, bob: Person) -> None:
    """“never of something that one may not see (tagging or mentioning a person who may not see the
    post is allowed and tells them nothing)”."""
    ann.edits(private_account=True)
    post = ann.posts(caption=f"@{bob.name}", user_tags=[bob.id])
    assert [tag["user_id"] for tag in post["user_tags"]] == [bob.id]
    assert bob.notified() == []
    assert bob.sees("/notifications")["unread_count"] == 0


def test_what_is_deleted_is_told_no_more(ann: Person, bob: Person) -> None:
    """“never of something that one may not see”: a post, a comment or a person that is gone."""
    post, other = ann.posts(), ann.posts()
    bob.likes(post)
    comment = bob.comments(other)
    ok(bob.delete(f"/comments/{comment['comment_id']}"))
    assert [kind for kind, _ in ann.notified()] == ["like"]
    ok(ann.delete(f"/posts/{post['post_id']}"))
    assert ann.notified() == []
    bob.likes(other)
    bob.deletes_account()
    assert ann.notified() == []


def test_what_is_taken_back_is_told_no_more(ann: Person, bob: Person) -> None:
    """“Un-liking withdraws it”, of a comment, too, and the count of what is unread with it;
    “never of something that one may not see”: a follow that has ended is none."""
    post = ann.posts()
    comment = ann.comments(post)
    bob.likes_comment(comment)
    bob.follows(ann)
    assert ann.notified() == [("follow", bob.id), ("comment_like", bob.id)]
    assert ann.sees("/notifications")["unread_count"] == 2
    ok(bob.delete(f"/comments/{comment['comment_id']}/like"))
    bob.unfollows(ann)
    told = ann.sees("/notifications")
    assert (told["notifications"], told["unread_count"]) == ([], 0)


def test_a_mention_is_a_name_after_an_at_sign(ann: Person) -> None:
    """“`@username` mentions notify”: in brackets and at the end of a sentence; a mail address, the
    beginning of a longer name and a hashtag are none."""
    dotted = Person(ann.api, ok(ann.api.register(fresh("a.b_")), 201))
    name = dotted.name
    texts = {
        f"(@{name}), hello": True,
        f"hello @{name}.": True,
        f"@{name.upper()}!": True,
        f"first line\n@{name}\nlast line": True,
        f"@{name}😍": True,
        f"me@{name}.com": False,
        f"@{name}x": False,
        f"@{name}.x": False,
        f"#{name}": False,
        f"@ {name}": False,
    }
    for text, mentions in texts.items():
        before = len(dotted.notified())
        ann.posts(caption=text)
        assert len(dotted.notified()) - before == mentions, text


@pytest.mark.parametrize(
    "up_to", ["x", 0, -1, 1.5, "notif_", "comment_1", "9" * 40, 10**40, True, [], {}]
)
def test_what_is_no_notification(reader: Person, up_to: Any) -> None:
    """“`POST /notifications/read {up_to?: notification_id}`”; “INVALID_REQUEST: 400 (… wrong type
    …)”."""
    answer = reader.post("/notifications/read", json={"up_to": up_to})
    refused(answer, "INVALID_REQUEST", "up_to")
