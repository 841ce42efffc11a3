"""Each operation of the served OpenAPI, asked with requests that Schemathesis makes of the schema
alone: whatever is answered, the schema foresaw it, and most requests that fit it succeed.

A server in a process of its own, without rate limits. Each operation's share of successes is
asserted, or a test that only ever sees 401 and 404 would pass.
"""

import os
import re
from collections import Counter
from collections.abc import Iterator
from http.cookiejar import DefaultCookiePolicy
from random import Random

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode, Response
from schemathesis.checks import not_a_server_error
from schemathesis.generation.feedback import NO_FEEDBACK
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from server.http.routing import API, Nothing, Route, Who
from server.routes.table import ROUTES
from tests.conformance.serving import run, served
from tests.conformance.world import PICTURE, Api, Person, ok
from tests.openapi.fitting import CALLERS, FILLS, choose_caller, fit
from tests.openapi.stage import Stage

CASES_EACH = int(os.environ.get("TRIPTYCH_TEST_CASES", "30"))
"""Requests that fit the schema, for each operation. Any number by the variable."""

ODD_CASES_EACH = 5
"""Requests that break it, for each operation that takes anything."""

CASES_MIN = 2_000
"""Of all operations together, at least."""

FITTED_SHARE = 0.85
"""Of the requests that fit the schema: those that name what exists. The others stay as they were
generated."""

SUCCESSES_MIN = 0.6
"""The share of 2xx of an operation's requests that fit the schema, at least."""

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]

ANSWER_S = 30.0

SLOW_ONES = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
"""A server takes longer than the plain functions that Hypothesis expects."""


def path_of(route: Route) -> str:
    """As OpenAPI writes it."""
    return re.sub(r":(\w+)", r"{\1}", route.path)


def name_of(route: Route) -> str:
    """An operation's name in the tables of `tests.openapi.fitting`."""
    return f"{route.method} {path_of(route).removeprefix(API)}"


OPERATIONS = {name_of(route): route for route in ROUTES}

HANDSHAKES = {"GET /v1/stream", "GET /stream"}
"""Open a WebSocket, which no plain request does."""

FREE_TEXTS = {"GET /users/by-username/{name}", "GET /media/{name}", "GET /docs/{name}"}
"""Take a text, and there is none that breaks the schema."""

ODD_OPERATIONS = [
    name
    for name, route in OPERATIONS.items()
    if (":" in route.path or route.query is not Nothing or route.body is not Nothing)
    and name not in FREE_TEXTS
]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("openapi") / "data"
    with served(folder, TRIPTYCH_RATE_LIMITS="off") as url, Api(url) as api:
        yield Stage(api)
    verified = run("verify", "--data", folder)
    assert verified.returncode == 0, f"after all cases:\n{verified.stdout}\n{verified.stderr}"


@pytest.fixture(scope="module")
def schema(stage: Stage) -> BaseSchema:
    """The OpenAPI document as it is served; wherever it wants a file it gets a picture."""
    schemathesis.openapi.format("binary", st.just(PICTURE))
    return schemathesis.openapi.from_url(f"{stage.api.url}/openapi.json", timeout=ANSWER_S)


@pytest.fixture(scope="module")
def client() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        yield session


def test_the_document_is_openapi_and_has_every_route_and_nothing_else(
    stage: Stage, schema: BaseSchema
):
    schema.validate()
    paths = ok(stage.api.call("GET", "//openapi.json"))["paths"]
    listed = {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}
    assert listed == {f"{route.method} {path_of(route)}" for route in ROUTES}


def test_the_cases_are_as_many_as_promised():
    assert CASES_EACH * len(OPERATIONS) >= CASES_MIN
    assert set(FILLS) | set(CALLERS) <= set(OPERATIONS)


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_request_that_fits_is_answered_as_the_schema_says_and_most_succeed(
    name: str, stage: Stage, schema: BaseSchema, client: requests.Session
):
    statuses: Counter[int] = Counter()

    @_cases(CASES_EACH)
    @given(_strategy(schema, name, GenerationMode.POSITIVE), st.integers(0, 2**32))
    def ask(case: Case, seed: int) -> None:
        chance = Random(seed)
        caller = _caller(stage, name, chance)
        if chance.random() < FITTED_SHARE:
            fit(stage, name, case, caller or stage.stranger, chance)
        answer = _send(stage, client, case, caller)
        statuses[answer.status_code] += 1

    ask()
    assert statuses.total() >= CASES_EACH, f"Hypothesis stopped early: {statuses}"
    if name in HANDSHAKES:
        return
    successes = sum(count for status, count in statuses.items() if status < 300)
    assert successes >= SUCCESSES_MIN * statuses.total(), f"too few succeed: {statuses}"


@pytest.mark.parametrize("name", ODD_OPERATIONS)
def test_a_request_that_breaks_the_schema_is_answered_as_the_schema_says(
    name: str, stage: Stage, schema: BaseSchema, client: requests.Session
):
    @_cases(ODD_CASES_EACH)
    @given(_strategy(schema, name, GenerationMode.NEGATIVE), st.integers(0, 2**32))
    def ask(case: Case, seed: int) -> None:
        _send(stage, client, case, _caller(stage, name, Random(seed)))

    ask()


def _cases(number: int) -> settings:
    """So many, always the same ones. Nothing is shrunk: a server remembers what was asked before,
    so that a second try is another request."""
    return settings(
        max_examples=number,
        phases=[Phase.generate],
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=SLOW_ONES,
    )


def _strategy(schema: BaseSchema, name: str, mode: GenerationMode) -> st.SearchStrategy[Case]:
    route = OPERATIONS[name]
    operation = schema[path_of(route)][route.method]
    # Without feedback: constants of the modules that happen to be loaded are no input of ours.
    return operation.as_strategy(generation_mode=mode, feedback=NO_FEEDBACK)


def _caller(stage: Stage, name: str, chance: Random) -> Person | None:
    if OPERATIONS[name].who is not Who.USER and chance.random() < 0.25:
        return None
    return choose_caller(stage, name, chance.choice(stage.people))


def _send(stage: Stage, client: requests.Session, case: Case, caller: Person | None) -> Response:
    case.headers.pop("Authorization", None)
    headers = {} if caller is None else {"Authorization": f"Bearer {caller.token}"}
    path = case.formatted_path
    answer = case.call(base_url=stage.api.url, session=client, headers=headers, timeout=ANSWER_S)
    case.validate_response(answer, checks=CHECKS, headers=headers)
    if answer.status_code < 300 and "json" in answer.headers["content-type"][0]:
        stage.keep_cursors(caller, path, answer.json())
    return answer
