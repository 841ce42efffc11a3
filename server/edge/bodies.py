"""A request's body out of the bytes that follow its head, without I/O: by its length, or in chunks.

Called by `server.edge.requests`. A chunked body is read strictly: lines end in CR LF, a size is one
to eight hexadecimal digits, extensions are well-formed and passed over, trailers checked and
dropped.
"""

import re

from server.edge.heads import FIELD, Malformed
from server.edge.limits import CHUNK_LINE_BYTES_MAX, CHUNKS_AT_ONCE, HEADER_BYTES_MAX

_TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_QUOTED = rb'"(?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t \x21-\x7e\x80-\xff])*"'
_CHUNK_LINE = re.compile(
    rb"([0-9A-Fa-f]{1,8})(?:;" + _TOKEN + rb"(?:=(?:" + _TOKEN + rb"|" + _QUOTED + rb"))?)*\r\n"
)


class LengthBody:
    """A body of a known length."""

    def __init__(self, length: int) -> None:
        self._missing = length
        self.ended = length == 0

    def take(self, received: bytes) -> tuple[bytes, bytes]:
        """What of `received` belongs to the body, and the rest."""
        body, rest = received[: self._missing], received[self._missing :]
        self._missing -= len(body)
        self.ended = self._missing == 0
        return body, rest


class ChunkedBody:
    """A body in chunks, up to and with the empty line that ends it."""

    def __init__(self) -> None:
        self._step = self._take_size
        self._missing = 0
        self._trailer_bytes = 0
        self._fault: Malformed | None = None
        self.ended = False

    def take(self, received: bytes) -> tuple[bytes, bytes]:
        """What of `received` is content, and what can't be read yet, or comes after the
        `CHUNKS_AT_ONCE` that one step takes. Raises `Malformed`, but only once all content before
        the fault has been taken."""
        pieces: list[bytes] = []
        place = 0
        try:
            if self._fault is not None:
                raise self._fault.anew()
            while not self.ended and len(pieces) < CHUNKS_AT_ONCE:
                came = self._step(received, place, pieces)
                if came == place:
                    break
                place = came
        except Malformed as fault:
            if not pieces:
                raise
            self._fault = fault.anew()
        return b"".join(pieces), received[place:]

    # Each step begins at a place in what was received and says how far it came: no further if it
    # can't go on yet.

    def _take_size(self, received: bytes, place: int, pieces: list[bytes]) -> int:
        end = _line_end(received, place, CHUNK_LINE_BYTES_MAX)
        if end == place:
            return place
        line = _CHUNK_LINE.fullmatch(received, place, end)
        if line is None:
            raise Malformed("A chunk is malformed")
        self._missing = int(line[1], 16)
        self._step = self._take_content if self._missing else self._take_trailer
        return end

    def _take_content(self, received: bytes, place: int, pieces: list[bytes]) -> int:
        piece = received[place : place + self._missing]
        if piece:
            pieces.append(piece)
            self._missing -= len(piece)
        if not self._missing:
            self._step = self._take_line_end
        return place + len(piece)

    def _take_line_end(self, received: bytes, place: int, pieces: list[bytes]) -> int:
        found = received[place : place + 2]
        if not b"\r\n".startswith(found):
            raise Malformed("A chunk is not as long as it says")
        if len(found) < 2:
            return place
        self._step = self._take_size
        return place + 2

    def _take_trailer(self, received: bytes, place: int, pieces: list[bytes]) -> int:
        end = _line_end(received, place, HEADER_BYTES_MAX - self._trailer_bytes)
        if end == place:
            return place
        self._trailer_bytes += end - place
        if received[place:end] == b"\r\n":
            self.ended = True
        elif FIELD.fullmatch(received, place, end) is None:
            raise Malformed("A trailer is malformed")
        return end


def _line_end(received: bytes, place: int, bytes_max: int) -> int:
    """Where the line that begins at `place` has ended; `place` if it has not. Raises `Malformed`
    for one that is over `bytes_max`."""
    end = received.find(b"\n", place) + 1
    if (end or len(received) + 1) - place > bytes_max:
        raise Malformed("A line in the body is too long")
    return end or place
