"""One connection by hand, without any library's idea of what may be sent on it."""

import socket
import struct
from types import TracebackType
from typing import Any

import msgspec

ANSWER_S = 60.0
"""For what must come; a busy machine may need long."""

RESET = struct.pack("ii", 1, 0)
"""`SO_LINGER` for a close that is a reset (socket(7))."""


class Answer(msgspec.Struct, frozen=True):
    """What was answered."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return msgspec.json.decode(self.body)


class Line:
    """A connection to `port`, reset when the block is left. One with `small` buffers takes in very
    little that it does not read."""

    def __init__(self, port: int, *, small: bool = False) -> None:
        self.socket = socket.socket()
        if small:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        self.socket.settimeout(ANSWER_S)
        self.socket.connect(("127.0.0.1", port))
        self.unread = b""

    def __enter__(self) -> "Line":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.reset()

    def send(self, *data: bytes) -> bool:
        """Send it all. False if the server has hung up."""
        try:
            self.socket.sendall(b"".join(data))
        except (ConnectionError, TimeoutError):
            return False
        return True

    def finish(self) -> None:
        """Say that nothing more will be sent."""
        self.socket.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        """Be gone without a word."""
        if self.socket.fileno() >= 0:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self.socket.close()

    def more(self) -> bool:
        """Read on. False at the end, however it came."""
        try:
            some = self.socket.recv(65_536)
        except ConnectionError:
            return False
        self.unread += some
        return bool(some)

    def rest(self) -> bytes:
        """All that comes up to the end."""
        while self.more():
            pass
        rest, self.unread = self.unread, b""
        return rest

    def take(self, count: int) -> bytes:
        while len(self.unread) < count:
            assert self.more(), f"it ended early: {self.unread[:300]!r}"
        taken, self.unread = self.unread[:count], self.unread[count:]
        return taken

    def answer(self, *, of_head: bool = False) -> Answer:
        """The next answer, by its length."""
        while b"\r\n\r\n" not in self.unread:
            assert self.more(), f"it ended early: {self.unread[:300]!r}"
        head, _, self.unread = self.unread.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        status = int(first.split(" ")[1])
        if of_head or status < 200 or status in (204, 304):
            return Answer(status, headers, b"")
        return Answer(status, headers, self.take(int(headers["content-length"])))


def request(path: str, *fields: str, method: str = "GET", body: bytes | None = None) -> bytes:
    """A request, with the length of its body if it has one."""
    lines = [f"{method} {path} HTTP/1.1", "Host: a", *fields]
    if body is not None:
        lines.append(f"Content-Length: {len(body)}")
    return "".join(f"{line}\r\n" for line in lines).encode() + b"\r\n" + (body or b"")
