"""Probes: whether the process serves, and whether it welcomes new work."""

from server.http.answers import Response, json_answer
from server.http.calls import Call
from server.http.routing import Nothing, Section, Tier, Who
from server.problems import overloaded
from server.wire import HealthAnswer

SECTION = Section()

RETRY_ELSEWHERE_S = 5
"""How long a stop may take: afterwards there is another process, or none."""


@SECTION.route(
    "GET",
    "/healthz",
    who=Who.PUBLIC,
    tier=Tier.NONE,
    query=Nothing,
    body=Nothing,
    answers={200: HealthAnswer},
)
async def show_health(call: Call[Nothing, Nothing]) -> Response:
    """Whether requests are served: they are, or nobody would answer this."""
    return json_answer(HealthAnswer("ok"))


@SECTION.route(
    "GET",
    "/readyz",
    who=Who.PUBLIC,
    tier=Tier.NONE,
    query=Nothing,
    body=Nothing,
    answers={200: HealthAnswer},
)
async def show_readiness(call: Call[Nothing, Nothing]) -> Response:
    """Whether to send requests here: 503 while stopping."""
    if not call.context.readiness.ready:
        raise overloaded(RETRY_ELSEWHERE_S)
    return json_answer(HealthAnswer("ok"))
