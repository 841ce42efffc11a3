"""Does a read cost more as history grows? Each read route on two folders, one with ten times the
people, posts, likes and comments of the other: p50, p99, and how many times as long it takes.

`python -m bench.history`. Two servers in processes of their own, `run.py serve`
as it is; one client asks them in turn, so that whatever else the machine does hits both. The routes
are those of the route table: a new one is measured, or the bench says that it does not know how.
"""

import contextlib
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import click
import msgspec
import trio

from bench.history_asks import asks_of
from bench.history_world import World, open_world
from bench.load import Load
from bench.ways import Wire
from storage.sqlite import open_memory

ROOT = Path(__file__).parent.parent

POSTS = (10_000, 100_000)
"""The sizes that are compared."""

POSTS_A_USER = 10
FOLLOWS_A_USER = 20
LIKES_A_POST = 4
COMMENTS_A_POST = 2

PASSWORD = "correct horse"

STEEP = 1.5
"""From which ratio a route is marked: a page of more history should cost the same."""

QUIET = 0.25
"""The quantile that the ratio is of: the asks that whatever else runs on the machine disturbed
least."""

ADDRESS = re.compile(r"http://127\.0\.0\.1:([1-9][0-9]*)")

HEADINGS = (
    "read", "p50 ms", "p50 ms, ten times as much", "p99 ms", "p99 ms, ten times as much", "ratio",
)  # fmt: skip


class Line(msgspec.Struct, frozen=True):
    """One read on both folders; `ratio` is of the quieter asks."""

    what: str
    small: Load
    large: Load
    ratio: float

    def texts(self) -> tuple[str, ...]:
        small, large = self.small, self.large
        mark = " **!**" if self.ratio > STEEP else ""
        return (
            f"`{self.what}`",
            f"{small.p50_s * 1e3:.2f}",
            f"{large.p50_s * 1e3:.2f}",
            f"{small.p99_s * 1e3:.2f}",
            f"{large.p99_s * 1e3:.2f}",
            f"{self.ratio:.2f}{mark}",
        )


def populate(folder: Path, posts: int, seed: int) -> None:
    users = posts // POSTS_A_USER
    figures = {
        "users": users,
        "follows": users * FOLLOWS_A_USER,
        "posts": posts,
        "likes": posts * LIKES_A_POST,
        "comments": posts * COMMENTS_A_POST,
        "seed": seed,
    }
    flags = [text for name, value in figures.items() for text in (f"--{name}", str(value))]
    command = [sys.executable, "run.py", "populate", "--data", str(folder), *flags]
    subprocess.run([*command, "--password", PASSWORD], cwd=ROOT, check=True,
                   stdout=subprocess.DEVNULL)  # fmt: skip


@contextlib.contextmanager
def served(folder: Path) -> Iterator[int]:
    """The port of a server on `folder`, as an operator would start it, without rate limits."""
    command = [sys.executable, "run.py", "serve", "--data", str(folder), "--port", "0"]
    environment = {**os.environ, "TRIPTYCH_RATE_LIMITS": "off"}
    with (
        folder.with_suffix(".log").open("wb") as log,
        subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=log, text=True
        ) as process,
    ):
        try:
            assert process.stdout is not None
            found = ADDRESS.search(process.stdout.readline())
            assert found, f"no server: {folder.with_suffix('.log').read_text()[-2_000:]}"
            yield int(found[1])
        finally:
            process.terminate()


async def measure(small: World, large: World, times: int, seed: int) -> list[Line]:
    """Each read so often on either side, in turn."""
    wires = [Wire(small.port), Wire(large.port)]
    pairs = zip(asks_of(small), asks_of(large), strict=True)
    lines: list[Line] = []
    for both in pairs:
        chances = [Random(seed), Random(seed)]
        took: list[list[float]] = [[], []]
        for number in range(times + len(small.readers)):
            for side, ask in enumerate(both):
                asked = await ask.next(wires[side], chances[side])
                began = time.perf_counter()
                status, body = await wires[side].ask(asked)
                seconds = time.perf_counter() - began
                assert status == 200, f"{asked.path}?{asked.query}: {status} {body[:300]!r}"
                if number >= len(small.readers):  # the first ones warm up what a server keeps
                    took[side].append(seconds)
        few, many = (Load.of(each, sum(each), 0.0) for each in took)
        quiet = [sorted(each)[int(len(each) * QUIET)] for each in took]
        lines.append(Line(both[0].what, few, many, quiet[1] / quiet[0]))
        click.echo(" | ".join(lines[-1].texts()), err=True)
    for wire in wires:
        wire.close()
    return lines


def table(lines: list[Line]) -> str:
    """In Markdown, as docs/performance.md has it."""
    rules = ["---", *(["---:"] * (len(HEADINGS) - 1))]
    rows = [HEADINGS, rules, *(line.texts() for line in lines)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def headline(times: int) -> str:
    python = f"{platform.python_implementation()} {platform.python_version()}"
    sqlite = open_memory().execute("select sqlite_version()").fetchone()[0]
    return (
        f"{python}, SQLite {sqlite}, {platform.system()} {platform.machine()}, "
        f"{os.cpu_count()} cores; {POSTS[0]:,} and {POSTS[1]:,} posts, {times} asks of each"
    )


@click.command()
@click.option("--times", type=click.IntRange(1), default=200, help="Asks of each read.")
@click.option("--seed", type=int, default=1, help="Of the data and of who asks for what.")
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where the two data folders are kept for another run; a temporary place without it.",
)
def main(times: int, seed: int, folder: Path | None) -> None:
    """Each read route at two sizes of history."""
    with contextlib.ExitStack() as stack:
        place = folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        place.mkdir(parents=True, exist_ok=True)
        worlds: list[World] = []
        for posts in POSTS:
            data = place / f"{posts}"
            if not data.exists():
                click.echo(f"populating {posts:,} posts", err=True)
                populate(data, posts, seed)
            port = stack.enter_context(served(data))
            worlds.append(open_world(data, port, PASSWORD))
        small, large = worlds
        lines = trio.run(measure, small, large, times, seed)
    click.echo(f"{headline(times)}\n\n{table(lines)}")


if __name__ == "__main__":
    main()
