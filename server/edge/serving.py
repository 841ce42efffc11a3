"""What all connections of one listener share: the application, the limits, the words of a refusal,
and counts of what came in."""

from collections import Counter
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import trio

from server.edge.answers import ASGIHeaders, Dates
from server.edge.limits import Limits

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
Application = Callable[[Any, Receive, Send], Awaitable[None]]

Refusing = Callable[[int, str], tuple[ASGIHeaders, bytes]]
"""Headers and body of an answer that the edge gives by itself, from its status and a message for
people. It comes from the application's side: the edge knows no shape of errors."""


class Serving:
    """One listener's connections, as they see it."""

    def __init__(
        self,
        application: Application,
        refusing: Refusing,
        limits: Limits,
        now: Callable[[], int],
        file_threads: trio.CapacityLimiter,
    ) -> None:
        self.application = application
        self.refusing = refusing
        self.limits = limits
        self.dates = Dates(now)
        self.file_threads = file_threads
        self.scheme = "http"
        self.is_ending = False
        """Whether each connection ends with its current request."""
        self.counts: Counter[str] = Counter()
        """What happened, by kind: the numbers of an operator's `status`."""
