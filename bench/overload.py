"""More load than the server can serve, at a rate that heeds no answer: `python -m bench.overload`.

Feed pages, of which as many as can be are asked for first, by a closed loop: the peak. Then a
multiple of that, by clients of different manners. The server has one core and the clients another,
if there are two. Under a minute; it stops by itself.
"""

import os
import sys
from collections.abc import Iterator

import click

from bench.apart import CONNECTIONS, Served, open_feeds
from bench.hammer import Blow, Manners, Order, hammered
from server.logs import configure_logs

CROWD = 8_000
"""Connections that an overload may open: a little less than the server takes."""

LOADS: tuple[tuple[float, Manners], ...] = (
    (2, "heeding"),
    (5, "heeding"),
    (5, "heedless"),
    (5, "fresh"),
)
"""Times the peak, and by whom."""

COLUMNS = (
    "load", "offered/s", "200/s", "of the peak", "p50 s", "p99 s", "503/s", "503 p99 s",
    "unsent/s", "lost", "connections", "server MiB", "client's core",
)  # fmt: skip


def blows(served: Served, requests: list[str], seconds: float) -> Iterator[tuple[str, Blow]]:
    """The peak, then each load, with its name."""
    peak = hammered(Order(served.port, requests, CONNECTIONS, seconds))
    yield "peak, closed loop", peak
    for times, manners in LOADS:
        rate = times * peak.good
        order = Order(served.port, requests, CROWD, 3 * seconds, rate, manners)
        yield f"{times:g} times, {manners}", hammered(order)


def line(name: str, blow: Blow, peak: float, mebibytes: float) -> str:
    sent = sum(blow.statuses.values()) + blow.lost
    texts = (
        name,
        f"{(sent + blow.unsent) / blow.seconds:,.0f}",
        f"{blow.good:,.0f}",
        f"{blow.good / peak:.0%}",
        f"{blow.good_p50_s:.2f}",
        f"{blow.good_p99_s:.2f}",
        f"{blow.statuses.get(503, 0) / blow.seconds:,.0f}",
        f"{blow.refused_p99_s:.2f}",
        f"{blow.unsent / blow.seconds:,.0f}",
        f"{blow.lost:,}",
        f"{blow.opened:,}",
        f"{mebibytes:.0f}",
        f"{blow.cpu_s / blow.seconds:.0%}",
    )
    return f"| {' | '.join(texts)} |"


@click.command()
@click.option("--users", type=click.IntRange(2), default=500)
@click.option("--posts", type=click.IntRange(1), default=5_000)
@click.option("--seconds", type=click.FloatRange(0.1), default=3.0, help="A third of an overload.")
def main(users: int, posts: int, seconds: float) -> None:
    """What is served, put off and lost under two and five times the peak."""
    configure_logs("json", "error", sys.stderr)
    lines = [f"| {' | '.join(COLUMNS)} |", "| --- " + "| ---: " * (len(COLUMNS) - 1) + "|"]
    cores = sorted(os.sched_getaffinity(0))
    with open_feeds(users, posts) as feeds, feeds.served("edge") as served:
        if len(cores) > 1:
            served.keep_to({cores[0]})
            os.sched_setaffinity(0, set(cores[1:]))  # what is started from here on
        peak = 0.0
        for name, blow in blows(served, feeds.requests, seconds):
            peak = peak or blow.good
            lines.append(line(name, blow, peak, served.mebibytes()))
            click.echo(lines[-1], err=True)
    click.echo("\n".join(lines))


if __name__ == "__main__":
    main()
