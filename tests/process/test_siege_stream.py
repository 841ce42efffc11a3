"""hardening.md, "Input that must be tried", for WebSockets: floods, halves of frames, and ends in
the middle of things, on real sockets against a real server, which serves somebody else meanwhile
and has its memory and descriptors back afterwards. What is answered to each wrong frame is tried in
`tests/conformance/stream` and by kosoku.
"""

import contextlib
import json
import time

import pytest

from server.access.tokens import AccessTokens, derive_key
from tests.conformance.stream.raw import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    frame,
)
from tests.process.siege.lines import Line, request
from tests.process.siege.target import Target

UPGRADE = ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13")
KEY = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="

ENDED = 4001


def subscribe(since: object = None, channels: object = ("feed",)) -> bytes:
    """The frame that asks for it."""
    more = {} if since is None else {"since": since}
    return frame(TEXT, json.dumps({"type": "subscribe", "channels": channels, **more}).encode())


def handshake(target: Target, token: str | None = None) -> bytes:
    authorization = f"Authorization: Bearer {token or target.ann.token}"
    return request("/v1/stream", *UPGRADE, KEY, authorization)


def opened(target: Target, *more: bytes, token: str | None = None, small: bool = False) -> Line:
    """A stream of ann; `more` is sent with its handshake."""
    line = target.line(small=small)
    line.send(handshake(target, token), *more)
    assert line.answer().status == 101
    return line


def next_frame(line: Line) -> tuple[int, bytes]:
    first, length = line.take(2)
    assert not first & 0x70
    if length == 126:
        length = int.from_bytes(line.take(2), "big")
    elif length == 127:
        length = int.from_bytes(line.take(8), "big")
    return first & 0x0F, line.take(length)


def told(line: Line) -> dict[str, object]:
    """The next message."""
    while True:
        opcode, payload = next_frame(line)
        if opcode == TEXT:
            return json.loads(payload)


def code_of_end(line: Line) -> int:
    """That of the close frame, whatever comes before."""
    while True:
        opcode, payload = next_frame(line)
        if opcode == CLOSE:
            return int.from_bytes(payload[:2], "big")


def test_frames_before_the_handshake_is_answered_are_heard_or_lost_with_it(target: Target) -> None:
    with target.unharmed():
        for _ in range(20):
            with opened(target, subscribe("0"), frame(PING, b"x"), frame(TEXT, b"?")) as line:
                assert told(line)["type"] == "subscribed"
        for token in ("x", "", "a.b.c"):
            with target.line() as line:
                line.send(handshake(target, token or " "), subscribe() * 1_000)
                assert line.answer().status == 401
                assert line.rest() == b""
        for half in (1, 40, 200):
            with target.line() as line:
                line.send(handshake(target)[:-half])
                line.finish()
                assert line.rest() == b""


def test_ten_thousand_subscribes_are_answered_one_by_one(target: Target) -> None:
    with target.unharmed() as bystander, opened(target) as line:
        for _ in range(100):
            line.send(subscribe() * 50, subscribe("9" * 40) * 50)
            for _ in range(50):
                assert told(line)["type"] == "subscribed"
            for _ in range(50):
                assert told(line)["type"] == "error"
    assert len(bystander.waits_s) > 10


def test_a_subscriber_that_never_reads_is_dropped_and_holds_nothing(target: Target) -> None:
    with target.unharmed(), opened(target, small=True) as line:
        line.socket.settimeout(0.2)
        while line.send(subscribe("0") * 100):
            pass
        line.socket.settimeout(60.0)


@pytest.mark.parametrize("channels", [["feed"] * 8_000, ["x"] * 12_000, "feed", {"feed": 1}, [[]]])
def test_channels_without_end_are_an_error_or_one(target: Target, channels: object) -> None:
    with opened(target, subscribe(channels=channels)) as line:
        kind = "subscribed" if channels == ["feed"] * 8_000 else "error"
        assert told(line)["type"] == kind


def test_a_hundred_thousand_channels_are_too_much(target: Target) -> None:
    message = json.dumps({"type": "subscribe", "channels": ["feed"] * 100_000}).encode()
    with target.unharmed(), opened(target) as line:
        for start in range(0, len(message), 60_000):
            piece = message[start : start + 60_000]
            line.send(frame(CONTINUATION if start else TEXT, piece, fin=False))
        assert code_of_end(line) == 1009


def test_fragments_of_nothing_without_end_take_no_memory(target: Target) -> None:
    with target.unharmed(), opened(target) as line:
        line.send(frame(BINARY, b"", fin=False))
        for _ in range(30):
            line.send(frame(CONTINUATION, b"", fin=False) * 1_000)
        line.send(frame(CONTINUATION, b""))
        assert told(line)["type"] == "error"


def test_a_flood_of_small_frames_holds_nobody_up(target: Target) -> None:
    """“100,000 pings”: a tenth of them, and empty messages."""
    with target.unharmed() as bystander, opened(target) as line:
        for start in range(0, 10_000, 1_000):
            line.send(frame(PING) * 999, frame(PING, b"%d" % start))
            while next_frame(line) != (PONG, b"%d" % start):
                pass
        for _ in range(10):
            line.send(frame(TEXT) * 100)
            for _ in range(100):
                assert told(line)["type"] == "error"
    assert len(bystander.waits_s) > 10


@pytest.mark.survive
def test_a_hundred_thousand_pings_are_answered_and_leave_nothing(target: Target) -> None:
    """“100,000 pings”, all of them, each with words of its own."""
    with target.unharmed() as bystander, opened(target) as line:
        for start in range(0, 100_000, 500):
            words = [b"%d" % number for number in range(start, start + 500)]
            line.send(*(frame(PING, each) for each in words))
            for each in words:
                while (found := next_frame(line)) != (PONG, each):
                    assert found[0] == PING, "the server may ask, too; nothing else comes"
    assert len(bystander.waits_s) > 10


@pytest.mark.parametrize("end", ["reset", "finish"])
def test_clients_that_are_killed_in_the_middle_of_a_frame_leave_nothing(
    target: Target, end: str
) -> None:
    said = subscribe("0")
    with target.unharmed():
        for size in range(0, len(said), 3):
            with opened(target, said, said[:size]) as line:
                assert told(line)["type"] == "subscribed"
                if end == "finish":
                    line.finish()
                    line.rest()
        with contextlib.ExitStack() as stack:  # ten are as many as one user may have
            for _ in range(10):
                stack.enter_context(opened(target))
            with target.line() as line:
                line.send(handshake(target))
                assert line.answer().status == 429


@pytest.mark.survive
def test_a_token_that_expires_ends_its_stream_also_in_the_middle_of_a_resume(
    target: Target,
) -> None:
    """And who reads nothing then is gone all the same."""
    secret = (target.folder / "secrets" / "tokens").read_bytes()
    tokens = AccessTokens(derive_key(secret, "access tokens"))
    claims = tokens.verify(target.ann.token, int(time.time()))
    assert claims is not None
    for _ in range(40):
        target.ann.posts()
    issued = int(time.time()) - 3_600 + 2
    token = tokens.issue(claims.account, claims.session, issued)
    with target.unharmed():
        with opened(target, subscribe("0") * 2_000, token=token) as line:
            assert told(line)["type"] == "subscribed"
            assert code_of_end(line) == ENDED
            line.send(subscribe() * 10)
        with target.line() as line:
            line.send(handshake(target, token))
            assert line.answer().status == 401


def test_a_session_that_ends_within_a_resume_ends_its_stream(target: Target) -> None:
    session = target.ann.again()
    with target.unharmed(), opened(target, token=session.token) as line:
        line.send(subscribe("0") * 2_000)
        assert told(line)["type"] == "subscribed"
        assert session.post("/auth/logout").status_code == 200
        assert code_of_end(line) == ENDED


def test_streams_that_come_and_go_leave_nothing(target: Target) -> None:
    with target.unharmed():
        for number in range(100):
            with opened(target, subscribe("0")) as line:
                if number % 3 == 0:
                    line.send(frame(CLOSE, b"\x03\xe8"))
                    assert code_of_end(line) == 1000
                elif number % 3 == 1:
                    line.send(frame(TEXT, b"\xff"))
                    assert code_of_end(line) == 1007
