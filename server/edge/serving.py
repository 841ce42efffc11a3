"""What all connections of one listener share: the application, the limits, the words of a refusal,
and counts of what came in."""

import ssl
from collections import Counter
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import trio

from server.edge.answers import ASGIHeaders, Dates
from server.edge.limits import BEHIND_S, Limits
from server.edge.rests import Rests

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
Application = Callable[[Any, Receive, Send], Awaitable[None]]

Refusing = Callable[[int, str], tuple[ASGIHeaders, bytes]]
"""Headers and body of an answer that the edge gives by itself, from its status and a message for
people. It comes from the application's side: the edge knows no shape of errors."""


class Turn(trio.abc.Instrument):
    """The loop's current turn: everybody who was ready when it began. `worked` tells the seconds
    that this thread has worked, which costs a call of the kernel; `passed` those that have gone by,
    which costs next to nothing, so the other is only asked where it could matter."""

    def __init__(self, worked: Callable[[], float], passed: Callable[[], float]) -> None:
        self._worked = worked
        self._passed = passed
        self._began = self._read_at = passed()
        self._read = worked()
        self._is_long = False

    def after_io_wait(self, timeout: float) -> None:
        """A turn begins. Called by trio."""
        self._began = now = self._passed()
        self._is_long = False
        if now - self._read_at > BEHIND_S / 4:
            self._read_at, self._read = now, self._worked()

    def is_long(self) -> bool:
        """Whether there was more to do than there should be."""
        if self._is_long or self._passed() - self._began <= BEHIND_S:
            return self._is_long
        # Since it was last read; and before this turn it can't have worked longer than time passed.
        worked = self._worked() - self._read - (self._began - self._read_at)
        self._is_long = worked > BEHIND_S
        return self._is_long


class Serving:
    """One listener's connections, as they see it."""

    def __init__(
        self,
        application: Application,
        refusing: Refusing,
        limits: Limits,
        now: Callable[[], int],
        file_threads: trio.CapacityLimiter,
        *,
        worked: Callable[[], float],
        passed: Callable[[], float],
        probes: frozenset[bytes] = frozenset(),
    ) -> None:
        self.application = application
        self.refusing = refusing
        self.limits = limits
        self.dates = Dates(now)
        self.file_threads = file_threads
        self.probes = probes
        """Targets that are answered however busy the process is."""
        self.turn = Turn(worked, passed)
        self.rests = Rests()
        self.tls: ssl.SSLContext | None = None
        """What new connections are encrypted with; may be replaced at any time."""
        self.is_ending = False
        """Whether each connection ends with its current request."""
        self.counts: Counter[str] = Counter()
        """What happened, by kind: the numbers of an operator's `status`."""

    @property
    def scheme(self) -> str:
        """Of requests."""
        return "http" if self.tls is None else "https"
