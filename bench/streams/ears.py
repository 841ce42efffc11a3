"""Thousands of WebSocket clients in one process, as lean as Python can be: what is measured is who
sends. Frames are counted by their first byte, which no text of ours contains, and thrown away.

`python -m bench.streams.ears` takes an order a line on its standard input, in JSON, and answers
each with a line; `bench.streams.processes` starts it. It ends with its input.
"""

import contextlib
import os
import resource
import select
import socket
import struct
import time
from array import array

import msgspec

RECEIVED_BYTES = 65_536
OPENED_AT_ONCE = 100
WAIT_S = 30.0
"""For what must come; then it is told as it is."""

SHAKEN = b"\r\n\r\n"
TEXT, PING, CLOSE = b"\x81", b"\x89", b"\x88"
PONG = b"\x8a\x80\0\0\0\0"
"""A client's, with the mask that changes nothing."""

SUBSCRIBE = b'{"type":"subscribe","channels":["feed"]}'
ORDERED = b"\x81" + bytes([0x80 | len(SUBSCRIBE)]) + b"\0\0\0\0" + SUBSCRIBE


class Order(msgspec.Struct, frozen=True):
    """What to do next. What is not said is not done."""

    open: int = 0
    """So many sockets more."""
    port: int = 0
    path: str = "/"
    tokens: list[str] = []
    """Of the streams' people, who subscribe; none: nobody is asked who they are."""
    receive_buffer: int = 0
    """Of the new sockets, in bytes; 0 for as the system has it."""
    pause: int = 0
    """So many of the last sockets are not read any more."""
    resume: bool = False
    """All are read again."""
    expect: int = 0
    """Answer when so many frames have come since the last answer."""
    within_s: float = WAIT_S
    times: bool = False
    """Tell of each frame when it came, by its place on its socket."""
    gone: int = 0
    """Answer when so many of those that are not read were closed, or broken off."""


class Heard(msgspec.Struct, frozen=True):
    """What came since the last answer. Seconds are those of `time.perf_counter`."""

    frames: int
    last_s: float
    """When the last of them came."""
    closed: int
    """Sockets that were closed."""
    times: list[list[float]] = []
    """By place: when the frames came, one a socket."""
    gone_s: list[float] = []
    """When sockets that are not read were ended by the server."""


class Ears:
    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._epoll.register(0, select.EPOLLIN)
        self._sockets: dict[int, socket.socket] = {}
        self._paused: set[int] = set()
        self._places: dict[int, int] = {}
        self._times: list[array[float]] | None = None
        self._frames = 0
        self._last_s = 0.0
        self._closed = 0
        self._gone_s: list[float] = []

    def run(self) -> None:
        """Carry out orders until there are no more."""
        said = b""
        while True:
            for fd, _ in self._epoll.poll():
                if fd != 0:
                    self._hear(fd)
                    continue
                some = os.read(0, 1 << 20)
                if not some:
                    return
                said += some
                while b"\n" in said:
                    line, _, said = said.partition(b"\n")
                    heard = self._carry_out(msgspec.json.decode(line, type=Order))
                    os.write(1, msgspec.json.encode(heard) + b"\n")

    def _carry_out(self, order: Order) -> Heard:
        if order.open:
            self._open(order)
        for fd in list(self._sockets)[len(self._sockets) - order.pause :]:
            # Not even its end is looked at, but whether the server has hung up.
            self._epoll.modify(fd, select.EPOLLRDHUP)
            self._paused.add(fd)
        if order.resume:
            for fd in self._paused:
                self._epoll.modify(fd, select.EPOLLIN)
            self._paused.clear()
        if order.times:
            self._times = []
            self._places = dict.fromkeys(self._sockets, 0)
        self._wait(order)
        heard = Heard(
            self._frames,
            self._last_s,
            self._closed,
            [list(some) for some in self._times or ()],
            self._gone_s,
        )
        self._frames, self._closed, self._gone_s = 0, 0, []
        if order.expect:
            self._times = None
        return heard

    def _wait(self, order: Order) -> None:
        due = time.perf_counter() + order.within_s
        while self._frames < order.expect or len(self._gone_s) < order.gone:
            left = due - time.perf_counter()
            if left < 0:
                return
            self._epoll.modify(0, 0)
            for fd, _ in self._epoll.poll(left):
                if fd != 0:
                    self._hear(fd)
            self._epoll.modify(0, select.EPOLLIN)

    def _hear(self, fd: int) -> None:
        if fd in self._paused:
            self._gone_s.append(time.perf_counter())
            self._close(fd)
            return
        try:
            data = os.read(fd, RECEIVED_BYTES)
        except BlockingIOError:
            return  # an order was carried out since it was ready
        except OSError:
            data = b""
        if not data:
            self._close(fd)
            return
        frames = data.count(TEXT)
        if frames:
            self._frames += frames
            now = self._last_s = time.perf_counter()
            if self._times is not None:
                self._note(fd, frames, now)
        if PING in data:
            with contextlib.suppress(OSError):
                self._sockets[fd].send(PONG)

    def _note(self, fd: int, frames: int, now: float) -> None:
        assert self._times is not None
        place = self._places[fd]
        self._places[fd] = place + frames
        for number in range(place, place + frames):
            while number >= len(self._times):
                self._times.append(array("d"))
            self._times[number].append(now)

    def _close(self, fd: int) -> None:
        self._closed += 1
        self._paused.discard(fd)
        self._epoll.unregister(fd)
        self._sockets.pop(fd).close()

    def _open(self, order: Order) -> None:
        tokens = list(order.tokens)
        left = order.open
        while left:
            count = min(left, OPENED_AT_ONCE)
            some = [self._connected(order) for _ in range(count)]
            for one in some:
                token = f"Authorization: Bearer {tokens.pop(0)}\r\n" if order.tokens else ""
                one.sendall(
                    (
                        f"GET {order.path} HTTP/1.1\r\nHost: 127.0.0.1:{order.port}\r\n"
                        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                        f"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{token}\r\n"
                    ).encode()
                )
            for one in some:
                answer = _received(one)
                while SHAKEN not in answer:
                    answer += _received(one)
                assert answer.startswith(b"HTTP/1.1 101"), answer
                if order.tokens:
                    one.sendall(ORDERED)
            for one in some:
                if order.tokens:
                    assert b"subscribed" in _received(one)
                one.setblocking(False)
                self._sockets[one.fileno()] = one
                self._epoll.register(one, select.EPOLLIN)
            left -= count

    def _connected(self, order: Order) -> socket.socket:
        one = socket.socket()
        one.settimeout(WAIT_S)
        if order.receive_buffer:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, order.receive_buffer)
        # A reset at the end, so that no port stays behind in TIME_WAIT.
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        one.connect(("127.0.0.1", order.port))
        return one


def _received(one: socket.socket) -> bytes:
    some = one.recv(RECEIVED_BYTES)
    assert some, "the server has hung up"
    return some


if __name__ == "__main__":
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    Ears().run()
