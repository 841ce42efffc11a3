"""The ways in which a request reaches the application: over a socket, and by calling it.

Both are as lean as they can be, so that what is measured is the server: no client library, no
parsing beyond the status and the length.
"""

from typing import Any, Protocol

import msgspec
import trio

RECEIVED_BYTES = 65_536
"""More than any answer here, so that one call takes what has come."""

HEAD_END = b"\r\n\r\n"
LENGTH = b"content-length: "


class Asked(msgspec.Struct, frozen=True):
    """One request with a token and no body."""

    method: str
    path: str
    query: str
    token: str


class BadAnswer(Exception):
    """The server answered something that a bench can't count."""


class Way(Protocol):
    """One client's way to the application."""

    async def ask(self, asked: Asked) -> tuple[int, bytes]:
        """The status and the body of the answer. Raises `BadAnswer`, `OSError`."""
        ...

    def close(self) -> None: ...


class Wire:
    """HTTP/1.1 over one socket, kept alive; opened again when the server closes it."""

    def __init__(self, port: int) -> None:
        self._address = ("127.0.0.1", port)
        self._socket: trio.socket.SocketType | None = None

    async def ask(self, asked: Asked) -> tuple[int, bytes]:
        if self._socket is None:
            self._socket = trio.socket.socket()
            self._socket.setsockopt(trio.socket.IPPROTO_TCP, trio.socket.TCP_NODELAY, 1)
            await self._socket.connect(self._address)
        target = f"{asked.path}?{asked.query}" if asked.query else asked.path
        length = "" if asked.method == "GET" else "Content-Length: 0\r\n"
        request = (
            f"{asked.method} {target} HTTP/1.1\r\nHost: bench\r\n{length}"
            f"Authorization: Bearer {asked.token}\r\n\r\n"
        ).encode()
        if await self._socket.send(request) != len(request):
            raise BadAnswer("the kernel took only a part of a small request")
        return await self._answer(self._socket)

    async def _answer(self, socket: trio.socket.SocketType) -> tuple[int, bytes]:
        data = await socket.recv(RECEIVED_BYTES)
        while (end := data.find(HEAD_END)) < 0:
            data += await self._more(socket, data)
        head, start = data[:end].lower(), end + len(HEAD_END)
        at = head.find(LENGTH)
        if at < 0:
            raise BadAnswer(f"an answer without a length: {head!r}")
        length = int(head[at + len(LENGTH) :].split(b"\r\n", 1)[0])
        while len(data) < start + length:
            data += await self._more(socket, data)
        if b"connection: close" in head:
            self.close()
        return int(head[9:12]), data[start:]

    async def _more(self, socket: trio.socket.SocketType, data: bytes) -> bytes:
        more = await socket.recv(RECEIVED_BYTES)
        if not more:
            raise BadAnswer(f"the server closed after {data[:200]!r}")
        return more

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


class Call:
    """The application called in this process, as a server calls it: a scope, a body, an answer."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def ask(self, asked: Asked) -> tuple[int, bytes]:
        path = asked.path.encode()
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": asked.method,
            "scheme": "http",
            "path": asked.path,
            "raw_path": path,
            "query_string": asked.query.encode(),
            "root_path": "",
            "headers": [
                (b"host", b"bench"),
                (b"authorization", b"Bearer " + asked.token.encode()),
            ],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
            "state": {},
            "extensions": {},
        }
        status, pieces = 0, list[bytes]()

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            else:
                pieces.append(message["body"])
                if not message.get("more_body", False):
                    # As a socket would: the others get their turn once an answer is written.
                    await trio.lowlevel.checkpoint()

        await self._app(scope, receive, send)
        return status, b"".join(pieces)

    def close(self) -> None:
        pass
