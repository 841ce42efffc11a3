"""A HEIC file from its parts: as few boxes as libheif needs to find them.

Used by `server.uploads.formats.heif.still`, which picks the parts.
"""

from collections.abc import Sequence

import msgspec

from server.uploads.formats.heif.boxes import box, full_box, number

FILE_KIND = box(b"ftyp", b"heic", number(0, 4), b"mif1", b"heic")
HANDLER = full_box(b"hdlr", 0, 0, bytes(4), b"pict", bytes(13))

LONG_INDEXES = 1
"""A flag of `ipma`: properties are named by 15 bits instead of seven."""

OFFSETS_AND_LENGTHS_OF_4 = 0x4400
"""How long the numbers in `iloc` are: offset and length four bytes, no base, no index."""

ESSENTIAL = 0x8000

HIDDEN = 1
"""A flag of `infe`: no picture in its own right."""


class Written(msgspec.Struct, frozen=True):
    """One item of the new file. `references` name other parts by their places."""

    kind: bytes
    data: bytes
    properties: list[tuple[bytes, bytes]]
    references: dict[bytes, list[int]]


def written(parts: Sequence[Written], primary: int) -> bytes:
    """The file. Items are numbered from 1 in the order of `parts`."""
    empty = _meta(parts, primary, 0)
    start = len(FILE_KIND) + len(empty) + 8
    return FILE_KIND + _meta(parts, primary, start) + box(b"mdat", *(part.data for part in parts))


def _meta(parts: Sequence[Written], primary: int, start: int) -> bytes:
    """All that is said of the items, whose bytes begin at `start` of the file."""
    entries = [
        full_box(
            b"infe",
            2,
            HIDDEN * (place != primary),
            number(place + 1, 2),
            bytes(2),
            part.kind,
            b"\0",
        )
        for place, part in enumerate(parts)
    ]
    return full_box(
        b"meta",
        0,
        0,
        HANDLER,
        full_box(b"pitm", 0, 0, number(primary + 1, 2)),
        _places(parts, start),
        full_box(b"iinf", 0, 0, number(len(entries), 2), *entries),
        _descriptions(parts),
        *_references(parts),
    )


def _places(parts: Sequence[Written], start: int) -> bytes:
    places: list[bytes] = []
    for place, part in enumerate(parts, 1):
        extent = number(start, 4) + number(len(part.data), 4)
        places.append(number(place, 2) + number(0, 2) + number(1, 2) + extent)
        start += len(part.data)
    return full_box(
        b"iloc", 0, 0, number(OFFSETS_AND_LENGTHS_OF_4, 2), number(len(places), 2), *places
    )


def _descriptions(parts: Sequence[Written]) -> bytes:
    """Each property once, and which item has which."""
    known: dict[tuple[bytes, bytes], int] = {}
    maps: list[bytes] = []
    for place, part in enumerate(parts, 1):
        named = [known.setdefault(one, len(known) + 1) | ESSENTIAL for one in part.properties]
        indexes = b"".join(number(index, 2) for index in named)
        maps.append(number(place, 2) + number(len(named), 1) + indexes)
    properties = box(b"ipco", *(box(kind, body) for kind, body in known))
    return box(b"iprp", properties, full_box(b"ipma", 0, LONG_INDEXES, number(len(maps), 4), *maps))


def _references(parts: Sequence[Written]) -> list[bytes]:
    named = [
        box(
            kind,
            number(place, 2),
            number(len(to), 2),
            *(number(other + 1, 2) for other in to),
        )
        for place, part in enumerate(parts, 1)
        for kind, to in part.references.items()
    ]
    return [full_box(b"iref", 0, 0, *named)] if named else []
