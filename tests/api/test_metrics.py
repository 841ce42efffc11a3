"""`GET /metrics`: for this machine, or for who has the token; nobody else."""

from typing import Any

import httpx
import pytest

from server.app import make_app
from server.settings import Settings
from tests.api.world import BASE_URL, METRICS_TOKEN, World, open_world

ELSEWHERE = ("203.0.113.7", 1234)
HERE = ("127.0.0.1", 1234)
FORWARDED = "X-Forwarded-For"


async def asked(world: World, peer: tuple[str, int], headers: dict[str, str]) -> httpx.Response:
    app: Any = make_app(world.context)
    transport = httpx.ASGITransport(app, client=peer)
    async with httpx.AsyncClient(transport=transport, base_url=BASE_URL) as client:
        return await client.get("/metrics", headers=headers)


@pytest.mark.parametrize("peer", [HERE, ("::1", 1234), ("::ffff:127.0.0.1", 1)])
async def test_this_machine_reads_them(world: World, peer: tuple[str, int]):
    answer = await asked(world, peer, {})
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert "triptych_stream_streams 0.0" in answer.text


async def test_another_machine_needs_the_token(world: World):
    amy = await world.person("amy")
    for given in ({}, {"Authorization": f"Bearer {amy.token}"}, {"Authorization": METRICS_TOKEN}):
        answer = await asked(world, ELSEWHERE, given)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        assert answer.json()["error"]["code"] == "UNAUTHORIZED"
    answer = await asked(world, ELSEWHERE, {"Authorization": f"bearer {METRICS_TOKEN}"})
    assert answer.status_code == 200


async def test_what_somebody_passed_on_is_not_from_here(world: World):
    for forwarded in ("127.0.0.1", ELSEWHERE[0], "", "nonsense"):
        assert (await asked(world, HERE, {FORWARDED: forwarded})).status_code == 401


async def test_a_proxy_of_ours_says_who_is_from_here(tmp_path: Any):
    async with open_world(tmp_path, settings=Settings(trusted_proxies="127.0.0.1")) as world:
        for forwarded, status in ((ELSEWHERE[0], 401), ("127.0.0.1, nonsense", 401), ("::1", 200)):
            assert (await asked(world, HERE, {FORWARDED: forwarded})).status_code == status
        assert (await asked(world, ELSEWHERE, {FORWARDED: "127.0.0.1"})).status_code == 401


async def test_requests_are_counted_by_their_route_never_by_what_a_client_makes_up(world: World):
    await world.client.get("/api/v1/instance")
    await world.client.get("/api/v1/made/up")
    await world.client.request("MADEUP", "/api/v1/instance")
    text = (await world.client.get("/metrics")).text
    assert 'triptych_requests_total{route="GET /api/v1/instance",status="200"} 1.0' in text
    assert 'triptych_requests_total{route="none",status="404"} 1.0' in text
    assert 'triptych_requests_total{route="none",status="405"} 1.0' in text
    assert "made" not in text.lower()
