"""A load of HTTP requests from a process of its own, over so many connections: as lean as Python
can be, so that the server is what is measured. Closed loop, or at a rate whatever the server says.

`python -m bench.hammer` takes an `Order` on its standard input and tells a `Blow` on its output;
`hammered` starts it. It stops by itself.
"""

import selectors
import socket
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from random import Random

import msgspec

ROOT = Path(__file__).parent.parent
RECEIVED_BYTES = 262_144
GIVEN_UP_S = 5.0
"""After the last request is sent, for the answers that are still missing."""


class Order(msgspec.Struct, frozen=True):
    """What to send. `rate` is requests a second, 0 for as many as are answered; `connections` is
    how many there are, or at most may be at a rate."""

    port: int
    requests: list[str]
    connections: int
    seconds: float
    rate: float = 0.0


class Blow(msgspec.Struct, frozen=True):
    """What came of it. `unsent` found no connection free, `lost` got no answer."""

    seconds: float
    statuses: dict[int, int]
    unsent: int
    lost: int
    p50_s: float
    p99_s: float
    """Of the answers that were 200; at a rate, from when the request was due."""

    @property
    def good(self) -> float:
        """Answers of 200 a second."""
        return self.statuses.get(200, 0) / self.seconds


class Hammer:
    def __init__(self, order: Order) -> None:
        self._order = order
        self._requests = [request.encode() for request in order.requests]
        self._chance = Random(1)
        self._selector = selectors.DefaultSelector()
        self._idle: list[socket.socket] = []
        self._due: dict[socket.socket, float] = {}
        self._came: dict[socket.socket, bytes] = {}
        self._open = 0
        self._statuses: Counter[int] = Counter()
        self._took: list[float] = []
        self._unsent = 0
        self._lost = 0

    def strike(self) -> Blow:
        began = time.perf_counter()
        ends = began + self._order.seconds
        (self._at_a_rate if self._order.rate else self._as_answered)(began, ends)
        seconds = time.perf_counter() - began
        given_up = time.perf_counter() + GIVEN_UP_S
        while self._due and time.perf_counter() < given_up:
            self._take(0.1)
        self._lost += len(self._due)
        took = sorted(self._took) or [0.0]
        return Blow(
            seconds,
            dict(self._statuses),
            self._unsent,
            self._lost,
            took[len(took) // 2],
            took[min(len(took) * 99 // 100, len(took) - 1)],
        )

    def _as_answered(self, began: float, ends: float) -> None:
        while (now := time.perf_counter()) < ends:
            while self._idle or self._open < self._order.connections:
                self._send(now)
            self._take(0.1)

    def _at_a_rate(self, began: float, ends: float) -> None:
        due = began
        while (now := time.perf_counter()) < ends:
            while due <= now:
                if self._idle or self._open < self._order.connections:
                    self._send(due)
                else:
                    self._unsent += 1
                due += self._chance.expovariate(self._order.rate)
            self._take(min(max(due - now, 0.0), 0.01))

    def _send(self, due: float) -> None:
        if self._idle:
            connection = self._idle.pop()
        else:
            connection = socket.create_connection(("127.0.0.1", self._order.port))
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.setblocking(False)
            self._selector.register(connection, selectors.EVENT_READ)
            self._open += 1
        try:
            connection.send(self._chance.choice(self._requests))
        except OSError:
            self._lost += 1
            self._close(connection)
            return
        self._due[connection] = due

    def _take(self, timeout: float) -> None:
        for key, _ in self._selector.select(timeout):
            self._take_from(key.fileobj)  # pyright: ignore

    def _take_from(self, connection: socket.socket) -> None:
        try:
            received = connection.recv(RECEIVED_BYTES)
        except OSError:
            received = b""
        if not received:
            if self._due.pop(connection, None) is not None:
                self._lost += 1
            self._close(connection)
            return
        came = self._came.pop(connection, b"") + received
        end = came.find(b"\r\n\r\n")
        head = came[:end].lower()
        if end < 0 or len(came) < end + 4 + int(head.split(b"content-length: ")[1].split(b"\r")[0]):
            self._came[connection] = came
            return
        status = int(head[9:12])
        self._statuses[status] += 1
        due = self._due.pop(connection)
        if status == 200:
            self._took.append(time.perf_counter() - due)
        if b"connection: close" in head:
            self._close(connection)
        else:
            self._idle.append(connection)

    def _close(self, connection: socket.socket) -> None:
        self._selector.unregister(connection)
        connection.close()
        if connection in self._idle:
            self._idle.remove(connection)
        self._open -= 1


def hammered(order: Order) -> Blow:
    """Carry out `order` in another process."""
    ended = subprocess.run(
        [sys.executable, "-m", "bench.hammer"],
        input=msgspec.json.encode(order),
        stdout=subprocess.PIPE,
        cwd=ROOT,
        check=True,
    )
    return msgspec.json.decode(ended.stdout, type=Blow)


if __name__ == "__main__":
    blow = Hammer(msgspec.json.decode(sys.stdin.buffer.read(), type=Order)).strike()
    sys.stdout.buffer.write(msgspec.json.encode(blow))
