"""An edge in the test's own process, on a socket of its own, in front of applications that exist
for tests only; and a client that writes bytes as they are told and reads what comes."""

import contextlib
import fcntl
import gc
import json
import os
import socket
import ssl
import termios
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any

import trio

from server.edge.crowd import Member
from server.edge.frames import binary_frame, text_frame
from server.edge.limits import Limits
from server.edge.listener import Listener, Stopping
from server.edge.serving import Application, Receive, Send, Serving

DATE_MS = 784_111_777_000
"""Sun, 06 Nov 1994 08:49:37 GMT."""

ANSWER_S = 1_000.0
"""Longer than any deadline of the edge, in virtual time; in real time nothing takes a second."""


def refuse(status: int, message: str) -> tuple[list[tuple[bytes, bytes]], bytes]:
    headers = [(b"content-type", b"application/json")]
    if status == 503:
        headers.append((b"retry-after", b"1"))
    return headers, json.dumps({"error": message}).encode()


STATM = Path("/proc/self/statm")
MEMORY_BYTES = 8 * 1_048_576
"""What Python's allocator may keep after thousands of objects came and went."""


class House:
    """An edge that serves, and what it counted."""

    def __init__(self, listener: Listener, serving: Serving, port: int) -> None:
        self.listener = listener
        self.serving = serving
        self.port = port
        self.stop = trio.Event()
        self.ended = trio.Event()

    async def connect_tls(self, name: str, trusted: Path) -> "Client":
        """A client that speaks TLS to a server called `name`."""
        plain = await trio.open_tcp_stream("127.0.0.1", self.port)
        context = ssl.create_default_context(cafile=trusted)
        return Client(trio.SSLStream(plain, context, server_hostname=name, https_compatible=True))

    async def connect(self, buffer_bytes: int | None = None) -> "Client":
        """A client; one whose kernel takes in no more than about `buffer_bytes`."""
        connecting = trio.socket.socket()
        if buffer_bytes is not None:
            connecting.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer_bytes)
        await connecting.connect(("127.0.0.1", self.port))
        return Client(trio.SocketStream(connecting))

    async def all_gone(self) -> None:
        """Until no connection is left."""
        with trio.fail_after(ANSWER_S):
            while self.listener.statistics()["connections"]:
                await trio.lowlevel.checkpoint()


@contextlib.asynccontextmanager
async def served(
    application: Application, worked: Callable[[], float] = lambda: 0.0, **limits: Any
) -> AsyncGenerator[House]:
    """The edge in front of `application`, until the block is left; then without mercy."""
    listening = socket.create_server(("127.0.0.1", 0))
    threads = trio.CapacityLimiter(4)
    serving = Serving(
        application,
        refuse,
        Limits(**limits),
        lambda: DATE_MS,
        threads,
        worked=worked,
        passed=worked,
        probes=frozenset({b"/probe"}),
    )
    listener = Listener(serving)
    house = House(listener, serving, listening.getsockname()[1])
    async with trio.open_nursery() as nursery:

        async def serve(task_status: trio.TaskStatus[None]) -> None:
            stopping = Stopping(say_s=0.0, finish_s=2.0, cancelled_s=0.5)
            with listening:
                await listener.serve([listening], house.stop, stopping, task_status)
            house.ended.set()

        await nursery.start(serve)
        yield house
        nursery.cancel_scope.cancel()


class Client:
    """The other end of one connection."""

    def __init__(self, stream: trio.SocketStream | trio.SSLStream[trio.SocketStream]) -> None:
        self.stream = stream
        self.unread = b""

    async def __aenter__(self) -> "Client":
        return self

    async def __aexit__(self, *_: object) -> None:
        await trio.aclose_forcefully(self.stream)

    async def send(self, data: bytes) -> None:
        await self.stream.send_all(data)

    def send_now(self, data: bytes) -> None:
        """Send a little without letting anybody else run, so that many come at once."""
        assert isinstance(self.stream, trio.SocketStream)
        assert os.write(self.stream.socket.fileno(), data) == len(data)

    def wait_arrived(self) -> None:
        """Until the other end's kernel has what was sent, without letting anybody else run: for a
        little, which it has no reason not to take."""
        assert isinstance(self.stream, trio.SocketStream)
        while any(fcntl.ioctl(self.stream.socket.fileno(), termios.TIOCOUTQ, bytes(4))):
            pass

    async def more(self) -> bool:
        """Read on. False at the end, however it came."""
        try:
            with trio.fail_after(ANSWER_S):
                received = await self.stream.receive_some()
        except trio.BrokenResourceError:
            return False
        self.unread += received
        return bool(received)

    async def rest(self) -> bytes:
        """All that comes until the end."""
        while await self.more():
            pass
        rest, self.unread = self.unread, b""
        return rest

    async def exactly(self, count: int) -> bytes:
        while len(self.unread) < count:
            assert await self.more(), f"it ended early: {self.unread[:500]!r}"
        taken, self.unread = self.unread[:count], self.unread[count:]
        return taken

    async def head(self) -> tuple[int, dict[str, str]]:
        """The next answer's status and headers."""
        while b"\r\n\r\n" not in self.unread:
            assert await self.more(), f"it ended early: {self.unread[:500]!r}"
        head, _, self.unread = self.unread.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines)
        return int(first.split(" ")[1]), headers

    async def answer(self, *, of_head: bool = False) -> tuple[int, dict[str, str], bytes]:
        """The next answer, whole, its body by its length or in chunks."""
        status, headers = await self.head()
        if of_head or status in (204, 304):
            return status, headers, b""
        if headers.get("transfer-encoding") == "chunked":
            return status, headers, await self._chunks()
        return status, headers, await self.exactly(int(headers["content-length"]))

    async def _chunks(self) -> bytes:
        body = b""
        while True:
            while b"\r\n" not in self.unread:
                assert await self.more()
            line, _, self.unread = self.unread.partition(b"\r\n")
            size = int(line, 16)
            body += await self.exactly(size)
            assert await self.exactly(2) == b"\r\n"
            if not size:
                return body


def get(path: str = "/", *fields: str, method: str = "GET", version: str = "1.1") -> bytes:
    """A request without a body, or the head of one with."""
    lines = [f"{method} {path} HTTP/{version}", "Host: a", *fields]
    return "".join(f"{line}\r\n" for line in lines).encode() + b"\r\n"


@contextlib.asynccontextmanager
async def unharmed(house: House) -> AsyncGenerator[None]:
    """Whatever is done within: another client is served beside it, and nothing is left of it."""
    async with await house.connect() as client:
        await client.send(get("/before"))
        assert (await client.answer())[2] == b"/before "
        gc.collect()
        descriptors = len(os.listdir("/proc/self/fd"))
        began = resident_bytes()
        yield
        async with await house.connect() as other:
            await other.send(get("/beside"))
            assert (await other.answer())[2] == b"/beside "
    await house.all_gone()
    gc.collect()
    assert len(os.listdir("/proc/self/fd")) <= descriptors
    assert (grown := resident_bytes() - began) < MEMORY_BYTES, grown


def resident_bytes() -> int:
    return int(STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


async def body_of(receive: Receive) -> bytes:
    """A request's body; raises `EOFError` for a client that left before its end."""
    body = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise EOFError
        body += message["body"]
        if not message["more_body"]:
            return body


async def answer(send: Send, body: bytes, status: int = 200, *headers: tuple[bytes, bytes]) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def echo(scope: Any, receive: Receive, send: Send) -> None:
    """Says back what it is told: a request's path and body, or each message."""
    if scope["type"] == "http":
        path = scope["path"].encode()
        await answer(send, path + b" " + await body_of(receive))
        return
    assert (await receive())["type"] == "websocket.connect"
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        await send({**message, "type": "websocket.send"})


class Echoing:
    """A taker that says back what it is told, all of it, in order."""

    def __init__(self) -> None:
        self._waiting: list[bytes] = []

    def begin(self, member: Member) -> None:
        self._member = member

    def take(self, message: str | bytes) -> None:
        text = isinstance(message, str)
        frame = text_frame(message.encode()) if text else binary_frame(message)
        if self._waiting or not self._member.try_send(frame):
            self._waiting.append(frame)
            self._member.pause(True)
            self._member.want_room()

    def write(self) -> None:
        if self._waiting and self._member.try_send(b"".join(self._waiting)):
            self._waiting.clear()
            self._member.pause(False)

    def over(self) -> None:
        """Nobody waits for that."""


async def echo_in_crowd(scope: Any, receive: Receive, send: Send) -> None:
    """The same, but that WebSockets are handed over."""
    if scope["type"] == "http":
        await echo(scope, receive, send)
        return
    await send({"type": "websocket.accept"})
    scope["extensions"]["triptych.crowd"](Echoing())


async def pour(scope: Any, receive: Receive, send: Send) -> None:
    """More than the kernels hold."""
    if scope["path"] != "/pour":
        await echo(scope, receive, send)
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for _ in range(200):
        await send({"type": "http.response.body", "body": b"x" * 99_999, "more_body": True})
