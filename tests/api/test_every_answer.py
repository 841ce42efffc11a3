"""What holds for every answer: its shape when it is an error, its headers, its id."""

import os
from typing import Any, cast

import httpx
import msgspec
import pytest
import trio
from structlog.testing import capture_logs

from server.access.passwords import Passwords
from server.app import REQUEST_ID_BYTES, SECURITY_HEADERS, make_app
from server.http.routing import Route, Who
from server.logs import add_request_id
from server.routes.documentation import PAGE_POLICY
from server.routes.table import ROUTES
from server.settings import Settings
from tests.api.world import Person, World


def path_of(route: Route) -> str:
    """A path of the route that names nothing which exists."""
    named = route.path.replace(":user_id", "99").replace(":post_id", "99")
    return named.replace(":name", "nothing.jpg")


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
async def test_every_answer_has_an_id_and_is_safe_to_look_at(world: World, route: Route) -> None:
    answer = await world.client.request(route.method, path_of(route))
    assert answer.headers["x-request-id"]
    for name, value in SECURITY_HEADERS.items():
        if (route.path, name) == ("/docs", "Content-Security-Policy"):
            value = PAGE_POLICY  # noqa: PLW2901  # the one page, which loads what is ours
        assert answer.headers[name] == value
    if answer.status_code >= 400:
        assert set(answer.json()["error"]) == {"code", "message", "details"}


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
async def test_only_who_may_gets_in(world: World, route: Route) -> None:
    answer = await world.client.request(route.method, path_of(route))
    assert (answer.status_code == 401) == (route.who is Who.USER)


@pytest.mark.parametrize(
    "path", ["/", "/api/v1", "/api/v1/nothing", "/api//v1/feed", "/%ff", "/😍"]
)
async def test_an_unknown_route_is_not_found(world: World, path: str) -> None:
    answer = await world.client.get(path)
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "NOT_FOUND"


@pytest.mark.parametrize("method", ["PUT", "OPTIONS", "PATCH", "BREW"])
async def test_a_wrong_method_is_told_the_right_ones(world: World, method: str) -> None:
    answer = await world.client.request(method, "/api/v1/posts/1/like")
    assert answer.status_code == 405
    assert answer.json()["error"]["code"] == "METHOD_NOT_ALLOWED"
    assert answer.headers["allow"] == "DELETE, POST"


async def test_a_slash_at_the_end_makes_no_difference(world: World) -> None:
    assert (await world.client.get("/healthz/")).status_code == 200


async def test_a_sane_request_id_is_kept_and_others_replaced(world: World) -> None:
    kept = await world.client.get("/healthz", headers={"X-Request-Id": "trace-1"})
    assert kept.headers["x-request-id"] == "trace-1"
    for bad in ("a b", "x" * 129, '"', ""):
        answer = await world.client.get("/healthz", headers={"X-Request-Id": bad})
        assert answer.headers["x-request-id"] not in (bad, "")


async def test_health_and_readiness(world: World) -> None:
    for path in ("/healthz", "/readyz"):
        answer = await world.client.get(path)
        assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    world.context.readiness.stop()
    answer = await world.client.get("/readyz")
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "SERVER_ERROR")
    assert answer.headers["retry-after"]
    assert (await world.client.get("/healthz")).status_code == 200


async def test_head_works_where_get_does(ann: Person) -> None:
    whole = await ann.get("/feed")
    answer = await ann.call("HEAD", "/api/v1/feed")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-length"] == whole.headers["content-length"]


@pytest.mark.parametrize("query", ["%ff=%fe", "count=%ff", "a=b=c&&=", "cursor=%00", "count[]=1"])
async def test_no_query_breaks_anything(ann: Person, query: str) -> None:
    answer = await ann.call("GET", f"/api/v1/feed?{query}")
    assert answer.status_code in (200, 400)


async def answer_to(world: World, **scope: Any) -> list[dict[str, Any]]:
    """The messages that answer a request without a body, made by hand because no client makes such
    ones.
    """
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        await trio.lowlevel.checkpoint()
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    made = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": "/healthz",
        "query_string": b"",
        "headers": [(b"host", b"test")],
        **scope,
    }
    with trio.fail_after(5):
        await make_app(world.context)(made, receive, send)  # pyright: ignore
    return sent


async def test_a_query_of_raw_bytes_is_a_bad_request(world: World) -> None:
    assert (await answer_to(world, query_string=b"\xff\xfe"))[0]["status"] == 400


@pytest.mark.parametrize(
    ("target", "status"),
    [("http://test/healthz", 200), ("http://[::1", 404), ("", 404), ("*", 404), ("test:80", 404)],
)
async def test_a_target_that_is_no_path_is_answered_too(
    world: World, target: str, status: int
) -> None:
    start, body = await answer_to(world, path=target)
    assert start["status"] == status
    assert b"x-request-id" in dict(start["headers"])
    assert msgspec.json.decode(body["body"])


@pytest.mark.parametrize(
    ("path", "status"), [("/healthz", 200), ("/api/v1/feed", 401), ("/api/v1/nothing", 404)]
)
@pytest.mark.parametrize("scheme", ["ws", "wss"])
async def test_where_there_is_no_websocket_its_handshake_is_a_get(
    world: World, path: str, status: int, scheme: str
) -> None:
    handshake = {"type": "websocket", "scheme": scheme, "path": path, "subprotocols": []}
    start, body = await answer_to(world, **handshake)
    assert (start["type"], start["status"]) == ("websocket.http.response.start", status)
    headers = {name.decode(): value.decode() for name, value in start["headers"]}
    assert headers["x-request-id"]
    assert headers.items() >= {k.lower(): v for k, v in SECURITY_HEADERS.items()}.items()
    assert body["type"] == "websocket.http.response.body"
    assert int(headers["content-length"]) == len(body["body"])


async def test_no_more_requests_at_once_than_allowed(world: World) -> None:
    settings = Settings(requests_max=1)
    threads = trio.CapacityLimiter(1)
    context = msgspec.structs.replace(
        world.context, settings=settings, passwords=Passwords(threads, os.urandom)
    )
    transport = httpx.ASGITransport(app=cast(Any, make_app(context)))
    login = {"username": "ann", "password": "correct horse"}
    async with (
        httpx.AsyncClient(transport=transport, base_url="http://test") as client,
        trio.open_nursery() as nursery,
        threads,
    ):
        nursery.start_soon(lambda: client.post("/api/v1/auth/login", json=login))
        with trio.fail_after(5):
            while threads.statistics().tasks_waiting == 0:
                await trio.lowlevel.checkpoint()
        answer = await client.post("/api/v1/auth/login", json=login)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        assert (await client.get("/healthz")).status_code == 200


async def test_a_request_is_one_line_in_the_log_without_its_secrets(
    world: World, ann: Person
) -> None:
    with capture_logs(processors=[add_request_id]) as lines:
        await ann.publishes("a secret #caption")
    (line,) = lines
    assert isinstance(line.pop("ms"), float)
    assert len(line.pop("request_id")) == 2 * REQUEST_ID_BYTES
    assert line == {
        "event": "request",
        "log_level": "info",
        "method": "POST",
        "route": "/api/v1/posts",
        "status": 201,
    }


async def test_a_bug_is_answered_without_its_cause_and_logged_with_it(world: World) -> None:
    context = msgspec.structs.replace(world.context, now=lambda: 1 // 0)
    transport = httpx.ASGITransport(app=cast(Any, make_app(context)))
    headers = {"Authorization": "Bearer x"}
    with capture_logs() as lines:
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            answer = await client.get("/api/v1/feed", headers=headers)
    assert answer.status_code == 500
    assert answer.json()["error"]["code"] == "SERVER_ERROR"
    assert "zero" not in answer.text
    assert isinstance(lines[0]["exc_info"], ZeroDivisionError)
