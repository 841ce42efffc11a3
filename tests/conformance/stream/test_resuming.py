"""contract.md, "The stream": what is told to who was away."""

from tests.conformance.conftest import OwnServer
from tests.conformance.stream.listening import ALL, Stream, bearer, stream_of
from tests.conformance.world import Api, Person, ok


def names(events: list[object]) -> list[str]:
    """What each event is about, by its id."""
    keys = ("post_id", "story_id", "notification_id")
    return [next(data[key] for key in keys if key in data) for data in _data(events)]


def _data(events: list[object]) -> list[dict[str, str]]:
    return [event["data"] for event in events if isinstance(event, dict)]


def test_what_was_missed_is_told_in_order_once_and_then_goes_live(ann: Person, bob: Person) -> None:
    """“`since` replays what was missed on those channels, of those followed now, in order, once,
    then goes live”."""
    bob.follows(ann)
    with stream_of(bob, *ALL) as stream:
        ann.posts()
        last = stream.next()["id"]
    missed: list[str] = []
    for _ in range(3):
        missed.append(ann.posts()["post_id"])
        missed.append(ann.tells_story()["story_id"])
    mine = bob.posts()
    missed.append(mine["post_id"])
    ann.likes(mine)
    with stream_of(bob, *ALL, since=last) as stream:
        events = stream.some(8)
        assert names(events)[:7] == missed
        assert events[7]["data"]["type"] == "like"
        live = ann.posts()
        event = stream.next()
        assert event["data"]["post_id"] == live["post_id"]
    with stream_of(bob, *ALL, since=int(event["id"])) as stream:
        later = ann.posts()
        assert stream.next()["data"]["post_id"] == later["post_id"]


def test_replayed_events_are_the_same_as_live_ones(ann: Person, bob: Person) -> None:
    """“a client … away says `since`”: what is told is told in the same words."""
    bob.follows(ann)
    with stream_of(bob, *ALL) as stream:
        ann.posts(caption=f"@{bob.name}")
        ann.tells_story()
        live = stream.some(3)
    before = str(int(live[0]["id"]) - 1)
    with stream_of(bob, *ALL, since=before) as stream:
        assert stream.some(3) == live


def test_zero_is_the_oldest_kept(ann: Person, bob: Person) -> None:
    """“`"0"` is the oldest kept”."""
    bob.follows(ann)
    posts = [ann.posts()["post_id"] for _ in range(3)]
    for zero in ("0", 0):
        with stream_of(bob, "feed", since=zero) as stream:
            assert names(stream.some(3)) == posts


def test_only_what_was_missed_on_those_channels_is_told(ann: Person, bob: Person) -> None:
    """“what was missed on those channels”."""
    bob.follows(ann)
    ann.posts(caption=f"@{bob.name}")
    story = ann.tells_story()
    with stream_of(bob, "stories", since="0") as stream:
        assert stream.next()["data"]["story_id"] == story["story_id"]
        other = ann.tells_story()
        assert stream.next()["data"]["story_id"] == other["story_id"]


def test_without_since_nothing_of_before_is_told(ann: Person, bob: Person) -> None:
    """“`since":id?`”: without it the stream begins now."""
    bob.follows(ann)
    ann.posts()
    with stream_of(bob, "feed") as stream:
        post = ann.posts()
        assert stream.next()["data"]["post_id"] == post["post_id"]


def test_what_is_no_more_is_left_out(ann: Person, bob: Person, cat: Person) -> None:
    """“of those followed now”; “what was deleted, withdrawn, expired or hidden since is left
    out”."""
    for other in (ann, cat):
        bob.follows(other)
    doomed, kept = ann.posts(), ann.posts()
    story = ann.tells_story()
    cat.posts()
    mine = bob.posts()
    ann.likes(mine)
    cat.likes(mine)
    ok(ann.delete(f"/posts/{mine['post_id']}/like"))
    ok(ann.delete(f"/posts/{doomed['post_id']}"))
    ok(ann.delete(f"/stories/{story['story_id']}"))
    bob.unfollows(cat)
    with stream_of(bob, *ALL, since="0") as stream:
        events = stream.some(3)
        marker = ann.posts()
        assert stream.next()["data"]["post_id"] == marker["post_id"]
    assert names(events)[:2] == [kept["post_id"], mine["post_id"]]
    assert events[2]["data"]["actor"]["user_id"] == cat.id


def test_following_brings_no_earlier_posts(ann: Person, bob: Person) -> None:
    """“those of people still followed with `follow.seq < post.seq`” (design.md)."""
    ann.posts()
    bob.follows(ann)
    post = ann.posts()
    bob.unfollows(ann)
    bob.follows(ann)
    later = ann.posts()
    with stream_of(bob, "feed", since="0") as stream:
        assert stream.next()["data"]["post_id"] == later["post_id"] != post["post_id"]


def test_no_id_comes_twice_on_one_stream(ann: Person, bob: Person) -> None:
    """“A client never sees an id twice on one stream.”"""
    bob.follows(ann)
    posts = [ann.posts()["post_id"] for _ in range(2)]
    with stream_of(bob, "feed", since="0") as stream:
        assert names(stream.some(2)) == posts
        for _ in range(2):
            stream.say(type="unsubscribe", channels=["feed"])
            assert stream.next()["type"] == "unsubscribed"
            stream.say(type="subscribe", channels=["feed"], since="0")
            assert stream.next()["type"] == "subscribed"
            told = stream.next()
            assert told == {"type": "resync"}, "what lies below can't be told in order any more"
        post = ann.posts()
        assert stream.next()["data"]["post_id"] == post["post_id"]
    assert len(set(stream.seen)) == len(stream.seen)


def test_a_channel_may_be_added_later(ann: Person, bob: Person) -> None:
    """“`since` replays what was missed on those channels”: also beside one that is live."""
    bob.follows(ann)
    with stream_of(bob, "feed") as stream:
        story = ann.tells_story()
        stream.subscribe("stories", since="0")
        assert stream.next()["data"]["story_id"] == story["story_id"]
        post, other = ann.posts(), ann.tells_story()
        assert names(stream.some(2)) == [post["post_id"], other["story_id"]]


def test_an_id_that_this_server_never_gave_means_resync(ann: Person) -> None:
    """“`{"type":"resync"}` and live”."""
    with stream_of(ann, "feed", since=str(2**62)) as stream:
        assert stream.next() == {"type": "resync"}
        post = ann.posts()
        assert stream.next()["data"]["post_id"] == post["post_id"]


def test_who_missed_more_than_is_kept_is_told_to_resync(own_server: OwnServer) -> None:
    """“if `since` is older than the server keeps (default 7 days or 10,000 events of that user,
    whichever comes first): `{"type":"resync"}` and live”."""
    api = own_server(TRIPTYCH_STREAM_KEPT_EVENTS="3")
    ann, bob = api.person("ann"), api.person("bob")
    bob.follows(ann)
    with stream_of(bob, *ALL) as stream:
        ann.posts()
        last = stream.next()["id"]
    posts = [ann.posts()["post_id"] for _ in range(3)]
    with stream_of(bob, *ALL, since=last) as stream:
        assert names(stream.some(3)) == posts
    ann.posts(caption=f"@{bob.name}")
    with stream_of(bob, *ALL, since=last) as stream:
        assert stream.next() == {"type": "resync"}
        live = ann.posts()
        assert stream.next()["data"]["post_id"] == live["post_id"]
    with stream_of(bob, *ALL, since="0") as stream:
        assert len(stream.some(3)) == 3, "0 is the oldest kept, however much that is"


def test_a_stream_of_another_session_resumes_where_this_one_was(api: Api, ann: Person) -> None:
    """“`id` … grows along every stream of a user … and is what `since` takes”."""
    with stream_of(ann, "feed") as stream:
        ann.posts()
        last = stream.next()["id"]
    post = ann.posts()
    other = ann.again()
    with Stream(api.url, bearer(other), channels=("feed",), since=last) as stream:
        assert stream.next()["data"]["post_id"] == post["post_id"]
