"""The parts of the stream that know no socket: ids and frames of events, what a client says, the
outbox, and the fold of what a stream hears."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.edge.frames import text_frame
from server.problems import Problem
from server.stream import Message
from server.streams.events import (
    CHANNELS,
    Channel,
    Event,
    event_id,
    last_id_of,
    made_event,
    notification_event,
    seq_before,
)
from server.streams.listening import Listening, merge
from server.streams.origins import is_welcome, parse_origins
from server.streams.outbox import OUTBOX_S, Outbox
from server.streams.said import Subscribe, Unsubscribe, parse_said
from server.wire import Brief
from storage.ids import ID_MAX

ANN = Brief("7", "ann")
FEED, STORIES, NOTIFICATIONS = Channel.FEED, Channel.STORIES, Channel.NOTIFICATIONS

seqs = st.integers(1, 2**50)
channels = st.sampled_from(list(Channel))


# Ids.


@given(seqs, channels, seqs, channels)
def test_ids_rise_with_facts_and_then_with_channels(
    one: int, its: Channel, other: int, theirs: Channel
) -> None:
    assert event_id(5, FEED) == 20
    assert event_id(5, STORIES) == 21
    assert event_id(5, NOTIFICATIONS) == 22
    in_order = (one, its.value) < (other, theirs.value)
    assert (event_id(one, its) < event_id(other, theirs)) == in_order
    assert event_id(one, its) <= last_id_of(one) < event_id(one + 1, FEED)


@given(st.integers(0, ID_MAX), channels, seqs)
def test_since_divides_the_facts_of_each_channel(since: int, channel: Channel, seq: int) -> None:
    assert (seq > seq_before(since, channel)) == (event_id(seq, channel) > since)


# What goes out.


def test_events_have_the_forms_of_the_text() -> None:
    post = made_event(FEED, 3, 987, 1_767_952_800_000, ANN)
    user = {"user_id": "7", "username": "ann", "profile_image_url": None}
    at = "2026-01-09T10:00:00.000Z"
    assert json.loads(post.payload) == {
        "type": "new_post",
        "id": "12",
        "data": {"post_id": "987", "user": user, "created_at": at},
    }
    story = made_event(STORIES, 3, 987, 1_767_952_800_000, ANN)
    assert json.loads(story.payload) == {
        "type": "new_story",
        "id": "13",
        "data": {"story_id": "story_987", "user": user, "created_at": at},
    }
    told = notification_event(3, "like", 1_767_952_800_000, ANN)
    assert json.loads(told.payload) == {
        "type": "notification",
        "id": "14",
        "data": {"notification_id": "notif_3", "type": "like", "actor": user, "created_at": at},
    }
    assert (post.who, story.who, told.who) == (7, 7, 7)


@pytest.mark.parametrize("length", [0, 1, 125, 126, 127, 65_535, 65_536, 70_000])
def test_a_frame_is_read_as_it_was_written(length: int) -> None:
    import wsproto.frame_protocol as frames  # noqa: PLC0415  # an independent reader of frames

    protocol = frames.FrameProtocol(client=True, extensions=[])
    protocol.receive_bytes(text_frame(b"x" * length))
    received = list(protocol.received_frames())
    assert "".join(str(one.payload) for one in received) == "x" * length
    assert received[-1].message_finished


def test_a_frame_is_made_once_for_all() -> None:
    event = made_event(FEED, 3, 987, 0, ANN)
    assert event.frame is event.frame
    assert event.frame.endswith(event.payload)


# What comes in.


def test_what_a_client_may_say() -> None:
    said = parse_said('{"type":"subscribe","channels":["stories","feed","stories"],"since":"12"}')
    assert said == Subscribe((STORIES, FEED), 12)
    assert parse_said('{"type":"subscribe","channels":["feed"],"since":0}') == Subscribe((FEED,), 0)
    assert parse_said('{"type":"subscribe","channels":["feed"]}') == Subscribe((FEED,), None)
    assert parse_said(b'{"type":"unsubscribe","channels":["notifications"]}') == Unsubscribe(
        (NOTIFICATIONS,)
    )


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("x", None),
        ("[]", None),
        ("{}", "type"),
        ('{"type":"subscribe"}', "channels"),
        ('{"type":"subscribe","channels":["x"]}', "channels"),
        ('{"type":"subscribe","channels":[]}', "channels"),
        ('{"type":"subscribe","channels":[[]]}', "channels"),
        ('{"type":"x","channels":["feed"]}', "type"),
        ('{"type":"subscribe","channels":["feed"],"since":"x"}', "since"),
        ('{"type":"subscribe","channels":["feed"],"since":"007"}', "since"),
        ('{"type":"subscribe","channels":["feed"],"since":-1}', "since"),
        ('{"type":"subscribe","channels":["feed"],"since":1.0}', "since"),
        (f'{{"type":"subscribe","channels":["feed"],"since":"{2**63}"}}', "since"),
    ],
)
def test_what_cant_be_understood_names_the_field(text: str, field: str | None) -> None:
    with pytest.raises(Problem) as problem:
        parse_said(text)
    assert problem.value.status == 400
    assert problem.value.details.get("field") == field


json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(
        [*CHANNELS, "subscribe", "unsubscribe"]
    ),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["type", "channels", "since", "x"]), inner, max_size=4),
)  # fmt: skip


@given(st.text() | json_values.map(json.dumps) | st.binary())
def test_any_message_is_understood_or_a_problem(text: str | bytes) -> None:
    with contextlib.suppress(Problem):
        assert parse_said(text).channels


# What waits.


def test_an_outbox_is_bounded_in_messages_and_bytes() -> None:
    outbox: Outbox[Message] = Outbox(events_max=3, bytes_max=10)
    assert outbox.put(Message(b"12345"), 1.0)
    assert not outbox.put(Message(b"123456"), 1.0)
    assert outbox.put(Message(b"1234"), 2.0)
    assert outbox.put(Message(b"1"), 3.0)
    assert not outbox.put(Message(b""), 4.0), "three is all"
    assert outbox.due == 1.0 + OUTBOX_S
    assert outbox.first().payload == b"12345"
    outbox.drop_first()
    assert (len(outbox), outbox.bytes, outbox.due) == (2, 5, 2.0 + OUTBOX_S)
    assert outbox.joined() == text_frame(b"1234") + text_frame(b"1")
    outbox.clear()
    assert (len(outbox), outbox.bytes) == (0, 0)


# What is heard.


def event(id: int) -> Event:
    return Event(id, Channel(id % 4), 1, b"{}")


def test_a_stream_hears_its_channels_above_where_it_began() -> None:
    listening = Listening()
    assert not listening.hear(event(4))
    listening.listen([FEED], 7)
    heard = [listening.hear(event(id)) for id in (4, 8, 9, 8, 12)]
    assert heard == [
        False,
        True,
        False,
        False,
        True,
    ]
    assert listening.leave([FEED, STORIES]) == [FEED]
    assert not listening.hear(event(16))


def test_what_is_held_is_told_once_and_in_order() -> None:
    listening = Listening()
    listening.hold()
    listening.listen([FEED], 0)
    assert not listening.hear(event(12))
    assert not listening.release(), "something is held"
    missed = [event(id) for id in (4, 8, 12)]
    told = [one.id for one in merge(missed, listening.take_held()) if listening.tell(one)]
    assert told == [4, 8, 12]
    assert listening.release()
    assert listening.hear(event(16))
    assert not listening.tell(event(16))


def test_what_is_lost_is_looked_up_from_the_first_that_was_held() -> None:
    listening = Listening()
    listening.listen([FEED, STORIES], 10)
    assert listening.hear(event(12))
    listening.hold()
    listening.hear(event(16))
    listening.lose(23)
    assert listening.has_lost
    assert not listening.hear(event(24))
    assert not listening.release()
    assert listening.take_lost() == {FEED: 15, STORIES: 15}
    assert listening.take_held() == []
    assert listening.take_lost() == {}


# Whose page it is.


def test_origins() -> None:
    others = parse_origins("https://app.example, HTTP://localhost:3000")
    own = {"host": "127.0.0.1:8000"}
    assert is_welcome(own, None, others), "no browser"
    for origin in ("http://127.0.0.1:8000", "https://APP.example", "http://localhost:3000"):
        assert is_welcome({**own, "origin": origin}, None, others)
    for origin in ("null", "", "http://127.0.0.1", "https://app.example.evil", "http://localhost"):
        assert not is_welcome({**own, "origin": origin}, None, others)
    assert not is_welcome({"host": "a", "origin": "http://a"}, "https://photos.example", others)
    assert is_welcome({"origin": "https://photos.example"}, "https://photos.example", others)
    for bad in ("app.example", "https://app.example/", "ftp://x", "https://a b"):
        with pytest.raises(ValueError, match="is no origin"):
            parse_origins(bad)
