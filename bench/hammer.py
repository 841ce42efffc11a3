"""A load of HTTP requests from a process of its own, over so many connections: as lean as Python
can be, so that the server is what is measured. Closed loop, or at a rate whatever the server says.

At a rate nothing here waits for the server, connecting included, and every request that was due is
told of: answered with its status, `unsent` since no connection was free, or `lost`.

`python -m bench.hammer` takes an `Order` on its standard input and tells a `Blow` on its output;
`hammered` starts it. It stops by itself.
"""

import gc
import selectors
import socket
import subprocess
import sys
import time
from collections import deque
from pathlib import Path
from random import Random
from typing import Literal, cast

import msgspec

ROOT = Path(__file__).parent.parent
RECEIVED_BYTES = 262_144
GIVEN_UP_S = 5.0
"""After the last request is sent, for the answers that are still missing."""
RETRY_AFTER_S = 1.0
"""What our 503 says."""

Manners = Literal["heedless", "heeding", "fresh"]
"""Of clients at a rate: a connection that was told 503 is used again at once, or when it was told
to come back; or each request has a connection of its own."""


class Order(msgspec.Struct, frozen=True):
    """What to send. `rate` is requests a second, 0 for as many as are answered; `connections` is
    how many there are, or at most may be at a rate."""

    port: int
    requests: list[str]
    connections: int
    seconds: float
    rate: float = 0.0
    manners: Manners = "heedless"


class Blow(msgspec.Struct, frozen=True):
    """What came of it. `unsent` found no connection free, `lost` got no answer; seconds are of the
    answers with that status, at a rate from when the request was due."""

    seconds: float
    """From the first request to the last."""
    good_in_time: int
    """Answers of 200 in those; what comes after is in `statuses` as well."""
    statuses: dict[int, int]
    unsent: int
    lost: int
    good_p50_s: float
    good_p99_s: float
    refused_p99_s: float
    opened: int
    """Connections."""
    cpu_s: float
    """Of this process."""

    @property
    def good(self) -> float:
        """Answers of 200 a second, while requests were sent."""
        return self.good_in_time / self.seconds


class Asked(msgspec.Struct):
    """One connection's request that is not answered yet."""

    due: float
    request: bytes | None
    """What is left to send once it is connected; None when it was sent."""
    came: bytes = b""


class Hammer:
    def __init__(self, order: Order) -> None:
        self._order = order
        self._requests = [request.encode() for request in order.requests]
        self._chance = Random(1)
        self._selector = selectors.DefaultSelector()
        self._idle: list[socket.socket] = []
        self._resting: deque[tuple[float, socket.socket]] = deque()
        self._asked: dict[socket.socket, Asked] = {}
        self._open = 0
        self._opened = 0
        self._took: dict[int, list[float]] = {}
        self._unsent = 0
        self._lost = 0

    def strike(self) -> Blow:
        gc.disable()
        began = time.perf_counter()
        ends = began + self._order.seconds
        (self._at_a_rate if self._order.rate else self._as_answered)(began, ends)
        seconds, good_in_time = time.perf_counter() - began, len(self._took.get(200, ()))
        given_up = time.perf_counter() + GIVEN_UP_S
        while self._asked and time.perf_counter() < given_up:
            self._take(0.1)
        return Blow(
            seconds,
            good_in_time,
            {status: len(took) for status, took in self._took.items()},
            self._unsent,
            self._lost + len(self._asked),
            self._at(200, 50),
            self._at(200, 99),
            self._at(503, 99),
            self._opened,
            time.process_time(),
        )

    def _at(self, status: int, percent: int) -> float:
        took = sorted(self._took.get(status, [0.0]))
        return took[min(len(took) * percent // 100, len(took) - 1)]

    def _as_answered(self, began: float, ends: float) -> None:
        while (now := time.perf_counter()) < ends:
            while self._idle or self._open < self._order.connections:
                self._send(now)
            self._take(0.1)

    def _at_a_rate(self, began: float, ends: float) -> None:
        due = began
        while (now := time.perf_counter()) < ends:
            while self._resting and self._resting[0][0] <= now:
                self._idle.append(self._resting.popleft()[1])
            while due <= now:
                if self._idle or self._open < self._order.connections:
                    self._send(due)
                else:
                    self._unsent += 1
                due += self._chance.expovariate(self._order.rate)
            self._take(min(max(due - now, 0.0), 0.01))

    def _send(self, due: float) -> None:
        request = self._chance.choice(self._requests)
        if not self._idle:
            self._connect(Asked(due, request))
            return
        connection = self._idle.pop()
        self._asked[connection] = Asked(due, None)
        try:
            connection.send(request)
        except OSError:
            self._lose(connection)

    def _connect(self, asked: Asked) -> None:
        connection = socket.socket()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setblocking(False)
        connection.connect_ex(("127.0.0.1", self._order.port))
        self._selector.register(connection, selectors.EVENT_WRITE)
        self._asked[connection] = asked
        self._open += 1
        self._opened += 1

    def _take(self, timeout: float) -> None:
        for key, _ in self._selector.select(timeout):
            connection = cast(socket.socket, key.fileobj)
            asked = self._asked.get(connection)
            try:
                if asked is not None and asked.request is not None:
                    connection.send(asked.request)
                    asked.request = None
                    self._selector.modify(connection, selectors.EVENT_READ)
                else:
                    self._take_from(connection, asked)
            except OSError:
                self._lose(connection)

    def _take_from(self, connection: socket.socket, asked: Asked | None) -> None:
        """Raises `OSError` for whoever was cut off."""
        received = connection.recv(RECEIVED_BYTES)
        if asked is None or not received:
            self._lose(connection)
            return
        asked.came += received
        end = asked.came.find(b"\r\n\r\n")
        head = asked.came[:end].lower()
        if end < 0 or len(asked.came) < end + 4 + int(
            head.split(b"content-length: ")[1].split(b"\r")[0]
        ):
            return
        status, now = int(head[9:12]), time.perf_counter()
        self._took.setdefault(status, []).append(now - asked.due)
        del self._asked[connection]
        if b"connection: close" in head or self._order.manners == "fresh":
            self._close(connection)
        elif status == 503 and self._order.manners == "heeding":
            self._resting.append((now + RETRY_AFTER_S, connection))
        else:
            self._idle.append(connection)

    def _lose(self, connection: socket.socket) -> None:
        if self._asked.pop(connection, None) is not None:
            self._lost += 1
        elif connection in self._idle:
            self._idle.remove(connection)
        else:
            self._resting = deque(one for one in self._resting if one[1] is not connection)
        self._close(connection)

    def _close(self, connection: socket.socket) -> None:
        self._selector.unregister(connection)
        connection.close()
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
