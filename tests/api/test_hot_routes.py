"""Hot routes are answered without Quart, and nobody can tell: the same request through Quart gets
the same answer, header by header."""

import itertools
from collections.abc import Sequence
from typing import Any

import pytest

from server.app import make_app
from server.http.hot_routes import HotRoutes
from server.routes.table import ROUTES
from tests.api.world import World

HOT = {
    "GET /api/v1/feed",
    "GET /api/v1/posts/:post_id",
    "GET /api/v1/users/:user_id",
    "GET /api/v1/notifications",
    "GET /media/:name",
    "POST /api/v1/posts/:post_id/like",
    "POST /api/v1/users/:user_id/follow",
}

QUERIES = (
    b"",
    b"count=1",
    b"count=x",
    b"count=%FF",
    b"cursor=nonsense",
    b"count=2&count=3&=",
    b"a",
)

ODD: tuple[Sequence[tuple[bytes, bytes]], ...] = (
    (),
    ((b"content-length", b"3"),),
    ((b"content-length", b"nonsense"),),
    ((b"range", b"bytes=0-9"), (b"if-none-match", b'"x"')),
    ((b"cookie", b"a=b; c"), (b"x-forwarded-for", b"1.2.3.4")),
    ((b"idempotency-key", b"a b"),),
    ((b"x-request-id", b"of-the-client"),),
    ((b"authorization", b"Bearer nonsense"),),
)


def test_the_hot_routes_are_those_that_most_requests_go_to():
    assert {route.name for route in ROUTES if route.hot} == HOT


def test_what_is_another_routes_is_not_taken():
    hot = HotRoutes(ROUTES)
    found = hot.find("GET", "/api/v1/users/7")
    assert found is not None
    assert (found[0].path, found[1]) == ("/api/v1/users/:user_id", {"user_id": "7"})
    for method, path in (
        ("GET", "/api/v1/users/relationships"),
        ("POST", "/api/v1/users/by-username/follow"),
        ("GET", "/api/v1/users/"),
        ("GET", "/api/v1/users/7/"),
        ("HEAD", "/api/v1/users/7"),
        ("GET", "//api/v1/feed"),
        ("GET", "http://a/api/v1/feed"),
    ):
        assert hot.find(method, path) is None


async def told(app: Any, scope: dict[str, Any]) -> tuple[int, dict[bytes, bytes], bytes]:
    """Status, headers but for the request's own id, and body."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await app(scope, receive, send)
    headers = dict(sent[0]["headers"])
    assert len(headers) == len(sent[0]["headers"])
    given = dict(scope["headers"]).get(b"x-request-id")
    assert given in (None, headers.pop(b"x-request-id"))
    return sent[0]["status"], headers, b"".join(one.get("body", b"") for one in sent[1:])


def asked(
    route: str, query: bytes, headers: Sequence[tuple[bytes, bytes]], token: str
) -> dict[str, Any]:
    method, path = route.split(" ")
    for name, value in ((":post_id", "1"), (":user_id", "2"), (":name", "nothing.jpg")):
        path = path.replace(name, value)
    authorization = () if not token else ((b"authorization", f"Bearer {token}".encode()),)
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query,
        "root_path": "",
        "headers": [(b"host", b"test"), *headers, *authorization],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 2),
        "extensions": {},
    }


@pytest.mark.parametrize("route", sorted(HOT))
async def test_both_ways_lead_to_the_same_answer(route: str, world: World):
    ann = await world.person("ann")
    await world.person("bob")
    app = make_app(world.context)
    through_quart = make_app(world.context)
    through_quart._hot = HotRoutes(())  # pyright: ignore
    statuses: set[int] = set()
    for query, headers, token in itertools.product(QUERIES, ODD, ("", ann.token)):
        scope = asked(route, query, headers, token)
        direct = await told(app, scope)
        assert direct == await told(through_quart, scope), scope
        statuses.add(direct[0])
    assert len(statuses) > 1
