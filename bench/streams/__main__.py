"""The table of docs/performance.md on the stream, in one run of some minutes: `python -m
bench.streams`. It stops by itself; nothing fails for being slow."""

import sys
import tempfile
from pathlib import Path

import click

from bench.streams import broadcasts, posts
from bench.streams.world import make_world
from server.logs import configure_logs

PARTS = ("broadcast", "posts", "backpressure", "stalled")


@click.command()
@click.option("--sockets", type=click.IntRange(10, 15_000), default=5_000)
@click.option("--some", type=click.IntRange(1), default=1_000, help="The smaller crowd.")
@click.option("--seconds", type=click.FloatRange(0.1), default=1.5, help="Of a broadcast.")
@click.option("--rounds", type=click.IntRange(1), default=3)
@click.option("--posts", "count", type=click.IntRange(2), default=100)
@click.option("--part", "parts", type=click.Choice(PARTS), multiple=True, default=PARTS)
def main(
    sockets: int, some: int, seconds: float, rounds: int, count: int, parts: tuple[str, ...]
) -> None:
    """Broadcasts, posts and slow readers, over thousands of sockets on loopback."""
    configure_logs("json", "error", sys.stderr)
    with tempfile.TemporaryDirectory(prefix="triptych-bench-") as made:
        world = make_world(Path(made), sockets, some)
        if "broadcast" in parts:
            tell(broadcasts.compared(world, [some, sockets], seconds, rounds))
        if "posts" in parts:
            tell(posts.told(world, count))
        if "backpressure" in parts:
            tell(broadcasts.coalesced(world, some, rounds))
        if "stalled" in parts:
            tell(posts.beside_stalled(world, some))


def tell(lines: list[str]) -> None:
    """A table, as soon as it is there."""
    click.echo("\n".join([*lines, ""]))


if __name__ == "__main__":
    main()
