"""A file that somebody sent -> the JPEG and the thumbnail that are served instead of it.

Called by `server.uploads.multipart` in a thread. Pure and blocking: reads the one file, writes
none, knows no request. Nothing of the original but its pixels gets through: they are decoded,
turned, brought to sRGB on white and encoded anew.
"""

from io import BytesIO
from pathlib import Path

import msgspec
from PIL import Image

from server.uploads.colours import in_srgb
from server.uploads.decoding import BadImage as BadImage
from server.uploads.decoding import decode, decoding_bytes, fitting

MEBIBYTE = 1_048_576

DISPLAY_EDGE_PIXELS = 1_440
THUMBNAIL_EDGE_PIXELS = 320
"""Longest edges of what is served (contract.md, "Posts")."""

DISPLAY_QUALITY = 85
THUMBNAIL_QUALITY = 80
"""Of libjpeg's 100. Above 85 files grow faster than anyone can see; a thumbnail is seen small."""

REDUCING_GAP = 2.0
"""A picture is first reduced by averaging to twice its new size: as good to the eye, several times
faster."""

COPIES = 3
"""Of the file that are in memory while it is opened: as it was sent, its parts, and all that its
pixels need."""

SERVED_BYTES = 16 * MEBIBYTE
"""Memory for the picture in the size that is served: brought to sRGB, turned, encoded."""

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


class PreparedImage(msgspec.Struct, frozen=True):
    """What is served: two JPEGs without metadata. `width` and `height` are the larger one's, in
    pixels."""

    jpeg: bytes
    width: int
    height: int
    thumbnail: bytes


def memory_needed(source: Path) -> int:
    """Bytes of memory that `prepare_image` takes at most for the file `source`, told from its
    header. Quick, but reads the file: call it in a thread.

    Raises `BadImage` if that is enough to refuse the file; `OSError` only if it can't be read.
    """
    data = source.read_bytes()
    return decoding_bytes(data, DISPLAY_EDGE_PIXELS) + COPIES * len(data) + SERVED_BYTES


def prepare_image(source: Path) -> PreparedImage:
    """The picture in the file `source`, made ready. Takes as long as decoding takes: call it in a
    thread.

    Raises `BadImage` if it is no JPEG, PNG, WebP, HEIC or GIF, is broken, or is too large in
    pixels; `OSError` only if the file can't be read.
    """
    image = _upright_in_srgb(source.read_bytes())
    thumbnail = _shrink(image, THUMBNAIL_EDGE_PIXELS)
    return PreparedImage(
        jpeg=_encode(image, DISPLAY_QUALITY),
        width=image.width,
        height=image.height,
        thumbnail=_encode(thumbnail, THUMBNAIL_QUALITY),
    )


def _upright_in_srgb(data: bytes) -> Image.Image:
    """The picture as it is served. What is large is let go of as soon as something smaller is
    there."""
    decoded = decode(data, DISPLAY_EDGE_PIXELS)
    orientation, profile, primaries = decoded.orientation, decoded.profile, decoded.primaries
    image = _plain(decoded.image)
    del data, decoded
    image = _shrink(image, DISPLAY_EDGE_PIXELS)
    image = in_srgb(_on_white(image), profile, primaries)
    return image.transpose(TURNS[orientation]) if orientation in TURNS else image


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
        case "L" | "RGB" if not see_through:
            return image  # `convert` would make a copy
        case "1" | "L":
            return image.convert("LA" if see_through else "L")
        case "P" | "RGB":
            return image.convert("RGBA" if see_through else "RGB")
        case "RGBa":
            return image.convert("RGBA")
        case "LA" | "RGBA" | "CMYK":
            return image
        case other:
            raise BadImage(f"Pictures in the colour mode {other} are not read")


def _shrink(image: Image.Image, edge: int) -> Image.Image:
    size = fitting(image.size, edge)
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


def _encode(image: Image.Image, quality: int) -> bytes:
    image.info.clear()  # Pillow would write the comment and more of it into the new file
    encoded = BytesIO()
    image.save(encoded, "JPEG", quality=quality)
    return encoded.getvalue()
