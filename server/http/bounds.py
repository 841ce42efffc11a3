"""How much may be under way at once: requests, uploads, and bodies that have not come yet, each
bounded apart, so that whoever sends half of one keeps nobody else out.

Made and told of by `server.app`; `server.http.answering` enters it. Knows no request and answers
nothing.
"""

from collections.abc import Awaitable, Callable
from types import TracebackType

import trio

from server.http.routing import Multipart, Route
from server.problems import overloaded

RETRY_AFTER_S = 1
"""What a client is told while there is too much."""

BODIES_AWAITED_MAX = 512
"""Bodies of at most 1 MiB that have not come whole yet: in memory, and as many as requests."""

BODIES_AWAITED_BYTES_MAX = 16 * 1_048_576
"""What they may take together: who needs no token can send nearly all of a MiB, 512 times. The
bodies of clients are of some hundred bytes."""

Received = Callable[[int], None]
"""To be told how many bytes more of a body have come."""


class Places:
    """Room for `most` at once, to be held as a context; beyond it a 503."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.taken = 0

    @property
    def are_full(self) -> bool:
        """Whether the next one gets none."""
        return self.taken >= self.most

    def __enter__(self) -> None:
        if self.are_full:
            raise overloaded(RETRY_AFTER_S)
        self.taken += 1

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.taken -= 1


class Bounds:
    """What is under way in one application."""

    def __init__(self, requests_max: int, uploads_max: int) -> None:
        self._requests = Places(requests_max)
        self._uploads = Places(uploads_max)
        self._probes = Places(requests_max + uploads_max)
        """Of a few bytes and no waiting: a process that does not answer them is taken for dead."""
        self._awaited: dict[trio.CancelScope, int] = {}
        """Their bytes so far; whichever is waited for longest first."""
        self._awaited_bytes = 0

    def places(self, route: Route) -> Places:
        """Where a request to `route` takes its place, whenever it is not waiting for its body. A
        form is received by its handler, at its client's pace: it has a place among its own."""
        if route.is_probe:
            return self._probes
        return self._uploads if issubclass(route.body, Multipart) else self._requests

    async def body(self, read: Callable[[Received], Awaitable[bytes]]) -> bytes:
        """A body that `read` waits for. When they are too many, or too much, the one that was
        waited for longest is waited for no longer: a 503."""
        if len(self._awaited) >= BODIES_AWAITED_MAX:
            self._give_up_oldest()
        with trio.CancelScope() as waiting:
            self._awaited[waiting] = 0
            try:
                return await read(lambda count: self._count(waiting, count))
            finally:
                self._awaited_bytes -= self._awaited.pop(waiting, 0)
        raise overloaded(RETRY_AFTER_S)

    def _count(self, waiting: trio.CancelScope, count: int) -> None:
        if waiting in self._awaited:
            self._awaited[waiting] += count
            self._awaited_bytes += count
            while self._awaited_bytes > BODIES_AWAITED_BYTES_MAX and len(self._awaited) > 1:
                self._give_up_oldest()

    def _give_up_oldest(self) -> None:
        oldest = next(iter(self._awaited))
        self._awaited_bytes -= self._awaited.pop(oldest)
        oldest.cancel()

    def statistics(self) -> dict[str, int]:
        """How much there is of each."""
        return {
            "requests": self._requests.taken,
            "requests_bound": self._requests.most,
            "uploads": self._uploads.taken,
            "uploads_bound": self._uploads.most,
            "bodies_awaited": len(self._awaited),
            "bodies_awaited_bound": BODIES_AWAITED_MAX,
            "bodies_awaited_bytes": self._awaited_bytes,
            "bodies_awaited_bytes_bound": BODIES_AWAITED_BYTES_MAX,
        }
