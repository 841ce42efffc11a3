"""The stream's paths, asked without a WebSocket's handshake: for the route table and the
documentation. The stream itself is `server.stream`."""

from quart.wrappers import Response

from server.calls import Call
from server.problems import Problem, invalid
from server.routing import Nothing, Section, Tier, Who
from server.stream import STREAM_PATHS

SECTION = Section()


async def open_stream(call: Call[Nothing, Nothing]) -> Response:
    """The stream of events, a WebSocket: docs/stream.md has its messages. Send the handshake with
    the token in `Authorization`, or, from a browser, with the subprotocols `triptych` and
    `bearer.<token>`."""
    raise invalid("Open this as a WebSocket")


for _path in STREAM_PATHS:
    SECTION.route(
        "GET",
        _path,
        who=Who.USER,
        tier=Tier.READ,
        query=Nothing,
        body=Nothing,
        answers={101: None, 403: Problem},
    )(open_stream)
