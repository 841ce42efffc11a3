"""The same text to thousands of sockets: messages a second, what each costs and what a socket
takes, of each server in turn; and of ours when its readers pause."""

import contextlib
import statistics
import sys
import time
from collections.abc import Generator
from pathlib import Path
from typing import Protocol

import click
import msgspec

from bench.streams.others import ON_ASYNCIO, ON_TRIO, Round, Told
from bench.streams.ours import Act, Acted
from bench.streams.processes import NODE_SERVER, Ears, Spoken, ears, installed_ws, spoken
from bench.streams.world import World

WARM_SHARE = 10
"""Of so many sockets one is opened before the memory of the others is counted."""

PUBLISHED = 40
"""Posts a round."""

HANDED_TO_PAUSED = 300
"""Events for readers who pause: most of them wait, and none of the readers is too slow yet."""

PAUSED_BUFFER = 4_096
"""Bytes that a reader's kernel takes while it pauses."""


class Broadcast(msgspec.Struct, frozen=True):
    """One turn of one server."""

    rate: float
    """Messages a second, until the last has come."""
    server_us: float
    """The processor's time for each, on the server's side."""
    ears_us: float
    """And on the clients'."""
    busy: float
    """The share of the time that the server worked."""


class Side(Protocol):
    """A server with its listeners."""

    server: Spoken
    ears: Ears
    socket_bytes: float

    def tell(self, sockets: int, seconds: float) -> tuple[int, float]:
        """Broadcast for so long; how often, and when it began."""
        ...


class Other:
    """Somebody else's, or the edge with nothing behind it."""

    def __init__(self, server: Spoken, ears: Ears, sockets: int) -> None:
        self.server, self.ears = server, ears
        port, warm = server.answer(int), sockets // WARM_SHARE
        ears.hear(open=warm, port=port)
        before = server.resident_bytes()
        ears.hear(open=sockets - warm, port=port)
        self.socket_bytes = (server.resident_bytes() - before) / (sockets - warm)

    def tell(self, sockets: int, seconds: float) -> tuple[int, float]:
        told = self.server.ask(Round(sockets, seconds), Told)
        return told.times, told.began_s


class Hub:
    """Ours: invented events, from the hub's queue on."""

    def __init__(self, server: Spoken, ears: Ears, tokens: list[str], buffer: int = 0) -> None:
        self.server, self.ears = server, ears
        port, warm = server.answer(int), len(tokens) // WARM_SHARE
        opening = {"port": port, "path": "/v1/stream", "receive_buffer": buffer}
        ears.hear(open=warm, tokens=tokens[:warm], **opening)
        before = server.resident_bytes()
        ears.hear(open=len(tokens) - warm, tokens=tokens[warm:], **opening)
        self.socket_bytes = (server.resident_bytes() - before) / (len(tokens) - warm)

    def act(self, act: Act) -> Acted:
        return self.server.ask(act, Acted)

    def tell(self, sockets: int, seconds: float) -> tuple[int, float]:
        acted = self.act(Act(seconds=seconds, sockets=sockets))
        return acted.times, acted.began_s[0]


class Posts(Hub):
    """Ours: real posts, from the command to the sockets."""

    def tell(self, sockets: int, seconds: float) -> tuple[int, float]:
        # User 1 is followed by all listeners, user 2 by the first of them.
        author = 1 if sockets == self.sockets else 2
        acted = self.act(Act(published=PUBLISHED, author=author))
        return acted.times, acted.began_s[0]

    sockets = 0


def turn(side: Side, sockets: int, seconds: float) -> Broadcast:
    """Tell the first `sockets` for so long."""
    side.ears.hear()
    server_cpu, ears_cpu = side.server.cpu_s(), side.ears.process.cpu_s()
    times, began = side.tell(sockets, seconds)
    heard = side.ears.hear(expect=times * sockets)
    assert heard.frames >= times * sockets, f"{heard.frames} of {times * sockets} came"
    took = heard.last_s - began
    time.sleep(0.02)  # until Linux has counted what both did
    server_cpu = side.server.cpu_s() - server_cpu
    ears_cpu = side.ears.process.cpu_s() - ears_cpu
    messages = times * sockets
    return Broadcast(
        messages / took, server_cpu / messages * 1e6, ears_cpu / messages * 1e6, server_cpu / took
    )


@contextlib.contextmanager
def sides(world: World) -> Generator[tuple[dict[str, Side], list[str]]]:
    """All of them, with their sockets open; and who is missing, and why."""
    with contextlib.ExitStack() as stack:
        opened: dict[str, Side] = {}
        sockets = len(world.tokens)
        for name in ("hub", "published posts"):
            kind = Hub if name == "hub" else Posts
            server = stack.enter_context(our_server(world, name))
            opened[f"Triptych: {name}"] = kind(server, stack.enter_context(ears()), world.tokens)
            click.echo(f"{name}: {sockets:,} sockets are open", err=True)
        commands: dict[str, tuple[str, ...]] = {
            name: (sys.executable, "-m", "bench.streams.others", name)
            for name in (*reversed(ON_TRIO), *ON_ASYNCIO)
        }
        why_not = installed_ws(world.folder / "node")
        if why_not is None:
            commands["Node, ws"] = ("node", "--expose-gc", str(NODE_SERVER))
        for name, command in commands.items():
            node = {"NODE_WS": str(world.folder / "node")}
            server = stack.enter_context(spoken(*command, environment=node))
            opened[name] = Other(server, stack.enter_context(ears()), sockets)
            click.echo(f"{name}: {sockets:,} sockets are open", err=True)
        yield opened, [] if why_not is None else [f"Node's `ws` is missing: {why_not}."]


@contextlib.contextmanager
def our_server(world: World, name: str) -> Generator[Spoken]:
    """A server on a copy of the world, which can't be served twice."""
    data = world.copy(name)
    command = (sys.executable, "-m", "bench.streams.ours", "--data", str(data))
    with spoken(*command, "--log", str(Path(f"{data}.log"))) as server:
        yield server


def compared(world: World, crowds: list[int], seconds: float, rounds: int) -> list[str]:
    """All servers in turns: a table."""
    Posts.sockets = len(world.tokens)
    came: dict[str, dict[int, list[Broadcast]]] = {}
    with sides(world) as (opened, notes):
        for number in range(rounds):
            for name, side in opened.items():
                for crowd in crowds:
                    found = turn(side, crowd, seconds)
                    click.echo(f"round {number + 1}, {name}, {crowd}: {found}", err=True)
                    came.setdefault(name, {}).setdefault(crowd, []).append(found)
        memory = {name: side.socket_bytes for name, side in opened.items()}
    heads = [f"{crowd:,} sockets: /s | CPU us each | of the time | clients' us" for crowd in crowds]
    lines = [
        f"| 300 B to | {' | '.join(heads)} | bytes a socket |",
        "| --- " + "| ---: " * (4 * len(crowds) + 1) + "|",
    ]
    for name, by_crowd in came.items():
        cells: list[str] = []
        for crowd in crowds:
            rate, server_us, ears_us, busy = (
                statistics.median(getattr(one, field) for one in by_crowd[crowd])
                for field in ("rate", "server_us", "ears_us", "busy")
            )
            cells += [f"{rate:,.0f}", f"{server_us:.1f}", f"{busy:.0%}", f"{ears_us:.1f}"]
        lines.append(f"| {name} | {' | '.join(cells)} | {memory[name]:,.0f} |")
    return [*lines, *notes]


def coalesced(world: World, crowd: int, rounds: int) -> list[str]:
    """Readers who pause while they are told, and then read on."""
    found: list[tuple[float, float, float, float]] = []
    lines = [
        "| readers who pause | events | waited | messages/s | CPU us each | clients' us |",
        "| --- " + "| ---: " * 5 + "|",
    ]
    with our_server(world, f"paused {crowd}") as server, ears() as some:
        hub = Hub(server, some, world.tokens[:crowd], PAUSED_BUFFER)
        for _ in range(rounds):
            hub.ears.hear(pause=crowd)
            server_cpu, ears_cpu = server.cpu_s(), some.process.cpu_s()
            acted = hub.act(Act(handed=HANDED_TO_PAUSED, sockets=crowd))
            expected = crowd * HANDED_TO_PAUSED
            heard = hub.ears.hear(resume=True, expect=expected)
            assert heard.frames >= expected, f"{heard.frames} of {expected} came"
            time.sleep(0.02)
            server_us = (server.cpu_s() - server_cpu) / expected * 1e6
            ears_us = (some.process.cpu_s() - ears_cpu) / expected * 1e6
            rate = expected / (heard.last_s - acted.began_s[0])
            found.append((rate, server_us, ears_us, acted.waiting / expected))
            click.echo(f"paused: {found[-1]}", err=True)
    rate, server_us, ears_us, waited = (
        statistics.median(column) for column in zip(*found, strict=True)
    )
    lines.append(
        f"| {crowd:,} | {HANDED_TO_PAUSED} | {waited:.0%} | {rate:,.0f} | {server_us:.1f} | "
        f"{ears_us:.1f} |"
    )
    return lines
