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


class Places:
    """Room for `most` at once, to be held as a context; beyond it a 503."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.taken = 0

    def __enter__(self) -> None:
        if self.taken >= self.most:
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
        self._awaited: dict[trio.CancelScope, None] = {}

    def places(self, route: Route) -> Places:
        """Where a request to `route` takes its place, whenever it is not waiting for its body. A
        form is received by its handler, at its client's pace: it has a place among its own."""
        if route.is_probe:
            return self._probes
        return self._uploads if issubclass(route.body, Multipart) else self._requests

    async def body(self, read: Callable[[], Awaitable[bytes]]) -> bytes:
        """A body that `read` waits for. When there are too many, the one that was waited for
        longest is waited for no longer: a 503."""
        if len(self._awaited) >= BODIES_AWAITED_MAX:
            oldest = next(iter(self._awaited))
            del self._awaited[oldest]
            oldest.cancel()
        with trio.CancelScope() as waiting:
            self._awaited[waiting] = None
            try:
                return await read()
            finally:
                self._awaited.pop(waiting, None)
        raise overloaded(RETRY_AFTER_S)

    def statistics(self) -> dict[str, int]:
        """How much there is of each."""
        return {
            "requests": self._requests.taken,
            "requests_bound": self._requests.most,
            "uploads": self._uploads.taken,
            "uploads_bound": self._uploads.most,
            "bodies_awaited": len(self._awaited),
            "bodies_awaited_bound": BODIES_AWAITED_MAX,
        }
