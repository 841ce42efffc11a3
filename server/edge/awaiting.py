"""The requests whose bodies are waited for, and which of them makes room when there are too many.

Half of a body costs its sender nothing, and here a place and what it has sent so far. So places are
bounded, and whoever comes is let in: the one that has sent nothing for longest goes. A client that
sends is never that one for long. Without I/O; used by `server.edge.exchange`.
"""

import contextlib
from collections.abc import Callable, Generator


class Awaited:
    """At most `most` of them. Each is known by what breaks off its waiting."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._in_order: dict[Callable[[], None], None] = {}
        """Whoever has waited longest first."""

    @contextlib.contextmanager
    def by(self, give_up: Callable[[], None]) -> Generator[None]:
        """Within this it waits for its client's next bytes. May break off another."""
        if len(self._in_order) >= self._most:
            oldest = next(iter(self._in_order))
            del self._in_order[oldest]
            oldest()
        self._in_order[give_up] = None
        try:
            yield
        finally:
            self._in_order.pop(give_up, None)
