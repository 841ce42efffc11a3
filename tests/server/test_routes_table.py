"""The route table: complete, without contradictions, and the only place that knows a route."""

import re
from pathlib import Path

import pytest

from server.http.calls import ID_PREFIXES
from server.http.routing import API, Multipart, Nothing, Route, Tier, Who
from server.problems import Problem
from server.routes.table import ROUTES

PUBLIC = {
    "POST /api/v1/auth/register",
    "POST /api/v1/auth/login",
    "POST /api/v1/auth/refresh",
    "GET /api/v1/users/by-username/:name",
    "GET /api/v1/users/:user_id",
    "GET /api/v1/search/users",
    "GET /api/v1/instance",
    "GET /openapi.json",
    "GET /docs",
    "GET /docs/:name",
    "GET /media/:name",
    "GET /healthz",
    "GET /readyz",
    "GET /metrics",
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
    statuses = {status for status, kind in route.answers.items() if kind is not Problem}
    assert statuses <= ({101} if route.path.endswith("/stream") else {200, 201, 206, 304})
    assert set(route.answers) - statuses <= {401, 403, 409, 416}


@each_route
def test_a_form_makes_something_or_replaces_something(route: Route) -> None:
    if issubclass(route.body, Multipart):
        assert route.body is not Multipart, "a form says what it holds"
        assert (route.method, min(route.answers)) in (("POST", 201), ("PUT", 200))


def test_what_makes_something_with_an_id_says_201_and_all_else_200() -> None:
    made = {route.name for route in ROUTES if 201 in route.answers}
    assert made == {
        "POST /api/v1/auth/register",
        "POST /api/v1/posts",
        "POST /api/v1/posts/:post_id/comments",
        "POST /api/v1/stories",
        "POST /api/v1/locations",
    }


@each_route
def test_ids_in_paths_are_known_as_ids_and_nothing_else_is(route: Route) -> None:
    for name in re.findall(r":(\w+)", route.path):
        assert (name in ID_PREFIXES) == name.endswith("_id")


def test_no_kind_of_id_is_known_that_no_path_has() -> None:
    named = {name for route in ROUTES for name in re.findall(r":(\w+)", route.path)}
    assert named >= ID_PREFIXES.keys()


@each_route
def test_only_probes_and_media_have_no_tier(route: Route) -> None:
    without = ("/healthz", "/readyz", "/metrics", "/media/:name")
    assert (route.tier is Tier.NONE) == (route.path in without)


def test_every_file_of_the_folder_is_in_the_table() -> None:
    folder = Path(__file__).parents[2] / "server" / "routes"
    sections = {path.stem for path in folder.glob("*.py")} - {"__init__", "table"}
    assert {route.handler.__module__.split(".")[-1] for route in ROUTES} == sections
