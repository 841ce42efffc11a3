"""HEIC: which picture is taken out of a file, that nothing else comes along, and what is refused
before libheif sees any of it (hardening.md, "Input that must be tried")."""

import contextlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from random import Random

import msgspec
import pillow_heif
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from server.uploads.decoding import EDGE_PIXELS_MAX, PIXELS_MAX, BadImage, decode
from server.uploads.formats.broken import Broken
from server.uploads.formats.heif import is_heif, still_of
from server.uploads.formats.heif.boxes import box, full_box, number
from server.uploads.formats.heif.container import EXTENTS_MAX, ITEMS_MAX
from server.uploads.formats.heif.hevc import SLICES_MAX
from server.uploads.formats.heif.writing import Written, written
from server.uploads.images import DISPLAY_EDGE_PIXELS, prepare_image
from tests.server import pictures

Change = Callable[[list[Written]], None]


def heic(image: Image.Image, **options: object) -> bytes:
    return pictures.encoded(image, "HEIC", **options)


PLAIN = heic(pictures.noise(200, 100))
TILED = heic(pictures.noise(200, 100), tile_size=64)
CLEAR = heic(pictures.noise(200, 100).convert("RGBA"))


def pixels(data: bytes) -> Image.Image:
    return decode(data, DISPLAY_EDGE_PIXELS).image


def changed(data: bytes, change: Change) -> bytes:
    """The file with its parts changed; the first that is no tile stays the one to show."""
    still = still_of(data)
    parts = [msgspec.structs.replace(part, properties=[*part.properties]) for part in still.parts]
    change(parts)
    return written(parts, still.primary)


def sized(width: int, height: int) -> tuple[bytes, bytes]:
    return b"ispe", bytes(4) + number(width, 4) + number(height, 4)


def claiming(width: int, height: int, place: int = 0) -> Change:
    """A change: a part claims that size."""

    def change(parts: list[Written]) -> None:
        said = parts[place].properties
        said[:] = [one for one in said if one[0] != b"ispe"] + [sized(width, height)]

    return change


def with_data(data_of: Callable[[bytes], bytes]) -> Change:
    def change(parts: list[Written]) -> None:
        parts[0] = msgspec.structs.replace(parts[0], data=data_of(parts[0].data))

    return change


def with_property(kind: bytes, body: bytes) -> Change:
    return lambda parts: parts[-1].properties.append((kind, body))


def of_kind(kind: bytes) -> Change:
    def change(parts: list[Written]) -> None:
        parts[0] = msgspec.structs.replace(parts[0], kind=kind)

    return change


def with_grid(rows: int, columns: int, width: int, height: int, tiles: list[int]) -> Change:
    """A change: the grid is another one."""

    def change(parts: list[Written]) -> None:
        data = bytes((0, 0, rows - 1, columns - 1)) + number(width, 2) + number(height, 2)
        references = {b"dimg": tiles}
        parts[-1] = msgspec.structs.replace(parts[-1], data=data, references=references)
        claiming(width, height, place=-1)(parts)

    return change


def as_next_slice(data: bytes) -> bytes:
    """A picture's first slice, claiming to be a further one."""
    return data[:6] + bytes((data[6] & 0x7F,)) + data[7:]


@pytest.mark.parametrize(
    "options",
    [{}, {"chroma": "444"}, {"chroma": "422"}, {"tile_size": 64}, {"quality": 5}],
    ids=str,
)
def test_rewriting_changes_no_pixel(options: dict[str, object]):
    data = heic(pictures.noise(300, 200), **options)
    plain = pillow_heif.open_heif(data).to_pillow()
    assert pixels(data).tobytes() == plain.tobytes()


def test_pictures_of_ten_bits_are_read():
    chance = Random(1).randbytes(64 * 48 * 6)
    file = BytesIO()
    pillow_heif.from_bytes(mode="RGB;16", size=(64, 48), data=chance).save(file, chroma="444")
    assert pixels(file.getvalue()).size == (64, 48)


def test_what_is_transparent_becomes_white(tmp_path: Path):
    image = Image.new("RGBA", (200, 100), (0, 0, 0, 0))
    image.paste((0, 0, 0, 255), (0, 0, 100, 100))
    source = tmp_path / "upload"
    for options in ({}, {"tile_size": 64}):
        source.write_bytes(heic(image, quality=90, **options))
        ready = Image.open(BytesIO(prepare_image(source).jpeg)).convert("L")
        assert ready.getpixel((50, 50)) == pytest.approx(0, abs=12)
        assert ready.getpixel((150, 50)) == pytest.approx(255, abs=12)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turn_is_made_once(tmp_path: Path, orientation: int):
    """Encoders say it twice, in a box and in EXIF."""
    oriented = Image.open(BytesIO(pictures.oriented(orientation)))
    stored = Image.frombytes("RGB", oriented.size, oriented.tobytes())
    source = tmp_path / "upload"
    source.write_bytes(heic(stored, quality=95, exif=oriented.getexif().tobytes()))
    ready = prepare_image(source)
    assert (ready.width, ready.height) == (400, 240)
    shown = Image.open(BytesIO(ready.jpeg))
    for place, colour in (
        ((100, 60), pictures.RED),
        ((300, 60), pictures.GREEN),
        ((100, 180), pictures.BLUE),
        ((300, 180), pictures.WHITE),
    ):
        assert shown.getpixel(place) == pytest.approx(colour, abs=15)


def test_transparency_that_has_itself_for_transparency_is_taken_once():
    circle = changed(CLEAR, lambda parts: parts[1].references.update({b"auxl": [0, 1]}))
    assert still_of(circle).rewritten() == still_of(CLEAR).rewritten()


def test_libheif_sees_nothing_but_the_picture():
    exif = Image.Exif()
    exif[0x010E] = "secret description"
    data = heic(
        pictures.noise(200, 100), exif=exif.tobytes(), xmp=b"<x>secret place</x>", thumbnails=[64]
    )
    assert data.count(b"secret") == 2
    seen = still_of(data).rewritten()
    assert b"secret" not in seen
    found = pillow_heif.open_heif(seen)
    assert len(found) == 1
    assert (found.info["exif"], found.info["metadata"], found.info["thumbnails"]) == (None, [], [])


@pytest.mark.parametrize("data", [PLAIN, TILED, CLEAR], ids=["plain", "tiled", "clear"])
def test_a_file_that_was_rewritten_is_rewritten_to_itself(data: bytes):
    once = still_of(data).rewritten()
    assert still_of(once).rewritten() == once


def test_a_brand_of_the_family_makes_a_heic():
    assert is_heif(PLAIN)
    assert is_heif(PLAIN.replace(b"ftypheic", b"ftypmsf1", 1))  # of a burst, with a still in it
    for other in (b"ftypavif" + bytes(20), b"ftypisom", b"", b"heic"):
        assert not is_heif(bytes(4) + other)


TOO_LARGE = {
    "30,000 x 30,000": changed(PLAIN, claiming(30_000, 30_000)),
    "one edge too long": changed(PLAIN, claiming(EDGE_PIXELS_MAX + 1, 1)),
    "a line too many": changed(PLAIN, claiming(5_000, PIXELS_MAX // 5_000 + 1)),
    "2³² - 1": changed(PLAIN, claiming(2**32 - 1, 2**32 - 1)),
    "a grid of 30,000 x 30,000": changed(TILED, claiming(30_000, 30_000, place=-1)),
    "transparency of 30,000 x 30,000": changed(CLEAR, claiming(30_000, 30_000, place=1)),
}


@pytest.mark.parametrize("data", TOO_LARGE.values(), ids=TOO_LARGE)
def test_the_header_is_enough_to_refuse_what_is_too_large(data: bytes):
    with pytest.raises(BadImage):
        decode(data, DISPLAY_EDGE_PIXELS)


def test_a_refusal_for_size_names_the_limit():
    # A coded picture that really is so long: what it says and what would be decoded agree.
    data = heic(Image.new("RGB", (EDGE_PIXELS_MAX + 10, 64)), quality=1)
    with pytest.raises(BadImage) as refused:
        decode(data, DISPLAY_EDGE_PIXELS)
    assert refused.value.details == {"max_edge_pixels": EDGE_PIXELS_MAX}


LARGE = still_of(heic(Image.new("RGB", (2_000, 1_000)), quality=1)).parts[0]
CODED_LARGE = dict(LARGE.properties)[b"hvcC"]


def coded_large(parts: list[Written]) -> None:
    parts[0] = msgspec.structs.replace(LARGE, properties=[(b"hvcC", CODED_LARGE), sized(200, 100)])


BROKEN = {
    "no boxes": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
    "coded larger than said": changed(PLAIN, coded_large),
    "no size": changed(PLAIN, lambda parts: parts[0].properties.remove(sized(200, 100))),
    "no pixels": changed(PLAIN, claiming(0, 0)),
    "two sizes": changed(PLAIN, with_property(*sized(64, 64))),
    "two configurations": changed(PLAIN, with_property(b"hvcC", CODED_LARGE)),
    "an unknown property that matters": changed(PLAIN, with_property(b"lhvC", b"")),
    "a film": changed(PLAIN, with_data(lambda data: data * 3)),
    "no picture": changed(PLAIN, with_data(lambda data: b"")),
    "no first slice": changed(PLAIN, with_data(as_next_slice)),
    "too many slices": changed(
        PLAIN, with_data(lambda data: data + as_next_slice(data) * SLICES_MAX)
    ),
    "AV1": changed(PLAIN, of_kind(b"av01")),
    "JPEG in HEIF": changed(PLAIN, of_kind(b"jpeg")),
    "an overlay": changed(PLAIN, of_kind(b"iovl")),
    "an identity": changed(PLAIN, of_kind(b"iden")),
    "uncompressed": changed(PLAIN, of_kind(b"unci")),
    "a grid of one tile 65,536 times": changed(TILED, with_grid(256, 256, 200, 100, [0] * 65_535)),
    "a grid of the same tile": changed(TILED, with_grid(2, 4, 200, 100, [0] * 8)),
    "a grid of itself": changed(TILED, with_grid(1, 1, 200, 100, [8])),
    "a grid with tiles outside": changed(TILED, with_grid(4, 2, 100, 100, list(range(8)))),
    "a grid that is not covered": changed(TILED, with_grid(2, 4, 300, 100, list(range(8)))),
    "a grid of too few tiles": changed(TILED, with_grid(2, 4, 200, 100, list(range(7)))),
    "a grid of another size": changed(TILED, claiming(199, 100, place=-1)),
    "two descriptions": PLAIN + full_box(b"meta", 0, 0),
    "a box longer than the file": PLAIN + b"\x7f\xff\xff\xff" + b"free",
    "a box of no length": PLAIN + b"\0\0\0\x04" + b"free",
    "a box of 2⁶⁴ bytes": PLAIN + b"\0\0\0\1free" + b"\xff" * 8,
    "10,000 boxes": PLAIN + box(b"free") * 10_000,
}


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN)
def test_what_is_no_still_picture_is_refused(data: bytes):
    with pytest.raises(BadImage):
        decode(data, DISPLAY_EDGE_PIXELS)


def with_items(count: int) -> bytes:
    """The plain picture among so many other items."""
    part = still_of(PLAIN).parts[0]
    others = [Written(b"Exif", b"x", [], {}) for _ in range(count - 1)]
    return written([part, *others], 0)


def test_many_items_cost_nothing_and_too_many_are_refused():
    assert still_of(with_items(ITEMS_MAX)).rewritten() == still_of(PLAIN).rewritten()
    with pytest.raises(Broken):
        still_of(with_items(ITEMS_MAX + 1))


def test_an_item_may_not_be_longer_than_its_file():
    """Thirty-two times the same megabyte would be 32 MB of picture."""
    data = bytearray(still_of(PLAIN).rewritten())
    at = data.index(b"iloc")
    start = at - 4
    extents = b"".join(number(0, 4) + number(len(data), 4) for _ in range(EXTENTS_MAX))
    body = number(0x4400, 2) + number(1, 2) + number(1, 2) + number(0, 2)
    places = full_box(b"iloc", 0, 0, body, number(EXTENTS_MAX, 2), extents)
    length = int.from_bytes(data[start:at], "big")
    data[start : start + length] = places
    meta = data.index(b"meta") - 4
    data[meta : meta + 4] = number(
        int.from_bytes(data[meta : meta + 4], "big") + len(places) - length, 4
    )
    with pytest.raises(Broken, match="longer than"):
        still_of(bytes(data))


@given(
    base=st.sampled_from([PLAIN, TILED, CLEAR]),
    changes=st.lists(
        st.tuples(st.integers(0, 1_500), st.binary(min_size=1, max_size=4)), min_size=1, max_size=6
    ),
)
@settings(max_examples=300, deadline=None)
def test_whatever_is_damaged_is_understood_or_refused(
    base: bytes, changes: list[tuple[int, bytes]]
):
    data = bytearray(base)
    for at, replacement in changes:
        data[at : at + len(replacement)] = replacement
    with contextlib.suppress(BadImage):
        assert max(pixels(bytes(data)).size) <= EDGE_PIXELS_MAX
