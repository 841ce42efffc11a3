"""What becomes of pictures, good and bad (contract.md, "Posts"; hardening.md, "Input that must be
tried")."""

import contextlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from server.uploads.decoding import EDGE_PIXELS_MAX, PIXELS_MAX, BadImage
from server.uploads.formats.gif import read_gif
from server.uploads.images import PreparedImage, prepare_image
from tests.server import pictures

# As `server.uploads.images` has it in a process of its own; pytest's filters hide that.
pytestmark = pytest.mark.filterwarnings(r"ignore::UserWarning:PIL\.")

Prepare = Callable[[bytes], PreparedImage]


@pytest.fixture
def prepare(tmp_path: Path) -> Prepare:
    def prepare(data: bytes, name: str = "upload") -> PreparedImage:
        source = tmp_path / name
        source.write_bytes(data)
        return prepare_image(source)

    return prepare


def opened(jpeg: bytes) -> Image.Image:
    image = Image.open(BytesIO(jpeg), formats=("JPEG",))
    image.load()
    return image


def colours(jpeg: bytes) -> list[tuple[int, int, int]]:
    """Of the four quarters, row by row."""
    image = opened(jpeg)
    bands = image.split()
    assert len(bands) == 3

    def colour(x: int, y: int) -> tuple[int, int, int]:
        place = (image.width * x // 4, image.height * y // 4)
        red, green, blue = (int(str(band.getpixel(place))) for band in bands)
        return red, green, blue

    return [colour(x, y) for y in (1, 3) for x in (1, 3)]


def alike(one: tuple[int, ...], other: tuple[int, ...], within: int = 12) -> bool:
    return all(abs(a - b) <= within for a, b in zip(one, other, strict=True))


def assert_upright(jpeg: bytes) -> None:
    expected = (pictures.RED, pictures.GREEN, pictures.BLUE, pictures.WHITE)
    found = colours(jpeg)
    assert all(map(alike, found, expected)), found


def segments(jpeg: bytes) -> list[int]:
    """The markers of a JPEG up to its first scan."""
    found, at = [], 2
    while True:
        marker = int.from_bytes(jpeg[at : at + 2], "big")
        found.append(marker)
        if marker == 0xFFDA:
            return found
        at += 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "HEIC", "GIF"])
def test_each_format_is_served_as_a_jpeg(prepare: Prepare, form: str):
    options = {"lossless": True} if form == "WEBP" else {}
    ready = prepare(pictures.encoded(pictures.quarters(), form, **options))
    assert (ready.width, ready.height) == opened(ready.jpeg).size == (400, 240)
    assert opened(ready.thumbnail).size == (320, 192)
    assert_upright(ready.jpeg)
    assert_upright(ready.thumbnail)


@pytest.mark.parametrize(
    ("sent", "served", "thumbnail"),
    [
        ((4000, 3000), (1440, 1080), (320, 240)),
        ((900, 2880), (450, 1440), (100, 320)),
        ((1441, 1441), (1440, 1440), (320, 320)),
        ((1440, 10), (1440, 10), (320, 2)),
        ((12_000, 1), (1440, 1), (320, 1)),
        ((1, 1), (1, 1), (1, 1)),
    ],
)
@pytest.mark.parametrize("form", ["JPEG", "PNG", "GIF"])
def test_edges_shrink_in_proportion_and_never_grow(
    prepare: Prepare,
    form: str,
    sent: tuple[int, int],
    served: tuple[int, int],
    thumbnail: tuple[int, int],
):
    ready = prepare(pictures.encoded(Image.new("RGB", sent, "teal"), form))
    assert (ready.width, ready.height) == opened(ready.jpeg).size == served
    assert opened(ready.thumbnail).size == thumbnail


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_comes_out_upright(prepare: Prepare, orientation: int):
    ready = prepare(pictures.oriented(orientation))
    assert (ready.width, ready.height) == (400, 240)
    assert_upright(ready.jpeg)
    assert_upright(ready.thumbnail)


@pytest.mark.parametrize("orientation", [0, 9, 65_535])
def test_an_orientation_that_does_not_exist_is_ignored(prepare: Prepare, orientation: int):
    assert_upright(prepare(pictures.oriented(orientation)).jpeg)


def test_an_orientation_within_a_png_or_webp_is_heeded_too(prepare: Prepare):
    exif = Image.Exif()
    exif[0x0112] = 3
    upside_down = pictures.quarters().transpose(Image.Transpose.ROTATE_180)
    assert_upright(prepare(pictures.encoded(upside_down, "PNG", exif=exif)).jpeg)
    assert_upright(prepare(pictures.encoded(upside_down, "WEBP", quality=95, exif=exif)).jpeg)


def test_no_metadata_is_left(prepare: Prepare):
    sent = pictures.telling()
    assert sent.count(b"secret") == 4
    ready = prepare(sent)
    # JFIF, tables, frame, scan: no APP1…APP15, no comment.
    plain = {0xFFE0, 0xFFDB, 0xFFC0, 0xFFC4, 0xFFDA}
    for jpeg in (ready.jpeg, ready.thumbnail):
        assert b"secret" not in jpeg
        assert set(segments(jpeg)) == plain
        assert not opened(jpeg).getexif()


def test_no_text_of_a_png_or_webp_is_left(prepare: Prepare):
    text = pictures.png_chunk(b"tEXt", b"Comment\0secret")
    webp = pictures.encoded(pictures.quarters(), "WEBP", xmp=b"secret")
    for sent in (pictures.grey_png(text), webp):
        assert b"secret" in sent
        ready = prepare(sent)
        assert b"secret" not in ready.jpeg + ready.thumbnail


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
@pytest.mark.parametrize("size", [(200, 100), (2000, 1000)])
def test_what_is_transparent_becomes_white(prepare: Prepare, mode: str, size: tuple[int, int]):
    image = Image.new("RGBA", size, (0, 0, 0, 0))
    image.paste((0, 0, 0, 255), (0, 0, size[0] // 2, size[1]))
    if mode == "P":
        image = image.quantize(8)
    left, right, *_ = colours(prepare(pictures.encoded(image.convert(mode), "PNG")).jpeg)
    assert alike(left, (0, 0, 0))
    assert alike(right, (255, 255, 255))


def test_a_transparent_colour_becomes_white(prepare: Prepare):
    for mode, clear in (("RGB", (9, 9, 9)), ("L", 9), ("1", 0)):
        data = pictures.encoded(Image.new(mode, (50, 50), clear), "PNG", transparency=clear)
        assert alike(colours(prepare(data).jpeg)[0], (255, 255, 255)), mode


def test_half_transparent_is_half_white(prepare: Prepare):
    data = pictures.encoded(Image.new("RGBA", (50, 50), (0, 0, 0, 128)), "WEBP", lossless=True)
    assert alike(colours(prepare(data).jpeg)[0], (127, 127, 127))


def test_sixteen_bits_are_scaled_to_eight(prepare: Prepare):
    data = pictures.encoded(Image.new("I;16", (50, 50), 0x8000), "PNG")
    assert alike(colours(prepare(data).jpeg)[0], (128, 128, 128))


@pytest.mark.parametrize(
    ("mode", "form"),
    [
        ("1", "PNG"),
        ("L", "PNG"),
        ("L", "JPEG"),
        ("L", "GIF"),
        ("L", "HEIC"),
        ("P", "PNG"),
        ("CMYK", "JPEG"),
    ],
)
def test_every_colour_mode_of_the_formats_is_read(prepare: Prepare, mode: str, form: str):
    data = pictures.encoded(pictures.quarters().convert(mode), form)
    assert opened(prepare(data).jpeg).mode == "RGB"


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "HEIC"])
def test_a_colour_profile_is_applied_and_not_kept(prepare: Prepare, form: str):
    data = pictures.encoded(
        Image.new("RGB", (60, 60), (255, 0, 0)), form, icc_profile=pictures.swapped_profile()
    )
    ready = prepare(data)
    assert alike(colours(ready.jpeg)[0], (0, 0, 255), within=20)
    assert "icc_profile" not in opened(ready.jpeg).info


def test_primaries_in_short_are_heeded_where_there_is_no_profile(prepare: Prepare):
    # What sRGB calls pure red, by the primaries of Display P3.
    image = Image.new("RGB", (64, 64), (234, 51, 35))
    options = {"color_primaries": 12, "transfer_characteristic": 13, "full_range_flag": 1}
    ready = prepare(pictures.encoded(image, "HEIC", quality=95, **options))
    assert alike(colours(ready.jpeg)[0], (255, 0, 0))
    plain = prepare(pictures.encoded(image, "HEIC", quality=95))
    assert alike(colours(plain.jpeg)[0], (234, 51, 35))


@pytest.mark.parametrize("garbage", [b"garbage", bytes(128), b"\xff" * 5_000])
def test_a_colour_profile_of_garbage_is_ignored(prepare: Prepare, garbage: bytes):
    data = pictures.encoded(pictures.quarters(), "JPEG", icc_profile=garbage)
    assert_upright(prepare(data).jpeg)


def test_a_profile_for_another_colour_mode_is_ignored(prepare: Prepare):
    profile = pictures.swapped_profile()
    for mode in ("L", "CMYK"):
        data = pictures.encoded(Image.new(mode, (60, 60)), "JPEG", icc_profile=profile)
        assert opened(prepare(data).jpeg).size == (60, 60)


def test_exif_that_loops_is_survived(prepare: Prepare):
    assert_upright(prepare(pictures.looping_exif()).jpeg)


@pytest.mark.parametrize("garbage", [b"Exif\0\0", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0MM"])
def test_exif_of_garbage_is_survived(prepare: Prepare, garbage: bytes):
    assert_upright(prepare(pictures.encoded(pictures.quarters(), "JPEG", exif=garbage)).jpeg)


@pytest.mark.parametrize(
    "smuggled", [b"<script>alert(1)</script>", b"<svg onload=x>", b"PK\x03\x04"]
)
def test_of_a_polyglot_only_the_picture_gets_through(prepare: Prepare, smuggled: bytes):
    inside = pictures.encoded(pictures.quarters(), "JPEG", quality=95, comment=smuggled)
    for sent in (inside, pictures.encoded(pictures.quarters(), "JPEG", quality=95) + smuggled):
        ready = prepare(sent)
        assert_upright(ready.jpeg)
        assert smuggled not in ready.jpeg + ready.thumbnail


def test_the_content_decides_and_not_the_name(prepare: Prepare, tmp_path: Path):
    for name in ("a.gif", "a.png", "a.html", "a"):
        source = tmp_path / name
        source.write_bytes(pictures.encoded(pictures.quarters(), "JPEG", quality=95))
        assert_upright(prepare_image(source).jpeg)


@pytest.mark.parametrize("form", ["PNG", "WEBP", "GIF"])
def test_of_an_animation_the_first_frame_is_taken(prepare: Prepare, form: str):
    later = [Image.new("RGB", (400, 240), "black")] * 2
    options = {"lossless": True} if form == "WEBP" else {}
    data = pictures.encoded(
        pictures.quarters(), form, save_all=True, append_images=later, **options
    )
    assert_upright(prepare(data).jpeg)


@pytest.mark.parametrize(
    "laden",
    [
        pictures.text_bomb(),
        pictures.inflating_texts(),
        pictures.many_profiles(),
        pictures.many_frames(10_000),
        pictures.many_comments(),
        pictures.much_exif(),
    ],
    ids=["100 MB of text", "256 MB of texts", "1,000 profiles", "frames", "comments", "EXIF"],
)
def test_what_a_picture_is_laden_with_is_left_where_it_is(prepare: Prepare, laden: bytes):
    assert prepare(laden).width in (16, 400)


def test_of_ten_thousand_frames_one_is_read():
    one, many = pictures.many_frames(1), pictures.many_frames(10_000)
    assert len(many) > 5_000 * len(one)
    assert read_gif(many) == read_gif(one)


def test_a_gif_with_a_colour_that_is_none_is_on_white(prepare: Prepare):
    image = Image.new("P", (64, 64), 0)
    image.putpalette((10, 10, 10))
    data = pictures.encoded(image, "GIF", transparency=0)
    assert alike(colours(prepare(data).jpeg)[0], (255, 255, 255))


NO_PICTURES = {
    "zero bytes": b"",
    "one byte": b"\xff",
    "text": b"I am a picture, believe me",
    "HTML": b"<html><img src=x></html>",
    "SVG": b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>',
    "PDF": b"%PDF-1.7\n",
    "a ZIP": b"PK\x03\x04" + bytes(100),
    "AVIF": pictures.encoded(pictures.quarters(), "AVIF"),
    "BMP": pictures.encoded(pictures.quarters(), "BMP"),
    "TIFF": pictures.encoded(pictures.quarters(), "TIFF"),
    "PPM": pictures.encoded(pictures.quarters(), "PPM"),
    "only a JPEG's beginning": b"\xff\xd8\xff",
    "only a PNG's beginning": b"\x89PNG\r\n\x1a\n",
    "only a GIF's beginning": b"GIF89a",
    "only a WebP's beginning": b"RIFF\x00\x00\x00\x00WEBPVP8 ",
    "a PNG without pixels": pictures.png(10, 10),
    "a PNG of no size": pictures.png(0, 0),
    "a PNG of 30,000 x 30,000 bits": pictures.png(30_000, 30_000, bits=1),
    "a PNG of one line too long": pictures.png(EDGE_PIXELS_MAX + 1, 1, rows=bytes(12_002)),
    "a PNG of a pixel too many": pictures.png(5_000, PIXELS_MAX // 5_000 + 1),
    "a PNG of 2³¹ pixels": pictures.png(2**31 - 1, 1),
    "a JPEG claiming 65,535²": pictures.jpeg_claiming(65_535, 65_535),
    "a JPEG claiming 9,000 x 9,000": pictures.jpeg_claiming(9_000, 9_000),
    "a JPEG with 501 scans": pictures.many_scans(501),
    "a WebP with a canvas of 16,383²": pictures.webp_claiming(16_383, 16_383),
    "a WebP with a canvas of 12,000²": pictures.webp_claiming(12_000, 12_000),
}


@pytest.mark.parametrize("data", NO_PICTURES.values(), ids=NO_PICTURES)
def test_what_is_no_fit_picture_is_refused(prepare: Prepare, data: bytes):
    with pytest.raises(BadImage) as refused:
        prepare(data)
    assert refused.value.message


def test_a_progressive_jpeg_may_have_many_scans(prepare: Prepare):
    assert prepare(pictures.many_scans(50)).width == 64


@pytest.mark.parametrize("data", [pictures.png(30_000, 30_000, bits=1), pictures.png(12_001, 1)])
def test_a_refusal_for_size_names_the_limit(prepare: Prepare, data: bytes):
    with pytest.raises(BadImage) as refused:
        prepare(data)
    assert refused.value.details in (
        {"max_pixels": PIXELS_MAX},
        {"max_edge_pixels": EDGE_PIXELS_MAX},
    )


@pytest.mark.parametrize("percent", range(0, 100, 5))
@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "HEIC", "GIF"])
def test_a_picture_cut_off_anywhere_is_refused(prepare: Prepare, form: str, percent: int):
    data = pictures.encoded(pictures.noise(200, 150), form)
    with pytest.raises(BadImage):
        prepare(data[: len(data) * percent // 100])


BASES = [
    pictures.telling(),
    pictures.encoded(pictures.quarters(60, 40), "PNG"),
    pictures.encoded(pictures.quarters(60, 40), "WEBP", exif=b"Exif\0\0II*\0\x08\0\0\0"),
    pictures.encoded(pictures.noise(60, 40), "JPEG", progressive=True),
    pictures.jpeg_claiming(800, 480),
    pictures.encoded(pictures.quarters(60, 40), "GIF"),
    pictures.encoded(pictures.quarters(60, 40).convert("RGBA"), "HEIC"),
    pictures.encoded(pictures.noise(160, 100), "HEIC", tile_size=64, quality=30),
]


@given(
    base=st.sampled_from(BASES),
    changes=st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=8)), max_size=6),
)
@settings(
    max_examples=250,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_whatever_is_damaged_is_read_or_refused(
    prepare: Prepare, base: bytes, changes: list[tuple[float, bytes]]
):
    data = bytearray(base)
    for place, replacement in changes:
        at = int(place * len(data))
        data[at : at + len(replacement)] = replacement
    with contextlib.suppress(BadImage):
        assert opened(prepare(bytes(data)).jpeg).mode == "RGB"


def test_a_file_that_can_not_be_read_is_not_the_clients_fault(tmp_path: Path):
    with pytest.raises(FileNotFoundError):
        prepare_image(tmp_path / "gone")
