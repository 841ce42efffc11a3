"""A connection that has become a WebSocket: what ASGI's `receive` and `send` are for a `websocket`
scope, and the `DirectSocket` beside them.

The application runs in the connection's task, as for a request. Frames of the protocol itself are
answered while it waits in `receive`.
"""

import structlog
import trio

from server.edge.answers import Answer, BadAnswer
from server.edge.codes import CODE_DONE, CODE_FAILED, CODE_LOST, FAILED
from server.edge.crowd import Crowd, Member, Taker
from server.edge.frames import binary_frame, text_frame
from server.edge.handshakes import acceptance
from server.edge.heads import Head, Malformed
from server.edge.limits import FED_AT_ONCE_BYTES
from server.edge.messages import PING_FRAME, Messages
from server.edge.refusals import refusal
from server.edge.serving import Message, Serving
from server.edge.wire import Gone, Wire

log = structlog.get_logger()


class DirectSocket:
    """`scope["extensions"]["triptych.socket"]`: frames to the kernel without waiting. What it
    promises stands at the top of `server.edge`."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._accepted = False
        self._closing = False

    @property
    def is_open(self) -> bool:
        """Whether anything may still be sent."""
        return not (self._closing or self._wire.is_gone)

    def try_send(self, frame: bytes) -> bool:
        """Hand over a prepared frame; whether it is on its way. Never waits, never raises."""
        return self._accepted and not self._closing and self._wire.try_send(frame)

    async def wait_sendable(self) -> None:
        """Until `try_send` is worth another try. Raises `OSError` when the client is gone."""
        await self._wire.wait_taken()

    def set_accepted(self) -> None:
        """From now on frames may be sent. For the edge."""
        self._accepted = True

    def set_closing(self) -> None:
        """From now on none. For the edge."""
        self._closing = True


class WebSocket:
    """One WebSocket on its way through the application."""

    def __init__(
        self, wire: Wire, head: Head, trailing: bytes, serving: Serving, crowd: Crowd | None
    ) -> None:
        self._wire = wire
        self._head = head
        self._unfed = trailing
        """What was received and is not taken apart yet."""
        self._serving = serving
        self._crowd = crowd
        self._member: Member | None = None
        self._messages = Messages()
        self._asked = False
        self._accepted = False
        self._lost = False
        self._answer: Answer | None = None
        self._start: Message | None = None
        self._refused = False
        self._heard_at = 0.0
        self._pinged_at = 0.0
        self.direct = DirectSocket(wire)

    async def run(self, scope: Message) -> None:
        """Have it served to its end, or its handshake answered. Raises `Malformed` if nobody did,
        `Gone`."""
        code, reason = CODE_DONE, ""
        try:
            await self._serving.application(scope, self.receive, self.send)
        except Exception as error:
            if not (self._lost or isinstance(error, Gone)):
                log.error("the application failed", exc_info=error)
            code, reason = CODE_FAILED, FAILED
        if self._member is not None:
            if code == CODE_FAILED:
                self._member.close(code, reason)
            return
        if self._lost:
            raise Gone("the client has left")
        if self._accepted:
            await self._close(code, reason)
        elif not self._refused:
            raise Malformed("Something went wrong on our side", 500)

    @property
    def is_handed_over(self) -> bool:
        """Whether the wire is the crowd's now."""
        return self._member is not None

    def hand_over(self, taker: Taker) -> Member:
        """`scope["extensions"]["triptych.crowd"]`. What it promises stands at the top of
        `server.edge`."""
        if self._crowd is None or not self._accepted:
            raise BadAnswer("only what was accepted can be handed over")
        self.direct.set_closing()
        self._member = self._crowd.join(self._wire, self._messages, taker)
        unfed, self._unfed = self._unfed, b""
        self._member.begin(unfed)
        return self._member

    # From the client.

    async def receive(self) -> Message:
        """ASGI: the handshake, each message, and the end, again and again."""
        if not self._asked:
            self._asked = True
            return {"type": "websocket.connect"}
        arrived = self._messages.arrived
        try:
            while not arrived and self._messages.closed is None:
                await self._receive_more()
        except Gone:
            self._lost = True
        if arrived:
            message = arrived.popleft()
            kind = "text" if isinstance(message, str) else "bytes"
            return {"type": "websocket.receive", kind: message}
        self.direct.set_closing()
        code, reason = self._messages.closed or (CODE_LOST, "")
        return {"type": "websocket.disconnect", "code": code, "reason": reason}

    async def _receive_more(self) -> None:
        """Take in what comes next, keeping the client awake meanwhile. Raises `Gone`."""
        wire, messages = self._wire, self._messages
        if self._unfed:
            await trio.lowlevel.checkpoint()  # ten thousand small frames are many turns
        else:
            if not await wire.wait_readable(self._due()):
                self._wake()
                return
            received = wire.receive_nowait()
            if received is None:
                return
            if received == b"":
                raise Gone("the client left without a word")
            self._unfed = received
        self._heard_at = self._pinged_at = trio.current_time()
        fed, self._unfed = self._unfed[:FED_AT_ONCE_BYTES], self._unfed[FED_AT_ONCE_BYTES:]
        messages.feed(fed, wire.send_nowait)
        if wire.has_unsent:
            await wire.drain()  # who sends pings reads the pongs before more is read

    def _due(self) -> float:
        """When silence has lasted long enough for the next ping, or for the end."""
        limits = self._serving.limits
        return min(self._pinged_at + limits.ping_s, self._heard_at + limits.gone_s)

    def _wake(self) -> None:
        """Nothing came for a while: ping, or give up. Raises `Gone`."""
        now = trio.current_time()
        if now >= self._heard_at + self._serving.limits.gone_s:
            self._serving.counts["silent sockets"] += 1
            raise Gone("the client has been silent for too long")
        self._pinged_at = now
        if self._accepted and not self._wire.has_unsent:
            self._wire.send_nowait(PING_FRAME)

    # To the client.

    async def send(self, message: Message) -> None:
        """ASGI: accept or refuse the handshake, messages, the end. Raises `OSError` when there is
        nobody to send it to, `BadAnswer` for what can't be sent."""
        kind: str = message["type"]
        if self._accepted:
            match kind:
                case "websocket.send":
                    await self._send(message)
                case "websocket.close":
                    code, reason = message.get("code", CODE_DONE), message.get("reason") or ""
                    await self._close(code, reason, message.get("triptych.patience", 0.0))
                case _:
                    raise BadAnswer(f"{kind} has no place after websocket.accept")
        elif self._refused:
            raise BadAnswer("this handshake was refused")
        else:
            match kind:
                case "websocket.accept":
                    await self._accept(message)
                case "websocket.close":
                    fault = Malformed("This WebSocket is not for you", 403)
                    await self._wire.send(refusal(self._serving, fault))
                    self._refused = True
                case "websocket.http.response.start":
                    self._start = message
                case "websocket.http.response.body":
                    more = message.get("more_body", False)
                    await self._send_refusal(message.get("body", b""), more=more)
                case _:
                    raise BadAnswer(f"{kind} has no place before websocket.accept")

    async def _accept(self, message: Message) -> None:
        headers = message.get("headers", ())
        dates = self._serving.dates
        answer = acceptance(self._head, message.get("subprotocol"), headers, dates.line())
        self._accepted = True
        self._heard_at = self._pinged_at = trio.current_time()
        self._serving.counts["websockets"] += 1
        self._wire.hold_little()
        await self._wire.send(answer)
        self.direct.set_accepted()

    async def _send(self, message: Message) -> None:
        if self._messages.closed is not None or self._lost:
            raise Gone("the WebSocket has ended")
        text = message.get("text")
        frame = binary_frame(message["bytes"]) if text is None else text_frame(text.encode())
        await self._wire.send(frame)

    async def _close(self, code: int, reason: str, patience_s: float = 0.0) -> None:
        """Say that it ends, and have that arrive if the client reads at all within the time for
        lingering, or within `patience_s` if that is more; one that does not is cut off."""
        self.direct.set_closing()
        frame = self._messages.close(code, reason)
        if self._wire.is_gone:
            return
        self._wire.send_nowait(frame)
        with trio.move_on_after(max(self._serving.limits.linger_s, patience_s)):
            await self._wire.drain()
        if self._wire.has_unsent:
            self._wire.shut()

    async def _send_refusal(self, body: bytes, *, more: bool) -> None:
        """An answer to the handshake as to any request."""
        if self._start is None:
            raise BadAnswer("an answer begins with its status")
        framed = b""
        if self._answer is None:
            self._answer = Answer(self._head, keeps_alive=False)
            headers = self._start.get("headers", ())
            length = None if more else len(body)
            date = self._serving.dates.line()
            framed = self._answer.begin(self._start["status"], headers, length, date)
        await self._wire.send(framed + self._answer.body(body, more=more))
        self._refused = not more
