"""The messages that a WebSocket's client sends, out of bytes, without I/O: wsproto's frames, put
together under a limit, with the answers that the protocol itself demands.

Called by `server.edge.websocket` and `server.edge.crowd`.
"""

from collections import deque
from collections.abc import Callable

from wsproto.connection import Connection, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Event, Ping, TextMessage
from wsproto.extensions import Extension
from wsproto.frame_protocol import CloseReason, ParseFailed, RsvBits

from server.edge.codes import CODE_TOO_BIG
from server.edge.limits import MESSAGE_BYTES_MAX

TOO_BIG = "a message is too large"

PING_FRAME = b"\x89\x00"
"""Asks whether the client is still there."""


class BoundedFrames(Extension):
    """Refuses a frame by the length that it announces, before any of it has come. To wsproto it is
    one of the protocol's extensions, which are asked about each frame; nobody negotiates it."""

    name = "bounded-frames"

    def enabled(self) -> bool:
        return True

    def offer(self) -> bool:
        return False

    def frame_inbound_header(
        self, proto: object, opcode: object, rsv: object, payload_length: int
    ) -> RsvBits:
        """No reserved bit is ours. Raises `ParseFailed`, which wsproto tells as a close."""
        if payload_length > MESSAGE_BYTES_MAX:
            raise ParseFailed(TOO_BIG, CloseReason.MESSAGE_TOO_BIG)
        return RsvBits(False, False, False)


BOUNDED: list[Extension] = [BoundedFrames()]
"""It keeps nothing, so that one is enough for all."""


class Messages:
    """One client's messages. `feed` it; then take from `arrived`, and send what it returned."""

    __slots__ = ("_pieces", "_protocol", "_size", "_texts", "arrived", "closed")

    def __init__(self) -> None:
        self._protocol = Connection(ConnectionType.SERVER, BOUNDED)
        self._texts: list[str] = []
        self._pieces: list[bytes] = []
        self._size = 0
        self.arrived: deque[str | bytes] = deque()
        self.closed: tuple[int, str] | None = None
        """Code and reason, once either side has ended it."""

    def feed(self, received: bytes, send: Callable[[bytes], None]) -> None:
        """Take in bytes; pongs and the answer to a close frame go to `send`, in one piece."""
        if self.closed is not None:
            return
        self._protocol.receive_data(received)
        answers: list[bytes] = []
        for event in self._protocol.events():
            if answer := self._answer_to(event):
                answers.append(answer)
            if self.closed is not None:
                break
        if answers:
            send(b"".join(answers))

    def _answer_to(self, event: Event) -> bytes:
        """Take in one event; what the protocol says at once in return."""
        match event:
            case Ping():
                return self._protocol.send(event.response())
            case TextMessage():
                if event.data:  # of empty fragments there may be any number
                    self._size += len(event.data.encode())
                    self._texts.append(event.data)
            case BytesMessage():
                if event.data:
                    self._size += len(event.data)
                    self._pieces.append(bytes(event.data))
            case CloseConnection():  # whether the client says so, or wsproto of what it can't read
                self.closed = (int(event.code), event.reason or "")
                return self._protocol.send(event.response())
            case _:
                return b""
        if self._size > MESSAGE_BYTES_MAX:
            return self.close(CODE_TOO_BIG, TOO_BIG)
        if event.message_finished:
            whole = (
                "".join(self._texts) if isinstance(event, TextMessage) else b"".join(self._pieces)
            )
            self.arrived.append(whole)
            self._begin_anew()
        return b""

    def close(self, code: int, reason: str) -> bytes:
        """End it from our side: the frame that says so; nothing if it has ended already."""
        if self.closed is not None:
            return b""
        self.closed = (code, reason)
        self._begin_anew()
        return self._protocol.send(CloseConnection(code=code, reason=reason or None))

    @property
    def held_bytes(self) -> int:
        """Of a message that has not come whole."""
        return self._size

    def forget(self) -> None:
        """Nobody takes anything any more: let go of what came. What is around this may wait for the
        garbage collector for long."""
        self.arrived.clear()
        self._begin_anew()

    def _begin_anew(self) -> None:
        self._texts, self._pieces, self._size = [], [], 0
