"""The edge beside others: `python -m bench.edges`. Under more load than it can serve:
`bench.overload`.

Every server runs in a process of its own and is asked by another, one at a time, in turns that
repeat, so that a machine that is busy meanwhile is so for all. Some minutes; it stops by itself.
"""

import statistics
import sys
from collections.abc import Callable

import click

from bench.apart import Feeds, get, open_feeds, process
from bench.stock import SERVERS
from server.logs import configure_logs

FEED_SERVERS = ("stock", "hypercorn", "edge")


def in_turns(
    names: list[str], rounds: int, measure: Callable[[str], list[float]]
) -> dict[str, list[float]]:
    """Each one's medians over the rounds."""
    came: dict[str, list[list[float]]] = {name: [] for name in names}
    for number in range(rounds):
        for name in names:
            found = measure(name)
            click.echo(f"round {number + 1}, {name}: {[round(one) for one in found]}", err=True)
            came[name].append(found)
    return {
        name: [statistics.median(column) for column in zip(*found, strict=True)]
        for name, found in came.items()
    }


def hellos(seconds: float) -> Callable[[str], list[float]]:
    def measure(name: str) -> list[float]:
        with process("bench.stock", name) as served:
            served.asked([get("/")], 0.5)
            return [*served.asked([get("/")], seconds), *served.asked([get("/large")], seconds)]

    return measure


def pages(feeds: Feeds, seconds: float) -> Callable[[str], list[float]]:
    def measure(name: str) -> list[float]:
        with feeds.served(name) as served:
            return list(served.asked(feeds.requests, seconds))

    return measure


@click.command()
@click.option("--users", type=click.IntRange(2), default=500)
@click.option("--posts", type=click.IntRange(1), default=5_000)
@click.option("--seconds", type=click.FloatRange(0.1), default=4.0, help="Seconds a cell.")
@click.option("--rounds", type=click.IntRange(1), default=3)
def main(users: int, posts: int, seconds: float, rounds: int) -> None:
    """Requests a second of several servers, and what each takes of the processor."""
    configure_logs("json", "error", sys.stderr)
    lines = [
        "| server | hello/s | CPU us each | 12 KB/s | CPU us each |",
        "| --- " + "| ---: " * 4 + "|",
    ]
    for name, found in in_turns(list(SERVERS), rounds, hellos(seconds)).items():
        lines.append(f"| {name} | " + " | ".join(f"{one:,.0f}" for one in found) + " |")
    with open_feeds(users, posts) as feeds:
        came = in_turns(list(FEED_SERVERS), rounds, pages(feeds, seconds))
    lines += [
        "",
        "| feed pages from | pages/s | times stock | CPU us each | of stock's |",
        "| --- " + "| ---: " * 4 + "|",
    ]
    stock_rate, stock_us = came["stock"]
    for name, (rate, us) in came.items():
        times, share = rate / stock_rate, us / stock_us
        lines.append(f"| {name} | {rate:,.0f} | {times:.1f} | {us:,.0f} | {share:.0%} |")
    click.echo("\n".join(lines))


if __name__ == "__main__":
    main()
