"""One request and its answer: what ASGI's `receive` and `send` are for an `http` scope.

The application runs in the task of its connection. Its body is received when it asks for it; what
it sends goes out as soon as it is known how. A client that leaves is noticed by `receive`, or by an
`OSError` of `send`, and cancels nothing.
"""

import structlog
import trio

from server.edge.answers import CONTINUE, Answer, ASGIHeaders, BadAnswer
from server.edge.files import open_file, send_file, stretch
from server.edge.heads import Head, Malformed
from server.edge.limits import BODY_BYTES_A_SECOND_MIN, RECEIVED_BYTES
from server.edge.requests import Requests
from server.edge.serving import Message, Serving
from server.edge.wire import NEVER, Gone, Wire

DISCONNECT: Message = {"type": "http.disconnect"}

log = structlog.get_logger()


class Exchange:
    """One request on its way through the application."""

    def __init__(self, wire: Wire, requests: Requests, head: Head, serving: Serving) -> None:
        self._wire = wire
        self._requests = requests
        self._serving = serving
        self._answer = Answer(head, keeps_alive=True)
        self._start: Message | None = None
        self._expected = head.expects_continue
        """Whether the client still waits to hear that its body is wanted."""
        self._begun = False
        self._answered = False
        self._received_all = False
        self._left = False
        self._more_is_here = False
        """Whether more of the body may be here than was taken apart."""
        self._waited_s = 0.0
        self._received_bytes = 0
        self._fault: Malformed | None = None
        self._over: trio.Event | None = None

    @property
    def keeps_alive(self) -> bool:
        """Whether the connection is fit for another request."""
        return self._answered and self._answer.keeps_alive and self._requests.body_ended

    async def run(self, scope: Message) -> None:
        """Have the request answered. Raises `Malformed` for one that broke off before an answer
        was begun, `Gone` when there is nobody to answer."""
        try:
            await self._serving.application(scope, self.receive, self.send)
        except Exception as error:
            if self._fault is None and not self._left and not isinstance(error, Gone):
                log.error("the application failed", exc_info=error)
        if self._answered:
            return
        if self._left or self._wire.is_gone:
            raise Gone("the client has left")
        if self._begun:
            self._wire.shut()  # so that it can't be taken for complete
            raise Gone("an answer broke off")
        if self._fault is not None:
            raise self._fault.anew()
        raise Malformed("Something went wrong on our side", 500)

    # The request.

    async def receive(self) -> Message:
        """ASGI: the next piece of the body, or that the client has left."""
        if self._received_all:
            self._over = self._over or trio.Event()
            return await self._wait_for_the_end(self._over)
        try:
            if self._more_is_here:
                await trio.lowlevel.checkpoint()  # what is here already may be many small chunks
            content = self._requests.next_body() or await self._receive_body()
            self._more_is_here = self._requests.pending_bytes > 0
        except Malformed as fault:
            self._fault = fault.anew()
            return DISCONNECT
        except Gone:
            self._left = True
            return DISCONNECT
        self._received_bytes += len(content)
        self._received_all = self._requests.body_ended
        return {"type": "http.request", "body": content, "more_body": not self._received_all}

    async def _receive_body(self) -> bytes:
        """What comes next of the body; nothing at its end. Raises `Malformed`, `Gone`."""
        requests, wire = self._requests, self._wire
        while not requests.body_ended:
            if self._expected:
                self._expected = False
                if not (self._begun or requests.pending_bytes):
                    await wire.send(CONTINUE)
            began = trio.current_time()
            allowed_s = self._serving.limits.body_grace_s
            allowed_s += self._received_bytes / BODY_BYTES_A_SECOND_MIN - self._waited_s
            if not await wire.wait_readable(began + allowed_s):
                self._serving.counts["late bodies"] += 1
                raise Malformed("The body came too slowly", 408)
            self._waited_s += trio.current_time() - began
            received = wire.receive_nowait()
            if received == b"":
                raise Gone("the client left before its request was complete")
            if received is not None:
                requests.feed(received)
                if content := requests.next_body():
                    return content
        return b""

    async def _wait_for_the_end(self, over: trio.Event) -> Message:
        """Until the client leaves, or the answer is complete. What it sends meanwhile waits for its
        turn, and beyond a bound in the kernel."""
        try:
            while not (self._answered or self._left):
                if self._requests.pending_bytes >= RECEIVED_BYTES:
                    await over.wait()
                    break
                if not await self._wire.wait_readable(NEVER):
                    continue
                received = self._wire.receive_nowait()
                if received:
                    self._requests.feed(received)
                elif received is not None:
                    self._left = True
        except Gone:
            self._left = True
        return DISCONNECT

    # The answer.

    async def send(self, message: Message) -> None:
        """ASGI: the answer's head, and its body in pieces or as a file. Raises `OSError` when there
        is nobody to send it to, `BadAnswer` for what can't be sent."""
        if self._fault is not None or self._left:
            raise Gone("the client has left")
        match message["type"]:
            case "http.response.start":
                if self._start is not None:
                    raise BadAnswer("an answer begins once")
                self._start = message
            case "http.response.body":
                piece, more = message.get("body", b""), message.get("more_body", False)
                await self._send_piece(piece, more=more)
            case "http.response.pathsend":
                await self._send_path(message["path"])
            case "http.response.zerocopysend":
                descriptor = message["file"].fileno()
                start, count = stretch(descriptor, message.get("offset"), message.get("count"))
                more = message.get("more_body", False)
                await self._send_part(descriptor, start, count, more=more)
            case other:
                raise BadAnswer(f"{other} is nothing that can be sent here")

    async def _send_piece(self, piece: bytes, *, more: bool) -> None:
        framed = self._begin(None if more else len(piece))
        framed += self._answer.body(piece, more=more)
        if framed:
            await self._wire.send(framed)
        if not more:
            self._end()

    async def _send_path(self, path: str) -> None:
        opened = await open_file(path, self._serving.file_threads)
        with opened:
            if opened.file is None:
                await self._send_piece(opened.content, more=False)
            else:
                await self._send_part(opened.file.fileno(), 0, opened.size, more=False)

    async def _send_part(self, descriptor: int, start: int, count: int, *, more: bool) -> None:
        """Send so many bytes of an open file."""
        self._wire.send_nowait(self._begin(None if more else count))
        if self._answer.takes_body:
            if self._answer.is_chunked:
                raise BadAnswer("a file is the rest of an answer, or the length was told before")
            self._answer.count(count, more=more)
            threads = self._serving.file_threads
            await send_file(self._wire, descriptor, start, start + count, threads)
        await self._wire.drain()
        if not more:
            self._end()

    def _end(self) -> None:
        self._answered = True
        if self._over is not None:
            self._over.set()
            self._wire.interrupt_reading()

    def _begin(self, length: int | None) -> bytes:
        """The head, if it has not been sent yet."""
        if self._begun:
            if self._answered:
                raise BadAnswer("an answer ends once")
            return b""
        if self._start is None:
            raise BadAnswer("an answer begins with its status")
        if self._serving.is_ending or not self._requests.body_ended:
            self._answer.keeps_alive = False  # what is left of a body would be the next request
        headers: ASGIHeaders = self._start.get("headers", ())
        dates = self._serving.dates
        head = self._answer.begin(self._start["status"], headers, length, dates.line())
        self._begun = True
        return head
