"""WebSocket frames that are made once and sent to many. Without I/O; called by whoever has
something to tell many sockets."""

import struct

TEXT_FINAL = 0x81
"""First byte of a frame: text, the whole message (RFC 6455, 5.2)."""

SHORT_MAX = 125
"""Bytes of a payload whose length fits into the second byte."""

MEDIUM_MAX = 65_535
"""Bytes of a payload whose length fits into two more."""


def text_frame(payload: bytes) -> bytes:
    """A server's frame that carries the UTF-8 text `payload` as a whole message."""
    length = len(payload)
    if length <= SHORT_MAX:
        return bytes((TEXT_FINAL, length)) + payload
    if length <= MEDIUM_MAX:
        return struct.pack("!BBH", TEXT_FINAL, SHORT_MAX + 1, length) + payload
    return struct.pack("!BBQ", TEXT_FINAL, SHORT_MAX + 2, length) + payload
