"""The edge beside others: `python -m bench.edges`. Under more load than it can serve:
`bench.overload`.

Every server runs in a process of its own, all at once, and is asked by another, one at a time, in
short turns that repeat: so a machine that is busy meanwhile is so for all, and each turn can be
compared with the stock's beside it. Some minutes; it stops by itself.
"""

import contextlib
import statistics
import sys
from collections.abc import Sequence

import click

from bench.apart import Served, get, open_feeds, process
from bench.stock import SERVERS
from server.logs import configure_logs

FEED_SERVERS = ("stock", "hypercorn", "edge")

Turn = tuple[float, float]
"""Answers a second, and microseconds of the processor for each."""


def in_turns(
    servers: Sequence[tuple[str, Served, list[str]]], rounds: int, seconds: float
) -> list[list[Turn]]:
    """Each server's turns, one of each a round."""
    came: list[list[Turn]] = [[] for _ in servers]
    for number in range(rounds):
        for turns, (name, served, requests) in zip(came, servers, strict=True):
            turns.append(served.asked(requests, seconds))
            told = [round(one) for one in turns[-1]]
            click.echo(f"round {number + 1}, {name}: {told}", err=True)
    return came


def medians(turns: list[Turn]) -> str:
    rates, costs = zip(*turns, strict=True)
    return f"{statistics.median(rates):,.0f} | {statistics.median(costs):,.0f}"


def beside(turns: list[Turn], stock: list[Turn], column: int) -> str:
    """How many times better than stock's turns of the same rounds: the median, and the range."""
    pairs = zip(turns, stock, strict=True)
    times = [one[0] / other[0] if column == 0 else other[1] / one[1] for one, other in pairs]
    return f"{statistics.median(times):.1f} ({min(times):.1f} to {max(times):.1f})"


def hellos(rounds: int, seconds: float) -> list[str]:
    """A table: what servers make of a text of 12 bytes, and of 12 KB."""
    lines = ["| server | hello/s | CPU us each | 12 KB/s | CPU us each |"]
    lines.append("| --- " + "| ---: " * 4 + "|")
    with contextlib.ExitStack() as running:
        servers = [(name, running.enter_context(process("bench.stock", name))) for name in SERVERS]
        small = in_turns([(name, one, [get("/")]) for name, one in servers], rounds, seconds)
        large = in_turns([(name, one, [get("/large")]) for name, one in servers], rounds, seconds)
    for (name, _), hello, kilobytes in zip(servers, small, large, strict=True):
        lines.append(f"| {name} | {medians(hello)} | {medians(kilobytes)} |")
    return lines


def pages(users: int, posts: int, rounds: int, seconds: float) -> list[str]:
    """A table: feed pages, each server's on a folder of its own with the same people and posts."""
    lines = ["| feed pages from | pages/s | CPU us each | times the pages | times less CPU |"]
    lines.append("| --- " + "| ---: " * 4 + "|")
    with contextlib.ExitStack() as running:
        servers: list[tuple[str, Served, list[str]]] = []
        for name in FEED_SERVERS:
            feeds = running.enter_context(open_feeds(users, posts))
            servers.append((name, running.enter_context(feeds.served(name)), feeds.requests))
        came = in_turns(servers, rounds, seconds)
    for (name, _, _), turns in zip(servers, came, strict=True):
        compared = f"{beside(turns, came[0], 0)} | {beside(turns, came[0], 1)}"
        lines.append(f"| {name} | {medians(turns)} | {compared} |")
    return lines


@click.command()
@click.option("--users", type=click.IntRange(2), default=500)
@click.option("--posts", type=click.IntRange(1), default=5_000)
@click.option("--seconds", type=click.FloatRange(0.1), default=0.7, help="Seconds a turn.")
@click.option("--rounds", type=click.IntRange(1), default=16)
def main(users: int, posts: int, seconds: float, rounds: int) -> None:
    """Requests a second of several servers, and what each takes of the processor."""
    configure_logs("json", "error", sys.stderr)
    told = hellos(rounds, seconds)
    click.echo("\n".join([*told, "", *pages(users, posts, rounds, seconds)]))


if __name__ == "__main__":
    main()
