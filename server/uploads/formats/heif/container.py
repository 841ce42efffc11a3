"""What a HEIC file says that it holds: its items, what is known of each, and where their bytes are
(ISO/IEC 23008-12 and 14496-12, 8.11).

`server.uploads.formats.heif.still` picks from it. Whatever may be said twice and is said twice is
refused, so that no two readers understand one file differently.
"""

from collections.abc import Iterator

import msgspec

from server.uploads.formats.broken import Broken
from server.uploads.formats.heif.boxes import Box, Fields, boxes_in

ITEMS_MAX = 1_000
"""Items of a file, as libheif has it: tiles, thumbnails, metadata. A phone's picture has sixty."""

PROPERTIES_MAX = 64
"""Properties of one item, which has about six."""

REFERENCES_MAX = 4_096
"""Items named by others, all together: each tile by its grid, each thumbnail by its picture."""

EXTENTS_MAX = 32
"""Pieces that an item lies in, as libheif has it; nearly always one."""

ESSENTIAL = 1
IN_FILE, IN_DATA_BOX = 0, 1
"""What an extent's offset counts from: the file's beginning, or that of the box `idat`."""

Extent = tuple[int, int, int]
"""In which of the two, from which byte, how many bytes (0: all that follows)."""


class Property(msgspec.Struct, frozen=True):
    """One thing said of an item. If it is `essential`, whoever doesn't know its kind must not show
    the item."""

    kind: bytes
    body: memoryview
    essential: bool


class Reference(msgspec.Struct, frozen=True):
    """One item naming others."""

    kind: bytes
    of: int
    to: tuple[int, ...]


class Container(msgspec.Struct, frozen=True):
    """The file's own description of itself, by the ids of its items."""

    data: memoryview
    data_box: memoryview
    primary: int
    kinds: dict[int, bytes]
    properties: dict[int, list[Property]]
    references: list[Reference]
    extents: dict[int, list[Extent]]

    def bytes_of(self, item: int) -> bytes:
        """What an item's extents hold. Raises `Broken`, also if that is longer than the file:
        extents may overlap."""
        pieces: list[memoryview] = []
        left = len(self.data)
        for where, start, length in self.extents.get(item, []):
            source = self.data if where == IN_FILE else self.data_box
            end = start + length if length else len(source)
            if not start <= end <= len(source):
                raise Broken("an extent beyond the file's end")
            left -= end - start
            if left < 0:
                raise Broken("an item longer than its file")
            pieces.append(source[start:end])
        if not pieces:
            raise Broken("an item without data")
        return b"".join(pieces)


def read_container(data: memoryview) -> Container:
    """What the file in `data` says. Raises `Broken`."""
    meta = _named(list(boxes_in(data)), b"meta")
    fields = Fields(meta.body)
    fields.version_and_flags()
    inside = list(boxes_in(fields.rest()))
    ways = list(boxes_in(_named(inside, b"iprp").body))
    known = [None, *boxes_in(_named(ways, b"ipco").body)]
    return Container(
        data=data,
        data_box=_optional(inside, b"idat") or memoryview(b""),
        primary=_primary(Fields(_named(inside, b"pitm").body)),
        kinds=_kinds(Fields(_named(inside, b"iinf").body)),
        properties=_properties([way for way in ways if way.kind == b"ipma"], known),
        references=list(_references(_optional(inside, b"iref"))),
        extents=_extents(Fields(_named(inside, b"iloc").body)),
    )


def _named(boxes: list[Box], kind: bytes) -> Box:
    """The one box of that kind."""
    found = [box for box in boxes if box.kind == kind]
    if len(found) != 1:
        raise Broken(f"{len(found)} boxes {kind!r} instead of one")
    return found[0]


def _optional(boxes: list[Box], kind: bytes) -> memoryview | None:
    if all(box.kind != kind for box in boxes):
        return None
    return _named(boxes, kind).body


def _primary(fields: Fields) -> int:
    version, _ = fields.version_and_flags()
    return fields.number(4 if version else 2)


def _kinds(fields: Fields) -> dict[int, bytes]:
    """What each item is: `hvc1`, `grid`, `Exif` …"""
    version, _ = fields.version_and_flags()
    count = fields.number(4 if version else 2)
    if count > ITEMS_MAX:
        raise Broken("too many items")
    kinds: dict[int, bytes] = {}
    for entry in boxes_in(fields.rest()):
        entry_fields = Fields(entry.body)
        entry_version, _ = entry_fields.version_and_flags()
        if entry.kind != b"infe" or entry_version not in (2, 3):
            raise Broken("an item's entry of an unknown form")
        item = entry_fields.number(4 if entry_version == 3 else 2)
        entry_fields.number(2)  # how it is protected; what is, can't be decoded anyway
        if item in kinds:
            raise Broken("two items with one id")
        kinds[item] = bytes(entry_fields.take(4))
    if len(kinds) != count:
        raise Broken("more or fewer items than are said to be there")
    return kinds


def _properties(maps: list[Box], known: list[Box | None]) -> dict[int, list[Property]]:
    """What is said of each item, in its order: a turn before a cut is not a cut before a turn."""
    properties: dict[int, list[Property]] = {}
    for one in maps:
        fields = Fields(one.body)
        version, flags = fields.version_and_flags()
        size = 2 if flags & 1 else 1
        for _ in range(_at_most(fields.number(4), ITEMS_MAX)):
            item = fields.number(4 if version else 2)
            if item in properties:
                raise Broken("an item described twice")
            described = properties[item] = []
            for _ in range(_at_most(fields.number(1), PROPERTIES_MAX)):
                essential, index = divmod(fields.number(size), 1 << (8 * size - 1))
                if index >= len(known):
                    raise Broken("a property that is not there")
                if (box := known[index]) is not None:
                    described.append(Property(box.kind, box.body, essential == ESSENTIAL))
    return properties


def _references(body: memoryview | None) -> Iterator[Reference]:
    if body is None:
        return
    fields = Fields(body)
    version, _ = fields.version_and_flags()
    size, left = 4 if version else 2, REFERENCES_MAX
    for one in boxes_in(fields.rest()):
        named = Fields(one.body)
        of = named.number(size)
        count = _at_most(named.number(2), left)
        left -= count
        yield Reference(one.kind, of, tuple(named.number(size) for _ in range(count)))


def _extents(fields: Fields) -> dict[int, list[Extent]]:
    """Where the bytes of each item are. What is in another file is left out."""
    version, _ = fields.version_and_flags()
    sizes = fields.number(2)
    offset_size, length_size, base_size, index_size = (
        sizes >> shift & 15 for shift in (12, 8, 4, 0)
    )
    extents: dict[int, list[Extent]] = {}
    for _ in range(_at_most(fields.number(4 if version >= 2 else 2), ITEMS_MAX)):
        item = fields.number(4 if version >= 2 else 2)
        where = fields.number(2) & 15 if version else IN_FILE
        reference = fields.number(2)
        base = fields.number(base_size)
        if item in extents:
            raise Broken("an item in two places")
        places = extents[item] = []
        for _ in range(_at_most(fields.number(2), EXTENTS_MAX)):
            if version:
                fields.number(index_size)
            start, length = fields.number(offset_size), fields.number(length_size)
            if where in (IN_FILE, IN_DATA_BOX) and reference == 0:
                places.append((where, base + start, length))
    return extents


def _at_most(count: int, most: int) -> int:
    if count > most:
        raise Broken(f"{count} where at most {most} may be")
    return count
