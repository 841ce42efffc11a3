"""A WebSocket by hand, byte by byte: for frames that no client library would send, and for clients
that don't read."""

import base64
import os
import select
import socket
from types import TracebackType

import httpx

from tests.conformance.stream.listening import WAIT_S
from tests.conformance.world import Person

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
CONTINUATION = 0


def frame(
    opcode: int, payload: bytes = b"", *, fin: bool = True, masked: bool = True, reserved: int = 0
) -> bytes:
    """A client's frame (RFC 6455, 5.2), right or wrong."""
    first = bytes([fin << 7 | reserved << 4 | opcode])
    bit = 0x80 if masked else 0
    if len(payload) < 126:
        length = bytes([bit | len(payload)])
    else:
        length = bytes([bit | 126]) + len(payload).to_bytes(2, "big")
    if not masked:
        return first + length + payload
    mask = os.urandom(4)
    return (
        first + length + mask + bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))
    )


class Raw:
    """A stream of `person`, open until the block is left; nothing is read but by `frames`."""

    def __init__(self, person: Person, receive_buffer: int | None = None) -> None:
        url = httpx.URL(person.api.url)
        self.socket = socket.socket()
        if receive_buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(WAIT_S)
        self.socket.connect((url.host, url.port or 80))
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(
            f"GET /v1/stream HTTP/1.1\r\nHost: {url.host}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n"
            f"Authorization: Bearer {person.token}\r\n\r\n".encode()
        )
        self._bytes = b""
        while b"\r\n\r\n" not in self._bytes:
            self._more()
        head, _, self._bytes = self._bytes.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101"), head

    def __enter__(self) -> "Raw":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.socket.close()

    def _more(self) -> bool:
        try:
            some = self.socket.recv(65_536)
        except ConnectionError:
            return False
        self._bytes += some
        return bool(some)

    def send(self, *frames: bytes) -> None:
        """Send them; whatever the server makes of it."""
        try:
            self.socket.sendall(b"".join(frames))
        except (BrokenPipeError, ConnectionError):
            return

    def frame(self) -> tuple[int, bytes] | None:
        """(opcode, payload) of the next frame of the server; None at the end."""
        while True:
            parsed = _parse(self._bytes)
            if parsed is not None:
                opcode, payload, self._bytes = parsed
                return opcode, payload
            if not self._more():
                return None

    def text(self) -> bytes:
        """The next message, answering nothing."""
        while (found := self.frame()) is not None:
            if found[0] == TEXT:
                return found[1]
        raise AssertionError("the server has closed")

    def end(self) -> int | None:
        """The code with which the server closes; None if it just hangs up."""
        while (found := self.frame()) is not None:
            if found[0] == CLOSE:
                return int.from_bytes(found[1][:2], "big")
        return None

    def wait_hung_up(self, timeout_s: float) -> bool:
        """Wait, without reading, until the server has hung up."""
        poll = select.poll()
        poll.register(self.socket, select.POLLRDHUP)
        return bool(poll.poll(timeout_s * 1_000))


def _parse(data: bytes) -> tuple[int, bytes, bytes] | None:
    if len(data) < 2:
        return None
    length, head = data[1] & 0x7F, 2
    if length == 126:
        length, head = int.from_bytes(data[2:4], "big"), 4
    elif length == 127:
        length, head = int.from_bytes(data[2:10], "big"), 10
    if len(data) < head + length:
        return None
    return data[0] & 0x0F, data[head : head + length], data[head + length :]
