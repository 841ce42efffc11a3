"""What the process counts of itself, for Prometheus: requests by route and status, how long they
took, and every number that `run.py status` shows.

`server.app` counts each request, `server.routes.health` shows the page. Counting is a few
additions; whatever is slower happens when the page is asked for. Knows no clock: seconds come in.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from hmac import compare_digest
from itertools import accumulate
from typing import Any

BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper ends of what a request's time is sorted into, beside infinity: Prometheus' usual ones, and
two below, where most of ours are."""

NO_ROUTE = "none"
"""What stands for a path that no route has: what clients make up never becomes a label."""

Statistics = Callable[[], Mapping[str, Mapping[str, int]]]

_NAMED = str.maketrans(" -", "__")


class Metrics:
    """The counts of one process. `token` is what lets others than this machine read them."""

    content_type = "text/plain; version=0.0.4; charset=utf-8"
    """Prometheus' text format, which every collector of metrics reads."""

    def __init__(self, token: str) -> None:
        self._token = token.encode()
        self._statistics: Statistics = dict
        self._statuses: dict[tuple[str, int], int] = {}
        self._took: dict[str, list[int]] = {}
        self._took_s: dict[str, float] = {}

    def show(self, statistics: Statistics) -> None:
        """From now on the page has the numbers of `statistics` too."""
        self._statistics = statistics

    def count(self, route: str | None, status: int, seconds: float) -> None:
        """A request of `route` (None: of no route) was answered after `seconds`."""
        route = route or NO_ROUTE
        key = (route, status)
        self._statuses[key] = self._statuses.get(key, 0) + 1
        took = self._took.get(route)
        if took is None:
            took = self._took[route] = [0] * (len(BUCKETS_S) + 1)
        took[bisect_left(BUCKETS_S, seconds)] += 1
        self._took_s[route] = self._took_s.get(route, 0.0) + seconds

    def opens_to(self, token: str) -> bool:
        """Whether `token` is the one; in the same time for every wrong one."""
        return compare_digest(token.encode(), self._token)

    def page(self) -> bytes:
        """Everything, in Prometheus' text format."""
        # Imported late: 5 MB that only those who collect metrics pay for.
        from prometheus_client import (  # noqa: PLC0415
            CollectorRegistry,
            ProcessCollector,
            generate_latest,
        )

        registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        registry.register(self)  # pyright: ignore[reportArgumentType]
        return generate_latest(registry)

    def describe(self) -> list[Any]:
        """What a registry asks of a collector whose names are not known beforehand."""
        return []

    def collect(self) -> Iterator[Any]:
        """The families of metrics, as a registry wants them."""
        from prometheus_client.core import (  # noqa: PLC0415
            CounterMetricFamily,
            GaugeMetricFamily,
            HistogramMetricFamily,
        )

        requests = CounterMetricFamily(
            "triptych_requests", "Requests that were answered.", labels=["route", "status"]
        )
        for (route, status), number in self._statuses.items():
            requests.add_metric([route, str(status)], number)
        yield requests
        took = HistogramMetricFamily(
            "triptych_request_seconds", "From a request's head to its answer.", labels=["route"]
        )
        for route, numbers in self._took.items():
            ends = [*map(str, BUCKETS_S), "+Inf"]
            buckets = list(zip(ends, accumulate(numbers), strict=True))
            took.add_metric([route], buckets, self._took_s[route])
        yield took
        for queue, figures in self._statistics().items():
            for name, number in figures.items():
                yield GaugeMetricFamily(
                    f"triptych_{queue}_{name}".translate(_NAMED),
                    f"`{name}` of `{queue}`, as `run.py status` shows it.",
                    value=number,
                )
