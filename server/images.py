"""A file that somebody sent -> the JPEG and the thumbnail that are served instead of it.

Called by `server.uploads` in a thread. Pure and blocking: reads the one file, writes none, knows no
request. Nothing of the original but its pixels gets through: they are decoded, turned, brought to
sRGB on white and encoded anew.
"""

import struct
import warnings
from io import BytesIO
from pathlib import Path

import msgspec
from PIL import Image, ImageCms, JpegImagePlugin, PngImagePlugin, WebPImagePlugin

MEBIBYTE = 1_048_576

PLUGINS = (JpegImagePlugin, PngImagePlugin, WebPImagePlugin)
"""Imported here, or else `Image.open` would import every plugin that Pillow has: 30 MB for
nothing."""

FORMATS = ("JPEG", "PNG", "WEBP")
"""What is opened, by content; Pillow tries no other parser, so no other parser's bugs are ours."""

PIXELS_MAX = 25_000_000
"""A 24-megapixel camera's pictures and no more: a hundred megabytes as RGBA, for a moment."""

EDGE_PIXELS_MAX = 12_000
"""Panoramas pass. A million-by-one picture has few pixels, but makes resizing allocate by its
edge."""

DISPLAY_EDGE_PIXELS = 1_440
THUMBNAIL_EDGE_PIXELS = 320
"""Longest edges of what is served (contract.md, "Posts")."""

DISPLAY_QUALITY = 85
THUMBNAIL_QUALITY = 80
"""Of libjpeg's 100. Above 85 files grow faster than anyone can see; a thumbnail is seen small."""

JPEG_SCANS_MAX = 500
"""Start-of-scan markers in a JPEG. Progressive ones have a dozen. A scan of 40 bytes that says
nothing costs milliseconds, so 8 MB of them would hold a thread for an hour. The bytes of a marker
also come up by chance, once in 64 KiB, in what phones append to a picture: 128 times in 8 MB."""

PNG_PROFILES_MAX = 8
"""Colour profiles in a PNG, which should have one: each is inflated to a mebibyte when the file is
opened."""

PROFILE_BYTES_MAX = 4 * MEBIBYTE
"""A larger colour profile is ignored; those of printing presses have 2.5 MB."""

REDUCING_GAP = 2.0
"""A picture is first reduced by averaging to twice its new size: as good to the eye, several times
faster."""

START_OF_SCAN = b"\xff\xda"
ORIENTATION_TAG = 0x0112
TOO_MANY_PIXELS = "This picture has too many pixels"

LEVELS_RATIO = 256
"""What a 16-bit sample is divided by to have 8 bits."""

TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""EXIF orientation -> what makes the picture upright; 1 is upright already (EXIF 2.32, 4.6.4 A)."""

# Pillow's own guard, set for the whole process: it looks before WebP's decoder makes its canvas.
# What it only warns of is an error here.
Image.MAX_IMAGE_PIXELS = PIXELS_MAX
warnings.simplefilter("error", Image.DecompressionBombWarning)

# Of odd metadata, which we drop, Pillow warns on stderr: anybody could fill the log with it.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")

# Pillow's types name numpy's and its own C types, which have no stubs here: hence the ignores.
SRGB = ImageCms.ImageCmsProfile(
    ImageCms.createProfile("sRGB")  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
)


class BadImage(Exception):
    """The client sent no picture that we read. The message is for the client, `__cause__` for
    us."""

    def __init__(self, message: str, **details: int | str) -> None:
        super().__init__(message)
        self.message = message
        self.details = details


class PreparedImage(msgspec.Struct, frozen=True):
    """What is served: two JPEGs without metadata. `width` and `height` are the larger one's, in
    pixels."""

    jpeg: bytes
    width: int
    height: int
    thumbnail: bytes


def prepare_image(source: Path) -> PreparedImage:
    """The picture in the file `source`, made ready. Takes as long as decoding takes: call it in a
    thread.

    Raises `BadImage` if it is no JPEG, PNG or WebP, is broken, or is too large in pixels; `OSError`
    only if the file can't be read.
    """
    data = source.read_bytes()
    orientation, image = _decode(data)
    profile = image.info.get("icc_profile")
    image = _shrink(_plain(image), DISPLAY_EDGE_PIXELS)
    image = _on_white(image)
    image = _to_srgb(image, profile)
    if orientation in TURNS:
        image = image.transpose(TURNS[orientation])
    thumbnail = _shrink(image, THUMBNAIL_EDGE_PIXELS)
    return PreparedImage(
        jpeg=_encode(image, DISPLAY_QUALITY),
        width=image.width,
        height=image.height,
        thumbnail=_encode(thumbnail, THUMBNAIL_QUALITY),
    )


def _decode(data: bytes) -> tuple[int, Image.Image]:
    """The EXIF orientation and the pixels, of a large JPEG no more of them than needed.

    Only in here do Pillow's parsers see the bytes. What they raise is an open list (`SyntaxError`,
    `struct.error`, `OverflowError`, `DecompressionBombError`, …), so all of it counts as the file's
    fault.
    """
    _check_repeats(data)
    try:
        image = Image.open(BytesIO(data), formats=FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise BadImage(TOO_MANY_PIXELS, max_pixels=PIXELS_MAX) from error
    except Exception as error:
        raise BadImage("This is no JPEG, PNG or WebP picture") from error
    _check_size(image)
    orientation = _orientation(image)
    try:
        image.draft(None, _fitting(image.size, DISPLAY_EDGE_PIXELS))
        image.load()
    except Exception as error:
        raise BadImage("This picture is broken or cut off") from error
    return orientation, image


def _check_repeats(data: bytes) -> None:
    """Raises `BadImage` for a file that repeats what is costly to decode."""
    if data.startswith(b"\xff\xd8") and data.count(START_OF_SCAN) > JPEG_SCANS_MAX:
        raise BadImage("This JPEG has too many scans", max=JPEG_SCANS_MAX)
    if data.startswith(b"\x89PNG") and data.count(b"iCCP") > PNG_PROFILES_MAX:
        raise BadImage("This PNG has too many colour profiles", max=PNG_PROFILES_MAX)


def _check_size(image: Image.Image) -> None:
    """Raises `BadImage` for more pixels than we decode, going by the header."""
    if max(image.size) > EDGE_PIXELS_MAX:
        raise BadImage("This picture's edges are too long", max_edge_pixels=EDGE_PIXELS_MAX)
    if image.width * image.height > PIXELS_MAX:
        raise BadImage(TOO_MANY_PIXELS, max_pixels=PIXELS_MAX)


def _orientation(image: Image.Image) -> int:
    """What EXIF (or XMP) says; 1, upright, if that can't be read: a picture is more than its
    metadata."""
    try:
        found: object = image.getexif().get(ORIENTATION_TAG)
    except Exception:
        return 1
    return found if isinstance(found, int) else 1


def _plain(image: Image.Image) -> Image.Image:
    """The same picture in a mode that can be resized: L, LA, RGB, RGBA or CMYK."""
    see_through = "transparency" in image.info
    match image.mode:
        case "I;16":
            # Converting to L would cut off at 255 instead of dividing.
            scaled = image.point(  # pyright: ignore[reportUnknownMemberType]
                lambda sample: sample * (1 / LEVELS_RATIO)
            )
            return scaled.convert("L")
        case "1" | "L":
            return image.convert("LA" if see_through else "L")
        case "P" | "RGB":
            return image.convert("RGBA" if see_through else "RGB")
        case "LA" | "RGBA" | "CMYK":
            return image
        case other:
            raise BadImage(f"Pictures in the colour mode {other} are not read")


def _fitting(size: tuple[int, int], edge: int) -> tuple[int, int]:
    """The size with the same proportions whose longest edge is `edge` pixels, if it isn't shorter
    already."""
    width, height = size
    longest = max(width, height)
    if longest <= edge:
        return size
    return max(1, round(width * edge / longest)), max(1, round(height * edge / longest))


def _shrink(image: Image.Image, edge: int) -> Image.Image:
    size = _fitting(image.size, edge)
    if size == image.size:
        return image
    return image.resize(  # pyright: ignore[reportUnknownMemberType]
        size, Image.Resampling.LANCZOS, reducing_gap=REDUCING_GAP
    )


def _on_white(image: Image.Image) -> Image.Image:
    """The picture without transparency, still in its own colour space, where white is white too."""
    if image.mode not in ("LA", "RGBA"):
        return image
    opaque = "L" if image.mode == "LA" else "RGB"
    paper = Image.new(opaque, image.size, "white")
    paper.paste(image.convert(opaque), mask=image.getchannel("A"))
    return paper


def _to_srgb(image: Image.Image, profile: object) -> Image.Image:
    """The picture in sRGB. A profile that can't be used counts as none: most such pictures are sRGB
    anyway."""
    if isinstance(profile, bytes) and 0 < len(profile) <= PROFILE_BYTES_MAX:
        try:
            own = ImageCms.ImageCmsProfile(BytesIO(profile))
            converted = ImageCms.profileToProfile(image, own, SRGB, outputMode="RGB")
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError, struct.error):
            converted = None
        if converted is not None:
            return converted
    return image.convert("RGB")


def _encode(image: Image.Image, quality: int) -> bytes:
    image.info.clear()  # Pillow would write the comment and more of it into the new file
    encoded = BytesIO()
    image.save(encoded, "JPEG", quality=quality)
    return encoded.getvalue()
