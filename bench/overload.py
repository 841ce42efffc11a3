"""More load than the server can serve, at a rate that heeds no answer: `python -m bench.overload`.

Feed pages, of which as many as can be are asked for first, by a closed loop: the peak. Then a
multiple of that, by clients of different manners. The server has one core and the clients another,
if there are two. Under a minute; it stops by itself.
"""

import os
import sys
from collections.abc import Iterator

import click
import msgspec

from bench.apart import CONNECTIONS, Served, open_feeds
from bench.hammer import Blow, Manners, Order, hammered
from server.logs import configure_logs

CROWD = 8_000
"""Connections that an overload may open: a little less than the server takes."""

LOADS: tuple[tuple[float, Manners], ...] = (
    (2, "heeding"),
    (5, "heeding"),
    (5, "heedless"),
    (2, "fresh"),
    (5, "fresh"),
)
"""Times the peak, and by whom."""

COLUMNS = (
    "load", "offered/s", "200/s", "of the peak", "by CPU", "p50 s", "p99 s", "503/s",
    "503 p99 s", "unsent/s", "lost", "connections", "server MiB", "client's core",
)  # fmt: skip


class Struck(msgspec.Struct, frozen=True):
    """One load and what came of it; `good_a_cpu_s` is answers of 200 for each second that the
    server has worked, which tells what is served even where others take its processor away."""

    name: str
    blow: Blow
    good_a_cpu_s: float
    mebibytes: float

    def line(self, peak: "Struck") -> str:
        blow = self.blow
        sent = sum(blow.statuses.values()) + blow.lost
        texts = (
            self.name,
            f"{(sent + blow.unsent) / blow.seconds:,.0f}",
            f"{blow.good:,.0f}",
            f"{blow.good / peak.blow.good:.0%}",
            f"{self.good_a_cpu_s / peak.good_a_cpu_s:.0%}",
            f"{blow.good_p50_s:.2f}",
            f"{blow.good_p99_s:.2f}",
            f"{blow.statuses.get(503, 0) / blow.seconds:,.0f}",
            f"{blow.refused_p99_s:.2f}",
            f"{blow.unsent / blow.seconds:,.0f}",
            f"{blow.lost:,}",
            f"{blow.opened:,}",
            f"{self.mebibytes:.0f}",
            f"{blow.cpu_s / blow.seconds:.0%}",
        )
        return f"| {' | '.join(texts)} |"


def strike(served: Served, name: str, order: Order) -> Struck:
    served.rest()
    began = served.cpu_s()
    blow = hammered(order)
    good = blow.statuses.get(200, 0)
    return Struck(name, blow, good / (served.cpu_s() - began), served.mebibytes())


def strikes(
    served: Served, requests: list[str], seconds: float, crowd: int
) -> Iterator[tuple[Struck, Struck]]:
    """Each load beside its peak: that of connections that are kept, or of one for each request."""
    peaks: dict[bool, Struck] = {}
    for times, manners in LOADS:
        fresh = manners == "fresh"
        if fresh not in peaks:
            order = Order(served.port, requests, CONNECTIONS, seconds, 0.0, manners)
            peaks[fresh] = strike(served, f"peak, {'fresh' if fresh else 'kept'}", order)
            yield peaks[fresh], peaks[fresh]
        rate = times * peaks[fresh].blow.good
        order = Order(served.port, requests, crowd, 3 * seconds, rate, manners)
        yield strike(served, f"{times:g} times, {manners}", order), peaks[fresh]


@click.command()
@click.option("--users", type=click.IntRange(2), default=500)
@click.option("--posts", type=click.IntRange(1), default=5_000)
@click.option("--seconds", type=click.FloatRange(0.1), default=3.0, help="A third of an overload.")
@click.option(
    "--connections", type=click.IntRange(1), default=CROWD, help="An overload may open so many."
)
def main(users: int, posts: int, seconds: float, connections: int) -> None:
    """What is served, put off and lost under two and five times the peak."""
    configure_logs("json", "error", sys.stderr)
    lines = [f"| {' | '.join(COLUMNS)} |", "| --- " + "| ---: " * (len(COLUMNS) - 1) + "|"]
    cores = sorted(os.sched_getaffinity(0))
    with open_feeds(users, posts) as feeds, feeds.served("edge") as served:
        if len(cores) > 1:
            served.keep_to({cores[0]})
            os.sched_setaffinity(0, set(cores[1:]))  # what is started from here on
        for struck, peak in strikes(served, feeds.requests, seconds, connections):
            lines.append(struck.line(peak))
            click.echo(lines[-1], err=True)
    click.echo("\n".join(lines))


if __name__ == "__main__":
    main()
