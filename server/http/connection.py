"""One HTTP request over ASGI, without a task or a nursery of its own: Quart's hook under the
application.

Quart-Trio's own connection reads the body into memory in a second task, ahead of the handler, and
cancels the handler when the client leaves. Here the body is pulled when the handler asks for it, so
a slow handler slows its client down, and a command under way is finished whatever the client does.
Knows ASGI, and nothing of routes.
"""

import functools
from collections.abc import AsyncIterable, Awaitable, Callable, Generator, Mapping
from contextlib import AbstractAsyncContextManager
from types import MappingProxyType
from typing import Any, Protocol, cast
from urllib.parse import urlsplit

import trio
from quart.wrappers import Response as QuartResponse
from quart.wrappers.request import Body
from quart_trio.asgi import TrioASGIHTTPConnection
from quart_trio.wrappers import TrioRequest
from werkzeug.exceptions import RequestEntityTooLarge, RequestTimeout

from server.edge.limits import BODY_BYTES_A_SECOND_MIN, BODY_GRACE_S
from server.http.answers import Answer, Response
from server.problems import Problem

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

NOT_MODIFIED = 304
ZERO_COPY = "http.response.zerocopysend"
"""The extension of ASGI by which the kernel sends a file."""


class ClientLeft(Exception):
    """The client went away: there is nobody to answer."""


class PulledBody(Body):
    """A request's body that is received as it is asked for; never more than one chunk is held. Who
    is waited for holds a place among such bodies (`server.http.bounds`) or uploads: hence the least
    rate, on every server below.

    Quart makes it, or a `DirectRequest`; `pull_from` gives it its source. Iterate over it, or
    `read` it whole.
    """

    def __init__(self, expected_content_length: int | None, max_content_length: int | None) -> None:
        self._receive: Receive | None = None
        self._waited_s = 0.0
        """For the client. What is done with a chunk before the next is asked for is not its
        time."""
        self._received_bytes = 0
        self.expected_bytes = expected_content_length
        self.ended = False

    def pull_from(self, receive: Receive) -> None:
        """Say where the body comes from: the connection's `receive`."""
        self._receive = receive

    def __aiter__(self) -> "PulledBody":
        return self

    async def __anext__(self) -> bytes:
        """The next chunk, never empty. Raises `ClientLeft`; `RequestTimeout` for a client that is
        slower than the least rate."""
        while not self.ended:
            assert self._receive is not None, "a body is read through its connection only"
            began = trio.current_time()
            allowed_s = BODY_GRACE_S + self._received_bytes / BODY_BYTES_A_SECOND_MIN
            message = None
            with trio.move_on_at(began + allowed_s - self._waited_s):
                message = await self._receive()
            self._waited_s += trio.current_time() - began
            if message is None:
                raise RequestTimeout
            if message["type"] == "http.disconnect":
                raise ClientLeft
            self.ended = not message.get("more_body", False)
            chunk: bytes = message.get("body", b"")
            self._received_bytes += len(chunk)
            if chunk:
                return chunk
        raise StopAsyncIteration

    async def read(
        self, bytes_max: int, received: Callable[[int], None] = lambda count: None
    ) -> bytes:
        """All of it; `received` is told how many bytes of it have come, piece by piece. Raises
        `RequestEntityTooLarge` as soon as it is known to be over `bytes_max`, `ClientLeft`.
        """
        if (self.expected_bytes or 0) > bytes_max:
            raise RequestEntityTooLarge
        read = bytearray()
        async for chunk in self:
            read += chunk
            if len(read) > bytes_max:
                raise RequestEntityTooLarge
            received(len(chunk))
        return bytes(read)

    def __await__(self) -> Generator[Any, None, Any]:
        """Quart's way to read a body; nothing of ours uses it."""
        raise NotImplementedError("use read(), which has a limit")


class PulledRequest(TrioRequest):
    """Quart's request with a body that is pulled."""

    body_class = PulledBody

    answer_headers: Mapping[str, str] = MappingProxyType({})
    """What whoever handles the request wants on its answer, whichever that will be."""

    answer: Response | None = None
    """Its answer, once there is one: Quart is given another in its place."""

    @property
    def pulled(self) -> PulledBody:
        """The body under its own type."""
        return cast(PulledBody, self.body)

    @property
    def has_unread_body(self) -> bool:
        """True while the client is, or may be, still sending what nobody has asked for."""
        announced = "Transfer-Encoding" in self.headers or (self.content_length or 0) > 0
        return announced and not self.pulled.ended


class Answering(Protocol):
    """What the application owes this connection: an answer for every request, whatever happens."""

    async def answer(self, request: PulledRequest, refusal: Problem | None) -> Response: ...


class PulledConnection(TrioASGIHTTPConnection):
    """Serves one request in the task that ASGI calls it in."""

    def __init__(self, app: Any, scope: Any, refusal: Problem | None = None) -> None:
        super().__init__(app, cast(Any, {**scope, "path": origin_form(scope["path"])}))
        self._refusal = refusal

    async def __call__(self, receive: Any, send: Any) -> None:
        request = cast(PulledRequest, self._create_request_from_scope(send))
        request.pulled.pull_from(receive)
        response = await cast(Answering, self.app).answer(request, self._refusal)
        await send_answer(cast(Answered, request), response, send)


class IgnoredUpgrade:
    """Answers a WebSocket's handshake as the GET that it is, as a server may (RFC 9110, 7.8): by
    its route, or with a refusal.
    """

    def __init__(self, app: Any, scope: Any, refusal: Problem | None = None) -> None:
        scheme = {"ws": "http", "wss": "https"}[scope["scheme"]]
        self._get = PulledConnection(
            app, {**scope, "type": "http", "method": "GET", "scheme": scheme}, refusal
        )

    async def __call__(self, receive: Any, send: Send) -> None:
        async def receive_nothing() -> Message:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send_instead(message: Message) -> None:
            await send({**message, "type": f"websocket.{message['type']}"})

        await self._get(receive_nothing, send_instead)


def origin_form(target: str) -> str:
    """The path of a request's target, in whatever form it came (RFC 9112, 3.2). One that has none
    becomes a path that no route has.
    """
    if target.startswith("/"):
        return target
    try:
        path = urlsplit(target).path
    except ValueError:
        path = target
    return path if path.startswith("/") else f"/{path}"


class Answered(Protocol):
    """What matters of a request when its answer is sent."""

    @property
    def scope(self) -> Mapping[str, Any]: ...
    @property
    def method(self) -> str: ...
    @property
    def has_unread_body(self) -> bool: ...


async def send_answer(request: Answered, answer: Response, send: Send) -> None:
    """Send it all, unless the client has left. Raises what reading a file raises: the answer then
    stays incomplete."""
    if request.has_unread_body and request.scope["http_version"] in ("1.0", "1.1"):
        # Whoever sits below would otherwise take the rest of the body for the next request.
        answer.headers["Connection"] = "close"
    try:
        if isinstance(answer, Answer):
            await _send_directly(request, answer, send)
        else:
            await _send_response(request, answer, send)
    except ClientLeft:
        return  # All that was asked is done, there is only nobody to tell.


async def _send_message(send: Send, message: Message) -> None:
    try:
        await send(message)
    except OSError:
        raise ClientLeft from None


async def _send_directly(request: Answered, answer: Answer, send: Send) -> None:
    """An answer of ours. Raises `ClientLeft`."""
    body = answer.body
    headers = [(b"content-type", answer.content_type.encode("latin-1"))]
    if answer.status_code != NOT_MODIFIED:  # whose length would be that of what it stands for
        headers.append((b"content-length", b"%d" % len(body)))
    for name, value in answer.headers.items():
        headers.append((_lower(name), value.encode("latin-1")))
    start = {"type": "http.response.start", "status": answer.status_code, "headers": headers}
    if isinstance(body, bytes):
        sent = b"" if request.method == "HEAD" else body
        try:
            await send(start)
            await send({"type": "http.response.body", "body": sent})
        except OSError:
            raise ClientLeft from None
        return
    async with body:
        await _send_message(send, start)
        if request.method == "HEAD":
            await _send_message(send, {"type": "http.response.body", "body": b""})
        elif ZERO_COPY in request.scope.get("extensions", ()):
            part = {"file": body.file, "offset": body.start, "count": len(body)}
            await _send_message(send, {"type": ZERO_COPY, **part})
        else:
            await _send_pieces(body, send)


@functools.lru_cache(maxsize=256)
def _lower(name: str) -> bytes:
    """A header's name as ASGI wants it; ours are a dozen."""
    return name.lower().encode("latin-1")


async def _send_response(request: Answered, response: QuartResponse, send: Send) -> None:
    """Whatever Quart's response holds. Raises `ClientLeft`."""
    headers = [(_lower(name), value.encode("latin-1")) for name, value in response.headers]
    start = {"type": "http.response.start", "status": response.status_code, "headers": headers}
    body = cast(AbstractAsyncContextManager[AsyncIterable[bytes]], response.response)
    async with body as chunks:  # Entered first: it may hold a file already.
        await _send_message(send, start)
        if request.method == "HEAD":
            await _send_message(send, {"type": "http.response.body", "body": b""})
        else:
            await _send_pieces(chunks, send)


async def _send_pieces(pieces: AsyncIterable[bytes], send: Send) -> None:
    """The body of an answer. Raises `ClientLeft`, and what the pieces raise."""
    held = b""  # One piece back, so that the last one can say that it is.
    async for piece in pieces:
        if held:
            message = {"type": "http.response.body", "body": held, "more_body": True}
            await _send_message(send, message)
        held = piece
    await _send_message(send, {"type": "http.response.body", "body": held, "more_body": False})
