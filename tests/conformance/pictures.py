"""Pictures for uploads, made on the spot, and how a served one is looked at."""

import io
import struct
import zlib
from typing import Any

from PIL import Image

RED, GREEN, BLUE, WHITE = (200, 30, 30), (30, 160, 30), (30, 30, 200), (255, 255, 255)

COLOUR_TOLERANCE = 12
"""What JPEG may do to an even surface, of 255."""

Colour = tuple[int, int, int]


def encoded(image: Image.Image, form: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def plain(width: int = 64, height: int = 48, colour: Colour = RED, form: str = "JPEG") -> bytes:
    """A picture in one colour."""
    return encoded(Image.new("RGB", (width, height), colour), form)


def quarters(width: int = 400, height: int = 240) -> Image.Image:
    """Red and green above, blue and white below: tells which way up it is."""
    image = Image.new("RGB", (width, height), WHITE)
    image.paste(RED, (0, 0, width // 2, height // 2))
    image.paste(GREEN, (width // 2, 0, width, height // 2))
    image.paste(BLUE, (0, height // 2, width // 2, height))
    return image


def oriented(orientation: int) -> bytes:
    """The quarters, stored so that only who heeds the EXIF orientation sees them upright."""
    stored = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    image = quarters()
    if orientation in stored:
        image = image.transpose(stored[orientation])
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encoded(image, "JPEG", quality=95, exif=exif)


def telling() -> bytes:
    """A JPEG with the word `secret` in its EXIF, GPS, XMP and comment."""
    exif = Image.Exif()
    exif[0x010E] = "secret description"
    exif[0x0110] = "secret camera"
    exif.get_ifd(0x8825)[29] = "secret day"
    return encoded(
        quarters(),
        "JPEG",
        exif=exif,
        comment=b"secret comment",
        xmp=b"<x:xmpmeta>secret place</x:xmpmeta>",
    )


def padded(size: int) -> bytes:
    """A JPEG of exactly `size` bytes: comments fill it up."""
    picture = plain()
    missing = size - len(picture)
    comments = bytearray()
    while missing:
        piece = min(missing, 65_000)
        if 0 < missing - piece < 4:
            piece -= 4
        comments += b"\xff\xfe" + struct.pack(">H", piece - 2) + b" " * (piece - 4)
        missing -= piece
    return picture[:2] + bytes(comments) + picture[2:]


def huge_png(edge: int = 30_000) -> bytes:
    """A picture of one bit a pixel, small as a file and large as nothing else."""
    row = b"\0" + bytes(edge // 8)
    pixels = zlib.compress(row * edge, 9)
    header = struct.pack(">IIBBBBB", edge, edge, 1, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", pixels), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def looks(image: Image.Image, x: float, y: float, colour: Colour) -> bool:
    """Whether `image` has that colour at a place given in parts of its width and height."""
    pixel = image.convert("RGB").getpixel((int(x * image.width), int(y * image.height)))
    assert isinstance(pixel, tuple)
    return max(abs(one - other) for one, other in zip(pixel, colour, strict=True)) <= (
        COLOUR_TOLERANCE
    )


def is_upright(image: Image.Image) -> bool:
    """Whether it is the quarters, the right way up."""
    corners = ((0.25, 0.25, RED), (0.75, 0.25, GREEN), (0.25, 0.75, BLUE), (0.75, 0.75, WHITE))
    return all(looks(image, x, y, colour) for x, y, colour in corners)
