"""The ASGI connection: bodies are pulled, early answers close, and a client that leaves stops
nothing.
"""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import trio
import trio.testing
from quart.wrappers import Response
from quart_trio import QuartTrio
from quart_trio.wrappers import TrioResponse
from werkzeug.exceptions import RequestEntityTooLarge, RequestTimeout

from server.edge.limits import BODY_BYTES_A_SECOND_MIN, BODY_GRACE_S
from server.http.connection import ClientLeft, PulledConnection, PulledRequest
from server.problems import Problem

Handler = Callable[[PulledRequest], Awaitable[Response]]


class Application(QuartTrio):
    """Answers with one handler, without routes."""

    asgi_http_class = PulledConnection
    request_class = PulledRequest

    def __init__(self, handler: Handler) -> None:
        super().__init__("test")
        self._handler = handler

    async def answer(self, request: PulledRequest, refusal: Problem | None) -> Response:
        assert refusal is None
        return await self._handler(request)


class Client:
    """The other end of one ASGI request: sends `chunks`, then leaves or waits; keeps what it is
    sent.
    """

    def __init__(self, chunks: list[bytes], *, leaves: bool = False, gone: bool = False) -> None:
        self.chunks = chunks
        self.asked = 0
        self.sent: list[dict[str, Any]] = []
        self._leaves = leaves
        self._gone = gone

    async def receive(self) -> dict[str, Any]:
        await trio.lowlevel.checkpoint()
        if self.asked == len(self.chunks):
            return {"type": "http.disconnect"}
        chunk = self.chunks[self.asked]
        self.asked += 1
        more = self._leaves or self.asked < len(self.chunks)
        return {"type": "http.request", "body": chunk, "more_body": more}

    async def send(self, message: dict[str, Any]) -> None:
        await trio.lowlevel.checkpoint()
        if self._gone:
            raise OSError("the client has left")
        self.sent.append(message)

    async def request(self, handler: Handler, method: str = "POST", version: str = "1.1") -> None:
        length = str(sum(map(len, self.chunks))).encode()
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": version,
            "method": method,
            "scheme": "http",
            "path": "/",
            "raw_path": b"/",
            "query_string": b"",
            "root_path": "",
            "headers": [(b"host", b"test"), (b"content-length", length)] if self.chunks else [],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 2),
        }
        await Application(handler)(scope, self.receive, self.send)  # pyright: ignore

    @property
    def headers(self) -> dict[bytes, bytes]:
        return dict(self.sent[0]["headers"])

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.sent)


async def echo(request: PulledRequest) -> Response:
    return TrioResponse(await request.pulled.read(100))


async def test_a_body_in_fragments_arrives_whole() -> None:
    client = Client([b"a", b"", b"bc", b""])
    await client.request(echo)
    assert client.body == b"abc"
    assert b"connection" not in client.headers


async def test_chunks_are_asked_for_only_as_the_handler_takes_them() -> None:
    client = Client([b"a", b"b", b"c"])
    asked: list[int] = []

    async def careful(request: PulledRequest) -> Response:
        async for _ in request.pulled:
            asked.append(client.asked)
            await trio.testing.wait_all_tasks_blocked()
        return TrioResponse(b"")

    await client.request(careful)
    assert asked == [1, 2, 3]


async def refuse(request: PulledRequest) -> Response:
    return TrioResponse(b"no", 401)


async def test_an_answer_before_the_body_was_read_closes_the_connection() -> None:
    client = Client([b"a", b"b"])
    await client.request(refuse)
    assert client.asked == 0
    assert client.sent[0]["status"] == 401
    assert client.headers[b"connection"] == b"close"


async def test_http_2_has_no_connection_to_close() -> None:
    client = Client([b"a", b"b"])
    await client.request(refuse, version="2")
    assert b"connection" not in client.headers


async def test_a_request_without_a_body_keeps_its_connection() -> None:
    client = Client([])
    await client.request(refuse, method="GET")
    assert b"connection" not in client.headers


async def test_too_much_is_refused_before_it_is_read() -> None:
    client = Client([b"x" * 60, b"x" * 60])

    async def expecting(request: PulledRequest) -> Response:
        with pytest.raises(RequestEntityTooLarge):
            await request.pulled.read(100)
        return TrioResponse(b"", 413)

    await client.request(expecting)
    assert client.asked == 0


async def test_too_much_without_a_length_is_refused_when_it_is_too_much() -> None:
    client = Client([b"x" * 60, b"x" * 60, b"x" * 60])

    async def expecting(request: PulledRequest) -> Response:
        request.pulled.expected_bytes = None
        with pytest.raises(RequestEntityTooLarge):
            await request.pulled.read(100)
        return TrioResponse(b"", 413)

    await client.request(expecting)
    assert client.asked == 2
    assert client.headers[b"connection"] == b"close"


async def test_a_client_that_leaves_before_its_body_is_complete_is_noticed() -> None:
    client = Client([b"a"], leaves=True)
    left: list[bool] = []

    async def waiting(request: PulledRequest) -> Response:
        try:
            await request.pulled.read(100)
        except ClientLeft:
            left.append(True)
        return TrioResponse(b"", 400)

    await client.request(waiting)
    assert left == [True]


async def test_a_client_that_leaves_cancels_no_command_under_way() -> None:
    client = Client([b"a"], gone=True)
    done: list[bool] = []

    async def slow(request: PulledRequest) -> Response:
        await request.pulled.read(100)
        await trio.testing.wait_all_tasks_blocked()
        done.append(True)
        return TrioResponse(b"nobody reads this")

    await client.request(slow)
    assert done == [True]
    assert client.sent == []


async def test_head_is_answered_without_a_body_but_with_its_length() -> None:
    client = Client([])
    await client.request(refuse, method="HEAD")
    assert client.body == b""
    assert client.headers[b"content-length"] == b"2"


class Slow(Client):
    """Sends a chunk a second."""

    async def receive(self) -> dict[str, Any]:
        await trio.sleep(1)
        return await super().receive()


async def test_a_body_that_trickles_is_not_waited_for(
    autojump_clock: trio.testing.MockClock,
) -> None:
    refused: list[float] = []
    began = trio.current_time()

    async def read(request: PulledRequest) -> Response:
        with pytest.raises(RequestTimeout):
            await request.pulled.read(1_000_000)
        refused.append(trio.current_time() - began)
        return TrioResponse(b"too slow", 408)

    client = Slow([b"x"] * 1_000)
    await client.request(read)
    assert refused[0] == pytest.approx(BODY_GRACE_S, abs=1)
    assert client.headers[b"connection"] == b"close"


async def test_a_body_at_the_least_rate_is_waited_for(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async def read(request: PulledRequest) -> Response:
        return TrioResponse(str(len(await request.pulled.read(10_000_000))).encode())

    client = Slow([b"x" * BODY_BYTES_A_SECOND_MIN] * 100)
    await client.request(read)
    assert client.body == str(100 * BODY_BYTES_A_SECOND_MIN).encode()


async def test_a_handler_that_is_slow_to_read_is_not_held_against_the_client(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async def read(request: PulledRequest) -> Response:
        size = 0
        async for chunk in request.pulled:
            await trio.sleep(10)  # as a disk may take
            size += len(chunk)
        return TrioResponse(str(size).encode())

    client = Slow([b"x" * 1_000] * 10)
    await client.request(read)
    assert client.body == b"10000"
