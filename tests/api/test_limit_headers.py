"""Every answer of a limited endpoint tells what is left: each route of the table, whatever the
answer is."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from server.access.ratelimits import Tier, figures_of
from server.http.routing import Who
from server.routes.table import ROUTES
from server.settings import Settings
from tests.api.test_limits import HEADERS, told
from tests.api.world import Person, World, open_world

DEFAULTS = Settings()
FIGURES = figures_of(DEFAULTS)

LIMITED = [route for route in ROUTES if route.tier is not Tier.NONE]

LOGOUT = "POST /api/v1/auth/logout"
"""Ends the session that asks."""


@pytest.fixture
async def limited(tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(tmp_path, settings=DEFAULTS) as world:
        yield world


@pytest.fixture
async def amy(limited: World) -> Person:
    return await limited.person("amy")


async def test_each_limited_route_tells_whoever_asks(limited: World, amy: Person) -> None:
    """Nobody, somebody with a bad token, and a user who asks for what can't be or is not there."""
    statuses: set[int] = set()
    async with limited.client_at("203.0.113.9") as client:
        for route in LIMITED:
            figures = FIGURES[route.tier]
            person = (await limited.login("amy"))[0] if route.name == LOGOUT else amy
            for token in (None, "x", person.token):
                of_user = token == person.token and route.who is not Who.PUBLIC
                path = re.sub(r":\w+", "0" if token is None else "99", route.path)
                headers = {} if token is None else {"Authorization": f"Bearer {token}"}
                answer = await client.request(route.method, path, headers=headers)
                assert set(HEADERS) <= set(answer.headers), f"{route.name}: {answer.text}"
                limit, left = told(answer)
                assert limit == (figures.user if of_user else figures.address), route.name
                assert 0 <= left < limit, route.name
                statuses.add(answer.status_code)
    assert statuses == {200, 400, 401, 404}


def test_each_tier_of_a_route_has_a_figure() -> None:
    assert {route.tier for route in LIMITED} == set(FIGURES)
