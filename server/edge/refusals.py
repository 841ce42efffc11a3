"""The edge's own answers, and how a connection ends so that its last words arrive."""

import trio

from server.edge.answers import Answer
from server.edge.heads import Head, Malformed
from server.edge.serving import Serving
from server.edge.wire import Wire

_NO_REQUEST = Head(
    method="GET",
    target=b"",
    version="1.1",
    headers=[],
    keep_alive=False,
    length=0,
    expects_continue=False,
    is_websocket=False,
)
"""What an answer is framed for that answers no request in particular."""


def refusal(serving: Serving, fault: Malformed, head: Head = _NO_REQUEST) -> bytes:
    """The answer that says what is wrong, whole; the connection ends with it, unless `head` is that
    of a request without a fault."""
    serving.counts[f"refused with {fault.status}"] += 1
    headers, body = serving.refusing(fault.status, fault.message)
    answer = Answer(head, keeps_alive=not serving.is_ending)
    date = serving.dates.line()
    begun = answer.begin(fault.status, [*headers, *fault.headers], len(body), date)
    return begun + answer.body(body, more=False)


async def linger(wire: Wire, seconds: float) -> None:
    """Read and drop what still comes, for so long or until the client ends too: a socket that is
    closed with unread bytes in it resets, and the client's kernel may drop what it had not read.
    Raises `Gone`."""
    wire.end()
    due = trio.current_time() + seconds
    while await wire.wait_readable(due):
        if wire.receive_nowait() == b"" or trio.current_time() > due:
            return
