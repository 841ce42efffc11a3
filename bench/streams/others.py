"""Servers that hold WebSockets and tell all of them the same: other people's, and our edge with
nothing behind it. `python -m bench.streams.others NAME` serves one on loopback.

Each tells its port in a line on its standard output. Then each line of its input is a
`Round`, in JSON, and is answered with a `Told`. Each sends as quickly as its library lets it, round
after round, and lets its loop turn once between two.
"""

import asyncio
import os
import resource
import socket
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any, cast

import msgspec
import trio
import trio_websocket
import uvicorn
from websockets.asyncio import server as websockets_server

import run
from bench.stock import NO_STOP
from server.edge.frames import text_frame
from server.edge.limits import Limits
from server.edge.listener import Listener
from server.edge.serving import Serving

PAYLOAD_BYTES = 300
TEXT = "x" * PAYLOAD_BYTES

SOCKETS_A_STEP = 100
"""Written to before other tasks may run, where the loop is ours: as the hub's queue does."""

CONNECTIONS_MAX = 19_000


class Round(msgspec.Struct, frozen=True):
    """Tell the first `sockets` the same, again and again: for so many seconds, or so many times."""

    sockets: int
    seconds: float
    times_max: int = 1_000_000


class Told(msgspec.Struct, frozen=True):
    """How many times everybody was told, and when it began (`time.perf_counter`)."""

    times: int
    began_s: float


Tell = Callable[[int], Awaitable[None]]
"""Tells so many sockets once."""


def say(value: object) -> None:
    os.write(1, msgspec.json.encode(value) + b"\n")


def heard() -> Round:
    """The next round; ends the process with the input."""
    line = sys.stdin.buffer.readline()
    if not line:
        os._exit(0)
    return msgspec.json.decode(line, type=Round)


async def play(round: Round, tell: Tell) -> None:
    """Carry a round out and say so."""
    began, times = time.perf_counter(), 0
    while times < round.times_max and time.perf_counter() - began < round.seconds:
        await tell(round.sockets)
        times += 1
    say(Told(times, began))


# On asyncio.


async def obey_on_asyncio(tell: Tell) -> None:
    """Rounds, as they are asked for. Called once the server serves."""
    loop, asked = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(0, asked.set)
    while True:
        await asked.wait()
        loop.remove_reader(0)
        round = heard()
        asked.clear()
        await play(round, tell)
        loop.add_reader(0, asked.set)


async def serve_websockets(listening: socket.socket) -> None:
    connections: list[websockets_server.ServerConnection] = []

    async def keep(connection: websockets_server.ServerConnection) -> None:
        connections.append(connection)
        await connection.wait_closed()

    async def tell(sockets: int) -> None:
        websockets_server.broadcast(connections[:sockets], TEXT)
        await asyncio.sleep(0)

    async with websockets_server.serve(keep, sock=listening, compression=None, ping_interval=None):
        await obey_on_asyncio(tell)


def serve_uvicorn(protocol: str) -> Callable[[socket.socket], Awaitable[None]]:
    async def serve(listening: socket.socket) -> None:
        sends: list[Any] = []

        async def app(scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] != "websocket":
                return
            await receive()
            await send({"type": "websocket.accept"})
            sends.append(send)
            while (await receive())["type"] != "websocket.disconnect":
                pass

        async def tell(sockets: int) -> None:
            message = {"type": "websocket.send", "text": TEXT}
            for send in sends[:sockets]:
                await send(message)
            await asyncio.sleep(0)

        config = uvicorn.Config(
            cast(Any, app),
            ws=cast(Any, protocol),
            log_level="error",
            access_log=False,
            lifespan="off",
            ws_ping_interval=None,
            ws_per_message_deflate=False,
        )
        serving = asyncio.create_task(uvicorn.Server(config).serve([listening]))
        await obey_on_asyncio(tell)
        await serving

    return serve


# On Trio.


async def obey_on_trio(tell: Tell) -> None:
    while True:
        await trio.lowlevel.wait_readable(0)
        await play(heard(), tell)


async def serve_trio_websocket(listening: socket.socket) -> None:
    connections: list[trio_websocket.WebSocketConnection] = []

    async def keep(request: trio_websocket.WebSocketRequest) -> None:
        connection = await request.accept()
        connections.append(connection)
        try:
            while True:
                await connection.get_message()
        except trio_websocket.ConnectionClosed:
            pass

    async def tell(sockets: int) -> None:
        for connection in connections[:sockets]:
            await connection.send_message(TEXT)

    listener = trio.SocketListener(trio.socket.from_stdlib_socket(listening))
    server = trio_websocket.WebSocketServer(keep, [listener])
    async with trio.open_nursery() as nursery:
        nursery.start_soon(server.run)
        await obey_on_trio(tell)


async def serve_edge(listening: socket.socket) -> None:
    sockets_open: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        sockets_open.append(scope["extensions"]["triptych.socket"])
        while (await receive())["type"] != "websocket.disconnect":
            pass

    async def tell(sockets: int) -> None:
        frame = text_frame(TEXT.encode())
        for number in range(0, sockets, SOCKETS_A_STEP):
            for one in sockets_open[number : min(number + SOCKETS_A_STEP, sockets)]:
                one.try_send(frame)
            await trio.lowlevel.checkpoint()

    limits = Limits(connections_max=CONNECTIONS_MAX)
    serving = Serving(
        app,
        lambda *_: ((), b""),
        limits,
        run.unix_ms,
        trio.CapacityLimiter(1),
        worked=time.thread_time,
        passed=time.perf_counter,
    )
    async with trio.open_nursery() as nursery:
        await nursery.start(Listener(serving).serve, [listening], trio.Event(), NO_STOP)
        await obey_on_trio(tell)


ON_ASYNCIO: dict[str, Callable[[socket.socket], Awaitable[None]]] = {
    "websockets": serve_websockets,
    "uvicorn + websockets": serve_uvicorn("websockets"),
    "uvicorn + websockets-sansio": serve_uvicorn("websockets-sansio"),
    "uvicorn + wsproto": serve_uvicorn("wsproto"),
}
ON_TRIO: dict[str, Callable[[socket.socket], Awaitable[None]]] = {
    "trio-websocket": serve_trio_websocket,
    "edge": serve_edge,
}


def main(name: str) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    sys.setswitchinterval(run.SWITCH_INTERVAL_S)
    # With its protocol, or asyncio does not know it for TCP and leaves Nagle's algorithm on.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    listening.listen(1_024)
    say(listening.getsockname()[1])
    if name in ON_TRIO:
        trio.run(ON_TRIO[name], listening)
    else:
        asyncio.run(cast(Any, ON_ASYNCIO[name](listening)))


if __name__ == "__main__":
    main(sys.argv[1])
