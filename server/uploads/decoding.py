"""A file that somebody sent -> its pixels, if it is one of five formats and not too large; and
beforehand, what that will take.

Called by `server.uploads.images` and `server.uploads.multipart` in threads. The only place where a
decoder meets the bytes: what they are is told by the bytes alone, `server.uploads.formats` leaves
out what pixels don't need, sizes are checked before anything is decoded, and only the decoder for
that format is asked.
"""

import warnings
from collections.abc import Callable
from functools import partial
from io import BytesIO
from typing import cast

import msgspec
import pillow_heif
from PIL import GifImagePlugin, Image, JpegImagePlugin, PngImagePlugin, WebPImagePlugin

from server.uploads.formats.broken import Broken
from server.uploads.formats.gif import VERSIONS, read_gif
from server.uploads.formats.heif import Still, is_heif, still_of
from server.uploads.formats.jpeg import read_jpeg
from server.uploads.formats.png import SIGNATURE, read_png

PLUGINS = (GifImagePlugin, JpegImagePlugin, PngImagePlugin, WebPImagePlugin)
"""Imported here, or else `Image.open` would import every plugin that Pillow has: 30 MB for
nothing. HEIC is no plugin: libheif is asked by name, for what `server.uploads.formats.heif` has
written."""

PIXELS_MAX = 25_000_000
"""A 24-megapixel camera's pictures and no more: a hundred megabytes as RGBA, for a moment."""

EDGE_PIXELS_MAX = 12_000
"""Panoramas pass. A million-by-one picture has few pixels, but makes resizing allocate by its
edge."""

HEIC_PIXELS_RATIO_MAX = 3
"""So many times `PIXELS_MAX` may be decoded for a HEIC: its picture, its transparency, and what its
tiles have beyond its edges."""

BYTES_A_PIXEL = {"JPEG": 6, "PNG": 10, "GIF": 10, "WEBP": 17}
"""Memory at its height, resizing included. Measured at 25 million pixels, by the high-water mark of
a process: a PNG or GIF took 5.5, with transparency 9.5; a WebP 16.2, since libwebp makes two
canvases besides what Pillow copies. A JPEG takes 5.2 of those pixels that are made of it, at a
half, quarter or eighth of its edges, and what `server.uploads.formats.jpeg` counts."""

HEIC_BYTES_A_PIXEL = 11
FINE_HEIC_BYTES_A_PIXEL = 21
"""The same for HEIC: 7.5, with transparency 9.9 (10.1 on Python 3.13); where colours are as fine as
brightness 9.4, with ten bits a sample 15.4, and with transparency 20.5."""

ORIENTATION_TAG = 0x0112
UPRIGHT = 1

TOO_MANY_PIXELS = "This picture has too many pixels"
NO_PICTURE = "This is no JPEG, PNG, WebP, HEIC or GIF picture"
BROKEN_PICTURE = "This picture is broken or cut off"

# Pillow's own guard, set for the whole process: it looks before WebP's decoder makes its canvas.
# What it only warns of is an error here.
Image.MAX_IMAGE_PIXELS = PIXELS_MAX
warnings.simplefilter("error", Image.DecompressionBombWarning)

# Of odd metadata, which we drop, Pillow warns on stderr: anybody could fill the log with it.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")

# A picture has one thread, which `image_threads` counts.
pillow_heif.options.DECODE_THREADS = 1


class BadImage(Exception):
    """The client sent no picture that we read. The message is for the client, `__cause__` for
    us."""

    def __init__(self, message: str, **details: int | str) -> None:
        super().__init__(message)
        self.message = message
        self.details = details


class Decoded(msgspec.Struct, frozen=True):
    """Pixels, and what must be known to show them. `orientation` is EXIF's; `profile` is an ICC
    profile, `primaries` a number of ITU-T H.273 that says the same in short."""

    image: Image.Image
    orientation: int
    profile: bytes | None
    primaries: int | None = None


Opener = Callable[[bytes, int], "_Opened"]


class _Opened(msgspec.Struct, frozen=True):
    """A file whose sizes were found good, and what decoding it takes at its height."""

    decoding_bytes: int
    decode: Callable[[], Decoded]


def decoding_bytes(data: bytes, edge: int) -> int:
    """How much memory it takes at most to make a picture with edges of `edge` pixels of the file
    `data`, which is in memory already. Raises `BadImage`."""
    return _opened(data, edge).decoding_bytes


def decode(data: bytes, edge: int) -> Decoded:
    """The pixels of the file `data`: of a large JPEG no more of them than edges of `edge` pixels
    need. Raises `BadImage`."""
    return _opened(data, edge).decode()


def fitting(size: tuple[int, int], edge: int) -> tuple[int, int]:
    """The size with the same proportions whose longest edge is `edge` pixels, if it isn't shorter
    already."""
    width, height = size
    longest = max(width, height)
    if longest <= edge:
        return size
    return max(1, round(width * edge / longest)), max(1, round(height * edge / longest))


def _opened(data: bytes, edge: int) -> _Opened:
    try:
        return _opener(data)(data, edge)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise BadImage(TOO_MANY_PIXELS, max_pixels=PIXELS_MAX) from error
    except Broken as error:
        raise BadImage(BROKEN_PICTURE) from error


def _opener(data: bytes) -> Opener:
    """By what the file begins with. Raises `BadImage` if no format that we read begins so."""
    if data.startswith(b"\xff\xd8\xff"):
        return _open_jpeg
    if data.startswith(SIGNATURE):
        return _open_png
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return _open_webp
    if data.startswith(VERSIONS):
        return _open_gif
    if is_heif(data):
        return _open_heic
    raise BadImage(NO_PICTURE)


def _open_jpeg(data: bytes, edge: int) -> _Opened:
    jpeg = read_jpeg(data)
    image = _open("JPEG", jpeg.data)
    image.draft(None, fitting(image.size, edge))
    pixels = image.width * image.height
    return _Opened(pixels * BYTES_A_PIXEL["JPEG"] + jpeg.coefficient_bytes, partial(_load, image))


def _open_png(data: bytes, edge: int) -> _Opened:
    return _open_whole("PNG", read_png(data))


def _open_gif(data: bytes, edge: int) -> _Opened:
    return _open_whole("GIF", read_gif(data))


def _open_webp(data: bytes, edge: int) -> _Opened:
    image = _open("WEBP", data)
    return _Opened(image.width * image.height * BYTES_A_PIXEL["WEBP"], partial(_load_webp, image))


def _load_webp(image: Image.Image) -> Decoded:
    """The copy is without libwebp's canvases, twice its size."""
    decoded = _load(image)
    return msgspec.structs.replace(decoded, image=decoded.image.copy())


def _open_whole(form: str, data: bytes) -> _Opened:
    image = _open(form, data)
    return _Opened(image.width * image.height * BYTES_A_PIXEL[form], partial(_load, image))


def _open(form: str, data: bytes) -> Image.Image:
    """The file as Pillow understands its header, if its size is fit.

    What Pillow raises at broken files is an open list (`SyntaxError`, `struct.error`,
    `OverflowError`, …), so all of it counts as the file's fault, here and in `_load`.
    """
    try:
        image = Image.open(BytesIO(data), formats=(form,))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise
    except Exception as error:
        raise BadImage(BROKEN_PICTURE) from error
    _check_size(max(image.size), image.width * image.height)
    return image


def _load(image: Image.Image) -> Decoded:
    try:
        orientation = _orientation(image)
        image.load()
    except Exception as error:
        raise BadImage(BROKEN_PICTURE) from error
    profile: object = image.info.get("icc_profile")
    return Decoded(image, orientation, profile if isinstance(profile, bytes) else None)


def _open_heic(data: bytes, edge: int) -> _Opened:
    still = still_of(data)
    _check_size(still.longest_edge, still.pixels)
    if still.decoded_pixels > HEIC_PIXELS_RATIO_MAX * PIXELS_MAX:
        raise BadImage(TOO_MANY_PIXELS, max_pixels=PIXELS_MAX)
    ratio = HEIC_BYTES_A_PIXEL if still.is_coarse else FINE_HEIC_BYTES_A_PIXEL
    return _Opened(still.pixels * ratio, partial(_load_heic, still))


def _load_heic(still: Still) -> Decoded:
    """The orientation is one of the boxes that libheif goes by; EXIF's would be a second time."""
    try:
        found = pillow_heif.open_heif(  # pyright: ignore[reportUnknownMemberType]
            still.rewritten(), remove_stride=False
        )
        image = found.to_pillow()
    except Exception as error:
        raise BadImage(BROKEN_PICTURE) from error
    profile: object = image.info.get("icc_profile")
    short = cast(dict[str, object], image.info.get("nclx_profile") or {})
    primaries = short.get("color_primaries")
    return Decoded(
        image,
        UPRIGHT,
        profile if isinstance(profile, bytes) else None,
        primaries if isinstance(primaries, int) else None,
    )


def _check_size(longest_edge: int, pixels: int) -> None:
    """Raises `BadImage` for more pixels than we decode, going by the header."""
    if longest_edge > EDGE_PIXELS_MAX:
        raise BadImage("This picture's edges are too long", max_edge_pixels=EDGE_PIXELS_MAX)
    if pixels > PIXELS_MAX:
        raise BadImage(TOO_MANY_PIXELS, max_pixels=PIXELS_MAX)


def _orientation(image: Image.Image) -> int:
    """What EXIF (or XMP) says; upright, if that can't be read: a picture is more than its
    metadata."""
    try:
        found: object = image.getexif().get(ORIENTATION_TAG)
    except Exception:
        return UPRIGHT
    return found if isinstance(found, int) else UPRIGHT
