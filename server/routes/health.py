"""What is asked after the process itself: whether it serves, whether it welcomes new work, what it
counts."""

from server.access.tokens import bearer_token
from server.http.answers import Answer, Response, json_answer
from server.http.calls import Call, is_from_here
from server.http.routing import Nothing, Raw, Section, Tier, Who
from server.problems import Problem, stopping, unauthorized
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
        raise stopping(RETRY_ELSEWHERE_S)
    return json_answer(HealthAnswer("ok"))


@SECTION.route(
    "GET",
    "/metrics",
    who=Who.PUBLIC,
    tier=Tier.NONE,
    query=Nothing,
    body=Nothing,
    answers={200: Raw(("text/plain",)), 401: Problem},
)
async def show_metrics(call: Call[Nothing, Nothing]) -> Response:
    """What the process counts of itself, in Prometheus' text format. For who asks from the server's
    own machine, or with the token that `run.py metrics-token` tells as a bearer token."""
    metrics = call.context.metrics
    if not is_from_here(call.context, call.request):
        token = bearer_token(call.request.headers.get("Authorization", ""))
        if token is None or not metrics.opens_to(token):
            raise unauthorized("The metrics are for this machine, or for who has their token")
    return Answer(metrics.page(), 200, metrics.content_type)
