"""Servers in processes of their own, asked by another: for `bench.edges` and `bench.overload`."""

import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from pathlib import Path

import msgspec
import trio

from bench.first import Bench
from bench.hammer import ROOT, Order, hammered

CONNECTIONS = 32
READERS = 200
WARMING_S = 2.0
REST_S = 0.5
RESTS_MAX = 20


class Served:
    """A server in another process."""

    def __init__(self, port: int, pid: int) -> None:
        self.port = port
        self._pid = pid

    def cpu_s(self) -> float:
        """Seconds that it has worked; Linux's count."""
        fields = Path(f"/proc/{self._pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def rest(self) -> None:
        """Wait until it has nothing left to do: thousands of connections take a while to close."""
        for _ in range(RESTS_MAX):
            began = self.cpu_s()
            time.sleep(REST_S)
            if self.cpu_s() - began < REST_S / 10:
                return

    def mebibytes(self) -> float:
        """Of memory that it has; Linux's count."""
        pages = int(Path(f"/proc/{self._pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20

    def keep_to(self, cores: set[int]) -> None:
        """From now on all its threads run on these."""
        for thread in Path(f"/proc/{self._pid}/task").iterdir():
            os.sched_setaffinity(int(thread.name), cores)

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


class Feeds:
    """Servers on one populated folder, and requests for the feeds of its readers."""

    def __init__(self, bench: Bench) -> None:
        self._data, self._log = str(bench.data), str(bench.log)
        people = trio.run(bench.open_sessions)[:READERS]
        self.requests = [get("/api/v1/feed?count=20", person.token) for person in people]

    @contextlib.contextmanager
    def served(self, server: str) -> Generator[Served]:
        """One of those that `bench.served` knows, warm."""
        data, log = self._data, self._log
        with process("bench.served", "--data", data, "--log", log, "--server", server) as served:
            served.asked(self.requests, WARMING_S)
            yield served


@contextlib.contextmanager
def open_feeds(users: int, posts: int) -> Generator[Feeds]:
    """On a folder that is removed at the end."""
    with tempfile.TemporaryDirectory(prefix="triptych-bench-") as made:
        bench = Bench(Path(made), users, posts, 1, 0.0)
        bench.populate()
        yield Feeds(bench)
