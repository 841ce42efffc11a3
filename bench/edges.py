"""The edge beside others, and under more load than it can serve: `python -m bench.edges`.

Every server runs in a process of its own and is asked by another, one at a time, in turns that
repeat, so that a machine that is busy meanwhile is so for all. Some minutes; it stops by itself.
"""

import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Generator
from pathlib import Path

import click
import msgspec
import trio

from bench.first import Bench
from bench.hammer import ROOT, Blow, Order, hammered
from bench.people import Person
from bench.stock import SERVERS
from server.logs import configure_logs

CONNECTIONS = 32
CROWD = 2_000
"""Connections that an overload may open."""
OVER = (2, 5)
"""Times the peak."""
READERS = 200
FEED_SERVERS = ("stock", "hypercorn", "edge")


class Served:
    """A server in another process."""

    def __init__(self, port: int, pid: int) -> None:
        self.port = port
        self._pid = pid

    def cpu_s(self) -> float:
        """Seconds that it has worked; Linux's count."""
        fields = Path(f"/proc/{self._pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def asked(self, requests: list[str], seconds: float) -> tuple[float, float]:
        """Answers a second, and microseconds that the server works for each. Raises
        `RuntimeError` unless all were answered."""
        began = self.cpu_s()
        blow = hammered(Order(self.port, requests, CONNECTIONS, seconds))
        if blow.statuses.keys() != {200} or blow.lost:
            raise RuntimeError(f"not all was answered: {blow}")
        return blow.good, (self.cpu_s() - began) / blow.statuses[200] * 1e6


@contextlib.contextmanager
def process(*arguments: str) -> Generator[Served]:
    """A server in another process, until the block is left."""
    command = [sys.executable, "-m", *arguments]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as served:
        assert served.stdout is not None
        told = msgspec.json.decode(served.stdout.readline())
        try:
            yield Served(told["port"] if isinstance(told, dict) else told, served.pid)
        finally:
            served.kill()


def get(path: str, token: str = "") -> str:
    authorization = f"Authorization: Bearer {token}\r\n" if token else ""
    return f"GET {path} HTTP/1.1\r\nHost: bench\r\n{authorization}\r\n"


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


class Feeds:
    """Servers on one populated folder."""

    def __init__(self, bench: Bench, people: list[Person], seconds: float) -> None:
        self._bench = bench
        self._requests = [get("/api/v1/feed?count=20", person.token) for person in people]
        self._seconds = seconds

    @contextlib.contextmanager
    def served(self, server: str) -> Generator[Served]:
        """One of `FEED_SERVERS`, warm."""
        data, log = str(self._bench.data), str(self._bench.log)
        with process("bench.served", "--data", data, "--log", log, "--server", server) as served:
            served.asked(self._requests, 2.0)
            yield served

    def pages(self, server: str) -> list[float]:
        with self.served(server) as served:
            return list(served.asked(self._requests, self._seconds))

    def overload(self) -> Generator[tuple[str, Blow]]:
        """The peak, then more than that, at a rate that heeds no answer."""
        with self.served("edge") as served:
            port = served.port
            peak = hammered(Order(port, self._requests, CONNECTIONS, self._seconds))
            yield "peak, closed loop", peak
            for times in OVER:
                rate = times * peak.good
                order = Order(port, self._requests, CROWD, 3 * self._seconds, rate)
                yield f"{times} times the peak, open loop", hammered(order)


def overload_line(name: str, blow: Blow, peak: float) -> str:
    sent = sum(blow.statuses.values()) + blow.lost
    put_off = blow.statuses.get(503, 0)
    return (
        f"| {name} | {(sent + blow.unsent) / blow.seconds:,.0f} | {blow.good:,.0f} | "
        f"{blow.good / peak:.0%} | {put_off / blow.seconds:,.0f} | "
        f"{blow.unsent / blow.seconds:,.0f} | {blow.lost} | {blow.p50_s:.2f} | {blow.p99_s:.2f} |"
    )


@click.command()
@click.option("--users", type=click.IntRange(2), default=500)
@click.option("--posts", type=click.IntRange(1), default=5_000)
@click.option("--seconds", type=click.FloatRange(0.1), default=4.0, help="Seconds a cell.")
@click.option("--rounds", type=click.IntRange(1), default=3)
def main(users: int, posts: int, seconds: float, rounds: int) -> None:
    """Requests a second of several servers, and what is left of ours under overload."""
    configure_logs("json", "error", sys.stderr)
    lines = [
        "| server | hello/s | CPU us each | 12 KB/s | CPU us each |",
        "| --- " + "| ---: " * 4 + "|",
    ]
    for name, found in in_turns(list(SERVERS), rounds, hellos(seconds)).items():
        lines.append(f"| {name} | " + " | ".join(f"{one:,.0f}" for one in found) + " |")
    with tempfile.TemporaryDirectory(prefix="triptych-bench-") as made:
        bench = Bench(Path(made), users, posts, 1, seconds)
        bench.populate()
        people = trio.run(bench.open_sessions)[:READERS]
        feeds = Feeds(bench, people, seconds)
        pages = in_turns(list(FEED_SERVERS), rounds, feeds.pages)
        lines += [
            "",
            "| feed pages from | pages/s | times stock | CPU us each | of stock's |",
            "| --- " + "| ---: " * 4 + "|",
        ]
        stock_rate, stock_us = pages["stock"]
        for name, (rate, us) in pages.items():
            times, share = rate / stock_rate, us / stock_us
            lines.append(f"| {name} | {rate:,.0f} | {times:.1f} | {us:,.0f} | {share:.0%} |")
        lines += [
            "",
            "| load | offered/s | 200/s | of the peak | 503/s | unsent/s | lost | p50 s | p99 s |",
            "| --- " + "| ---: " * 8 + "|",
        ]
        peak = 0.0
        for name, blow in feeds.overload():
            peak = peak or blow.good
            lines.append(overload_line(name, blow, peak))
    click.echo("\n".join(lines))


if __name__ == "__main__":
    main()
