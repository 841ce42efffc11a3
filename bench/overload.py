"""More load than the server can serve, at a rate that heeds no answer: `python -m bench.overload`.

Feed pages, of which as many as can be are asked for first, by a closed loop: the peak. Then a
multiple of that, by clients of different manners, and the peak again. The server has one core and
the clients another, if there are two. Some seven minutes; it stops by itself.
"""

import os
import statistics
import sys
from collections.abc import Iterator

import click
import msgspec

from bench.apart import Served, open_feeds
from bench.hammer import Blow, Manners, Order, hammered
from server.logs import configure_logs

CROWD = 8_000
"""Connections that an overload may open: a little less than the server takes."""

PEAK_CONNECTIONS = 256
"""Of the closed loop that finds the peak: with 32 the server waits for its clients a third of the
time."""

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

    def line(self, of_peak: list[float], by_cpu: list[float]) -> str:
        """A row of the table; the shares are those of all rounds."""
        blow = self.blow
        sent = sum(blow.statuses.values()) + blow.lost
        texts = (
            self.name,
            f"{(sent + blow.unsent) / blow.seconds:,.0f}",
            f"{blow.good:,.0f}",
            told(of_peak),
            told(by_cpu),
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


def told(shares: list[float]) -> str:
    """The median, and the range."""
    middle = f"{statistics.median(shares):.0%}"
    return f"{middle} ({min(shares):.0%} to {max(shares):.0%})" if len(shares) > 1 else middle


def between(
    served: Served, requests: list[str], crowd: int, seconds: float, times: float, manners: Manners
) -> tuple[Struck, Struck, Struck]:
    """The peak, a load of so many times that, and the peak once more: the machine may be quicker
    or slower by half a few seconds later."""
    closed = Order(served.port, requests, PEAK_CONNECTIONS, seconds, 0.0, manners)
    peak = f"peak, {'fresh' if manners == 'fresh' else 'kept'}"
    before = strike(served, peak, closed)
    rate = times * before.blow.good
    order = Order(served.port, requests, crowd, 3 * seconds, rate, manners)
    load = strike(served, f"{times:g} times, {manners}", order)
    return before, load, strike(served, peak, closed)


def strikes(
    served: Served, requests: list[str], seconds: float, crowd: int, rounds: int
) -> Iterator[str]:
    """A row for each load: the round that is the median by its share of the peak beside it."""
    for times, manners in LOADS:
        of_peak: list[float] = []
        by_cpu: list[float] = []
        loads: list[Struck] = []
        for _ in range(rounds):
            before, load, after = between(served, requests, crowd, seconds, times, manners)
            of_peak.append(2 * load.blow.good / (before.blow.good + after.blow.good))
            by_cpu.append(2 * load.good_a_cpu_s / (before.good_a_cpu_s + after.good_a_cpu_s))
            loads.append(load)
            peaks = f"{before.blow.good:,.0f} and {after.blow.good:,.0f}"
            share = f"{of_peak[-1]:.0%}, by CPU {by_cpu[-1]:.0%}"
            click.echo(f"{load.name}: {load.blow.good:,.0f} beside {peaks}, {share}", err=True)
        middle = sorted(range(rounds), key=of_peak.__getitem__)[rounds // 2]
        yield loads[middle].line(of_peak, by_cpu)


@click.command()
@click.option("--users", type=click.IntRange(2), default=500)
@click.option("--posts", type=click.IntRange(1), default=5_000)
@click.option("--seconds", type=click.FloatRange(0.1), default=4.0, help="A third of an overload.")
@click.option(
    "--connections", type=click.IntRange(1), default=CROWD, help="An overload may open so many."
)
@click.option("--rounds", type=click.IntRange(1), default=3)
def main(users: int, posts: int, seconds: float, connections: int, rounds: int) -> None:
    """What is served, put off and lost under two and five times the peak."""
    configure_logs("json", "error", sys.stderr)
    lines = [f"| {' | '.join(COLUMNS)} |", "| --- " + "| ---: " * (len(COLUMNS) - 1) + "|"]
    cores = sorted(os.sched_getaffinity(0))
    with open_feeds(users, posts) as feeds, feeds.served("edge") as served:
        if len(cores) > 1:
            served.keep_to({cores[0]})
            os.sched_setaffinity(0, set(cores[1:]))  # what is started from here on
        lines += strikes(served, feeds.requests, seconds, connections, rounds)
    click.echo("\n".join(lines))


if __name__ == "__main__":
    main()
