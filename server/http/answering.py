"""One request through its route: who asks, with what, the handler, and a problem for whatever goes
wrong.

Called by `server.app` for the route that was found. In this order: the token, the rate limit,
the path, the headers, the query, the body; so that nobody makes us read a body before we know who
sends it.
"""

import functools
import re
from collections.abc import Mapping
from functools import partial
from typing import Any, cast

import msgspec
from werkzeug.exceptions import RequestEntityTooLarge

from actors.runtime.asking import Asker
from server.access.ratelimits import Allowance, Tier
from server.access.tokens import bearer_token
from server.context import Context
from server.http.answers import Response
from server.http.bounds import Bounds
from server.http.calls import (
    IDEMPOTENCY_KEY,
    Call,
    address_of_request,
    parse_idempotency_key,
    parse_path,
)
from server.http.connection import ClientLeft
from server.http.direct import Request, queried
from server.http.routing import Multipart, Nothing, Route, Who
from server.problems import (
    Detail,
    Problem,
    invalid,
    limits_of,
    problem_of_decoding,
    rate_limited,
    too_large,
    unauthorized,
)
from storage.reads import GetKeptReply

JSON_BYTES_MAX = 1_048_576
"""1 MiB: far above any JSON request there is, small enough to hold for every request under way."""

EMPTY = b"{}"
"""What no body says: nothing, which is enough where every field may be absent."""
OVER_LIMIT = "You have exceeded the rate limit for this endpoint"
"""In the words of the API's text."""

BODYLESS_METHODS = ("GET", "HEAD")

QUERIES_KEPT = 1_024
"""Queries remembered as what they say: a few hundred bytes each."""

DECIMALS = ("lat", "lng")
"""Fields of queries that are numbers with a fraction."""

_INTEGER = re.compile(r"0|-?[1-9][0-9]*")
_DECIMAL = re.compile(r"-?[0-9]{1,3}(\.[0-9]{1,20})?([Ee][+-]?[0-9]{1,3})?")
"""Also with an exponent: so programs write what is close to the equator."""


async def answer_call(
    context: Context, bounds: Bounds, route: Route, request: Request, path_values: Mapping[str, str]
) -> Response:
    """What `route` answers to `request`. Raises `Problem` and whatever handlers raise."""
    places = bounds.places(route)
    if places.are_full and context.limits.cover(route.tier):
        _count_put_off(context, route, request)
    try:
        with places:
            call = await _called(context, route, request, path_values)
            if call.body is not None and not _expects_body(route, request):
                return await route.handler(call)
        body = await _read_body(bounds, route, request)
        with places:
            return await route.handler(msgspec.structs.replace(call, body=body))
    except ClientLeft:
        raise invalid("The request ended before it was complete") from None


async def _called(
    context: Context, route: Route, request: Request, path_values: Mapping[str, str]
) -> Call[Any, Any]:
    """The call, all of it checked, but for its body."""
    viewer = await _admitted(context, route, request)
    ids, names = parse_path(path_values, viewer)
    key = _key_of(route, request)
    return Call(
        context=context,
        route=route.name,
        viewer=viewer,
        ids=ids,
        names=names,
        query=read_query(route.query, request),
        body=_empty(route.body),
        idempotency_key=key,
        request=request,
    )


async def _admitted(context: Context, route: Route, request: Request) -> Asker | None:
    """Who asks, counted by the route's tier. Raises a 401, or a 429 that says when to come back."""
    try:
        viewer = await _viewer_of(context, route, request)
    except Problem:
        # It stays a 401: a client is to log in again, not to wait.
        _count(context, route.tier, None, request)
        raise
    allowance = _count(context, route.tier, viewer, request)
    if allowance is not None and allowance.is_refused:
        now, limit = context.now(), allowance.limit
        raise rate_limited(OVER_LIMIT, allowance.resets_at, now, limit=limit)
    return viewer


def _count(
    context: Context, tier: Tier, viewer: Asker | None, request: Request
) -> Allowance | None:
    """What is left after this request, also told to the client; None where nothing is limited."""
    limits = context.limits
    if not limits.cover(tier):
        return None
    if viewer is None:
        address = address_of_request(context, request)
        allowance = limits.count_address(tier, address, context.now())
    else:
        allowance = limits.count_user(tier, viewer.account, context.now())
    request.answer_headers = allowance.headers()
    return allowance


def _count_put_off(context: Context, route: Route, request: Request) -> None:
    """Count a request that gets no place, and tell what is left. Nothing is looked up for it, or it
    would cost what there is too much of: a session that is not in memory is nobody's."""
    header = "" if route.who is Who.PUBLIC else request.headers.get("Authorization", "")
    token = bearer_token(header)
    claims = None if token is None else context.tokens.verify(token, context.now() // 1_000)
    viewer = None
    if claims is not None and context.sessions.is_known(claims.session, claims.account):
        viewer = Asker(claims.account, claims.session)
    _count(context, route.tier, viewer, request)


async def _viewer_of(context: Context, route: Route, request: Request) -> Asker | None:
    """Who asks. Raises a 401 for a bad token, or for none where one is needed."""
    if route.who is Who.PUBLIC:
        return None
    header = request.headers.get("Authorization")
    if header is None:
        if route.who is Who.USER:
            raise unauthorized()
        return None
    token = bearer_token(header)
    if token is None:
        raise unauthorized("Only bearer tokens are understood")
    claims = context.tokens.verify(token, context.now() // 1_000)
    if claims is None:
        raise unauthorized("The token is invalid or has expired")
    if not (
        await context.sessions.is_alive(claims.session, claims.account)
        or await _ended_its_account(context, route, claims.account, request)
    ):
        raise unauthorized("This session has ended")
    return Asker(claims.account, claims.session)


async def _ended_its_account(
    context: Context, route: Route, account: int, request: Request
) -> bool:
    """Whether this is a repeat of the request that deleted the account, its sessions with it: of
    somebody who is gone no other reply is kept, and it is all that a repeat can get."""
    key = request.headers.get(IDEMPOTENCY_KEY)
    if key is None or not route.idempotent:
        return False
    kept = await context.asking.read(GetKeptReply(account, route.name, key))
    return kept is not None and await context.views.known(account) is None


def _key_of(route: Route, request: Request) -> str | None:
    return parse_idempotency_key(request.headers.get(IDEMPOTENCY_KEY)) if route.idempotent else None


def read_query(kind: type[Any], request: Request) -> Any:
    """The query in its type. Raises a 400 that names the field."""
    query: bytes = cast(Mapping[str, Any], request.scope)["query_string"]
    return _query_of(kind, query)


@functools.lru_cache(QUERIES_KEPT)
def _query_of(kind: type[Any], query: bytes) -> Any:
    """Most requests have one of a few queries, and what is made of one never changes. Of a name
    that comes twice the first holds; `name[]` is `name`."""
    fields = _fields_of(kind)
    given = {name.removesuffix("[]"): value for name, value in reversed(queried(query))}
    values = {name: given[name] for name in fields if name in given}
    for name, text in values.items():
        limits = fields[name]
        # msgspec would take "2e1" for 20.
        if "min" in limits and not _INTEGER.fullmatch(text) and name not in DECIMALS:
            raise invalid(f"{name} must be an integer", name, **limits)
        if name in DECIMALS and not _DECIMAL.fullmatch(text):
            raise invalid(f"{name} must be a decimal number", name, **limits)
    try:
        return msgspec.convert(values, kind, strict=False)
    except msgspec.ValidationError as error:
        raise problem_of_decoding(error, kind) from None


@functools.cache
def _fields_of(kind: type[Any]) -> dict[str, dict[str, Detail]]:
    """The names of a query's fields, each with its limits."""
    names = [field.encode_name for field in msgspec.structs.fields(kind)]
    return {name: limits_of(kind, name) for name in names}


@functools.cache
def _empty(kind: type[Any]) -> Any:
    """The body of a route that looks at none, or has its handler read it; None for any other."""
    return kind() if kind is Nothing or issubclass(kind, Multipart) else None


def _expects_body(route: Route, request: Request) -> bool:
    """Whether there may be one to be read before the handler is called. HTTP/2 announces no body:
    only of a GET nobody expects one."""
    if issubclass(route.body, Multipart):
        return False
    return request.has_unread_body or request.method not in BODYLESS_METHODS


async def _read_body(bounds: Bounds, route: Route, request: Request) -> Any:
    """The body in its type. Raises a 400, 413 or 503."""
    kind = route.body
    try:
        expected = _expects_body(route, request)
        body = await bounds.body(partial(request.pulled.read, JSON_BYTES_MAX)) if expected else b""
    except RequestEntityTooLarge:
        raise too_large("The body is too large", max_bytes=JSON_BYTES_MAX) from None
    if kind is Nothing:
        return Nothing()
    try:
        return msgspec.json.decode(body or EMPTY, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise problem_of_decoding(error, kind) from None
