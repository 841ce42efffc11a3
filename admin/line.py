"""A WebSocket from the client's side, for `run.py tail`: one connection, texts in and out.

Sans-I/O by wsproto, over one of trio's streams. It knows nothing of what is said on it.
"""

import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import trio
from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    CloseConnection,
    Ping,
    RejectConnection,
    RejectData,
    Request,
    TextMessage,
)

RECEIVED_BYTES = 65_536


class LineRefused(Exception):
    """The server answered the handshake with another status than 101."""

    def __init__(self, status: int) -> None:
        super().__init__(f"the server answered {status}")
        self.status = status


class LineEnded(Exception):
    """The connection is over; `code` is the server's, 1006 if it just hung up."""

    def __init__(self, code: int) -> None:
        super().__init__(f"the stream ended with {code}")
        self.code = code


class Line:
    """One open WebSocket."""

    def __init__(self, stream: trio.abc.Stream) -> None:
        self._stream = stream
        self._protocol = WSConnection(ConnectionType.CLIENT)
        self._texts: list[str] = []

    async def open(self, host: str, path: str, token: str) -> None:
        """The handshake. Raises `LineRefused`, `LineEnded`."""
        headers = [(b"Authorization", b"Bearer " + token.encode("latin-1"))]
        request = Request(host=host, target=path, extra_headers=headers)
        await self._stream.send_all(self._protocol.send(request))
        while True:
            await self._receive()
            for event in self._protocol.events():
                if isinstance(event, AcceptConnection):
                    return
                if isinstance(event, RejectConnection):
                    raise LineRefused(event.status_code)
                if isinstance(event, RejectData):
                    continue

    async def say(self, text: str) -> None:
        await self._stream.send_all(self._protocol.send(TextMessage(data=text)))

    async def hear(self) -> str:
        """The next text, whole. Raises `LineEnded`."""
        text = ""
        while True:
            for event in self._protocol.events():
                match event:
                    case TextMessage():
                        text += event.data
                        if event.message_finished:
                            return text
                    case Ping():
                        await self._stream.send_all(self._protocol.send(event.response()))
                    case CloseConnection():
                        raise LineEnded(event.code)
                    case _:
                        pass
            await self._receive()

    async def _receive(self) -> None:
        try:
            some = await self._stream.receive_some(RECEIVED_BYTES)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            raise LineEnded(1006) from None
        if not some:
            raise LineEnded(1006)
        self._protocol.receive_data(bytes(some))


def names_server(url: str) -> bool:
    """Whether `open_line` can try it: the scheme http or https, a host, perhaps a port."""
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # of a port that is none, or of brackets
        return False


@asynccontextmanager
async def open_line(url: str, path: str, token: str) -> AsyncGenerator[Line]:
    """A WebSocket to `path` of the server at `url` (http or https), open until the block is left.
    Raises `LineRefused`, `LineEnded`, `OSError`."""
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    host, port = parts.hostname or "", parts.port or (443 if secure else 80)
    stream: trio.abc.Stream = await trio.open_tcp_stream(host, port)
    if secure:
        stream = trio.SSLStream(stream, ssl.create_default_context(), server_hostname=host)
    async with stream:
        line = Line(stream)
        try:
            await line.open(parts.netloc, path, token)
        except trio.BrokenResourceError as broken:
            raise ConnectionAbortedError(f"can't talk to {url}: {broken.__cause__}") from None
        yield line
