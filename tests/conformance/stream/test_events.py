"""contract.md, "The stream": what is told live, to whom, in which form."""

import pytest

from tests.conformance.shapes import BRIEF, check, one_of
from tests.conformance.stream.listening import ALL, Stream, bearer, stream_of
from tests.conformance.world import Api, Person, ok


def told(event: object, type: str, data: object) -> None:
    """Looks at an event: `{"type", "id", "data"}` and nothing else."""
    check(event, {"type": one_of(type), "id": str, "data": data})


def test_a_follower_hears_of_a_new_post(ann: Person, bob: Person) -> None:
    """“then events `{"type":"new_post"|…,"id":…,"data":{…}}` with the text's fields in `data`”."""
    bob.follows(ann)
    with stream_of(bob, "feed") as stream:
        post = ann.posts(caption="hello")
        event = stream.next()
    told(event, "new_post", {"post_id": str, "user": BRIEF, "created_at": str})
    assert event["data"]["post_id"] == post["post_id"]
    assert event["data"]["user"]["username"] == ann.name
    assert event["data"]["created_at"] == post["created_at"]


def test_a_follower_hears_of_a_new_story(ann: Person, bob: Person) -> None:
    """“`new_story`”."""
    bob.follows(ann)
    with stream_of(bob, "stories") as stream:
        story = ann.tells_story()
        event = stream.next()
    told(event, "new_story", {"story_id": str, "user": BRIEF, "created_at": str})
    assert event["data"]["story_id"] == story["story_id"]
    assert event["data"]["user"]["user_id"] == ann.id


def test_each_notification_is_an_event(ann: Person, bob: Person) -> None:
    """“`notification`”, with the id that the list of notifications has."""
    with stream_of(ann, "notifications") as stream:
        bob.follows(ann)
        post = ann.posts()
        bob.likes(post)
        bob.comments(post, f"hello @{ann.name}")
        events = stream.some(3)
    fields = {"notification_id": str, "type": str, "actor": BRIEF, "created_at": str}
    for event in events:
        told(event, "notification", fields)
    assert [event["data"]["type"] for event in events] == ["follow", "like", "comment"]
    listed = ann.sees("/notifications")["notifications"]
    ids = [event["data"]["notification_id"] for event in events]
    assert ids == [one["notification_id"] for one in reversed(listed)]
    assert {event["data"]["actor"]["user_id"] for event in events} == {bob.id}


def test_liking_again_is_no_event(ann: Person, bob: Person) -> None:
    """“liking again brings the same one back, in its place and read state, with no new event”."""
    first, second = ann.posts(), ann.posts()
    with stream_of(ann, "notifications") as stream:
        bob.likes(first)
        ok(bob.delete(f"/posts/{first['post_id']}/like"))
        bob.likes(first)
        bob.follows(ann)
        bob.unfollows(ann)
        bob.follows(ann)
        bob.comments(second)
        kinds = [event["data"]["type"] for event in stream.some(3)]
    assert kinds == ["like", "follow", "comment"]


def test_ones_own_posts_and_stories_are_events(ann: Person) -> None:
    """“One's own posts and stories are events too, for one's other devices.”"""
    with stream_of(ann, *ALL) as one, stream_of(ann.again(), *ALL) as other:
        post, story = ann.posts(), ann.tells_story()
        events = one.some(2)
        assert other.some(2) == events
    assert events[0]["data"]["post_id"] == post["post_id"]
    assert events[1]["data"]["story_id"] == story["story_id"]


def test_only_what_is_subscribed_to_is_told(ann: Person, bob: Person) -> None:
    """“`{"type":"unsubscribe","channels":[…]}` → `{"type":"unsubscribed","channels":[…]}`, naming
    those that ended.”"""
    bob.follows(ann)
    with stream_of(bob, "stories", "feed") as stream:
        stream.say(type="unsubscribe", channels=["feed", "notifications"])
        assert stream.next() == {"type": "unsubscribed", "channels": ["feed"]}
        ann.posts()
        ann.tells_story()
        assert stream.next()["type"] == "new_story"
        stream.say(type="unsubscribe", channels=["feed"])
        assert stream.next() == {"type": "unsubscribed", "channels": []}


def test_strangers_hear_nothing_of_each_other(ann: Person, bob: Person) -> None:
    """“of those followed now”: what others do is no event."""
    with stream_of(bob, *ALL) as stream:
        ann.posts()
        ann.tells_story()
        own = bob.posts()
        assert stream.next()["data"]["post_id"] == own["post_id"]


def test_both_paths_are_the_stream(api: Api, ann: Person) -> None:
    """“The stream: `ws(s)://…/v1/stream` on the same port; `/api/v1/stream` is the same.”"""
    for path in ("/v1/stream", "/api/v1/stream"):
        with Stream(api.url, bearer(ann), path=path) as stream:
            stream.subscribe("feed")


def test_ids_rise_over_all_events(ann: Person, bob: Person) -> None:
    """“`id` is a string of digits that grows along every stream of a user as a number”."""
    bob.follows(ann)
    with stream_of(bob, *ALL) as stream:
        for _ in range(3):
            ann.posts(caption=f"@{bob.name}")
            ann.tells_story()
        stream.some(9)  # the stream itself looks at the order
    assert len(set(stream.seen)) == 9


@pytest.mark.parametrize("kind", ["unfollowed", "removed", "blocked", "blocking", "gone"])
def test_the_next_event_already_obeys(kind: str, ann: Person, bob: Person, cat: Person) -> None:
    """“Authorise at delivery” (hardening.md, trap 13): whoever is no follower hears no more."""
    bob.follows(ann)
    bob.follows(cat)
    with stream_of(bob, *ALL) as stream:
        ann.posts()
        assert stream.next()["data"]["user"]["user_id"] == ann.id
        if kind == "unfollowed":
            bob.unfollows(ann)
        elif kind == "removed":
            ok(ann.delete(f"/users/me/followers/{bob.id}"))
        elif kind == "blocked":
            ann.blocks(bob)
        elif kind == "blocking":
            bob.blocks(ann)
        else:
            ann.deletes_account()
        if kind != "gone":
            ann.posts(caption=f"@{bob.name}")
            ann.tells_story()
        marker = cat.posts()
        event = stream.next()
        while event["type"] == "notification" and kind in ("unfollowed", "removed"):
            event = stream.next()  # who does not follow may be mentioned
        assert event["data"].get("post_id") == marker["post_id"]


def test_a_private_account_is_heard_by_its_followers_only(
    priv: Person, ann: Person, bob: Person
) -> None:
    """“A private account's posts, stories … are for its followers.”"""
    ann.follows(priv)
    priv.approves(ann)
    bob.follows(priv)
    with stream_of(ann, *ALL) as follower, stream_of(bob, *ALL) as asker:
        post = priv.posts(caption=f"@{bob.name} @{ann.name}")
        assert follower.next()["data"]["post_id"] == post["post_id"]
        assert follower.next()["data"]["type"] == "mention"
        own = bob.posts()
        assert asker.next()["data"]["post_id"] == own["post_id"]
        priv.approves(bob)
        assert asker.next()["data"]["type"] == "follow_accepted"
        later = priv.posts()
        assert asker.next()["data"]["post_id"] == later["post_id"]
