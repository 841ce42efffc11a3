"""The route table: complete, without contradictions, and the only place that knows a route."""

import re
from pathlib import Path

import pytest

from server.calls import ID_PARAMETERS
from server.routes.table import ROUTES
from server.routing import API, Multipart, Nothing, Route, Tier, Who

PUBLIC = {
    "POST /api/v1/auth/register",
    "POST /api/v1/auth/login",
    "GET /api/v1/users/:user_id",
    "GET /media/:name",
    "GET /healthz",
    "GET /readyz",
}
"""All that contract.md lets in without a token."""

each_route = pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)


def test_no_route_is_declared_twice() -> None:
    names = [re.sub(r":\w+", ":", route.name) for route in ROUTES]
    assert len(names) == len(set(names))


def test_only_what_the_contract_names_goes_without_a_token() -> None:
    assert {route.name for route in ROUTES if route.who is not Who.USER} == PUBLIC


@each_route
def test_every_post_but_those_of_auth_heeds_an_idempotency_key(route: Route) -> None:
    heeds = route.method == "POST" and not route.path.startswith(f"{API}/auth/")
    assert route.idempotent == heeds


@each_route
def test_reading_takes_no_body(route: Route) -> None:
    assert route.method != "GET" or route.body is Nothing


@each_route
def test_every_success_is_200_or_201(route: Route) -> None:
    assert set(route.answers) <= {200, 201, 206, 304}
    assert not (route.body is Multipart and 201 not in route.answers)


@each_route
def test_ids_in_paths_are_known_as_ids(route: Route) -> None:
    named = re.findall(r":(\w+)", route.path)
    assert all(name in ID_PARAMETERS for name in named if name.endswith("_id"))


@each_route
def test_only_probes_and_media_have_no_tier(route: Route) -> None:
    assert (route.tier is Tier.NONE) == (not route.path.startswith(API))


def test_every_file_of_the_folder_is_in_the_table() -> None:
    folder = Path(__file__).parents[2] / "server" / "routes"
    sections = {path.stem for path in folder.glob("*.py")} - {"__init__", "table"}
    assert {route.handler.__module__.split(".")[-1] for route in ROUTES} == sections
