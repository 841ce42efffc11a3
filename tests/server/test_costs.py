"""What a picture takes is no more than was said when its header was looked at, and a bomb takes
next to nothing (hardening.md, "Input that must be tried"). Measured by the kernel in other
processes."""

import subprocess
import sys
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import msgspec
import pillow_heif
import pytest
from PIL import Image

from server.uploads.multipart import LOOKING_BYTES
from tests.server import pictures, test_heic
from tests.server.costing import STATUS, Cost

ROOT = Path(__file__).parents[2]
EDGE = 1_800

QUICK = {"preset": "ultrafast"}
"""How HEIC is encoded here: what decoding takes is the same, and encoding five takes ten seconds
less."""

BOMB_S_MAX = 10.0
"""Of the processor: a second or two, however busy the machine is with other things."""

pytestmark = pytest.mark.skipif(
    not STATUS.exists(), reason="only Linux tells how high memory has been"
)


def picture(mode: str) -> Image.Image:
    """Large, and quick to encode."""
    return pictures.noise(40, 40).resize((EDGE, EDGE), Image.Resampling.NEAREST).convert(mode)


def encoder(mode: str, form: str, **options: object) -> Callable[[], bytes]:
    return lambda: pictures.encoded(picture(mode), form, **options)


def fine_heic(mode: str, channels: int) -> Callable[[], bytes]:
    """Ten bits a sample, colours as fine as brightness."""

    def encode() -> bytes:
        file = BytesIO()
        pixels = bytes(EDGE * EDGE * channels * 2)
        image = pillow_heif.from_bytes(mode=mode, size=(EDGE, EDGE), data=pixels)
        image.save(file, chroma="444", quality=30, enc_params=QUICK)
        return file.getvalue()

    return encode


FORMATS = {
    "jpeg": encoder("RGB", "JPEG"),
    "progressive": encoder("RGB", "JPEG", progressive=True),
    "progressive-fine": encoder("RGB", "JPEG", progressive=True, subsampling=0),
    "progressive-cmyk": encoder("CMYK", "JPEG", progressive=True, subsampling=0),
    "png": encoder("RGB", "PNG", compress_level=1),
    "png-clear": encoder("RGBA", "PNG", compress_level=1),
    "png-grey-clear": encoder("LA", "PNG", compress_level=1),
    "png-palette-clear": encoder("P", "PNG", compress_level=1, transparency=1),
    "png-16": encoder("I;16", "PNG", compress_level=1),
    "gif": encoder("P", "GIF"),
    "gif-clear": encoder("P", "GIF", transparency=1),
    "webp": encoder("RGB", "WEBP", method=0),
    "webp-lossless": encoder("RGBA", "WEBP", method=0, lossless=True),
    "heic": encoder("RGB", "HEIC", quality=30, enc_params=QUICK),
    "heic-tiles": encoder("RGB", "HEIC", quality=30, enc_params=QUICK, tile_size=512),
    "heic-clear": encoder("RGBA", "HEIC", quality=30, enc_params=QUICK),
    "heic-fine": fine_heic("RGB;16", 3),
    "heic-fine-clear": fine_heic("RGBA;16", 4),
}


def bombs() -> dict[str, bytes]:
    """Made only where they are wanted: it takes seconds."""
    return {
        "png-30000-bits": pictures.png(30_000, 30_000, bits=1),
        "png-12000-bits": pictures.png(12_000, 12_000, bits=1),
        "png-text-bomb": pictures.text_bomb(),
        "png-texts": pictures.inflating_texts(),
        "png-profiles": pictures.many_profiles(),
        "png-chunks": pictures.grey_png(pictures.png_chunk(b"teXt", b"") * 600_000),
        "jpeg-65535": pictures.jpeg_claiming(65_535, 65_535),
        "jpeg-scans": pictures.many_scans(500),
        "jpeg-exif": pictures.much_exif(),
        "jpeg-loop": pictures.looping_exif(),
        "gif-frames": pictures.many_frames(10_000),
        "gif-comments": pictures.many_comments(),
        "webp-canvas": pictures.webp_claiming(16_383, 16_383),
        "heic-items": test_heic.with_items(1_000),
        **{f"heic-{name}".replace(" ", "-"): data for name, data in test_heic.TOO_LARGE.items()},
        **{f"heic-{name}".replace(" ", "-"): data for name, data in test_heic.BROKEN.items()},
    }


def costs(folder: Path, files: dict[str, bytes]) -> list[Cost]:
    for name, data in files.items():
        (folder / name).write_bytes(data)
    measured = subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.server.costing",
            folder / "warm",
            *map(folder.joinpath, files),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=600.0,
    )
    assert measured.returncode == 0, measured.stderr
    return [msgspec.json.decode(line, type=Cost) for line in measured.stdout.splitlines()]


def test_no_format_takes_more_than_was_said(tmp_path: Path):
    found = costs(tmp_path, {name: encode() for name, encode in FORMATS.items()})
    assert [cost.name for cost in found] == list(FORMATS)
    assert not [cost for cost in found if cost.refused or cost.taken_bytes > cost.needed_bytes]


def test_a_bomb_takes_next_to_nothing(tmp_path: Path):
    files = {name.replace("/", "-"): data for name, data in bombs().items()}
    found = costs(tmp_path, files)
    assert len(found) == len(files)
    dear = [one for one in found if one.taken_bytes > LOOKING_BYTES or one.seconds > BOMB_S_MAX]
    assert not dear
