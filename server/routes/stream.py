"""The stream's paths, asked without a WebSocket's handshake: for the route table and the
documentation. The stream itself is `server.stream`."""

from quart.wrappers import Response

from server.http.calls import Call
from server.http.routing import API, Nothing, Section, Tier, Who
from server.problems import Problem, invalid

SECTION = Section()


@SECTION.route(
    "GET",
    "/v1/stream",
    who=Who.USER,
    tier=Tier.READ,
    query=Nothing,
    body=Nothing,
    answers={101: None, 403: Problem},
)
async def open_stream(call: Call[Nothing, Nothing]) -> Response:
    """The stream of events, a WebSocket: docs/stream.md has its messages. Send the handshake with
    the token in `Authorization`, or, from a browser, with the subprotocols `triptych` and
    `bearer.<token>`."""
    raise invalid("Open this as a WebSocket")


@SECTION.route(
    "GET",
    f"{API}/stream",
    who=Who.USER,
    tier=Tier.READ,
    query=Nothing,
    body=Nothing,
    answers={101: None, 403: Problem},
)
async def open_same_stream(call: Call[Nothing, Nothing]) -> Response:
    """The same as `/v1/stream`."""
    raise invalid("Open this as a WebSocket")
