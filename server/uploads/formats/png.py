"""A PNG without what its pixels don't need (PNG 1.2, 4).

Used by `server.uploads.decoding`. Pillow inflates texts when it opens a file: 70 KB of them took
259 MiB.
"""

from collections.abc import Iterator

from server.uploads.formats.broken import Broken

SIGNATURE = b"\x89PNG\r\n\x1a\n"

KEPT = frozenset((b"IHDR", b"PLTE", b"tRNS", b"iCCP", b"eXIf", b"IDAT", b"IEND"))
"""Size, colours, pixels, and which way is up. Of an animation that leaves the picture for those who
know none."""

ONCE = frozenset((b"iCCP", b"eXIf"))
"""What is there once: a profile is inflated to as much as a mebibyte."""


def read_png(data: bytes) -> bytes:
    """The file to decode. Raises `Broken` if it has no end."""
    seen: set[bytes] = set()
    kept = [SIGNATURE]
    for kind, chunk in _chunks(data):
        if kind not in KEPT or kind in seen:
            continue
        kept.append(chunk)
        if kind in ONCE:
            seen.add(kind)
        if kind == b"IEND":
            return b"".join(kept)
    raise Broken("cut off")


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Each chunk's kind, and the whole of it."""
    at = len(SIGNATURE)
    while at < len(data):
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        if end > len(data):
            raise Broken("a chunk beyond the file's end")
        yield data[at + 4 : at + 8], data[at:end]
        at = end
