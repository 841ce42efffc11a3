"""The one still picture of a HEIC file, and a new file that holds it and nothing else.

`server.uploads.decoding` asks for it in a thread. libheif never sees what was sent: of a file's
boxes it gets those that we know, written by us, and of a picture's units the slices of one picture.
So metadata, thumbnails, films, overlays, references in circles, and files that mean one thing to us
and another to libheif end here. Nothing is decoded; sizes are what the headers say, checked against
what the decoder would make.
"""

from collections.abc import Sequence

import msgspec

from server.uploads.formats.broken import Broken
from server.uploads.formats.heif.boxes import Fields, number
from server.uploads.formats.heif.container import Container, Property, read_container
from server.uploads.formats.heif.hevc import Configuration, read_configuration, slices
from server.uploads.formats.heif.writing import Written, written

BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"mif1"})
"""What a file says that it is; `mif1` may hold pictures of any codec, of which we take one."""

HEVC, GRID = b"hvc1", b"grid"
"""The kinds of item that a picture may be: coded, or put together from tiles that are."""

TILES_MAX = 256
"""Tiles of a grid. Phones make them of 512 x 512 pixels: 25 million are a hundred."""

CODING_UNIT_PIXELS = 64
"""By so much at most a coded edge is longer than the one that is shown: the largest unit of
HEVC."""

ALPHA = (b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha", b"urn:mpeg:hevc:2015:auxid:1")
"""What an auxiliary picture says that holds the transparency (ISO/IEC 23008-12, 7.5)."""

TURNS_AND_CUTS = (b"irot", b"imir", b"clap")
KEPT_PROPERTIES = (b"ispe", b"hvcC", b"colr", b"pixi", b"auxC", *TURNS_AND_CUTS)
"""What is handed on: size, coding, colours, channels, purpose, and what makes it upright."""


class Still(msgspec.Struct, frozen=True):
    """The picture, before it is turned or cut. `longest_edge` and `pixels` are of its largest part,
    `decoded_pixels` of all that must be decoded for it: tiles and transparency, too. `parts` are
    its items, and `primary` is the place among them of the one to show. It `is_coarse` if its
    colours are at half the resolution, as in nearly all pictures, or not there at all."""

    longest_edge: int
    pixels: int
    decoded_pixels: int
    is_coarse: bool
    parts: tuple[Written, ...]
    primary: int

    def rewritten(self) -> bytes:
        """A HEIC file of it alone."""
        return written(self.parts, self.primary)


def is_heif(data: bytes) -> bool:
    """Whether a file says that it is one of this family, and is none that only has its form."""
    if data[4:8] != b"ftyp":
        return False
    length = int.from_bytes(data[:4], "big")
    brands = {data[at : at + 4] for at in (8, *range(16, min(length, 256), 4))}
    return not BRANDS.isdisjoint(brands)


def still_of(data: bytes) -> Still:
    """The primary picture of a file, with its transparency. Raises `Broken`."""
    picking = _Picking(read_container(memoryview(data)))
    primary = picking.pick()
    return Still(
        longest_edge=picking.longest_edge,
        pixels=picking.pixels,
        decoded_pixels=picking.decoded_pixels,
        is_coarse=picking.is_coarse,
        parts=tuple(picking.parts),
        primary=primary,
    )


class _Picking:
    """One file being looked through: what was picked so far, and how much that comes to."""

    def __init__(self, container: Container) -> None:
        self._container = container
        self._left = len(container.data)
        self.parts: list[Written] = []
        self.longest_edge = self.pixels = self.decoded_pixels = 0
        self.is_coarse = True

    def pick(self) -> int:
        """Take what is shown; its place among the parts."""
        primary = self._container.primary
        picture = self._pick_picture(primary)
        alphas = [
            one.of
            for one in self._container.references
            if one.kind == b"auxl" and primary in one.to and self._is_alpha(one.of)
        ]
        if len(alphas) > 1:
            raise Broken("transparent in two ways")
        for alpha in alphas:
            transparency = self._pick_picture(alpha)
            self.parts[transparency].references[b"auxl"] = [picture]
            if any(
                one.kind == b"prem" and one.of == primary and one.to == (alpha,)
                for one in self._container.references
            ):
                self.parts[picture].references[b"prem"] = [transparency]
        return picture

    def _pick_picture(self, item: int) -> int:
        """Take a coded picture, or a grid with its tiles; its place among the parts."""
        kind = self._container.kinds.get(item)
        if kind == HEVC:
            return self._pick_coded(item)
        if kind == GRID:
            return self._pick_grid(item)
        raise Broken(f"a picture of the kind {kind!r}")

    def _pick_coded(self, item: int) -> int:
        properties = self._properties(item)
        width, height = _size(properties)
        said = [one for one in properties if one.kind == b"hvcC"]
        if len(said) != 1:
            raise Broken("a coded picture without configuration, or with two")
        coded = said[0]
        configuration = read_configuration(coded.body)
        _check_coded(configuration, width, height)
        self._count(width, height, configuration.width * configuration.height)
        self.is_coarse = self.is_coarse and configuration.is_coarse
        data = slices(self._bytes_of(item), configuration.length_size)
        kept = [
            (one.kind, configuration.box if one is coded else bytes(one.body)) for one in properties
        ]
        return self._add(HEVC, data, kept)

    def _pick_grid(self, item: int) -> int:
        properties = self._properties(item)
        width, height = _size(properties)
        self._count(width, height, 0)
        tiles = self._tiles_of(item)
        rows, columns, grid = _read_grid(self._bytes_of(item), width, height)
        sizes = {_size(self._properties(tile)) for tile in tiles}
        if len(tiles) != rows * columns or len(sizes) != 1:
            raise Broken("a grid with too many or too few tiles, or of several sizes")
        [(tile_width, tile_height)] = sizes
        if not (
            tile_width * (columns - 1) < width <= tile_width * columns
            and tile_height * (rows - 1) < height <= tile_height * rows
        ):
            raise Broken("tiles that leave some of the picture out, or lie outside it")
        picked = [self._pick_coded(tile) for tile in tiles]
        place = self._add(GRID, grid, [(one.kind, bytes(one.body)) for one in properties])
        self.parts[place].references[b"dimg"] = picked
        return place

    def _tiles_of(self, item: int) -> Sequence[int]:
        named = [
            one for one in self._container.references if one.kind == b"dimg" and one.of == item
        ]
        tiles = named[0].to if len(named) == 1 else ()
        if not 0 < len(tiles) <= TILES_MAX or len(set(tiles)) < len(tiles):
            raise Broken("a grid without tiles, with too many, or with one of them twice")
        if any(self._container.kinds.get(tile) != HEVC for tile in tiles):
            raise Broken("a grid of something else than coded pictures")
        return tiles

    def _is_alpha(self, item: int) -> bool:
        said = self._container.properties.get(item, [])
        purposes = [bytes(one.body[4:]) for one in said if one.kind == b"auxC"]
        return len(purposes) == 1 and purposes[0].split(b"\0", 1)[0] in ALPHA

    def _properties(self, item: int) -> list[Property]:
        """Those that are handed on. Raises `Broken` if another must be known to show the item."""
        said = self._container.properties.get(item, [])
        unknown = [one.kind for one in said if one.essential and one.kind not in KEPT_PROPERTIES]
        if unknown:
            raise Broken(f"a picture that needs {unknown}")
        return [one for one in said if one.kind in KEPT_PROPERTIES]

    def _count(self, width: int, height: int, decoded: int) -> None:
        self.longest_edge = max(self.longest_edge, width, height)
        self.pixels = max(self.pixels, width * height)
        self.decoded_pixels += decoded

    def _bytes_of(self, item: int) -> bytes:
        """The item's bytes. All items together have no more of them than the file."""
        data = self._container.bytes_of(item)
        self._left -= len(data)
        if self._left < 0:
            raise Broken("items that hold more than their file")
        return data

    def _add(self, kind: bytes, data: bytes, properties: list[tuple[bytes, bytes]]) -> int:
        self.parts.append(Written(kind, data, properties, {}))
        return len(self.parts) - 1


def _size(properties: list[Property]) -> tuple[int, int]:
    """Width and height that an item says it has."""
    said = [one for one in properties if one.kind == b"ispe"]
    if len(said) != 1:
        raise Broken("a picture that says no size, or two")
    fields = Fields(said[0].body)
    fields.version_and_flags()
    width, height = fields.number(4), fields.number(4)
    if not width or not height:
        raise Broken("a picture without pixels")
    return width, height


def _check_coded(configuration: Configuration, width: int, height: int) -> None:
    for shown, coded in ((width, configuration.width), (height, configuration.height)):
        if not shown <= coded <= shown + CODING_UNIT_PIXELS:
            raise Broken(f"an edge of {shown} pixels that is coded as {coded}")


def _read_grid(data: bytes, width: int, height: int) -> tuple[int, int, bytes]:
    """Rows, columns, and the same description of the grid, written anew."""
    fields = Fields(memoryview(data))
    version, flags = fields.number(1), fields.number(1)
    rows, columns = fields.number(1) + 1, fields.number(1) + 1
    size = 4 if flags & 1 else 2
    if version or (fields.number(size), fields.number(size)) != (width, height):
        raise Broken("a grid of another size than its picture")
    return (
        rows,
        columns,
        bytes((0, 1, rows - 1, columns - 1)) + number(width, 4) + number(height, 4),
    )
