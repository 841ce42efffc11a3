"""WebSocket frames that are made once and sent to many. Without I/O; called by whoever has
something to tell many sockets."""

import struct

TEXT_FINAL = 0x81
BINARY_FINAL = 0x82
"""First bytes of frames that are whole messages (RFC 6455, 5.2)."""

SHORT_BYTES = 125
"""Of a payload whose length fits into the second byte."""

MEDIUM_BYTES = 65_535
"""Of one whose length fits into two more."""


def text_frame(payload: bytes) -> bytes:
    """A server's frame that carries the UTF-8 text `payload` as a whole message."""
    return _frame(TEXT_FINAL, payload)


def binary_frame(payload: bytes) -> bytes:
    """A server's frame that carries `payload` as a whole message."""
    return _frame(BINARY_FINAL, payload)


def _frame(first: int, payload: bytes) -> bytes:
    length = len(payload)
    if length <= SHORT_BYTES:
        return bytes((first, length)) + payload
    if length <= MEDIUM_BYTES:
        return struct.pack("!BBH", first, SHORT_BYTES + 1, length) + payload
    return struct.pack("!BBQ", first, SHORT_BYTES + 2, length) + payload
