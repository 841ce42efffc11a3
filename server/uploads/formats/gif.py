"""The first frame of a GIF (GIF89a, 17 to 27).

Used by `server.uploads.decoding`. What comes after the first frame costs nothing, however much it
is, and comments don't either: Pillow made 348 MiB of 8 MB of them.
"""

from server.uploads.formats.broken import Broken

VERSIONS = (b"GIF87a", b"GIF89a")

EXTENSION, FRAME, END = 0x21, 0x2C, 0x3B
GRAPHIC_CONTROL = 0xF9
"""The one extension that says something of the pixels: which colour is none."""

SCREEN_BYTES = 13
FRAME_BYTES = 10
"""What a file, and a frame, begins with, before its colours."""


def read_gif(data: bytes) -> bytes:
    """The file to decode: of one frame, with its colours. Raises `Broken`."""
    try:
        return _first_frame(data)
    except IndexError:
        raise Broken("cut off") from None


def _first_frame(data: bytes) -> bytes:
    at = SCREEN_BYTES + _colours_bytes(data[10])
    screen, control = data[:at], b""
    while data[at] == EXTENSION:
        end = _end_of_blocks(data, at + 2)
        if data[at + 1] == GRAPHIC_CONTROL:
            control = data[at:end]
        at = end
    if data[at] != FRAME:
        raise Broken("no frame")
    blocks = at + FRAME_BYTES + _colours_bytes(data[at + FRAME_BYTES - 1]) + 1
    end = _end_of_blocks(data, blocks)
    return screen + control + data[at:end] + bytes((END,))


def _colours_bytes(flags: int) -> int:
    """How long the table of colours is that these flags speak of."""
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _end_of_blocks(data: bytes, at: int) -> int:
    """Where a row of blocks, each with its length before it, ends: after one of no length."""
    while length := data[at]:
        at += 1 + length
    return at + 1
