"""Connections that can be dropped from above, for a server below that offers no such thing: used by
`server.hypercorn_edge`, since Hypercorn waits for a client however long it does not read.

Knows trio's streams and ASGI's scopes, and nothing of the application.
"""

import socket
from typing import Any

import trio


def give_up_after(stream: trio.SocketStream, seconds: float) -> None:
    """Have the kernel drop a connection whose other end has not answered for so long, where it
    can. The other end of a Unix socket is on this machine."""
    if hasattr(socket, "TCP_USER_TIMEOUT") and stream.socket.family != socket.AF_UNIX:
        ms = int(seconds * 1_000)
        stream.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, ms)


class Droppable:
    """The application on one connection, which it may drop: else nobody could end a WebSocket
    whose client does not read, since Hypercorn waits for it."""

    def __init__(self, app: Any, stream: trio.SocketStream) -> None:
        self._app = app
        self._stream = stream

    async def __call__(self, scope: Any, *others: Any) -> None:
        if scope["type"] == "websocket":
            scope["extensions"]["triptych.abort"] = self._drop
        await self._app(scope, *others)

    async def _drop(self) -> None:
        await trio.aclose_forcefully(self._stream)
