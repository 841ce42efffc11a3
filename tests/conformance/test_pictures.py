"""contract.md, "Posts": what may be uploaded, and what is served of it."""

import importlib
import io
from typing import Any

import pytest
from PIL import Image

from tests.conformance.pictures import (
    BLUE,
    GREEN,
    RED,
    WHITE,
    encoded,
    huge_png,
    is_upright,
    looks,
    opened,
    oriented,
    padded,
    plain,
    quarters,
    telling,
)
from tests.conformance.world import Person, refused

FILE_BYTES_MAX = 8_388_608
EDGE, THUMBNAIL_EDGE = 1_440, 320


def served(person: Person, medium: Any, which: str = "url") -> bytes:
    answer = person.get(medium[which])
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/jpeg"
    return answer.content


def published(person: Person, picture: bytes) -> Image.Image:
    """The served form of a picture, whose size is what its post says."""
    [medium] = person.posts(picture)["media"]
    image = opened(served(person, medium))
    assert (image.format, image.mode) == ("JPEG", "RGB")
    assert image.size == (medium["width"], medium["height"])
    thumbnail = opened(served(person, medium, "thumbnail_url"))
    assert thumbnail.format == "JPEG"
    assert max(thumbnail.size) <= THUMBNAIL_EDGE
    return image


def heic(image: Image.Image) -> bytes:
    """Skips where nothing can write HEIC."""
    try:
        importlib.import_module("pillow_heif").register_heif_opener()
    except ImportError:
        pytest.skip("pillow-heif, which makes HEIC pictures, is not installed")
    return encoded(image, "HEIF", quality=95)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIC", "GIF"])
def test_each_format_is_served_as_jpeg(ann: Person, kind: str) -> None:
    """“JPEG, PNG, WebP, HEIC, GIF (first frame) … Served as JPEG”."""
    picture = heic(quarters()) if kind == "HEIC" else encoded(quarters(), kind)
    image = published(ann, picture)
    assert image.size == (400, 240)
    assert is_upright(image)


@pytest.mark.parametrize("mode", ["L", "LA", "1", "P", "RGBA", "I;16", "CMYK"])
def test_each_kind_of_pixel_is_served_as_rgb(ann: Person, mode: str) -> None:
    """“Served as JPEG”, whatever its pixels were."""
    source = Image.linear_gradient("L")
    image = source.convert("I;16") if mode == "I;16" else source.convert("RGB").convert(mode)
    kind = "JPEG" if mode == "CMYK" else "PNG"
    assert published(ann, encoded(image, kind)).size == (256, 256)


@pytest.mark.parametrize("kind", ["GIF", "WEBP"])
def test_of_an_animation_the_first_frame_is_shown(ann: Person, kind: str) -> None:
    """“GIF (first frame)”."""
    frames = [Image.new("RGB", (80, 60), colour) for colour in (RED, GREEN, BLUE)]
    options = {"lossless": True} if kind == "WEBP" else {}
    picture = encoded(frames[0], kind, save_all=True, append_images=frames[1:], **options)
    assert looks(published(ann, picture), 0.5, 0.5, RED)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_orientation_is_applied(ann: Person, orientation: int) -> None:
    """“orientation applied”, and the size is that of what is served."""
    image = published(ann, oriented(orientation))
    assert image.size == (400, 240)
    assert is_upright(image)


def test_transparency_is_shown_on_white(ann: Person) -> None:
    """“Served as JPEG (transparency on white)”."""
    image = Image.new("RGBA", (100, 100), (0, 0, 0, 0))
    image.paste((*RED, 255), (0, 0, 50, 100))
    for kind in ("PNG", "WEBP"):
        shown = published(ann, encoded(image, kind))
        assert looks(shown, 0.25, 0.5, RED)
        assert looks(shown, 0.75, 0.5, WHITE)
    half = Image.new("RGBA", (100, 100), (0, 0, 255, 128))
    assert looks(published(ann, encoded(half, "PNG")), 0.5, 0.5, (127, 127, 255))


def test_metadata_are_gone(ann: Person) -> None:
    """“every other metadata (EXIF, GPS, XMP, comments) gone”."""
    assert b"secret" in telling()
    [medium] = ann.posts(telling())["media"]
    for which in ("url", "thumbnail_url"):
        data = served(ann, medium, which)
        image = opened(data)
        assert b"secret" not in data
        assert not dict(image.getexif())
        assert not {"exif", "comment", "xmp", "photoshop"} & set(image.info)


@pytest.mark.parametrize(
    ("uploaded", "shown", "thumbnail"),
    [
        ((2_880, 1_440), (1_440, 720), (320, 160)),
        ((1_000, 2_000), (720, 1_440), (160, 320)),
        ((1_440, 1_080), (1_440, 1_080), (320, 240)),
        ((64, 48), (64, 48), (64, 48)),
        ((3_000, 1), (1_440, 1), (320, 1)),
        ((1, 1), (1, 1), (1, 1)),
    ],
)
def test_large_pictures_are_made_smaller_and_small_ones_stay(
    ann: Person,
    uploaded: tuple[int, int],
    shown: tuple[int, int],
    thumbnail: tuple[int, int],
) -> None:
    """“longest edge ≤ 1,440 and a thumbnail of 320; `width`, `height` are the served file's”."""
    [medium] = ann.posts(plain(*uploaded))["media"]
    assert (medium["width"], medium["height"]) == shown
    assert opened(served(ann, medium)).size == shown
    assert opened(served(ann, medium, "thumbnail_url")).size == thumbnail


@pytest.mark.parametrize(
    ("name", "kind"), [("x.txt", "text/plain"), ("x.png", "image/png"), ("", ""), ("a/../b", "x")]
)
def test_names_and_declared_types_decide_nothing(ann: Person, name: str, kind: str) -> None:
    """“by content, never by name or declared type”."""
    parts = [("media", (name or "blob", plain(), kind or "application/octet-stream"))]
    assert ann.post("/posts", files=parts).status_code == 201


def truncated() -> bytes:
    whole = encoded(quarters(), "JPEG")
    return whole[: len(whole) // 2]


BAD_FILES = {
    "nothing": b"",
    "text": b"no picture at all",
    "html": b"<html><script>alert(1)</script></html>",
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>',
    "pdf": b"%PDF-1.4\n%%EOF",
    "zip": b"PK\x05\x06" + bytes(18),
    "bmp": plain(form="BMP"),
    "tiff": plain(form="TIFF"),
    "ico": plain(form="ICO"),
    "start of a jpeg": b"\xff\xd8\xff\xe0",
    "half a jpeg": truncated(),
    "a header of png": b"\x89PNG\r\n\x1a\n",
    "an mp4": b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom",
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_what_is_no_picture(ann: Person, name: str) -> None:
    """“JPEG, PNG, WebP, HEIC, GIF …, by content”; the text's `400: Invalid media format`."""
    refused(ann.publish(BAD_FILES[name]), "INVALID_MEDIA_FORMAT", "media")


def test_too_many_pixels_are_refused_unseen(ann: Person) -> None:
    """hardening.md: “30,000 x 30,000 one-bit PNG”; “Pixels ≤ 25 million and edges ≤ 12,000 are
    checked from the header before decoding”."""
    refused(ann.publish(huge_png()), "INVALID_MEDIA_FORMAT", "media")
    for size in ((12_001, 1), (5_001, 5_000)):
        refused(ann.publish(encoded(Image.new("1", size), "PNG")), "INVALID_MEDIA_FORMAT", "media")


def test_a_file_has_eight_megabytes(ann: Person) -> None:
    """“≤ 8 MB a file”; “a MB is 1,048,576 bytes”; the text's `413: File size exceeds 8MB limit`."""
    largest = padded(FILE_BYTES_MAX)
    assert len(largest) == FILE_BYTES_MAX
    ann.posts(largest)
    refused(ann.publish(padded(FILE_BYTES_MAX + 1)), "MEDIA_TOO_LARGE")
    assert ann.sees("/users/me")["stats"]["posts_count"] == 1


def test_a_picture_that_is_something_else_too_is_only_a_picture(ann: Person) -> None:
    """hardening.md: “polyglots (HTML, SVG, ZIP in JPEG)”; “all are re-encoded”."""
    script = b"<script>alert('polyglot')</script>"
    picture = plain()
    file = io.BytesIO()
    Image.new("RGB", (64, 48), RED).save(file, "JPEG", comment=script)
    for data in (picture + script, file.getvalue(), picture + b"PK\x05\x06" + bytes(18)):
        [medium] = ann.posts(data)["media"]
        shown = served(ann, medium)
        assert b"polyglot" not in shown
        assert b"PK\x05\x06" not in shown
        assert looks(opened(shown), 0.5, 0.5, RED)
