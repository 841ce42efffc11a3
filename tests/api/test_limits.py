"""Rate limits and the login throttle as clients meet them: what is counted, for whom, and what is
said."""

import os
import time
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any, cast

import httpx
import msgspec
import pytest
import trio

from server.access.passwords import Passwords
from server.access.ratelimits import HOUR_MS
from server.access.throttle import WINDOW_MS
from server.app import make_app
from server.settings import Settings
from tests.api.world import BASE_URL, PASSWORD, SLACK_MS, Person, World, open_world

HEADERS = ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset")

SETTINGS = Settings(
    limit_post_upload=2,
    limit_follow=3,
    limit_user_lookup_address=3,
    limit_auth=100,
    trusted_proxies="127.0.0.1",
)
"""As they are by default, but for what would take a test long."""


@pytest.fixture
async def limited(tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(tmp_path, settings=SETTINGS) as world:
        yield world


@pytest.fixture
async def amy(limited: World) -> Person:
    return await limited.person("amy")


def told(answer: httpx.Response) -> tuple[int, int]:
    """The limit, and what remains of it."""
    return int(answer.headers[HEADERS[0]]), int(answer.headers[HEADERS[1]])


async def logs_in(client: httpx.AsyncClient, name: str, password: str) -> httpx.Response:
    body = {"username": name, "password": password}
    return await client.post("/api/v1/auth/login", json=body)


async def test_the_201st_request_for_a_feed_is_refused_and_others_are_not(
    limited: World, amy: Person
) -> None:
    began = time.time()
    for number in range(200):
        answer = await amy.get("/feed", count=1)
        assert (answer.status_code, told(answer)) == (200, (200, 199 - number))
    refused = await amy.get("/feed", count=1)
    assert refused.status_code == 429
    assert told(refused) == (200, 0)
    reset = int(refused.headers["x-ratelimit-reset"])
    assert began + 3_600 <= reset <= time.time() + 3_601
    assert 0 < int(refused.headers["retry-after"]) <= 3_600
    body = refused.json()
    message = "You have exceeded the rate limit for this endpoint"
    assert body.pop("error") == {
        "code": "RATE_LIMIT_EXCEEDED",
        "message": message,
        "details": {"limit": 200},
    }
    assert datetime.fromisoformat(body.pop("reset_at")).timestamp() == reset
    assert body == {"message": message}
    assert (await amy.get("/users/me")).status_code == 200
    bea = await limited.person("bea")
    assert (await bea.get("/feed")).status_code == 200


async def test_an_hour_after_the_first_request_all_is_new(limited: World, amy: Person) -> None:
    for _ in range(4):
        answer = await amy.post("/users/99/follow")
    assert answer.status_code == 429
    # A token ends when the hour does: hence a new one.
    limited.clock.ahead_ms += HOUR_MS
    again = Person(limited.client, (await logs_in(limited.client, "amy", PASSWORD)).json())
    assert told(await again.post("/users/99/follow")) == (3, 2)


async def test_the_101st_search_is_refused_until_the_hour_is_over(
    limited: World, amy: Person
) -> None:
    began = limited.clock.now()
    for number in range(100):
        answer = await amy.get(f"/search/{('users', 'hashtags', 'locations')[number % 3]}", q="a")
        assert (answer.status_code, told(answer)) == (200, (100, 99 - number))
    assert (await amy.get("/search/users", q="a")).status_code == 429
    assert (await amy.get("/feed")).status_code == 200
    limited.clock.ahead_ms += began + HOUR_MS - limited.clock.now() - SLACK_MS
    again = Person(limited.client, (await logs_in(limited.client, "amy", PASSWORD)).json())
    assert (await again.get("/search/users", q="a")).status_code == 429
    limited.clock.ahead_ms += 2 * SLACK_MS
    assert told(await again.get("/search/users", q="a")) == (100, 99)


async def test_failed_requests_count_and_tell(limited: World, amy: Person) -> None:
    malformed = await amy.get("/feed", count=99)
    assert (malformed.status_code, told(malformed)) == (400, (200, 199))
    missing = await amy.post("/users/99/follow")
    assert (missing.status_code, told(missing)) == (404, (3, 2))
    impossible = await amy.delete("/users/x/follow")
    assert (impossible.status_code, told(impossible)) == (404, (3, 1))
    oneself = await amy.post("/users/me/follow")
    assert (oneself.status_code, told(oneself)) == (400, (3, 0))
    assert (await amy.delete("/users/99/follow")).status_code == 429


async def test_a_refused_upload_is_not_read(amy: Person) -> None:
    await amy.posted()
    await amy.posted()
    refused = await amy.publishes()
    assert refused.status_code == 429
    assert refused.headers["connection"] == "close"
    assert (await amy.get("/users/me")).json()["stats"]["posts_count"] == 2


async def test_a_bug_is_counted_and_told_too(limited: World, amy: Person) -> None:
    context = msgspec.structs.replace(limited.context, feed=cast(Any, None))
    transport = httpx.ASGITransport(app=cast(Any, make_app(context)))
    async with httpx.AsyncClient(transport=transport, base_url=BASE_URL) as client:
        headers = {"Authorization": f"Bearer {amy.token}"}
        answer = await client.get("/api/v1/feed", headers=headers)
    assert (answer.status_code, told(answer)) == (500, (200, 199))


async def test_a_request_beyond_requests_max_counts_and_tells(limited: World, amy: Person) -> None:
    """“on every answer of a limited endpoint”: also a 503's. Nothing is looked up for it, so a
    session that nobody has seen yet is counted by its address."""
    threads = trio.CapacityLimiter(1)
    settings = msgspec.structs.replace(limited.context.settings, requests_max=1)
    passwords = Passwords(threads, os.urandom)
    context = msgspec.structs.replace(limited.context, settings=settings, passwords=passwords)
    transport = httpx.ASGITransport(app=cast(Any, make_app(context)))
    assert (await amy.get("/users/me")).status_code == 200
    unseen = limited.context.tokens.issue(1, 1, limited.clock.now() // 1_000)
    login = {"username": "amy", "password": PASSWORD}
    async with (
        httpx.AsyncClient(transport=transport, base_url=BASE_URL) as client,
        trio.open_nursery() as nursery,
        threads,
    ):
        nursery.start_soon(lambda: client.post("/api/v1/auth/login", json=login))
        while threads.statistics().tasks_waiting == 0:
            await trio.lowlevel.checkpoint()
        for token, left in ((amy.token, 199), (amy.token, 198), (unseen, 199), ("x", 198)):
            headers = {"Authorization": f"Bearer {token}"}
            answer = await client.get("/api/v1/feed", headers=headers)
            assert (answer.status_code, told(answer)) == (503, (200, left))
        assert told(await client.post("/api/v1/auth/login", json=login)) == (100, 97)
    assert told(await amy.get("/feed")) == (200, 197)


async def test_without_a_token_an_address_is_counted(limited: World, amy: Person) -> None:
    path = f"/api/v1/users/{amy.id}"
    async with limited.client_at("203.0.113.9") as client, limited.client_at("::7") as other:
        statuses = [(await client.get(path)).status_code for _ in range(4)]
        assert statuses == [200, 200, 200, 429]
        assert (await other.get(path)).status_code == 200
        headers = {"Authorization": f"Bearer {amy.token}"}
        with_token = await client.get(path, headers=headers)
        assert (with_token.status_code, told(with_token)) == (200, (10_000, 9_999))


async def test_neighbours_in_an_ipv6_network_are_one_and_a_mapped_address_is_its_ipv4_one(
    limited: World, amy: Person
) -> None:
    path, left = f"/api/v1/users/{amy.id}", []
    for address in ("2001:db8::1", "2001:db8::2", "203.0.113.9", "::ffff:203.0.113.9"):
        async with limited.client_at(address) as client:
            left.append(told(await client.get(path))[1])
    assert left == [2, 1, 2, 1]


async def test_a_forged_header_changes_nothing_and_a_proxys_counts(
    limited: World, amy: Person
) -> None:
    path, left = f"/api/v1/users/{amy.id}", []
    async with limited.client_at("203.0.113.9") as stranger:
        for number in range(4):
            headers = {"X-Forwarded-For": f"198.51.100.{number}"}
            left.append((await stranger.get(path, headers=headers)).status_code)
    assert left == [200, 200, 200, 429]
    async with limited.client_at("127.0.0.1") as proxy:
        for number in range(4):
            headers = {"X-Forwarded-For": f"1.1.1.1, 198.51.100.{number}"}
            assert (await proxy.get(path, headers=headers)).status_code == 200
        headers = {"X-Forwarded-For": "198.51.100.0, 203.0.113.9"}
        assert (await proxy.get(path, headers=headers)).status_code == 429


async def test_who_is_not_let_in_is_told_so_however_often(limited: World) -> None:
    """Or a client whose token has expired would wait where it should log in again."""
    for _ in range(5):
        answer = await limited.client.post("/api/v1/users/1/follow")
        assert answer.status_code == 401
    assert told(answer) == (3, 0)
    headers = {"Authorization": "Bearer x"}
    assert (await limited.client.get("/api/v1/feed", headers=headers)).status_code == 401


async def test_logging_in_has_a_limit_of_its_address(limited: World) -> None:
    answer = await limited.client.post("/api/v1/auth/login", content=b"{")
    assert (answer.status_code, told(answer)) == (400, (100, 99))


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/media/nothing.jpg", "/api/v1/nothing"])
async def test_what_is_not_limited_says_nothing_of_limits(limited: World, path: str) -> None:
    answer = await limited.client.get(path)
    assert not set(HEADERS) & set(answer.headers)


async def test_off_is_off(world: World, ann: Person) -> None:
    for _ in range(201):
        answer = await ann.get("/feed", count=1)
    assert answer.status_code == 200
    assert not set(HEADERS) & set(answer.headers)


async def guess(client: httpx.AsyncClient, name: str, times: int) -> list[int]:
    return [(await logs_in(client, name, "wrong horse")).status_code for _ in range(times)]


async def test_ten_wrong_passwords_then_429_but_not_for_who_is_known_there(
    limited: World, amy: Person
) -> None:
    async with limited.client_at("203.0.113.9") as stranger:
        assert await guess(stranger, "AMY", 11) == [401] * 10 + [429]
        refused = await logs_in(stranger, "amy", PASSWORD)
        assert refused.status_code == 429
        assert 0 < int(refused.headers["retry-after"]) <= WINDOW_MS // 1_000
        body = refused.json()
        assert body["error"]["code"] == "RATE_LIMIT_EXCEEDED"
        assert body["message"] == body["error"]["message"]
        assert body["reset_at"].endswith("Z")
        assert (await logs_in(limited.client, "amy", PASSWORD)).status_code == 200
        limited.clock.ahead_ms += WINDOW_MS
        assert (await logs_in(stranger, "amy", PASSWORD)).status_code == 200


async def test_known_and_unknown_names_are_refused_alike(limited: World, amy: Person) -> None:
    async with limited.client_at("203.0.113.9") as one, limited.client_at("203.0.113.10") as other:
        assert await guess(one, "amy", 12) == await guess(other, "zoe", 12)
        known = await logs_in(one, "amy", "wrong horse")
        unknown = await logs_in(other, "zoe", "wrong horse")
    assert known.json()["error"] == unknown.json()["error"]


async def test_nothing_is_hashed_for_whoever_is_refused(limited: World, amy: Person) -> None:
    threads = trio.CapacityLimiter(1)
    context = msgspec.structs.replace(limited.context, passwords=Passwords(threads, os.urandom))
    transport = httpx.ASGITransport(app=cast(Any, make_app(context)), client=("203.0.113.9", 1))
    async with httpx.AsyncClient(transport=transport, base_url=BASE_URL) as client:
        await guess(client, "amy", 10)
        async with threads:  # whoever hashed would wait for ever
            with trio.fail_after(5):
                assert (await logs_in(client, "amy", PASSWORD)).status_code == 429
