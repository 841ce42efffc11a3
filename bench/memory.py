"""What the server takes in memory: with nothing to do, with thousands of idle streams, and with
many uploads of large photos beside them (hardening.md, "Promises").

`python -m bench.memory` starts `run.py serve` in processes of its own, and the streams' clients in
another; it stops by itself. `tests/process/test_memory.py` holds the figures.
"""

import tempfile
from pathlib import Path

import click
import msgspec
import trio

from bench.history import served
from bench.streams.processes import Ears, ears, resident_bytes
from bench.streams.world import World, make_world
from bench.uploads import (
    DEADLINE_S,
    MEBIBYTE,
    forget_high_water,
    form_of,
    high_water_bytes,
    photo,
    upload,
)

STREAM = "/v1/stream"

SETTLED = 20
"""Of the streams one in so many is opened first, so that what is made once is not counted."""


class Idle(msgspec.Struct, frozen=True):
    """A server that nobody asks for anything. Bytes."""

    alone: int
    with_streams: int
    streams: int
    a_stream: float


class Busy(msgspec.Struct, frozen=True):
    """A server that gets many uploads beside its streams. Bytes at its height."""

    peak: int
    statuses: dict[int, int]
    streams_left: int


def pid_of(data: Path) -> int:
    """The process that serves a folder."""
    return int((data / "lock").read_text())


def open_streams(some: Ears, world: World, port: int, first: int, count: int) -> None:
    tokens = world.tokens[first : first + count]
    some.hear(open=len(tokens), tokens=tokens, port=port, path=STREAM)


def idle(world: World) -> Idle:
    """As many streams as the world has listeners."""
    with served(world.copy("idle")) as port, ears() as some:
        pid, streams = pid_of(world.folder / "idle"), len(world.tokens)
        alone = resident_bytes(pid)
        first = streams // SETTLED
        open_streams(some, world, port, 0, first)
        settled = resident_bytes(pid)
        open_streams(some, world, port, first, streams)
        with_streams = resident_bytes(pid)
        return Idle(alone, with_streams, streams, (with_streams - settled) / (streams - first))


def busy(world: World, streams: int, uploads: int, photos: list[bytes]) -> Busy:
    """`uploads` at once, each of these photos, beside so many streams that hear of each other."""
    form = form_of(photos)
    statuses: dict[int, int] = {}

    async def send_all(port: int) -> None:
        async def send(token: str) -> None:
            status = await upload(port, token, form)
            statuses[status] = statuses.get(status, 0) + 1

        with trio.fail_after(DEADLINE_S):
            async with trio.open_nursery() as sending:
                for token in [world.author_token, *world.tokens[: uploads - 1]]:
                    sending.start_soon(send, token)

    with served(world.copy("busy")) as port, ears() as some:
        pid = pid_of(world.folder / "busy")
        open_streams(some, world, port, 0, streams)
        forget_high_water(pid)
        trio.run(send_all, port)
        return Busy(high_water_bytes(pid), statuses, streams - some.hear().closed)


@click.command()
@click.option("--sockets", type=click.IntRange(100, 15_000), default=5_000)
@click.option("--streams", type=click.IntRange(1), default=2_000, help="Beside the uploads.")
@click.option("--uploads", type=click.IntRange(1, 200), default=40)
@click.option("--photos", type=click.IntRange(1, 10), default=10, help="In each upload.")
def main(sockets: int, streams: int, uploads: int, photos: int) -> None:
    """Memory of the server: idle, with idle streams, and with uploads beside them."""
    with tempfile.TemporaryDirectory(prefix="triptych-bench-") as made:
        world = make_world(Path(made), sockets, 1)
        found = idle(world)
        beside = busy(world, min(streams, sockets), uploads, [photo()] * photos)
    answers = ", ".join(f"{count} x {status}" for status, count in sorted(beside.statuses.items()))
    click.echo(
        f"| what | MiB |\n| --- | ---: |\n| idle | {found.alone / MEBIBYTE:.0f} |\n"
        f"| {found.streams:,} idle streams, {found.a_stream:,.0f} bytes each | "
        f"{found.with_streams / MEBIBYTE:.0f} |\n"
        f"| {beside.streams_left:,} streams and {uploads} uploads of {photos} photos at once "
        f"({answers}) | {beside.peak / MEBIBYTE:.0f} |"
    )


if __name__ == "__main__":
    main()
