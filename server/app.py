"""The Quart-Trio application: rules from the route table, problems for everything, and what every
answer carries.

Made by `run.py` with a `Context`; any ASGI server may run it. It owns no tasks, and no state but
counts.
"""

import functools
import re
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, cast

import structlog
import trio
from quart import request as current_request
from quart.wrappers import Response as QuartResponse
from quart_trio import QuartTrio
from quart_trio.wrappers import TrioResponse

from server.context import Context
from server.edge.serving import Refusing
from server.http.answering import answer_call
from server.http.answers import JSON_TYPE, Answer, Response, problem_answer
from server.http.bounds import RETRY_AFTER_S, Bounds
from server.http.connection import (
    IgnoredUpgrade,
    PulledConnection,
    PulledRequest,
    origin_form,
    send_answer,
)
from server.http.direct import DirectHeaders, DirectRequest, Request
from server.http.hot_routes import HotRoutes
from server.http.routing import Route
from server.http.rules import OTHER, FindingRule, OtherThan, rule_of, words_of_path, words_of_rule
from server.logs import REQUEST_ID, request_log
from server.problems import (
    STATUSES,
    Code,
    Problem,
    invalid,
    overloaded,
    problem_of_exception,
    server_error,
)
from server.routes.table import ROUTES
from server.streams.lines import STREAM_PATHS, StreamConnection

REQUEST_ID_HEADER = "X-Request-Id"
REQUEST_ID_BYTES = 12
"""96 bits: two requests never share one."""

REQUEST_IDS_AT_ONCE = 256
"""Made of one piece of chance, which costs a call of the kernel."""

REFUSALS_KEPT = 64
"""Answers that the edge gives by itself, kept but for their ids: more than it has."""

SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
"""On every answer: none of ours is a page, so nothing in one may load or frame anything; and what
one person sees is nobody else's, nor true any more in a moment. Files say otherwise."""

BUG = STATUSES[Code.SERVER_ERROR]
"""What is logged with its cause. Shedding load is not: it would be one more load."""

_SANE_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
ANSWERED = TrioResponse(b"")
"""What Quart gets to see of an answer of ours."""

log = structlog.get_logger()


class Triptych(QuartTrio):
    """Quart-Trio on our connection, with an answer for every request."""

    asgi_http_class = PulledConnection
    request_class = PulledRequest

    def __init__(self, context: Context) -> None:
        super().__init__("triptych", static_folder=None)
        self._context = context
        self._hot = HotRoutes(ROUTES)
        self._tell_request = request_log(context.now)
        settings = context.settings
        self.bounds = Bounds(settings.requests_max, settings.uploads_max)
        self._new_id = request_ids(context)
        self.asgi_websocket_class = self._upgrade  # pyright: ignore[reportAttributeAccessIssue]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """ASGI: a hot route's request is answered here, every other by Quart."""
        if scope["type"] == "http":
            found = self._hot.find(scope["method"], scope["path"])
            if found is not None:
                route, values = found
                request = DirectRequest(scope, receive)
                serving = partial(self._answer_directly, route, request, values)
                answer = await self._finished(request, serving, words_of_path(route.path))
                await send_answer(request, answer, send)
                return
        await super().__call__(scope, receive, send)

    def _upgrade(self, app: Any, scope: Any) -> Any:
        """What serves a WebSocket's handshake."""
        if origin_form(scope["path"]).removesuffix("/") in STREAM_PATHS:
            given = DirectHeaders(scope["headers"]).get(REQUEST_ID_HEADER)
            return StreamConnection(app, self._context, scope, self._request_id(given))
        return IgnoredUpgrade(app, scope)

    async def answer(self, request: PulledRequest, refusal: Problem | None = None) -> Response:
        """What Quart's connection wants: the answer to a request, whatever happens. With a
        `refusal`, that."""
        if refusal is None:
            serving = partial(self._answer_through_quart, request)
        else:
            serving = partial(_refuse, refusal)
        return await self._finished(request, serving, None)

    async def _finished(
        self, request: Request, serving: Callable[[], Awaitable[Response]], words: str | None
    ) -> Response:
        """What `serving` answers, with what every answer carries; logged. `words` are those for the
        route, where it is known."""
        began = trio.current_time()
        request_id = self._request_id(request.headers.get(REQUEST_ID_HEADER))
        bound = REQUEST_ID.set(request_id)
        try:
            response = await serving()
            headers = response.headers
            headers[REQUEST_ID_HEADER] = request_id
            headers.update(request.answer_headers)
            for name, value in SECURITY_HEADERS.items():
                headers.setdefault(name, value)
            if isinstance(request, PulledRequest) and request.url_rule is not None:
                words = words_of_rule(request.url_rule.rule)
            took_s = trio.current_time() - began
            name = words and f"{request.method} {words}"
            self._context.metrics.count(name, response.status_code, took_s)
            self._tell_request(
                request.method,
                words,
                response.status_code,
                round(took_s * 1_000, 1),
                request_id,
            )
        finally:
            REQUEST_ID.reset(bound)
        return response

    async def serve(
        self, route: Route, request: Request, path_values: Mapping[str, str]
    ) -> Response:
        """A route's answer to a request. Raises a 503 while too much is under way."""
        return await answer_call(self._context, self.bounds, route, request, path_values)

    async def _answer_directly(
        self, route: Route, request: DirectRequest, path_values: Mapping[str, str]
    ) -> Response:
        try:
            return await self.serve(route, request, path_values)
        except Exception as error:  # as Quart's hook below does
            return answer_to_exception(error)

    async def _answer_through_quart(self, request: PulledRequest) -> Response:
        try:
            answer = await self.handle_request(request)
        except UnicodeDecodeError:
            return problem_answer(invalid("The URL is not valid UTF-8"))
        except Exception as error:  # What Quart itself trips over, before it looks for a route.
            return answer_to_exception(error)
        if request.answer is not None:
            return request.answer
        assert isinstance(answer, TrioResponse), "handlers answer with responses of ours"
        return answer

    def _request_id(self, given: str | None) -> str:
        """The client's own, if it is a sane one."""
        if given is not None and _SANE_REQUEST_ID.fullmatch(given):
            return given
        return self._new_id()


def request_ids(context: Context) -> Callable[[], str]:
    """Gives a new request id each time it is called."""
    drawn: list[str] = []

    def draw() -> str:
        if not drawn:
            chance = context.chance(REQUEST_ID_BYTES * REQUEST_IDS_AT_ONCE).hex()
            length = 2 * REQUEST_ID_BYTES
            drawn.extend(chance[at : at + length] for at in range(0, len(chance), length))
        return drawn.pop()

    return draw


def edge_refusals(context: Context) -> Refusing:
    """What the edge answers by itself, before a route is known: in the one shape of errors."""
    new_id = request_ids(context)

    @functools.lru_cache(REFUSALS_KEPT)  # under overload, too, a refusal must cost next to nothing
    def said(status: int, message: str) -> tuple[list[tuple[bytes, bytes]], bytes]:
        match status:
            case 500:
                problem = server_error()
            case 503:
                problem = overloaded(RETRY_AFTER_S)
            case _:
                problem = Problem(Code.INVALID_REQUEST, message, status=status)
        headers = {"Content-Type": JSON_TYPE, **problem.headers, **SECURITY_HEADERS}
        encoded = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        return encoded, problem.body()

    def refuse(status: int, message: str) -> tuple[list[tuple[bytes, bytes]], bytes]:
        headers, body = said(status, message)
        return [*headers, (REQUEST_ID_HEADER.lower().encode(), new_id().encode())], body

    return refuse


def answer_to_exception(error: Exception) -> Answer:
    """The problem that an exception becomes; ours are logged with their cause."""
    problem = problem_of_exception(error)
    if problem.status == BUG and not isinstance(error, Problem):
        log.error("request failed", exc_info=error)
    return problem_answer(problem)


async def _refuse(refusal: Problem) -> Response:
    return problem_answer(refusal)


async def _on_exception(error: Exception) -> TrioResponse:
    """Quart's hook; a plain function would be run in a thread."""
    return _answered_by(answer_to_exception(error))


def _answered_by(answer: Response) -> TrioResponse:
    """Keep the answer to Quart's current request for `Triptych`, and give Quart one in its place:
    to make Quart's own of ours would cost as much as many a route."""
    _request().answer = answer
    return ANSWERED


def _request() -> PulledRequest:
    return cast(Any, current_request)._get_current_object()


def make_app(context: Context) -> Triptych:
    """The application that serves `ROUTES` in `context`."""
    app = Triptych(context)
    app.url_rule_class = FindingRule
    app.url_map.strict_slashes = False
    # Merging would answer `//feed` with a redirect.
    app.url_map.merge_slashes = False
    app.url_map.converters[OTHER] = OtherThan
    rules = _rules()
    for route in ROUTES:
        app.add_url_rule(
            rules[route.path],
            endpoint=route.name.replace(".", "_"),
            view_func=_view_of(app, route),
            methods=[route.method],
            provide_automatic_options=False,
        )
    app.register_error_handler(Exception, _on_exception)
    return app


@functools.cache
def _rules() -> Mapping[str, str]:
    """Each path of the table as Quart's rule."""
    return {route.path: rule_of(route.path, ROUTES) for route in ROUTES}


def _view_of(app: Triptych, route: Route) -> Callable[..., Awaitable[QuartResponse]]:
    async def view(**path_values: str) -> QuartResponse:
        return _answered_by(await app.serve(route, _request(), path_values))

    return view
