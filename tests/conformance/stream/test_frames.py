"""hardening.md, "Input that must be tried": WebSocket frames, right and wrong, and clients that do
not read."""

import json
import time

import pytest

from tests.conformance.stream.listening import stream_of
from tests.conformance.stream.raw import BINARY, CONTINUATION, PING, PONG, TEXT, Raw, frame
from tests.conformance.world import Person, ok

SUBSCRIBE = b'{"type":"subscribe","channels":["feed"]}'

WRONG = {
    "unmasked": [frame(TEXT, SUBSCRIBE, masked=False)],
    "reserved bits": [frame(TEXT, SUBSCRIBE, reserved=4)],
    "reserved opcode": [frame(3, SUBSCRIBE)],
    "fragmented control frame": [frame(PING, b"x", fin=False)],
    "long control frame": [frame(PING, b"x" * 126)],
    "continuation of nothing": [frame(CONTINUATION, SUBSCRIBE)],
    "a message within a message": [frame(TEXT, b"{", fin=False), frame(TEXT, SUBSCRIBE)],
    "invalid UTF-8 split over fragments": [
        frame(TEXT, b"\xc3", fin=False),
        frame(CONTINUATION, b"\x28"),
    ],
    "UTF-8 that does not end": [frame(TEXT, b"\xf0\x9f\x98")],
}

LATE_S = 3.0
"""More than the 2 s that every client has for its last words, less than the ten seconds."""

FILL_S = 2.0
"""For filling what is between the two. With Hypercorn the server reads on, a little every half
second, and who began to lag when this began is given up after eight and a half."""

DROPPED_S = 30.0
"""Ten seconds are promised; a busy machine may need more to be seen."""


@pytest.mark.parametrize("kind", WRONG)
def test_a_wrong_frame_ends_its_stream_and_no_other(kind: str, ann: Person, bob: Person) -> None:
    """“WebSocket: unmasked, reserved bits, fragmented control frames, … invalid UTF-8 split over
    fragments”."""
    bob.follows(ann)
    with stream_of(bob, "feed") as other, Raw(bob) as raw:
        raw.send(*WRONG[kind])
        assert raw.end() in (None, 1002, 1007)
        post = ann.posts()
        assert other.next()["data"]["post_id"] == post["post_id"]


def test_right_frames_in_odd_forms_are_understood(ann: Person) -> None:
    """“an empty binary frame”; fragments, also in the middle of a character, with a ping between
    them (RFC 6455, 5.4)."""
    said = json.dumps({"type": "subscribe", "channels": ["feed"], "x": "é"}, ensure_ascii=False)
    data = said.encode()
    middle = data.index(b"\xc3") + 1
    with Raw(ann) as raw:
        raw.send(
            frame(TEXT, data[:middle], fin=False),
            frame(PING, b"between"),
            frame(CONTINUATION, b"", fin=False),
            frame(CONTINUATION, data[middle:]),
        )
        while raw.frame() != (PONG, b"between"):
            pass  # the server may ping, too
        assert json.loads(raw.text())["type"] == "subscribed"
        raw.send(frame(BINARY), frame(PONG, b"nobody asked"))
        assert json.loads(raw.text())["type"] == "error"
        post = ann.posts()
        assert json.loads(raw.text())["data"]["post_id"] == post["post_id"]


def pinged(person: Person, pings: int) -> None:
    with Raw(person) as raw:
        raw.send(frame(TEXT, SUBSCRIBE))
        assert json.loads(raw.text())["type"] == "subscribed"
        slice_of = 500
        for start in range(0, pings, slice_of):
            last = b"%d" % start
            raw.send(*[frame(PING, b"x")] * (slice_of - 1), frame(PING, last))
            while raw.frame() != (PONG, last):
                pass
        post = person.posts()
        assert json.loads(raw.text())["data"]["post_id"] == post["post_id"]


def test_many_pings_are_answered(ann: Person) -> None:
    """“100,000 pings”: 10,000 of them here."""
    pinged(ann, 10_000)


@pytest.mark.survive
def test_a_hundred_thousand_pings_are_answered(ann: Person) -> None:
    """“100,000 pings”."""
    pinged(ann, 100_000)


def fill(raw: Raw) -> None:
    """Ask for more answers than fit anywhere, and read none."""
    raw.socket.settimeout(0.5)
    wrong = frame(TEXT, b"x") * 1_000
    until = time.monotonic() + FILL_S
    try:
        while time.monotonic() < until:
            raw.socket.sendall(wrong)
    except OSError:
        pass  # now the server reads no further
    raw.socket.settimeout(DROPPED_S)


def test_a_reader_that_goes_on_in_time_hears_why_it_was_ended(bob: Person) -> None:
    """“a client too slow to read closes with 4008”."""
    with Raw(bob, receive_buffer=4_096) as raw:
        fill(raw)
        assert not raw.wait_hung_up(LATE_S)
        assert raw.end() == 4008


def test_a_reader_that_never_reads_is_dropped(ann: Person, bob: Person) -> None:
    """“a reader that never reads”; “a client too slow to read closes with 4008”: its last words
    may not get through to who does not read."""
    bob.follows(ann)
    with Raw(bob, receive_buffer=4_096) as raw, stream_of(bob, "feed") as other:
        fill(raw)
        post = ann.posts()
        assert other.next()["data"]["post_id"] == post["post_id"], "nobody else waits"
        assert raw.wait_hung_up(DROPPED_S)
        assert raw.end() in (None, 4008)
    ok(bob.get("/feed"))
