"""The Quart-Trio application: rules from the route table, problems for everything, and what every
answer carries.

Made by `run.py` with a `Context`; any ASGI server may run it. It owns no tasks, and no state but a
count.
"""

import functools
import re
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, NoReturn, cast

import structlog
import trio
from quart import request as current_request
from quart.routing import QuartRule
from quart.wrappers import Response as QuartResponse
from quart_trio import QuartTrio
from quart_trio.wrappers import TrioResponse
from structlog.contextvars import bound_contextvars
from werkzeug.routing import BaseConverter, Map

from server.context import Context
from server.edge.serving import Refusing
from server.http.answering import answer_call
from server.http.answers import JSON_TYPE, Answer, Response, problem_answer, quart_response
from server.http.connection import (
    IgnoredUpgrade,
    PulledConnection,
    PulledRequest,
    origin_form,
    send_answer,
)
from server.http.direct import DirectRequest, Request
from server.http.hot_routes import HotRoutes, words_at
from server.http.routing import Route
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

SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""On every answer: none of ours is a page, so nothing in one may load or frame anything."""

RETRY_AFTER_S = 1
"""What a client is told while more requests are under way than the settings allow."""

BUG = STATUSES[Code.SERVER_ERROR]
"""What is logged with its cause. Shedding load is not: it would be one more load."""

_SANE_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
OTHER = "other"
"""The name of `OtherThan` in rules."""

_NOT_WORDS = re.compile(rf"<{OTHER}\([^)]*\):")
"""What a rule says of it, and a log need not."""

log = structlog.get_logger()


class Triptych(QuartTrio):
    """Quart-Trio on our connection, with an answer for every request."""

    asgi_http_class = PulledConnection
    request_class = PulledRequest

    def __init__(self, context: Context) -> None:
        super().__init__("triptych", static_folder=None)
        self._context = context
        self._hot = HotRoutes(ROUTES)
        self._under_way = 0
        self.asgi_websocket_class = self._upgrade  # pyright: ignore[reportAttributeAccessIssue]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """ASGI: a hot route's request is answered here, every other by Quart."""
        if scope["type"] == "http":
            found = self._hot.find(scope["method"], scope["path"])
            if found is not None:
                route, values = found
                request = DirectRequest(scope, receive)
                serving = partial(self._answer_directly, route, request, values)
                answer = await self._finished(request, serving, _logged(route.path))
                await send_answer(request, answer, send)
                return
        await super().__call__(scope, receive, send)

    def _upgrade(self, app: Any, scope: Any) -> Any:
        """What serves a WebSocket's handshake."""
        if origin_form(scope["path"]) in STREAM_PATHS:
            return StreamConnection(app, self._context, scope)
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
        request_id = self._request_id(request)
        with bound_contextvars(request_id=request_id):
            response = await serving()
            headers = response.headers
            headers[REQUEST_ID_HEADER] = request_id
            headers.update(request.answer_headers)
            for name, value in SECURITY_HEADERS.items():
                headers.setdefault(name, value)
            if isinstance(request, PulledRequest) and request.url_rule is not None:
                words = _NOT_WORDS.sub("<", request.url_rule.rule)
            took_s = trio.current_time() - began
            name = words and f"{request.method} {words}"
            self._context.metrics.count(name, response.status_code, took_s)
            log.info(
                "request",
                method=request.method,
                route=words,
                status=response.status_code,
                ms=round(took_s * 1_000, 1),
            )
        return response

    async def serve(
        self, route: Route, request: Request, path_values: Mapping[str, str]
    ) -> Response:
        """A route's answer to a request. Raises a 503 while too much is under way."""
        limit = self._context.settings.requests_max
        if self._under_way >= limit and not route.is_probe:
            raise overloaded(RETRY_AFTER_S)
        self._under_way += 1
        try:
            return await answer_call(self._context, route, request, path_values)
        finally:
            self._under_way -= 1

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
            return quart_response(problem_answer(invalid("The URL is not valid UTF-8")))
        except Exception as error:  # What Quart itself trips over, before it looks for a route.
            return quart_response(answer_to_exception(error))
        assert isinstance(answer, TrioResponse), "handlers answer with responses of ours"
        return answer

    def _request_id(self, request: Request) -> str:
        given = request.headers.get(REQUEST_ID_HEADER, "")
        if _SANE_REQUEST_ID.fullmatch(given):
            return given
        return self._context.chance(REQUEST_ID_BYTES).hex()


def edge_refusals(context: Context) -> Refusing:
    """What the edge answers by itself, before a route is known: in the one shape of errors."""

    def refuse(status: int, message: str) -> tuple[list[tuple[bytes, bytes]], bytes]:
        match status:
            case 500:
                problem = server_error()
            case 503:
                problem = overloaded(RETRY_AFTER_S)
            case _:
                problem = Problem(Code.INVALID_REQUEST, message, status=status)
        headers = {
            "Content-Type": JSON_TYPE,
            REQUEST_ID_HEADER: context.chance(REQUEST_ID_BYTES).hex(),
            **problem.headers,
            **SECURITY_HEADERS,
        }
        encoded = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        return encoded, problem.body()

    return refuse


def answer_to_exception(error: Exception) -> Answer:
    """The problem that an exception becomes; ours are logged with their cause."""
    problem = problem_of_exception(error)
    if problem.status == BUG and not isinstance(error, Problem):
        log.error("request failed", exc_info=error)
    return problem_answer(problem)


async def _refuse(refusal: Problem) -> Response:
    return quart_response(problem_answer(refusal))


async def _on_exception(error: Exception) -> TrioResponse:
    """Quart's hook; a plain function would be run in a thread."""
    return quart_response(answer_to_exception(error))


def make_app(context: Context) -> Triptych:
    """The application that serves `ROUTES` in `context`."""
    app = Triptych(context)
    app.url_rule_class = FindingRule
    app.url_map.strict_slashes = False
    # Merging would answer `//feed` with a redirect.
    app.url_map.merge_slashes = False
    app.url_map.converters[OTHER] = OtherThan
    for route in ROUTES:
        app.add_url_rule(
            _rule_of(route.path),
            endpoint=route.name.replace(".", "_"),
            view_func=_view_of(app, route),
            methods=[route.method],
            provide_automatic_options=False,
        )
    app.register_error_handler(Exception, _on_exception)
    return app


class FindingRule(QuartRule):
    """A rule by which routes are found, and no URL is built: werkzeug would compile two functions a
    rule for that, which was two thirds of the time that making the application took."""

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        return _no_url


def _no_url(*_: object, **__: object) -> NoReturn:
    raise NotImplementedError("answers name media and pages by themselves, none by its rule")


class OtherThan(BaseConverter):
    """A part of a path that is none of the words that another route has in its place."""

    def __init__(self, url_map: Map, *words: str) -> None:
        super().__init__(url_map)
        self.regex = rf"(?!(?:{'|'.join(map(re.escape, words))})\Z)[^/]+"


@functools.cache
def _rule_of(path: str) -> str:
    """A route's path as Quart's rule. What is a word elsewhere is no parameter here: a method that
    `/stories/feed` has not is no method of a story called `feed`."""
    parts = path.split("/")
    rule = list(parts)
    for place, part in enumerate(parts):
        if not part.startswith(":"):
            continue
        rule[place] = f"<{part[1:]}>"
        if words := sorted(words_at(ROUTES, place, parts)):
            named = ", ".join(f'"{word}"' for word in words)
            rule[place] = f"<{OTHER}({named}):{part[1:]}>"
    return "/".join(rule)


@functools.cache
def _logged(path: str) -> str:
    """A route's path in the words of Quart's rules."""
    return re.sub(r":(\w+)", r"<\1>", path)


def _view_of(app: Triptych, route: Route) -> Callable[..., Awaitable[QuartResponse]]:
    async def view(**path_values: str) -> QuartResponse:
        request: PulledRequest = cast(Any, current_request)._get_current_object()
        return quart_response(await app.serve(route, request, path_values))

    return view
