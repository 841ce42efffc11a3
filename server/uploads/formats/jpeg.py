"""A JPEG without what its pixels don't need, and what decoding it must keep in memory (ITU-T T.81,
annex B).

Used by `server.uploads.decoding`. Comments and other applications' segments end here: of EXIF in
thousands of segments, Pillow would put together ever longer copies.
"""

import msgspec

from server.uploads.formats.broken import Broken

SCANS_MAX = 500
"""Start-of-scan markers in a JPEG. Progressive ones have a dozen. A scan of 40 bytes that says
nothing costs milliseconds, so 8 MB of them would hold a thread for an hour. The bytes of a marker
also come up by chance, once in 64 KiB, in what phones append to a picture: 128 times in 8 MB."""

COEFFICIENT_BYTES = 2
"""That libjpeg keeps of each sample of the whole picture until its last scan, if there are
several."""

START = b"\xff\xd8"
START_OF_SCAN, END = 0xDA, 0xD9
STANDALONE = frozenset((0x01, *range(0xD0, 0xD8)))
"""Markers without a length: they stand alone."""

SEQUENTIAL, PROGRESSIVE = frozenset((0xC0, 0xC1, 0xC9)), frozenset((0xC2, 0xCA))
"""Frames that we read, by Huffman's or arithmetic coding: the lossless and hierarchical ones of
annexes H and J are no photographs."""

TABLES = frozenset((0xC4, 0xCC, 0xDB, 0xDD))
FRAMES = frozenset(range(0xC0, 0xD0)) - TABLES

EXIF = (0xE1, b"Exif\0\0")
KEPT_APPLICATIONS = ((0xE0, b"JFIF\0"), EXIF, (0xE2, b"ICC_PROFILE\0"), (0xEE, b"Adobe"))
"""What tells how to understand the pixels: which way is up, and which colours they are."""


class Jpeg(msgspec.Struct, frozen=True):
    """`data` is the file to decode, `coefficient_bytes` what libjpeg keeps of all its pixels at
    once."""

    data: bytes
    coefficient_bytes: int


def read_jpeg(data: bytes) -> Jpeg:
    """Raises `Broken`, also if it repeats what is costly to decode."""
    if data.count(b"\xff\xda") > SCANS_MAX:
        raise Broken("too many scans")
    kept = [START]
    has_exif, frame = False, None
    for marker, start, end in _segments(data):
        body = data[start:end]
        if marker == START_OF_SCAN:
            if frame is None:
                raise Broken("a scan before its frame")
            kept.append(data[start - 4 :])
            return Jpeg(b"".join(kept), _coefficient_bytes(*frame, scanned=body[0]))
        if marker in FRAMES:
            if frame is not None or marker not in SEQUENTIAL | PROGRESSIVE:
                raise Broken("a frame of a kind that is not read, or a second one")
            frame = marker, body
        elif marker not in TABLES:
            is_exif = marker == EXIF[0] and body.startswith(EXIF[1])
            if not _is_kept(marker, body) or (is_exif and has_exif):
                continue
            has_exif = has_exif or is_exif
        kept.append(data[start - 4 : end])
    raise Broken("no scan")


def _segments(data: bytes):
    """Marker, beginning and end of each segment's body, up to the first scan."""
    at = len(START)
    while True:
        at = data.find(b"\xff", at)
        if at < 0 or at + 1 >= len(data):
            raise Broken("cut off before the first scan")
        at += 1
        marker = data[at]
        if marker in STANDALONE or marker in (0x00, 0xFF):
            continue
        length = int.from_bytes(data[at + 1 : at + 3], "big")
        if marker == END or length < 3 or at + 1 + length > len(data):
            raise Broken("an end before the first scan, or a segment beyond the file's end")
        yield marker, at + 3, at + 1 + length
        at += 1 + length


def _is_kept(marker: int, body: bytes) -> bool:
    return any(marker == kept and body.startswith(name) for kept, name in KEPT_APPLICATIONS)


def _coefficient_bytes(marker: int, frame: bytes, *, scanned: int) -> int:
    """What libjpeg must keep: nothing if the one scan has all components of a sequential frame."""
    if len(frame) < 6 or len(frame) != 6 + 3 * frame[5]:
        raise Broken("a frame of the wrong length")
    if marker in SEQUENTIAL and scanned == frame[5]:
        return 0
    height, width = int.from_bytes(frame[1:3], "big"), int.from_bytes(frame[3:5], "big")
    samplings = [divmod(sampling, 16) for sampling in frame[7::3]]
    finest = max(h for h, _ in samplings) * max(v for _, v in samplings)
    if not finest:
        raise Broken("no samples")
    return COEFFICIENT_BYTES * width * height * sum(h * v for h, v in samplings) // finest
