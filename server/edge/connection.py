"""One connection's life: requests one after the other, each through the application, until it ends,
is refused or becomes a WebSocket; then lingering, so that what was said last arrives.

`server.edge.listener` runs it in a task of its own, the only one there is for it.
"""

from typing import Any
from urllib.parse import unquote

import trio

from server.edge.crowd import Crowd
from server.edge.exchange import Exchange
from server.edge.handshakes import check_handshake, subprotocols_of
from server.edge.heads import Head, Malformed
from server.edge.limits import RETRY_AFTER_S
from server.edge.refusals import linger, refusal
from server.edge.requests import Requests
from server.edge.serving import Message, Serving
from server.edge.websocket import WebSocket
from server.edge.wire import Gone, Wire

ASGI = {"version": "3.0", "spec_version": "2.4"}
EXTENSIONS: dict[str, dict[str, Any]] = {
    "http.response.pathsend": {},
    "http.response.zerocopysend": {},
}

OVERLOADED = "The server is overloaded, try again soon"

Address = tuple[str, int]


class Connection:
    """One client's connection."""

    def __init__(
        self,
        wire: Wire,
        serving: Serving,
        client: Address | None,
        server: Address | None,
        crowd: Crowd | None,
    ) -> None:
        self._wire = wire
        self._serving = serving
        self._client = client
        self._server = server
        self._crowd = crowd
        self._requests = Requests()
        self._is_first = True
        self.is_idle = True
        """Whether nothing is under way, so that nobody would miss it."""
        self.is_handed_over = False
        """Whether the wire is the crowd's now, and not to be touched any more."""

    async def run(self) -> None:
        """Serve it to its end."""
        due = trio.current_time() + self._serving.limits.head_s
        try:
            await self._wire.open(due)
            if await self._serve(due):
                await linger(self._wire, self._serving.limits.linger_s)
            if not self.is_handed_over:
                await self._wire.wait_till_taken()
        except Malformed as fault:
            await self._refuse(fault)
        except Gone:
            pass
        finally:
            self._requests.forget()

    async def _serve(self, due: float) -> bool:
        """Request after request, the first by `due`. Whether the client may still be sending when
        it returns. Raises `Malformed`, `Gone`."""
        serving, requests = self._serving, self._requests
        while True:
            head = await self._next_head(due)
            if head is None:
                return False
            serving.counts["requests"] += 1
            self.is_idle = self._is_first = False
            if serving.turn.is_long() and head.target not in serving.probes:
                await self._put_off(head)
            elif head.is_websocket:
                await self._serve_websocket(head)
                return not self.is_handed_over
            else:
                exchange = Exchange(self._wire, requests, head, serving)
                await exchange.run(self._scope(head))
                if not exchange.keeps_alive:
                    return True
            self.is_idle = not requests.pending_bytes
            if serving.is_ending and self.is_idle:
                return False
            due = trio.current_time() + serving.limits.keep_alive_s

    async def _put_off(self, head: Head) -> None:
        """Too much to do: say so, and look at this client again when it was told to come back. So
        shedding costs next to nothing, however soon it tries. Raises `Malformed`, `Gone`."""
        serving = self._serving
        serving.counts["put off"] += 1
        if head.has_body or head.is_websocket or not head.keep_alive or serving.is_ending:
            raise Malformed(OVERLOADED, 503)
        await self._wire.send(refusal(serving, Malformed(OVERLOADED, 503), head))
        await serving.rests.rest(RETRY_AFTER_S)

    async def _next_head(self, due: float) -> Head | None:
        """The next request's head; None if none comes until `due`. From its first byte on there is
        a moment of its own for it. Raises `Malformed`, `Gone`."""
        requests, wire = self._requests, self._wire
        if requests.pending_bytes:
            await trio.lowlevel.checkpoint()  # a thousand pipelined requests are many turns
            if head := requests.next_head():
                return head
            due = trio.current_time() + self._serving.limits.head_s
        while True:
            if not await wire.wait_readable(due):
                if not requests.pending_bytes:
                    return None
                self._serving.counts["late heads"] += 1
                raise Malformed("The request's head came too slowly", 408)
            received = wire.receive_nowait()
            if received == b"":
                return None
            if received is not None:
                if not requests.pending_bytes and not self._is_first:
                    due = trio.current_time() + self._serving.limits.head_s
                requests.feed(received)
                self.is_idle = False
                if head := requests.next_head():
                    return head

    async def _serve_websocket(self, head: Head) -> None:
        check_handshake(head)
        rest = self._requests.take_rest()
        websocket = WebSocket(self._wire, head, rest, self._serving, self._crowd)
        scope = self._scope(head)
        del scope["method"]
        scope["type"] = "websocket"
        scope["scheme"] = {"http": "ws", "https": "wss"}[self._serving.scheme]
        scope["subprotocols"] = subprotocols_of(head)
        extensions: dict[str, Any] = {
            "websocket.http.response": {},
            "triptych.socket": websocket.direct,
        }
        if self._crowd is not None:
            extensions["triptych.crowd"] = websocket.hand_over
        scope["extensions"] = extensions
        try:
            await websocket.run(scope)
        finally:
            self.is_handed_over = websocket.is_handed_over

    def _scope(self, head: Head) -> Message:
        raw_path, _, query = head.target.partition(b"?")
        path = raw_path.decode("ascii")
        return {
            "type": "http",
            "asgi": ASGI,
            "http_version": head.version,
            "method": head.method,
            "scheme": self._serving.scheme,
            "path": unquote(path) if "%" in path else path,
            "raw_path": raw_path,
            "query_string": query,
            "root_path": "",
            "headers": head.headers,
            "client": self._client,
            "server": self._server,
            "extensions": EXTENSIONS,
        }

    async def _refuse(self, fault: Malformed) -> None:
        """Say what is wrong, as the last thing on this connection."""
        try:
            await self._wire.send(refusal(self._serving, fault))
            await linger(self._wire, self._serving.limits.linger_s)
        except Gone:
            pass
