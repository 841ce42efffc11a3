"""The stream through `websockets`, the library that most Python programs have: what a client does
with it, against whatever server the tests are run on. The other tests speak by trio-websocket."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from tests.conformance.serving import SERVER
from tests.conformance.stream.listening import WAIT_S
from tests.conformance.world import Person, ok

PINGS = 1_000


@contextmanager
def opened(person: Person, **more: Any) -> Iterator[ClientConnection]:
    """A stream as the library opens it, which offers compression and pings every 20 s."""
    url = person.api.url.replace("http", "ws", 1) + "/v1/stream"
    options = {"additional_headers": {"Authorization": f"Bearer {person.token}"}, **more}
    with connect(url, proxy=None, open_timeout=WAIT_S, close_timeout=WAIT_S, **options) as stream:
        yield stream


def say(stream: ClientConnection, **message: Any) -> None:
    stream.send(json.dumps(message))


def hear(stream: ClientConnection) -> Any:
    return json.loads(stream.recv(timeout=WAIT_S))


def posts_of(stream: ClientConnection, count: int) -> tuple[list[Any], str]:
    """The ids of the next posts, and that of the last event."""
    events = [hear(stream) for _ in range(count)]
    return [event["data"]["post_id"] for event in events], events[-1]["id"]


def test_it_subscribes_hears_and_resumes(ann: Person, bob: Person) -> None:
    """“then events”; “`since` replays what was missed on those channels … then goes live”."""
    bob.follows(ann)
    with opened(bob) as stream:
        say(stream, type="subscribe", channels=["feed"])
        assert hear(stream) == {"type": "subscribed", "channels": ["feed"]}
        first = ann.posts()
        told, last = posts_of(stream, 1)
        assert told == [first["post_id"]]
        say(stream, type="unsubscribe", channels=["feed"])
        assert hear(stream) == {"type": "unsubscribed", "channels": ["feed"]}
    missed = [ann.posts()["post_id"] for _ in range(3)]
    with opened(bob) as stream:
        say(stream, type="subscribe", channels=["feed"], since=last)
        assert hear(stream)["type"] == "subscribed"
        assert posts_of(stream, 3)[0] == missed
        live = ann.posts()
        assert posts_of(stream, 1)[0] == [live["post_id"]]


def test_its_pings_are_answered_between_messages(ann: Person) -> None:
    """“hardening.md: 100,000 pings”: some of them, as a library sends and matches them."""
    with opened(ann) as stream:
        say(stream, type="subscribe", channels=["feed"])
        assert hear(stream)["type"] == "subscribed"
        pongs = [stream.ping() for _ in range(PINGS)]
        post = ann.posts()
        assert posts_of(stream, 1)[0] == [post["post_id"]]
        assert all(pong.wait(WAIT_S) for pong in pongs)
        assert stream.latency >= 0


def test_nothing_is_compressed(ann: Person) -> None:
    """“no compression”, though the library offers it."""
    if os.environ.get(SERVER) == "hypercorn":
        pytest.skip("Hypercorn compresses whatever it is asked to: docs/operating.md says so")
    with opened(ann) as stream:
        assert stream.response is not None
        assert "Sec-WebSocket-Extensions" not in stream.response.headers


def test_it_is_told_why_it_ends(ann: Person) -> None:
    """“the end of the token or session closes with 4001”; “`POST /auth/logout` … its streams”."""
    with opened(ann) as stream:
        say(stream, type="subscribe", channels=["feed"])
        assert hear(stream)["type"] == "subscribed"
        ok(ann.post("/auth/logout"))
        with pytest.raises(ConnectionClosed) as closed:
            stream.recv(timeout=WAIT_S)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4001
    with pytest.raises(InvalidStatus) as refused, opened(ann):
        pass
    assert refused.value.response.status_code == 401


def test_it_opens_by_subprotocols(ann: Person) -> None:
    """“`Sec-WebSocket-Protocol: triptych, bearer.<token>` (`triptych` is answered)”."""
    offered = [Subprotocol("triptych"), Subprotocol(f"bearer.{ann.token}")]
    with opened(ann, additional_headers={}, subprotocols=offered) as stream:
        assert stream.subprotocol == "triptych"
