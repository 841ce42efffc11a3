"""The bytes of one answer, without I/O: its head, and a body by its length, in chunks, or up to the
connection's end.

Called by `server.edge.exchange` with what the application sends.
"""

from collections.abc import Callable, Iterable
from email.utils import formatdate
from http import HTTPStatus

from server.edge.heads import Head

STATUS_LINES = {
    status.value: b"HTTP/1.1 %d %s\r\n" % (status.value, status.phrase.encode())
    for status in HTTPStatus
}

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"

_BODILESS = frozenset({204, 304})
_OURS = frozenset({b"connection", b"content-length", b"date", b"transfer-encoding"})
"""Headers that are more than words: the framing follows from them."""

ASGIHeaders = Iterable[tuple[bytes, bytes]]


class BadAnswer(Exception):
    """The application said what can't be sent: a bug of its own."""


class Dates:
    """The header `Date`, made once a second."""

    def __init__(self, now: Callable[[], int]) -> None:
        self._now = now
        self._second = -1
        self._line = b""

    def line(self) -> bytes:
        """As of now, which is in Unix milliseconds."""
        second = self._now() // 1_000
        if second != self._second:
            self._second = second
            self._line = b"date: %s\r\n" % formatdate(second, usegmt=True).encode()
        return self._line


class Answer:
    """One answer. First `begin`, then `body` for each piece; `keeps_alive` holds from `begin` on:
    whether another request may follow."""

    def __init__(self, head: Head, *, keeps_alive: bool) -> None:
        self.keeps_alive = keeps_alive and head.keep_alive
        self._is_old = head.version == "1.0"
        self._is_head = head.method == "HEAD"
        self._bodiless = False
        self._chunked = False
        self._missing: int | None = None

    def begin(self, status: int, headers: ASGIHeaders, length: int | None, date: bytes) -> bytes:
        """The head. `length` is that of the whole body, where it is known; a `content-length` of
        the application goes before it. Raises `BadAnswer`."""
        lines = [STATUS_LINES.get(status) or b"HTTP/1.1 %d \r\n" % status]
        said: int | None = None
        for name, value in headers:
            if name in _OURS:
                if name == b"content-length":
                    said = int(value)
                elif name == b"connection" and b"close" in value.lower():
                    self.keeps_alive = False
                elif name == b"date":
                    date = b"date: %s\r\n" % value
            else:
                lines.append(b"%b: %b\r\n" % (name, value))
        lines.append(date)
        lines += self._framing(status, said, length)
        if not self.keeps_alive:
            lines.append(b"connection: close\r\n")
        elif self._is_old:
            lines.append(b"connection: keep-alive\r\n")
        made = b"".join(lines)
        if made.count(b"\n") != len(lines) or made.count(b"\r") != len(lines) or b"\0" in made:
            raise BadAnswer("a header holds a line end or a NUL")
        return made + b"\r\n"

    def _framing(self, status: int, said: int | None, length: int | None) -> list[bytes]:
        """The headers that say where the body ends."""
        self._bodiless = self._is_head or status in _BODILESS or status < 200
        if self._bodiless:
            # That of the body that a GET would have got, if the application knows it.
            return [] if said is None or status == 204 else [b"content-length: %d\r\n" % said]
        self._missing = length if said is None else said
        if self._missing is not None:
            return [b"content-length: %d\r\n" % self._missing]
        if self._is_old:
            self.keeps_alive = False
            return []
        self._chunked = True
        return [b"transfer-encoding: chunked\r\n"]

    def body(self, piece: bytes, *, more: bool) -> bytes:
        """A piece of the body as it is sent; the last one if there is no more. Raises `BadAnswer`
        if it is not as long as was said."""
        if self._bodiless:
            return b""
        if self._chunked:
            framed = b"%x\r\n%b\r\n" % (len(piece), piece) if piece else b""
            return framed if more else framed + b"0\r\n\r\n"
        self.count(len(piece), more=more)
        return piece

    def count(self, sent: int, *, more: bool) -> None:
        """So many bytes of the body are sent past `body`. Raises `BadAnswer`, as that does."""
        if self._missing is not None:
            self._missing -= sent
            if self._missing < 0 or (self._missing and not more):
                raise BadAnswer("the body is not as long as was said")

    @property
    def takes_body(self) -> bool:
        """Whether a body is sent at all."""
        return not self._bodiless

    @property
    def is_chunked(self) -> bool:
        return self._chunked
