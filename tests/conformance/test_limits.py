"""contract.md, "Rate limits", and the text's tiers, on a server with limits on."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

import httpx
import pytest

from tests.conformance.conftest import OwnServer
from tests.conformance.shapes import moment
from tests.conformance.world import PICTURE, Api, Person, form, ok, refused

WINDOW_S = 3_600

Ask = Callable[[Person], httpx.Response]

TIERS: dict[str, tuple[int, list[Ask]]] = {
    "post upload": (50, [lambda one: one.publish(), lambda one: one.publish(b"no picture")]),
    "story upload": (100, [lambda one: one.post("/stories", files=form(PICTURE))]),
    "feed": (200, [lambda one: one.get("/feed"), lambda one: one.get("/explore")]),
    "search": (
        100,
        [
            lambda one: one.get("/search/users", q="x"),
            lambda one: one.get("/search/hashtags", q="x"),
            lambda one: one.get("/search/locations", q="x", lat=91, lng=1),
        ],
    ),
    "follow": (
        200,
        [lambda one: one.post("/users/1/follow"), lambda one: one.delete("/users/1/follow")],
    ),
}
"""The text's tiers of requests with a token, and requests of each: such as fail, too."""

ANONYMOUS: dict[str, tuple[int, list[str]]] = {
    "search": (20, ["/search/users?q=x"]),
    "lookup": (50, ["/users/1", "/users/by-username/nobody", "/users/999999999"]),
}


@pytest.fixture(scope="module")
def limited(own_server: OwnServer) -> Api:
    return own_server(TRIPTYCH_RATE_LIMITS="on")


def told(answer: httpx.Response) -> tuple[int, int]:
    """The limit and what is left of it; when it begins anew is within the hour."""
    headers = {name: int(answer.headers[f"x-ratelimit-{name}"]) for name in ("limit", "remaining")}
    assert 0 < int(answer.headers["x-ratelimit-reset"]) - time.time() <= WINDOW_S + 1
    return headers["limit"], headers["remaining"]


@pytest.mark.parametrize("tier", TIERS)
def test_each_tier_has_the_text_s_figure(limited: Api, tier: str) -> None:
    """“The tiers of the text, per user and per endpoint class; … refused and failed requests count.
    `X-RateLimit-Limit|Remaining|Reset` on every answer of a limited endpoint.”"""
    person = limited.person()
    limit, asks = TIERS[tier]
    for number, ask in enumerate(asks):
        assert told(ask(person)) == (limit, limit - 1 - number)
    assert told(asks[0](limited.person()))[1] == limit - 1, "another user is counted apart"


def test_what_is_too_much_is_refused_in_the_text_s_form(limited: Api) -> None:
    """“A 429 adds top-level `message` and `reset_at`”; “RATE_LIMIT_EXCEEDED: 429 with
    `Retry-After`”; “per user”: whichever the session, and other classes go on."""
    person = limited.person()
    for number in range(100):
        assert told(person.get("/search/hashtags", q="x")) == (100, 99 - number)
    for asker in (person, person.again()):
        answer = asker.get("/search/users", q="x")
        refused(answer, "RATE_LIMIT_EXCEEDED")
        assert told(answer) == (100, 0)
        body = answer.json()
        assert body["message"] == "You have exceeded the rate limit for this endpoint"
        reset = moment(body["reset_at"])
        assert reset == datetime.fromtimestamp(int(answer.headers["x-ratelimit-reset"]), UTC)
        assert 0 < int(answer.headers["retry-after"]) <= WINDOW_S
    assert person.get("/feed").status_code == 200


@pytest.mark.parametrize("tier", ANONYMOUS)
def test_without_a_token_an_address_is_counted(limited: Api, tier: str) -> None:
    """The text's “Search: 20 requests per hour, User lookup: 50”; “without a token per address”;
    “`X-Forwarded-For` counts only from proxies named in the settings”."""
    limit, paths = ANONYMOUS[tier]
    for number in range(limit):
        headers = {"X-Forwarded-For": f"198.51.100.{number}"}
        answer = limited.call("GET", paths[number % len(paths)], headers=headers)
        assert told(answer) == (limit, limit - 1 - number)
    refused(limited.call("GET", paths[0]), "RATE_LIMIT_EXCEEDED")
    person = limited.person()
    ok(person.get(f"/users/{person.id}"))
    ok(person.get("/search/users", q="x"))


def test_the_limits_can_be_turned_off(api: Api) -> None:
    """“off turns off every tier and the login throttle”."""
    person = api.person()
    for _ in range(21):
        answer = api.call("GET", "/search/users", params={"q": "x"})
        ok(answer)
        assert "x-ratelimit-limit" not in answer.headers
    for _ in range(11):
        refused(api.log_in(person.name, "wrong horse"), "UNAUTHORIZED")
