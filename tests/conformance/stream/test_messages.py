"""contract.md, "The stream": what a client says, and what is answered to what can't be
understood."""

import json

import pytest

from tests.conformance.inputs import TEXTS
from tests.conformance.stream.listening import stream_of
from tests.conformance.world import Person

BAD = [
    "",
    "x",
    "null",
    "[]",
    "{}",
    '"subscribe"',
    '{"type":"subscribe"}',
    '{"type":"subscribe","channels":[]}',
    '{"type":"subscribe","channels":"feed"}',
    '{"type":"subscribe","channels":["feed","secrets"]}',
    '{"type":"subscribe","channels":[1]}',
    '{"type":"subscribe","channels":["feed"],"since":"x"}',
    '{"type":"subscribe","channels":["feed"],"since":-1}',
    '{"type":"subscribe","channels":["feed"],"since":1.5}',
    '{"type":"subscribe","channels":["feed"],"since":true}',
    '{"type":"subscribe","channels":["feed"],"since":"1e3"}',
    '{"type":"subscribe","channels":["feed"],"since":"%s"}' % ("9" * 40),
    '{"type":"subscribe","channels":["feed"],"since":%s}' % ("9" * 40),
    '{"type":"subscribe","channels":["feed"],"since":1e400}',
    '{"type":"subscribe","channels":["feed"],"since":NaN}',
    '{"type":"dance","channels":["feed"]}',
    '{"type":1,"channels":["feed"]}',
    "[" * 1_000 + "]" * 1_000,
    '{"type":"subscribe","channels":' + "[" * 1_000 + "]" * 1_000 + "}",
    "\x00",
    '{"type":"subscribe","channels":["feed\\u0000"]}',
]


def is_error(message: object) -> None:
    assert isinstance(message, dict), message
    assert message["type"] == "error", message
    error = message["error"]
    assert set(message) == {"type", "error"}
    assert set(error) == {"code", "message", "details"}
    assert error["code"] == "INVALID_REQUEST"


def test_what_cant_be_understood_gets_an_error_and_the_stream_goes_on(ann: Person) -> None:
    """“A message that can't be understood gets `{"type":"error","error":{"code":
    "INVALID_REQUEST",…}}` and the stream goes on”."""
    with stream_of(ann, "feed") as stream:
        for text in BAD:
            stream.say_text(text)
            is_error(stream.next())
        for data in (b"", b"\xff\xfe", json.dumps({"type": "subscribe"}).encode()):
            stream.say_text(data)
            is_error(stream.next())
        post = ann.posts()
        assert stream.next()["data"]["post_id"] == post["post_id"]


def test_texts_of_all_kinds_do_no_harm(ann: Person) -> None:
    """“no 5xx from any input” (hardening.md), on a stream: nothing closes it."""
    with stream_of(ann, "feed") as stream:
        for name, text in TEXTS.items():
            if "surrogate" in name or len(text) > 10_000:
                continue  # what no client can send, and what is too big
            stream.say_text(json.dumps({"type": text, "channels": [text], "since": text}))
            is_error(stream.next())
            stream.say_text(text)
            is_error(stream.next())


def test_unknown_keys_are_ignored_and_channels_count_once(ann: Person) -> None:
    """“unknown keys of a request are ignored”; “In requests an id may be a number or a string.”"""
    with stream_of(ann) as stream:
        stream.say(type="subscribe", channels=["feed", "stories", "feed"], since=0, x=[1])
        assert stream.next() == {"type": "subscribed", "channels": ["feed", "stories"]}


@pytest.mark.parametrize("text", ["x" * 65_537, "é" * 40_000])
def test_a_message_that_is_too_big_ends_the_stream(ann: Person, text: str) -> None:
    """“a message over 65,536 bytes closes with 1009”."""
    with stream_of(ann, "feed") as stream:
        stream.say_text("x" * 65_536)
        is_error(stream.next())
        stream.say_text(text)
        assert stream.end() == 1009


def test_the_clients_close_is_answered(ann: Person) -> None:
    """RFC 6455, 5.5.1: a close is answered with a close."""
    with stream_of(ann, "feed") as stream:
        pass
    assert stream.has_ended, "the client waits for the server's close"
