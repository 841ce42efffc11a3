"""Requests out of the bytes of one connection, without I/O: a head, its body, the next head.

`server.edge.connection` feeds it with what it receives and asks it for what it needs next. It keeps
what is not its turn yet, never more than was fed.
"""

from server.edge.bodies import ChunkedBody, LengthBody
from server.edge.heads import Head, HeadReader, Malformed


class Requests:
    """The requests of a connection, one after the other."""

    def __init__(self) -> None:
        self._received = b""
        self._reader = HeadReader()
        self._skipped = False
        self._body: LengthBody | ChunkedBody | None = None
        self._fault: Malformed | None = None

    @property
    def pending_bytes(self) -> int:
        """What was fed and not asked for."""
        return len(self._received)

    @property
    def body_ended(self) -> bool:
        """Whether the body of the current request was taken to its end."""
        return self._body is None or self._body.ended

    def feed(self, received: bytes) -> None:
        """Bytes from the client, in the order of their arrival."""
        self._received = self._received + received if self._received else received

    def next_head(self) -> Head | None:
        """The next request, once the one before was taken to its end; None until its head is
        complete. Raises `Malformed`, and does so ever after."""
        assert self.body_ended, "a request's body comes before the next request"
        if self._fault is not None:
            raise self._fault.anew()
        if not self._received or not self._skip_empty_line():
            return None
        try:
            found = self._reader.read(self._received)
        except Malformed as fault:
            self._fault = fault.anew()
            raise
        if found is None:
            return None
        head, end = found
        self._received = self._received[end:]
        self._reader, self._skipped = HeadReader(), False
        if not head.has_body:
            self._body = None
        else:
            self._body = ChunkedBody() if head.length is None else LengthBody(head.length)
        return head

    def next_body(self) -> bytes:
        """What there is of the current body; nothing while more must be fed, or at its end. Raises
        `Malformed`, and does so ever after."""
        if self._fault is not None:
            raise self._fault.anew()
        if self._body is None or self._body.ended or not self._received:
            return b""
        try:
            content, self._received = self._body.take(self._received)
        except Malformed as fault:
            self._fault = fault.anew()
            raise
        return content

    def take_rest(self) -> bytes:
        """All that was fed after the current request, which is no more HTTP."""
        rest, self._received = self._received, b""
        return rest

    def forget(self) -> None:
        """Nobody asks any more: let go of what was fed. What is around this may wait for the
        garbage collector: Quart leaves a circle for each route that it does not find."""
        self._received = b""

    def _skip_empty_line(self) -> bool:
        """One empty line before a request is passed over (RFC 9112, 2.2): some clients end a body
        with it. False while it is not clear whether there is one."""
        if self._skipped:
            return True
        if self._received == b"\r":
            return False
        if self._received.startswith(b"\r\n"):
            self._received = self._received[2:]
        self._skipped = True
        return bool(self._received)
