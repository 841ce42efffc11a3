"""Uploads at once, against the real process: it takes no more than 600 MB for them, and others are
served meanwhile (hardening.md, "Promises")."""

import io
from pathlib import Path

import pillow_heif
import pytest
from PIL import Image

from bench import uploads

MEMORY_BYTES_MAX = 600 * 1_048_576
"""The promise, for the whole process."""

FEED_P99_S_MAX = 0.25
"""The worst of a hundred reads of a feed beside uploads: a tenth of that is usual."""

LARGEST_EDGE = 5_000
"""Of 25 million pixels, the most that are taken."""


def photos() -> list[bytes]:
    return [uploads.photo()] * 10


def largest() -> list[bytes]:
    """What takes most memory, format by format."""
    rough = Image.effect_noise((50, 50), 90).resize((LARGEST_EDGE, LARGEST_EDGE), 0)
    image = rough.convert("RGBA")
    files: list[bytes] = []
    for mode, form, options in (
        ("RGBA", "WEBP", {"method": 0, "lossless": True}),
        ("RGB", "WEBP", {"method": 0}),
        ("RGBA", "PNG", {"compress_level": 1}),
        ("CMYK", "JPEG", {"progressive": True, "subsampling": 0}),
        ("P", "GIF", {"transparency": 0}),
    ):
        file = io.BytesIO()
        image.convert("RGB").convert(mode).save(file, form, **options)
        files.append(file.getvalue())
    file = io.BytesIO()
    pillow_heif.from_pillow(image).save(file, quality=30)
    return [*files, file.getvalue()]


@pytest.mark.survive
@pytest.mark.parametrize(("pictures", "at_once"), [(photos, 40), (largest, 10)])
def test_uploads_at_once_take_no_more_memory_than_promised(tmp_path: Path, pictures, at_once: int):
    found = uploads.run(at_once, pictures(), tmp_path)
    print(f"{at_once} at once: {found.peak_bytes >> 20} MB at the peak, {found.statuses}")
    assert found.statuses.keys() <= {201, 503}, (
        "on a machine busy with other things, some wait too long"
    )
    assert found.statuses[201] >= at_once // 2
    assert found.peak_bytes <= MEMORY_BYTES_MAX
    assert found.beside.done > 100
    assert found.beside.p99_s <= FEED_P99_S_MAX
