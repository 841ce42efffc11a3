"""How a stream's connection is served: by a few tasks on any ASGI server, or, on our own edge,
without any.

`StreamConnection` is what the application makes of a handshake on the stream's paths.
"""

import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
import trio

from actors.runtime.asking import Asker
from server.context import Context
from server.edge.codes import CODE_FAILED, CODE_LOST, CODE_TOO_BIG, FAILED
from server.edge.crowd import Member
from server.edge.limits import MESSAGE_BYTES_MAX
from server.http.connection import IgnoredUpgrade, Receive, Send
from server.problems import Problem
from server.stream import Stream
from server.streams.admission import admit

log = structlog.get_logger()

STREAM_PATHS = ("/v1/stream", "/api/v1/stream")

SUBPROTOCOL = "triptych"

CLOSING_S = 2.0
"""Seconds for the last words to get out, at the least; then the connection is dropped."""


class StreamConnection:
    """What the application makes of a handshake on the stream's paths."""

    def __init__(self, app: Any, context: Context, scope: Any, request_id: str) -> None:
        self._app = app
        self._context = context
        self._scope = scope
        self._request_id = request_id

    async def __call__(self, receive: Receive, send: Send) -> None:
        await receive()  # the handshake
        context, extensions = self._context, self._scope["extensions"]
        try:
            claims = await admit(context, self._scope)
            # From here to the registration nothing waits: the session is alive in this step.
            asker = Asker(claims.account, claims.session)
            stream = Stream(context, asker, claims.expires_at)
            context.hub.register(stream)
        except Problem as problem:
            await IgnoredUpgrade(self._app, self._scope, problem)(receive, send)
            return
        is_handed_over = False
        try:
            offered = SUBPROTOCOL in self._scope["subprotocols"]
            with contextlib.suppress(OSError):
                await send(
                    {
                        "type": "websocket.accept",
                        "subprotocol": SUBPROTOCOL if offered else None,
                        "headers": [(b"x-request-id", self._request_id.encode())],
                    }
                )
                hand_over = extensions.get("triptych.crowd")
                if hand_over is None:
                    await TaskLine(stream, extensions, send).run(receive)
                else:
                    is_handed_over = True
                    hand_over(CrowdLine(context, stream, self._request_id))
        finally:
            if not is_handed_over:
                forget(context, stream, self._request_id)


def forget(context: Context, stream: Stream, request_id: str) -> None:
    """It hears nothing more."""
    context.hub.unregister(stream)
    log.info("stream", account=stream.asker.account, code=stream.code, request_id=request_id)


class CrowdLine:
    """A connection that our edge looks after: `server.edge.crowd` has what is called when."""

    __slots__ = ("_context", "_member", "_request_id", "_stream")

    def __init__(self, context: Context, stream: Stream, request_id: str) -> None:
        self._context = context
        self._stream = stream
        self._request_id = request_id
        self._member: Member | None = None

    # A taker.

    def begin(self, member: Member) -> None:
        self._member = member
        self._stream.attach(self)

    def take(self, message: str | bytes) -> None:
        assert self._member is not None
        if not self._stream.take(message if isinstance(message, str) else None):
            self._member.pause(True)

    def write(self) -> None:
        outbox = self._stream.outbox
        if outbox is None:
            return
        if self.try_send(outbox.joined()):
            self._stream.has_written()
        else:
            self.write_soon()

    def over(self) -> None:
        self._stream.end(CODE_LOST, "")
        forget(self._context, self._stream, self._request_id)
        # Or else the three would keep each other until the garbage collector looks at what is old.
        self._stream.detach()
        self._member = None

    # A stream's line.

    def try_send(self, frame: bytes) -> bool:
        assert self._member is not None
        return self._member.try_send(frame)

    def write_soon(self) -> None:
        assert self._member is not None
        self._member.want_room()

    def read_on(self) -> None:
        assert self._member is not None
        if self._stream.has_room:
            self._member.pause(False)

    def start_soon(self, act: Callable[[], Awaitable[None]]) -> None:
        self._context.hub.start_soon(self._do, act)

    async def _do(self, act: Callable[[], Awaitable[None]]) -> None:
        try:
            await act()
        except Exception as error:
            log.error("a stream failed", exc_info=error)
            self._stream.end(CODE_FAILED, FAILED)

    def close(self, code: int, reason: str) -> None:
        assert self._member is not None
        if code != CODE_LOST:
            self._member.close(code, reason, self._stream.patience_s)


class TaskLine:
    """A connection of any ASGI server. What is told is written at once where that has a socket to
    offer (`triptych.socket`)."""

    def __init__(self, stream: Stream, extensions: dict[str, Any], send: Send) -> None:
        self._stream = stream
        self._send = send
        self._socket: Any = extensions.get("triptych.socket")
        self._abort = extensions.get("triptych.abort")
        self._over = trio.Event()
        self._read_on = trio.Event()
        self._is_writing = False
        self._nursery: trio.Nursery | None = None

    async def run(self, receive: Receive) -> None:
        """Serve it until it is over."""
        stream = self._stream
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            stream.attach(self)
            nursery.start_soon(self._read, receive)
            await self._over.wait()
            closed = trio.Event()
            if stream.code != CODE_LOST:
                nursery.start_soon(self._close, closed)
                with trio.move_on_after(max(CLOSING_S, stream.patience_s)):
                    await closed.wait()
            if not closed.is_set() and self._abort is not None:
                await self._abort()
            nursery.cancel_scope.cancel()

    async def _close(self, closed: trio.Event) -> None:
        with contextlib.suppress(OSError):
            stream = self._stream
            await self._send(
                {
                    "type": "websocket.close",
                    "code": stream.code,
                    "reason": stream.reason,
                    "triptych.patience": stream.patience_s,
                }
            )
        closed.set()

    async def _read(self, receive: Receive) -> None:
        stream = self._stream
        while True:
            message = await receive()
            if message["type"] == "websocket.disconnect":
                stream.end(CODE_LOST, "")
                return
            text = message.get("text")
            if text is not None and len(text.encode("utf-8", "replace")) > MESSAGE_BYTES_MAX:
                stream.end(CODE_TOO_BIG, "a message is too big")
                continue
            stream.take(text)
            while not stream.has_room and stream.code is None:
                self._read_on = trio.Event()
                await self._read_on.wait()

    # A stream's line.

    def try_send(self, frame: bytes) -> bool:
        return self._socket is not None and self._socket.try_send(frame)

    def read_on(self) -> None:
        self._read_on.set()

    def start_soon(self, act: Callable[[], Awaitable[None]]) -> None:
        if self._nursery is not None:
            self._nursery.start_soon(act)

    def close(self, code: int, reason: str) -> None:
        self._over.set()
        self._read_on.set()

    def write_soon(self) -> None:
        if not self._is_writing and self._nursery is not None:
            self._is_writing = True
            self._nursery.start_soon(self._write_all)

    async def _write_all(self) -> None:
        """Write until nothing waits."""
        try:
            while self._stream.outbox is not None:
                await (self._write_one() if self._socket is None else self._write_joined())
        except OSError:
            self._stream.end(CODE_LOST, "")
        self._is_writing = False

    async def _write_one(self) -> None:
        outbox = self._stream.outbox
        assert outbox is not None
        await self._send({"type": "websocket.send", "text": outbox.first().payload.decode()})
        if self._stream.code is None:
            self._stream.has_written(1)

    async def _write_joined(self) -> None:
        await self._socket.wait_sendable()
        outbox = self._stream.outbox
        if outbox is not None and self._socket.try_send(outbox.joined()):
            self._stream.has_written()
