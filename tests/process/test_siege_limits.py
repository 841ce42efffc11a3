"""hardening.md, "The edge's limits", where they need a server of their own: connections beyond what
is allowed or can be opened, TLS that never gets anywhere, and all deadlines by the clock on the
wall.
"""

import contextlib
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from server.edge.limits import (
    BODY_GRACE_S,
    GONE_S,
    HEAD_S,
    KEEP_ALIVE_S,
    LINGER_S,
    TICK_S,
    WRITE_S,
)
from tests.conformance.serving import served
from tests.conformance.world import Api
from tests.process.siege.lines import Line, request
from tests.process.siege.target import Target
from tests.process.test_siege_stream import handshake

CERTIFICATES = Path(__file__).parents[1] / "edge"

LATE_S = 2 * TICK_S + LINGER_S + 3.0
"""By how much a deadline may be late on a machine with much else to do, the lingering included."""


@contextlib.contextmanager
def target_with(folder: Path, **variables: str):
    variables = {"TRIPTYCH_RATE_LIMITS": "off", "TRIPTYCH_SERVER": "edge", **variables}
    with served(folder, **variables) as url, Api(url) as api:
        yield Target(api, folder)


def test_connections_beyond_the_bound_are_answered_503_or_closed(tmp_path: Path) -> None:
    """“Connections ≤ a setting …: beyond it accept and answer 503”."""
    most, crowd = 40, 300
    with target_with(tmp_path / "data", TRIPTYCH_CONNECTIONS_MAX=str(most)) as target:
        with target.unharmed():
            before = target.use().descriptors
            with contextlib.ExitStack() as stack:
                lines = [stack.enter_context(target.line()) for _ in range(crowd)]
                answered = 0
                for line in lines[most:]:
                    line.send(request("/healthz"))
                    said = line.rest()
                    assert said == b"" or said.startswith(b"HTTP/1.1 503 ")
                    if said:
                        answered += 1
                        assert b"\r\nretry-after: 1\r\n" in said
                        assert b"SERVER_ERROR" in said
                assert answered > 10
                assert target.use().descriptors < 3 * most + 100
            target.wait_for_descriptors(before)  # or who comes next may still be one too many
        with target.line() as line:
            line.send(request("/healthz"))
            assert line.answer().status == 200


def hello() -> bytes:
    """The beginning of a handshake."""
    context = ssl.create_default_context()
    came, goes = ssl.MemoryBIO(), ssl.MemoryBIO()
    with contextlib.suppress(ssl.SSLWantReadError):
        context.wrap_bio(came, goes, server_hostname="one.test").do_handshake()
    return goes.read()


def test_handshakes_that_get_nowhere_hold_nobody_up(tmp_path: Path) -> None:
    """Slow, half, garbage, or broken off after any of its flights."""
    files = {
        "TRIPTYCH_TLS_CERT": str(CERTIFICATES / "one.cert.pem"),
        "TRIPTYCH_TLS_KEY": str(CERTIFICATES / "one.key.pem"),
        "TRIPTYCH_RATE_LIMITS": "off",
        "TRIPTYCH_SERVER": "edge",
    }
    trusting = ssl.create_default_context(cafile=CERTIFICATES / "one.cert.pem")

    def asks(port: int) -> None:
        line = Line(port)
        line.socket = trusting.wrap_socket(line.socket, server_hostname="one.test")
        with line.socket:
            line.send(request("/healthz"))
            assert line.answer().status == 200

    with served(tmp_path / "data", **files) as url, contextlib.ExitStack() as stack:
        port = int(url.rpartition(":")[2])
        asks(port)
        said = hello()
        for number in range(100):
            line = stack.enter_context(Line(port))
            line.send(said[: number * len(said) // 100])
        asks(port)
        for garbage in (b"\x16\x03\x01\xff\xff", request("/healthz"), b"\x00" * 70_000, said[5:]):
            for data in (garbage, said + garbage):
                with Line(port) as line:
                    line.send(data)
                    assert not line.rest().startswith(b"HTTP")
        for _ in range(50):
            with Line(port) as line:
                line.send(said)
                line.take(5)
        with Line(port) as line:
            line.socket = trusting.wrap_socket(line.socket, server_hostname="one.test")
            line.send(request("/healthz")[:-1])
            line.reset()
        asks(port)
        for end in (socket.SHUT_WR, socket.SHUT_RDWR):
            with Line(port) as line:
                line.send(said)
                line.socket.shutdown(end)
                line.rest()
        asks(port)
    assert "Traceback" not in (tmp_path / "data.log").read_text()


Attack = Callable[[Line, Target], bytes]
"""What somebody does who is slow; returns what the server said in the end."""


def _says_nothing(line: Line, target: Target) -> bytes:
    return line.rest()


def _slowloris(line: Line, target: Target) -> bytes:
    line.send(b"GET / HTTP/1.1\r\n")
    return _dribble(line, b"X: y\r\n")


def _a_byte_a_second(line: Line, target: Target) -> bytes:
    return _dribble(line, b"G")


def _body_never_comes(line: Line, target: Target) -> bytes:
    line.send(request("/api/v1/auth/login", "Content-Length: 9", method="POST"))
    return line.rest()


def _body_dribbles(line: Line, target: Target) -> bytes:
    line.send(request("/api/v1/auth/login", "Content-Length: 900", method="POST"))
    return _dribble(line, b"x")


def _chunks_without_an_end(line: Line, target: Target) -> bytes:
    line.send(request("/api/v1/auth/login", "Transfer-Encoding: chunked", method="POST"))
    return _dribble(line, b"1\r\nx\r\n")


def _upload_dribbles(line: Line, target: Target) -> bytes:
    fields = (
        f"Authorization: Bearer {target.ann.token}",
        "Content-Type: multipart/form-data; boundary=b",
        "Content-Length: 1000000",
    )
    line.send(request("/api/v1/posts", *fields, method="POST"))
    return _dribble(line, b"--b\r\n")


def _idles(line: Line, target: Target) -> bytes:
    line.send(request("/healthz"))
    assert line.answer().status == 200
    return line.rest()


def _never_reads(line: Line, target: Target) -> bytes:
    line.send(request("/openapi.json") * 300)
    poll = select.poll()
    poll.register(line.socket, select.POLLRDHUP)
    poll.poll(2_000 * GONE_S)  # until the reset: nothing is read
    return b""


def _silent_stream(line: Line, target: Target) -> bytes:
    line.send(handshake(target))
    assert line.answer().status == 101
    assert line.rest().startswith(b"\x89\x00"), "it was pinged"
    return b""


def _dribble(line: Line, piece: bytes) -> bytes:
    """Send a little every second, until the server has hung up."""
    line.socket.settimeout(1.0)
    while True:
        try:
            if not line.more():
                return line.unread
        except TimeoutError:
            if not line.send(piece):
                return line.rest()


SLOW: dict[str, tuple[Attack, float, bytes]] = {
    "says nothing": (_says_nothing, HEAD_S, b""),
    "slowloris": (_slowloris, HEAD_S, b"HTTP/1.1 408"),
    "a byte a second": (_a_byte_a_second, HEAD_S, b"HTTP/1.1 408"),
    "a body that never comes": (_body_never_comes, BODY_GRACE_S, b"HTTP/1.1 408"),
    "a body that dribbles": (_body_dribbles, BODY_GRACE_S, b"HTTP/1.1 408"),
    "chunks without an end": (_chunks_without_an_end, BODY_GRACE_S, b"HTTP/1.1 408"),
    "an upload that dribbles": (_upload_dribbles, BODY_GRACE_S, b"HTTP/1.1 408"),
    "idle": (_idles, KEEP_ALIVE_S, b""),
    "never reads": (_never_reads, WRITE_S, b""),
    "a stream that is silent": (_silent_stream, GONE_S, b""),
}


@pytest.mark.survive
def test_every_deadline_by_the_clock_on_the_wall(target: Target) -> None:
    """All at once, ten of each; somebody else is served meanwhile. A minute."""
    took: dict[str, list[tuple[float, bytes]]] = {name: [] for name in SLOW}

    def attack(name: str) -> None:
        with target.line(small=name == "never reads") as line:
            line.socket.settimeout(2 * GONE_S)
            began = time.monotonic()
            said = SLOW[name][0](line, target)
            took[name].append((time.monotonic() - began, said))

    with target.unharmed() as bystander:
        threads = [
            threading.Thread(target=attack, args=(name,)) for name in SLOW for _ in range(10)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    for name, (_, due_s, expected) in SLOW.items():
        print(name, sorted(round(seconds, 1) for seconds, _ in took[name]))
        assert len(took[name]) == 10, name
        for seconds, said in took[name]:
            assert due_s - 1.0 <= seconds <= due_s + LATE_S, name
            assert said.startswith(expected), (name, said[:100])
            assert bool(said) == bool(expected), (name, said[:100])
    assert len(bystander.waits_s) > 1_000
