"""Boxes, which a HEIC file is made of: a length, a kind of four letters, a body (ISO/IEC 14496-12,
4.2).

`server.uploads.formats.heif.container` reads them and `server.uploads.formats.heif.writing` makes
them; nothing here knows what is in one. Reading copies nothing and takes no number on trust.
"""

from collections.abc import Iterator

import msgspec

from server.uploads.formats.broken import Broken

BOXES_MAX = 4_096
"""Boxes that one box may hold. A phone's picture of sixty tiles has a hundred in its largest."""

LONG = 1
TO_THE_END = 0
"""Lengths that are none: eight bytes with the length follow; the box goes on to the end."""


class Box(msgspec.Struct, frozen=True):
    """One box, whose body is a view of the file."""

    kind: bytes
    body: memoryview


def boxes_in(data: memoryview) -> Iterator[Box]:
    """The boxes of a file, or of a box's body. Raises `Broken`."""
    found = 0
    while data:
        found += 1
        if found > BOXES_MAX:
            raise Broken("too many boxes")
        fields = Fields(data)
        length = fields.number(4)
        kind = bytes(fields.take(4))
        if length == LONG:
            length = fields.number(8)
        elif length == TO_THE_END:
            length = len(data)
        if not fields.at <= length <= len(data):
            raise Broken(f"a box {kind!r} of {length} bytes where there are {len(data)}")
        yield Box(kind, data[fields.at : length])
        data = data[length:]


class Fields:
    """The numbers in a box's body, one after the other. Each method raises `Broken` if the body
    ends before it does."""

    def __init__(self, data: memoryview) -> None:
        self._data = data
        self.at = 0

    def take(self, size: int) -> memoryview:
        """So many bytes."""
        end = self.at + size
        if end > len(self._data):
            raise Broken("a box that ends too early")
        taken, self.at = self._data[self.at : end], end
        return taken

    def number(self, size: int) -> int:
        """A number of so many bytes; of none, 0."""
        return int.from_bytes(self.take(size), "big")

    def version_and_flags(self) -> tuple[int, int]:
        """What a "full" box begins with."""
        return self.number(1), self.number(3)

    def rest(self) -> memoryview:
        """All that follows."""
        return self.take(len(self._data) - self.at)


def box(kind: bytes, *parts: bytes | memoryview) -> bytes:
    """A box with `parts` as its body."""
    length = 8 + sum(map(len, parts))
    return b"".join((number(length, 4), kind, *parts))


def full_box(kind: bytes, version: int, flags: int, *parts: bytes | memoryview) -> bytes:
    """A box that says its version."""
    return box(kind, number(version, 1), number(flags, 3), *parts)


def number(value: int, size: int) -> bytes:
    """As many bytes as `size`."""
    return value.to_bytes(size, "big")
