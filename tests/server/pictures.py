"""Pictures for tests, made on the spot: good ones with marks in known places, and the bad ones of
hardening.md."""

import struct
import zlib
from io import BytesIO

import pillow_heif
from PIL import Image, ImageCms

RED, GREEN, BLUE, WHITE = (200, 30, 30), (30, 160, 30), (30, 30, 200), (255, 255, 255)


def encoded(image: Image.Image, form: str, **options: object) -> bytes:
    file = BytesIO()
    if form == "HEIC":
        pillow_heif.from_pillow(image).save(file, **options)
    else:
        image.save(file, form, **options)
    return file.getvalue()


def quarters(width: int = 400, height: int = 240) -> Image.Image:
    """Red and green above, blue and white below: tells which way up it is."""
    image = Image.new("RGB", (width, height), WHITE)
    image.paste(RED, (0, 0, width // 2, height // 2))
    image.paste(GREEN, (width // 2, 0, width, height // 2))
    image.paste(BLUE, (0, height // 2, width // 2, height))
    return image


def noise(width: int, height: int) -> Image.Image:
    """What no encoder can make small."""
    return Image.effect_noise((width, height), 80).convert("RGB")


def oriented(orientation: int) -> bytes:
    """A JPEG that is upright only to whoever heeds its EXIF orientation."""
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
    """A JPEG that carries all kinds of metadata, each with the word `secret` in it."""
    exif = Image.Exif()
    exif[0x010E] = "secret description"
    exif[0x0110] = "secret camera"
    exif.get_ifd(0x8825)[1] = "N"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return encoded(
        quarters(),
        "JPEG",
        exif=exif,
        icc_profile=profile,
        comment=b"secret comment",
        xmp=b"<x:xmpmeta>secret place</x:xmpmeta>",
        dpi=(300, 300),
    )


def swapped_profile() -> bytes:
    """An ICC profile whose red is sRGB's blue and the other way round: what it does can't be
    overlooked."""
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    count = int.from_bytes(data[128:132], "big")
    for entry in range(132, 132 + 12 * count, 12):
        name = bytes(data[entry : entry + 4])
        data[entry : entry + 4] = {b"rXYZ": b"bXYZ", b"bXYZ": b"rXYZ"}.get(name, name)
    return bytes(data)


def png_chunk(kind: bytes, data: bytes) -> bytes:
    checksum = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)


def png(width: int, height: int, *, bits: int = 8, extra: bytes = b"", rows: bytes = b"") -> bytes:
    """A grey PNG by hand, so that its header may claim what it likes; `extra` chunks follow the
    header."""
    header = struct.pack(">IIBBBBB", width, height, bits, 0, 0, 0, 0)
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            png_chunk(b"IHDR", header),
            extra,
            png_chunk(b"IDAT", zlib.compress(rows)),
            png_chunk(b"IEND", b""),
        )
    )


def broken_png(width: int, height: int) -> bytes:
    """A PNG in colours, whose chunks are whole, but whose pixels break off after nine tenths."""
    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    pixels = zlib.compress((b"\0" + b"\x10\x20\x30\x40" * width) * height, 9)
    pixels = pixels[: len(pixels) * 9 // 10]
    chunks = ((b"IHDR", header), (b"IDAT", pixels), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(kind, data) for kind, data in chunks)


def grey_png(extra: bytes) -> bytes:
    """A PNG of 16 x 16 that is in order but for what `extra` says."""
    return png(16, 16, extra=extra, rows=(b"\0" + b"\x80" * 16) * 16)


def text_bomb() -> bytes:
    """100 MB of text in 97 KB."""
    return grey_png(png_chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(100_000_000), 9)))


def many_profiles() -> bytes:
    """A colour profile of a mebibyte, a thousand times."""
    profile = png_chunk(b"iCCP", b"icc\0\0" + zlib.compress(bytes(1_048_576), 9))
    return grey_png(profile * 1_000)


def jpeg_claiming(width: int, height: int) -> bytes:
    """A small JPEG whose header says another size."""
    data = bytearray(encoded(quarters(), "JPEG"))
    start = data.index(b"\xff\xc0")
    data[start + 5 : start + 9] = struct.pack(">HH", height, width)
    return bytes(data)


def many_scans(scans: int) -> bytes:
    """A progressive JPEG that repeats one of its scans."""
    data = encoded(Image.new("L", (64, 64), 128), "JPEG", progressive=True)
    starts = [at for at in range(len(data)) if data.startswith(b"\xff\xda", at)]
    return data[:-2] + data[starts[1] : starts[2]] * scans + data[-2:]


def webp_claiming(width: int, height: int) -> bytes:
    """An animated WebP of one small frame whose canvas is said to be of that size."""
    small = encoded(quarters(50, 50), "WEBP", lossless=True)[12:]
    canvas = bytes((2, 0, 0, 0)) + _three(width - 1) + _three(height - 1)
    frame = bytes(6) + _three(49) + _three(49) + _three(16) + b"\0" + small
    chunks = _chunk(b"VP8X", canvas) + _chunk(b"ANIM", bytes(6)) + _chunk(b"ANMF", frame)
    return _chunk(b"RIFF", b"WEBP" + chunks)


def inflating_texts() -> bytes:
    """64 texts of a mebibyte, each with one character that makes Python take four for each: 256 MB
    in 70 KB."""
    text = zlib.compress(("x" * (1_048_576 - 4) + "😀").encode(), 9)
    return grey_png(
        b"".join(png_chunk(b"iTXt", b"%d\0\1\0\0\0" % number + text) for number in range(64))
    )


def many_frames(frames: int, inserted: bytes = b"") -> bytes:
    """A GIF that repeats its one frame, and has `inserted` before the first."""
    data = encoded(quarters().quantize(8), "GIF")
    start = data.index(b"\x21\xf9") if b"\x21\xf9" in data else data.index(b"\x2c")
    return data[:start] + inserted + data[start:-1] * frames + b";"


def many_comments() -> bytes:
    """A GIF with a comment in 2.7 million pieces."""
    return many_frames(1, b"\x21\xfe" + b"\x02ab" * 2_700_000 + b"\0")


def much_exif() -> bytes:
    """A JPEG whose EXIF comes in 70,000 segments."""
    segment = b"\xff\xe1" + struct.pack(">H", 108) + b"Exif\0\0" + bytes(100)
    data = encoded(quarters(), "JPEG", quality=95)
    return data[:2] + segment * 70_000 + data[2:]


def looping_exif() -> bytes:
    """A JPEG whose EXIF directory names itself as the next one and as its own sub-directory."""
    entry = struct.pack("<HHII", 0x8769, 4, 1, 8)
    tiff = b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", 1) + entry + struct.pack("<I", 8)
    return encoded(quarters(), "JPEG", exif=b"Exif\0\0" + tiff)


def _three(number: int) -> bytes:
    return number.to_bytes(3, "little")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return kind + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)
