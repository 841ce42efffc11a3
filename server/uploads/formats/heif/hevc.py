"""What may be in an HEVC picture, told from its units without decoding any (ITU-T H.265, 7.3;
ISO/IEC 14496-15, 8.3.3.1).

Used by `server.uploads.formats.heif.still`. A picture is one picture: libheif would decode a film
to its end to show its first frame.
"""

from collections.abc import Iterator

import msgspec

from server.uploads.formats.broken import Broken
from server.uploads.formats.heif.boxes import Fields, number

PARAMETER_SETS_MAX = 4
"""Of each kind in one configuration, which has one. For each, libde265 makes tables of a quarter of
a byte a pixel."""

SLICES_MAX = 32
"""Pieces of one picture. Most encoders make one; each may claim the whole picture again, and takes
as long as it claims."""

VIDEO, SEQUENCE, PICTURE = 32, 33, 34
"""Kinds of unit: the parameter sets."""

SLICE_KINDS_END = 32
INTRA_KINDS = range(16, 22)
"""Kinds of slices that need no other picture (IRAP): all that a still may be made of."""

COARSE_CHROMA, FULL_CHROMA = (0, 1), 3
"""How colours are coded: none, or 4:2:0; and 4:4:4, as finely as brightness."""

GENERAL_PROFILE_BITS = 88
LEVEL_BITS = 8
FIXED_BYTES = 21
"""Bytes of a configuration before the one that says how long lengths are."""


LOOKED_AT_BYTES = 512
"""Of a sequence parameter set: its size stands before byte 130."""


class Configuration(msgspec.Struct, frozen=True):
    """How an item's bytes are to be decoded. `width` and `height` are what the decoder will make,
    in pixels, and `is_coarse` is whether there are no colours, or fewer of them than pixels both
    ways; `box` is the body of an `hvcC` that holds the parameter sets and nothing else."""

    width: int
    height: int
    is_coarse: bool
    length_size: int
    box: bytes


def read_configuration(body: memoryview) -> Configuration:
    """What an `hvcC` says. Raises `Broken`."""
    fields = Fields(body)
    fixed = fields.take(FIXED_BYTES)
    lengths = fields.number(1)
    sets: dict[int, list[bytes]] = {VIDEO: [], SEQUENCE: [], PICTURE: []}
    for _ in range(fields.number(1)):
        kind = fields.number(1) & 0x3F
        for _ in range(fields.number(2)):
            unit = bytes(fields.take(fields.number(2)))
            if kind in sets:
                if kind_of(unit) != kind or len(sets[kind]) == PARAMETER_SETS_MAX:
                    raise Broken("parameter sets of the wrong kind, or too many")
                sets[kind].append(unit)
    if len(sets[SEQUENCE]) != 1:
        raise Broken("not one sequence parameter set")
    chroma, width, height = _coded_size(sets[SEQUENCE][0])
    arrays = [
        part
        for kind, units in sets.items()
        for part in (
            number(kind, 1),
            number(len(units), 2),
            *(number(len(unit), 2) + unit for unit in units),
        )
    ]
    box = b"".join((fixed, number(lengths, 1), number(len(sets), 1), *arrays))
    return Configuration(width, height, chroma in COARSE_CHROMA, (lengths & 3) + 1, box)


def slices(data: bytes, length_size: int) -> bytes:
    """The units of an item's one picture, without whatever else is between them. Raises `Broken`
    if there are several pictures, or none."""
    kept: list[bytes] = []
    fields = Fields(memoryview(data))
    while fields.at < len(data):
        unit = bytes(fields.take(fields.number(length_size)))
        kind = kind_of(unit)
        if kind >= SLICE_KINDS_END:
            continue
        if kind not in INTRA_KINDS or len(kept) == SLICES_MAX:
            raise Broken("a picture that needs others, or one of too many slices")
        if _is_first_slice(unit) == bool(kept):
            raise Broken("several pictures in one item")
        kept.append(number(len(unit), length_size) + unit)
    if not kept:
        raise Broken("an item without a picture")
    return b"".join(kept)


def kind_of(unit: bytes) -> int:
    """Raises `Broken` for what is too short to be a unit."""
    if len(unit) < 3:
        raise Broken("a unit without content")
    return unit[0] >> 1 & 0x3F


def _is_first_slice(unit: bytes) -> bool:
    return bool(unit[2] & 0x80)


def _coded_size(unit: bytes) -> tuple[int, int, int]:
    """Form of the colours, width and height in a sequence parameter set."""
    bits = _Bits(unit[2:LOOKED_AT_BYTES].replace(b"\0\0\3", b"\0\0"))
    bits.take(4)
    sub_layers = bits.take(3)
    bits.take(1 + GENERAL_PROFILE_BITS + LEVEL_BITS)
    if sub_layers:
        present = [(bits.take(1), bits.take(1)) for _ in range(8)][:sub_layers]
        for has_profile, has_level in present:
            bits.take(GENERAL_PROFILE_BITS * has_profile + LEVEL_BITS * has_level)
    bits.exponential()
    chroma = bits.exponential()
    if chroma == FULL_CHROMA:  # which says whether its planes are apart
        bits.take(1)
    return chroma, bits.exponential(), bits.exponential()


class _Bits:
    """Numbers of so many bits, one after the other."""

    def __init__(self, data: bytes) -> None:
        self._bits: Iterator[str] = iter(bin(int.from_bytes(b"\1" + data, "big"))[3:])

    def take(self, count: int) -> int:
        taken = 0
        for _ in range(count):
            bit = next(self._bits, None)
            if bit is None:
                raise Broken("a parameter set that ends too early")
            taken = taken << 1 | (bit == "1")
        return taken

    def exponential(self) -> int:
        """An Exp-Golomb number (9.2)."""
        zeros = 0
        while not self.take(1):
            zeros += 1
            if zeros > 32:
                raise Broken("a number beyond all bounds")
        return (1 << zeros) - 1 + self.take(zeros)
