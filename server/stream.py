"""One WebSocket's life: who may open it, what is said on it, and how what is told goes out.

The application hands every handshake on `STREAM_PATHS` to a `StreamConnection`. What is told is
written at once where the server below has a socket to offer (`triptych.socket`); else, or when the
kernel takes no more, it waits in an outbox, and a client that leaves it there too long is closed.
"""

import contextlib
from collections import deque
from typing import Any

import msgspec
import structlog
import trio

from actors.runtime.asking import Asker
from server.context import Context
from server.edge.frames import text_frame
from server.edge.limits import MESSAGE_BYTES_MAX
from server.http.connection import IgnoredUpgrade, Receive, Send
from server.problems import Problem, invalid
from server.streams.admission import admit
from server.streams.events import RESYNC, Event, answer_about, last_id_of
from server.streams.listening import Listening
from server.streams.outbox import Outbox
from server.streams.resuming import Bounds, Resuming, Since
from server.streams.said import Subscribe, Unsubscribe, parse_said

log = structlog.get_logger()

STREAM_PATHS = ("/v1/stream", "/api/v1/stream")

SUBPROTOCOL = "triptych"

SAID_MAX = 16
"""Messages that may wait while a stream catches up; then its socket is read no further."""

CLOSING_S = 2.0
"""Seconds for the last words to get out; then the connection is dropped."""

TOO_BIG = 1009
"""RFC 6455, 7.4.1."""

TOO_SLOW = 4008
"""The code for a client that does not read what it is told."""

LOST = 1006
"""There is nobody to tell a code."""


class Message(msgspec.Struct, frozen=True):
    """Something to write that is no event."""

    payload: bytes

    @property
    def frame(self) -> bytes:
        return text_frame(self.payload)


class StreamConnection:
    """What the application makes of a handshake on the stream's paths."""

    def __init__(self, app: Any, context: Context, scope: Any) -> None:
        self._app = app
        self._context = context
        self._scope = scope

    async def __call__(self, receive: Receive, send: Send) -> None:
        await receive()  # the handshake
        stream = None
        try:
            claims = await admit(self._context, self._scope)
            # From here to the registration nothing waits: the session is alive in this step.
            asker = Asker(claims.account, claims.session)
            stream = Stream(self._context, self._scope, send, asker, claims.expires_at)
            self._context.hub.register(stream)
        except Problem as problem:
            await IgnoredUpgrade(self._app, self._scope, problem)(receive, send)
            return
        try:
            offered = SUBPROTOCOL in self._scope["subprotocols"]
            with contextlib.suppress(OSError):
                await send(
                    {
                        "type": "websocket.accept",
                        "subprotocol": SUBPROTOCOL if offered else None,
                        "headers": [],
                    }
                )
                await stream.run(receive)
        finally:
            self._context.hub.unregister(stream)
            log.info("stream", account=asker.account, code=stream.code)


class Stream:
    """A `Listener` of the hub that is a WebSocket."""

    def __init__(
        self, context: Context, scope: Any, send: Send, asker: Asker, expires_at: int
    ) -> None:
        self.asker = asker
        self.expires_at = expires_at
        self.code: int | None = None
        """Why it is over; None while it is not."""
        settings = context.settings
        self._hub = context.hub
        bounds = Bounds(settings.stream_kept_s * 1_000, settings.stream_kept_events)
        self._resuming = Resuming(
            context.asking, context.views, context.hub, context.now, bounds, asker.account
        )
        self._send = send
        self._socket = scope["extensions"].get("triptych.socket")
        self._abort = scope["extensions"].get("triptych.abort")
        self._reason = ""
        self._over = trio.Event()
        self._listening = Listening()
        self._outbox: Outbox[Event | Message] = Outbox()
        self._writing = False
        self._written = trio.Event()
        """Set whenever something left the outbox."""
        self._said: deque[Subscribe | Unsubscribe | Problem | None] = deque()
        """None: look up what was lost."""
        self._obeying = False
        self._nursery: trio.Nursery | None = None

    # The hub speaks.

    def hear(self, event: Event) -> None:
        if self._listening.hear(event):
            self._write(event)
        elif self._listening.has_lost:
            self._obey_soon()

    def look_up(self, since: int) -> None:
        self._listening.lose(since)
        self._said.append(None)
        self._obey_soon()

    @property
    def waiting(self) -> int:
        return len(self._outbox)

    def check_pace(self) -> None:
        if self._outbox and trio.current_time() >= self._outbox.due:
            self.end(TOO_SLOW, "too slow to read")

    def end(self, code: int, reason: str) -> None:
        if self.code is None:
            self.code, self._reason = code, reason
            self._outbox.clear()
            self._written.set()
            self._over.set()

    # The connection.

    async def run(self, receive: Receive) -> None:
        """Serve it until it is over."""
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            nursery.start_soon(self._read, receive)
            if self._said:  # it was told to look up before it was asked anything
                self._obey_soon()
            await self._over.wait()
            closed = trio.Event()
            if self.code != LOST:
                nursery.start_soon(self._close, closed)
                with trio.move_on_after(CLOSING_S):
                    await closed.wait()
            if not closed.is_set() and self._abort is not None:
                await self._abort()
            nursery.cancel_scope.cancel()

    async def _close(self, closed: trio.Event) -> None:
        with contextlib.suppress(OSError):
            close = {"type": "websocket.close", "code": self.code, "reason": self._reason}
            await self._send(close)
        closed.set()

    async def _read(self, receive: Receive) -> None:
        while True:
            message = await receive()
            if message["type"] == "websocket.disconnect":
                self.end(LOST, "")
                return
            if self.code is not None:
                continue
            text = message.get("text")
            if text is not None and len(text.encode("utf-8", "replace")) > MESSAGE_BYTES_MAX:
                self.end(TOO_BIG, "a message is too big")
                continue
            self._said.append(_parsed(text))
            self._obey_soon()
            while len(self._said) > SAID_MAX and self.code is None:
                await self._have_written()

    # What the client says, one thing after the other.

    def _obey_soon(self) -> None:
        if not self._obeying and self._nursery is not None:
            self._obeying = True
            self._nursery.start_soon(self._obey_all)

    async def _obey_all(self) -> None:
        while (self._said or self._listening.has_lost) and self.code is None:
            await self._obey(self._said.popleft() if self._said else None)
            self._written.set()
        self._obeying = False

    async def _obey(self, said: Subscribe | Unsubscribe | Problem | None) -> None:
        match said:
            case Subscribe(channels=channels, since=since):
                now = last_id_of(self._hub.mark)
                of_another = since is not None and since > now  # of another folder than this
                if since is None or of_another:
                    self._listening.listen(channels, now)
                    self._write(Message(answer_about("subscribed", channels)))
                    if of_another:
                        self._write(Message(RESYNC))
                    return
                self._listening.hold()
                unheard = self._listening.listen(channels, since)
                self._write(Message(answer_about("subscribed", channels)))
                await self._catch_up(dict.fromkeys(channels, since), unheard)
            case Unsubscribe(channels=channels):
                ended = self._listening.leave(channels)
                self._write(Message(answer_about("unsubscribed", ended)))
            case Problem():
                self._write(Message(b'{"type":"error",' + said.body()[1:]))
            case None:
                if self._listening.has_lost:
                    await self._catch_up({}, {})

    async def _catch_up(self, since: Since, unheard: Since) -> None:
        await self._resuming.catch_up(
            self._listening, since, unheard, self._tell, lambda: self._write(Message(RESYNC))
        )

    async def _tell(self, event: Event) -> None:
        """Write an event of many: only as fast as the client reads."""
        while len(self._outbox) >= self._outbox.events_max // 2 and self.code is None:
            await self._have_written()
        self._write(event)

    async def _have_written(self) -> None:
        """Wait until something has left the outbox, or was obeyed."""
        self._written = trio.Event()
        await self._written.wait()

    # What goes out.

    def _write(self, message: Event | Message) -> None:
        if self.code is not None:
            return
        if not self._outbox and self._socket is not None and self._socket.try_send(message.frame):
            return
        if self._outbox.put(message, trio.current_time()):
            self._write_soon()
        else:
            self.end(TOO_SLOW, "too slow to read")

    def _write_soon(self) -> None:
        if self._outbox and not self._writing and self._nursery is not None:
            self._writing = True
            self._nursery.start_soon(self._write_all)

    async def _write_all(self) -> None:
        """Write until nothing waits."""
        try:
            while self._outbox:
                await (self._write_one() if self._socket is None else self._write_joined())
                self._written.set()
        except OSError:
            self.end(LOST, "")
        self._writing = False

    async def _write_one(self) -> None:
        message = self._outbox.first()
        await self._send({"type": "websocket.send", "text": message.payload.decode()})
        if self.code is None:
            self._outbox.drop_first()

    async def _write_joined(self) -> None:
        await self._socket.wait_sendable()
        if self._socket.try_send(b"".join(message.frame for message in self._outbox.all())):
            self._outbox.clear()


def _parsed(text: str | None) -> Subscribe | Unsubscribe | Problem:
    if text is None:
        return invalid("A message is text")
    try:
        return parse_said(text)
    except Problem as problem:
        return problem
