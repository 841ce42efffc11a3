"""A stream as a client holds it: a WebSocket in a thread of its own, read by whoever tests it.

Speaks by trio-websocket. Everything that comes is looked at on its way: ids rise, and no id comes
twice.
"""

import contextlib
import json
import queue
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any

import httpx
import trio
import trio_websocket

from tests.conformance.world import Person

WAIT_S = 30.0
"""For what must come; a busy machine may need long."""

ALL = ("feed", "notifications", "stories")


class Closed(Exception):
    """The server has closed the stream."""

    def __init__(self, code: int) -> None:
        super().__init__(f"closed with {code}")
        self.code = code


class Refused(Exception):
    """The server has answered the handshake with something else."""

    def __init__(self, rejected: trio_websocket.ConnectionRejected) -> None:
        super().__init__(f"{rejected.status_code}: {rejected.body!r}")
        self.status = rejected.status_code
        self.headers = httpx.Headers(list(rejected.headers or ()))
        self.body: Any = json.loads(rejected.body or b"null")


class Stream:
    """One stream, open until the block is left. Raises `Refused`."""

    def __init__(
        self,
        url: str,
        headers: dict[str, str],
        subprotocols: tuple[str, ...] = (),
        path: str = "/v1/stream",
        channels: tuple[str, ...] = (),
        since: Any = None,
    ) -> None:
        self._host, self._port = str(httpx.URL(url).host), httpx.URL(url).port or 80
        self._path = path
        self._headers = [(name.encode(), value.encode()) for name, value in headers.items()]
        self._subprotocols = subprotocols
        self._channels = channels
        self._since = since
        self._came: queue.Queue[Any] = queue.Queue()
        self._socket: trio_websocket.WebSocketConnection
        self._token: trio.lowlevel.TrioToken
        self.seen: list[int] = []
        """The ids of all events so far."""
        self.subprotocol: str | None = None
        self.answered: httpx.Headers
        """The headers of the handshake's answer."""

    def __enter__(self) -> "Stream":
        self._thread = threading.Thread(target=trio.run, args=(self._live,), daemon=True)
        self._thread.start()
        opened = self._came.get(timeout=WAIT_S)
        if isinstance(opened, BaseException):
            self._thread.join(WAIT_S)
            raise opened
        if self._channels:
            self.subscribe(*self._channels, since=self._since)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.leave()

    async def _live(self) -> None:
        self._token = trio.lowlevel.current_trio_token()
        self._leaving = trio.Event()
        try:
            line = await trio.open_tcp_stream(self._host, self._port)
            async with line, trio.open_nursery() as nursery:
                self._socket = await trio_websocket.wrap_client_stream(
                    nursery,
                    line,
                    f"{self._host}:{self._port}",
                    self._path,
                    subprotocols=self._subprotocols,
                    extra_headers=self._headers,
                )
                self.subprotocol = self._socket.subprotocol
                self.answered = httpx.Headers(list(self._socket.handshake_headers))
                self._came.put(None)
                nursery.start_soon(self._read)
                await self._leaving.wait()
                await self._socket.aclose()
                nursery.cancel_scope.cancel()
        except* trio_websocket.ConnectionRejected as rejected:
            (cause,) = rejected.exceptions
            assert isinstance(cause, trio_websocket.ConnectionRejected)
            self._came.put(Refused(cause))
        except* Exception as error:
            self._came.put(error)

    async def _read(self) -> None:
        try:
            while True:
                self._came.put(await self._socket.get_message())
        except trio_websocket.ConnectionClosed as closed:
            self._came.put(Closed(closed.reason.code if closed.reason else 1006))
            self._leaving.set()

    def _run(self, act: Callable[..., Any], *values: Any) -> None:
        trio.from_thread.run(act, *values, trio_token=self._token)

    def say_text(self, text: str | bytes) -> None:
        """Send a message as it is."""
        self._run(self._socket.send_message, text)

    def say(self, **message: Any) -> None:
        self.say_text(json.dumps(message))

    def subscribe(self, *channels: str, since: Any = None) -> None:
        """Subscribe, and look at the answer."""
        more = {} if since is None else {"since": since}
        self.say(type="subscribe", channels=list(channels), **more)
        assert self.next() == {"type": "subscribed", "channels": list(channels)}

    def next(self) -> Any:
        """The next message. Raises `Closed`."""
        message = self._came.get(timeout=WAIT_S)
        if isinstance(message, BaseException):
            self._came.put(message)
            raise message
        told = json.loads(message)
        if "id" in told:
            assert isinstance(told["id"], str)
            assert told["id"].isdecimal()
            assert not self.seen or int(told["id"]) > self.seen[-1], "ids rise along a stream"
            self.seen.append(int(told["id"]))
        return told

    def some(self, count: int) -> list[Any]:
        return [self.next() for _ in range(count)]

    def end(self) -> int:
        """The code with which the server closes, whatever comes before."""
        while True:
            try:
                self.next()
            except Closed as closed:
                return closed.code

    @property
    def has_ended(self) -> bool:
        """Whether nothing is left of it on the client's side."""
        return not self._thread.is_alive()

    def leave(self) -> None:
        """Close it, unless it is closed."""
        with contextlib.suppress(trio.RunFinishedError):
            self._token.run_sync_soon(self._leaving.set)
        self._thread.join(WAIT_S)


def bearer(person: Person) -> dict[str, str]:
    return {"Authorization": f"Bearer {person.token}"}


def stream_of(person: Person, *channels: str, since: Any = None) -> Stream:
    """A stream that `person` opens, to be entered; with channels it subscribes to them then."""
    return Stream(person.api.url, bearer(person), channels=channels, since=since)
