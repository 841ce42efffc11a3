"""The handshake of a WebSocket (RFC 6455, 4.2), without I/O: what is asked, and the bytes that
accept it. Called by `server.edge.websocket`."""

import base64
import binascii
import hashlib

from server.edge.answers import ASGIHeaders, BadAnswer
from server.edge.heads import Head, Malformed

_VERSION, _KEY = b"sec-websocket-version", b"sec-websocket-key"
_ONCE = (_VERSION, _KEY)

KEY_BYTES = 16
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
"""Of the protocol: what a key is joined with."""


def check_handshake(head: Head) -> None:
    """Whether a request for a WebSocket is one that can be accepted. Raises `Malformed`."""
    told = {name: [value for key, value in head.headers if key == name] for name in _ONCE}
    if max(map(len, told.values())) > 1:  # RFC 6455, 11.3.1 and 11.3.5
        raise Malformed("The WebSocket's handshake says something twice")
    if told[_VERSION] != [b"13"]:
        version = (_VERSION, b"13")
        raise Malformed("This version of WebSocket is not spoken here", headers=(version,))
    try:
        key = base64.b64decode(b"".join(told[_KEY]), validate=True)
    except binascii.Error:
        key = b""
    if len(key) != KEY_BYTES:
        raise Malformed("The WebSocket's handshake has no key")


def subprotocols_of(head: Head) -> list[str]:
    """What the client can speak, the best first."""
    offers = [value for name, value in head.headers if name == b"sec-websocket-protocol"]
    named = (one.strip(b" \t").decode("latin-1") for offer in offers for one in offer.split(b","))
    return [name for name in named if name]


def acceptance(head: Head, subprotocol: str | None, headers: ASGIHeaders, date: bytes) -> bytes:
    """The answer that makes a request a WebSocket. Raises `BadAnswer`."""
    key = head.value(_KEY) or b""
    proof = base64.b64encode(hashlib.sha1(key + GUID, usedforsecurity=False).digest())
    lines = [
        b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n",
        b"sec-websocket-accept: %b\r\n" % proof,
        date,
    ]
    if subprotocol is not None:
        lines.append(b"sec-websocket-protocol: %b\r\n" % subprotocol.encode("latin-1"))
    lines += [b"%b: %b\r\n" % (name, value) for name, value in headers]
    made = b"".join(lines)
    if made.count(b"\n") != len(lines) + 2 or made.count(b"\r") != len(lines) + 2 or b"\0" in made:
        raise BadAnswer("a header holds a line end or a NUL")
    return made + b"\r\n"
