"""What waits to be written to one stream: bounded, in order, and gone when it is written.

Used by `server.stream` while the client's end takes no more. Pure: the time comes in.
"""

from collections import deque
from typing import Generic, Protocol, TypeVar

KIB = 1_024

OUTBOX_EVENTS_MAX = 256
"""What a client may have outstanding before it is too slow: minutes of a busy feed."""

OUTBOX_BYTES_MAX = 256 * KIB
"""So that a thousand clients that read nothing cost 256 MiB at the very worst, and 75 KiB each with
events as they are."""

OUTBOX_S = 6.0
"""Seconds that the oldest message may wait; then its client is told that it is too slow."""

GIVEN_UP_S = 8.5
"""Seconds since the oldest message began to wait, in which that word may still get out, also if the
outbox was full in the first of them. What is left of ten is for all that there may be to do: then a
client that does not read is gone."""


class Told(Protocol):
    """A message, as far as its size matters."""

    @property
    def payload(self) -> bytes: ...
    @property
    def frame(self) -> bytes: ...


T = TypeVar("T", bound=Told)


class Outbox(Generic[T]):
    """Messages that wait, the oldest first."""

    __slots__ = ("_bytes", "_waiting", "bytes_max", "events_max")

    def __init__(
        self, events_max: int = OUTBOX_EVENTS_MAX, bytes_max: int = OUTBOX_BYTES_MAX
    ) -> None:
        self.events_max = events_max
        self.bytes_max = bytes_max
        self._waiting: deque[tuple[float, T]] = deque()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def is_half_full(self) -> bool:
        """Whether no more should be put in that can wait elsewhere."""
        return len(self._waiting) >= self.events_max // 2

    def put(self, message: T, now: float) -> bool:
        """Have `message` wait from `now` (seconds) on; False if there is no room for it."""
        size = self._bytes + len(message.payload)
        if len(self._waiting) >= self.events_max or size > self.bytes_max:
            return False
        self._waiting.append((now, message))
        self._bytes = size
        return True

    @property
    def due(self) -> float:
        """When the oldest must have been written, in seconds. Raises `IndexError` if none waits."""
        return self._waiting[0][0] + OUTBOX_S

    def patience_s(self, now: float) -> float:
        """Seconds that are left until its client is given up. Raises `IndexError` if none waits."""
        return self._waiting[0][0] + GIVEN_UP_S - now

    def first(self) -> T:
        """The oldest. Raises `IndexError` if none waits."""
        return self._waiting[0][1]

    def joined(self) -> bytes:
        """The frames of all that waits, in order."""
        return b"".join([message.frame for _, message in self._waiting])

    def drop_first(self) -> None:
        """The oldest is written."""
        _, message = self._waiting.popleft()
        self._bytes -= len(message.payload)

    def clear(self) -> None:
        """Nothing waits any more."""
        self._waiting.clear()
        self._bytes = 0

    @property
    def bytes(self) -> int:
        """How many wait."""
        return self._bytes
