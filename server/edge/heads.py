"""A request's head, from bytes, without I/O: where it ends, whether it is beyond doubt, and what it
says about the connection and the body.

Two readers must agree: our own check, which is stricter than any server we know, and llhttp, the
parser of Node, which tells the headers apart. So no proxy in front can have read a request
otherwise. Called by `server.edge.requests`.
"""

import re
from typing import Any

import httptools
import msgspec

from server.edge.limits import HEADER_BYTES_MAX, HEADERS_MAX, REQUEST_LINE_BYTES_MAX

Headers = list[tuple[bytes, bytes]]

_TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_METHOD = _TOKEN.replace(b"a-z", b"")
"""A method is in capitals: `get` is not GET (RFC 9110, 9.1), but what stands behind may take it for
that, and a proxy in front may not."""

_REQUEST_LINE = rb"(" + _METHOD + rb") ([\x21-\x7e]+) HTTP/1\.([01])\r\n"
_FIELD = _TOKEN + rb":[^\x00-\x08\x0a-\x1f\x7f]*\r\n"

_HEAD = re.compile(_REQUEST_LINE + rb"((?:" + _FIELD + rb")*)\r\n")
_LINE = re.compile(_REQUEST_LINE)
FIELD = re.compile(_FIELD)
"""One header line with its end: no space before the colon, no control character, no folding."""

_LENGTH = re.compile(rb"[0-9]{1,15}")
_HOST = re.compile(rb"[A-Za-z0-9._~%!$&'()*+,;=:\[\]-]*")

_TELLING = frozenset(
    {b"connection", b"content-length", b"expect", b"host", b"transfer-encoding", b"upgrade"}
)
"""The headers that say something about the connection or the body."""


class Malformed(Exception):
    """Bytes that are no request we take: answered with `status`, and the connection is closed."""

    def __init__(
        self, message: str, status: int = 400, headers: tuple[tuple[bytes, bytes], ...] = ()
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.headers = headers

    def anew(self) -> "Malformed":
        """The same, never raised, for whoever remembers it. The traceback of one that was raised
        leads back to who remembers it: a circle, in which all that was received would wait for the
        garbage collector."""
        return Malformed(self.message, self.status, self.headers)


class Head(msgspec.Struct, frozen=True):
    """A request but for its body. Names of headers are in lower case; `length` is that of the body,
    None for a chunked one."""

    method: str
    target: bytes
    version: str
    headers: Headers
    keep_alive: bool
    length: int | None
    expects_continue: bool
    is_websocket: bool

    @property
    def has_body(self) -> bool:
        return self.length != 0

    def value(self, name: bytes) -> bytes | None:
        """The first header of that name, in lower case."""
        return next((value for key, value in self.headers if key == name), None)


class _Fields:
    """What llhttp finds."""

    def __init__(self) -> None:
        self.all: Headers = []
        self.telling: dict[bytes, list[bytes]] = {}

    def on_header(self, name: bytes, value: bytes) -> None:
        name, value = name.lower(), value.strip(b" \t")
        self.all.append((name, value))
        if name in _TELLING:
            self.telling.setdefault(name, []).append(value)


class HeadReader:
    """Finds one head at the beginning of what has come in. Fed the same bytes in any pieces, it
    comes to the same end."""

    def __init__(self) -> None:
        self._lines = 0
        self._checked = 0
        self._fields_begin = 0

    def read(self, received: bytes) -> tuple[Head, int] | None:
        """The head and where it ends in `received`, which is all that has come; None while it is
        not complete. Raises `Malformed`."""
        end = received.find(b"\r\n\r\n") + 4
        if end > 3:
            found = _HEAD.fullmatch(received, 0, end)
            if found is not None and _is_within_limits(found):
                return _parsed(found, received[:end]), end
        self._check_lines(received)
        return None

    def _check_lines(self, received: bytes) -> None:
        """Look at each line that is complete, and at the length of the one that is not: raises for
        the first fault by its place, so that it does not matter how much has come."""
        while True:
            began = self._checked
            end = received.find(b"\n", began) + 1
            so_far = end or len(received) + 1  # the line feed that must still come
            if self._lines == 0:
                if so_far > REQUEST_LINE_BYTES_MAX + 2:
                    raise Malformed("The request line is too long", 431)
            elif so_far - self._fields_begin > HEADER_BYTES_MAX:
                raise Malformed("The headers are too large", 431)
            if not end:
                return
            if self._lines > HEADERS_MAX and received[began:end] != b"\r\n":
                raise Malformed("There are too many headers", 431)
            line = FIELD if self._lines else _LINE
            if line.fullmatch(received, began, end) is None:
                raise Malformed("The request is malformed")
            if self._lines == 0:
                self._fields_begin = end
            self._lines += 1
            self._checked = end


def _is_within_limits(found: re.Match[bytes]) -> bool:
    begin, end = found.span(4)
    return (
        begin - 2 <= REQUEST_LINE_BYTES_MAX
        and end + 2 - begin <= HEADER_BYTES_MAX
        and found.string.count(b"\n", begin, end) <= HEADERS_MAX
    )


def _parsed(found: re.Match[bytes], head: bytes) -> Head:
    method, target, minor, _ = found.groups()
    try:
        fields = _fields_of(head)
    except httptools.HttpParserInvalidMethodError:
        # It knows some forty; which of them, and which others, a route takes is not for us to say.
        fields = _fields_of(b"POST" + head.removeprefix(method))
    newer = minor == b"1"
    telling = fields.telling
    _check_host(telling.get(b"host", ()), newer)
    connection = _tokens(telling.get(b"connection", ()))
    length = _length_of(telling, newer)
    upgrade = newer and b"upgrade" in connection
    return Head(
        method=method.decode("ascii"),
        target=target,
        version="1.1" if newer else "1.0",
        headers=fields.all,
        keep_alive=b"close" not in connection and (newer or b"keep-alive" in connection),
        length=length,
        expects_continue=newer and b"100-continue" in _tokens(telling.get(b"expect", ())),
        is_websocket=upgrade
        and method == b"GET"
        and length == 0
        and b"websocket" in _tokens(telling.get(b"upgrade", ())),
    )


def _fields_of(head: bytes) -> _Fields:
    """The headers, by llhttp. Raises `HttpParserInvalidMethodError`, `Malformed`."""
    fields = _Fields()
    # Typed as a protocol with every callback; those that are missing are not called.
    parser = httptools.HttpRequestParser(_as_protocol(fields))
    try:
        parser.feed_data(head)
    except httptools.HttpParserUpgrade:
        pass  # What follows is none of llhttp's business, whatever it is.
    except httptools.HttpParserInvalidMethodError:
        raise
    except httptools.HttpParserError:
        raise Malformed("The request is malformed") from None
    return fields


def _as_protocol(fields: _Fields) -> Any:
    return fields


def _tokens(values: list[bytes] | tuple[()]) -> set[bytes]:
    """The elements of a header that is a list, in lower case."""
    if not values:
        return set()
    return {token.strip(b" \t").lower() for value in values for token in value.split(b",")}


def _check_host(hosts: list[bytes] | tuple[()], newer: bool) -> None:
    """As RFC 9112, 3.2 demands."""
    if len(hosts) > 1 or (newer and not hosts) or not all(map(_HOST.fullmatch, hosts)):
        raise Malformed("A request names exactly one host")


def _length_of(telling: dict[bytes, list[bytes]], newer: bool) -> int | None:
    """Of the body, None for a chunked one. Whatever could be read in two ways is refused."""
    codings = telling.get(b"transfer-encoding")
    lengths = telling.get(b"content-length")
    if codings is not None:
        if lengths is not None or not newer or [one.lower() for one in codings] != [b"chunked"]:
            raise Malformed("It is not clear how long the body is")
        return None
    if lengths is None:
        return 0
    if len(lengths) > 1 or not _LENGTH.fullmatch(lengths[0]):
        raise Malformed("It is not clear how long the body is")
    return int(lengths[0])
