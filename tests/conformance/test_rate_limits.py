"""Rate limits: the tiers of the text, one by one, as clients meet them."""

import time
from collections.abc import Iterator
from datetime import datetime
from itertools import cycle, islice

import httpx
import pytest

from tests.conformance.conftest import OwnServer
from tests.conformance.world import PICTURE, Api, Person, form, ok

Requests = list[tuple[str, str]]

USER_TIERS: dict[str, tuple[int, Requests]] = {
    "post upload": (50, [("POST", "/posts")]),
    "story upload": (100, [("POST", "/stories")]),
    "feed requests": (200, [("GET", "/feed"), ("GET", "/stories/feed"), ("GET", "/explore")]),
    "search": (
        100,
        [
            ("GET", "/search/users?q=a"),
            ("GET", "/search/hashtags?q=a"),
            ("GET", "/search/locations?q=a"),
        ],
    ),
    "follow/unfollow": (200, [("POST", "/users/1/follow"), ("DELETE", "/users/1/follow")]),
}
"""The text, "Authenticated Requests": how many an hour, of what. Uploads are sent without a form:
a failed request counts."""

ADDRESS_TIERS: dict[str, tuple[int, Requests]] = {
    "search": (20, [("GET", "/search/users?q=a")]),
    "user lookup": (50, [("GET", "/users/1"), ("GET", "/users/by-username/limited1")]),
}
"""The text, "Unauthenticated Requests"."""

HEADERS = ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset")

HOUR_S = 3_600


@pytest.fixture(scope="module")
def limited(own_server: OwnServer) -> Api:
    """A server with the limits that it has by default; its first account is `limited1`."""
    api = own_server(TRIPTYCH_RATE_LIMITS="on")
    ok(api.register("limited1"), 201)
    return api


@pytest.fixture
def amy(limited: Api) -> Person:
    return limited.person("amy")


sources = (f"127.0.1.{number}" for number in range(1, 255))


@pytest.fixture
def stranger(limited: Api) -> Iterator[Api]:
    """The same server from an address that nobody has come from."""
    with Api(limited.url, source=next(sources)) as api:
        yield api


def told(answer: httpx.Response) -> tuple[int, int]:
    """The limit, and what remains of it."""
    return int(answer.headers[HEADERS[0]]), int(answer.headers[HEADERS[1]])


def check_refusal(answer: httpx.Response, limit: int) -> None:
    """A 429 in the form of the text, and headers that agree with it."""
    assert answer.status_code == 429
    body = answer.json()
    assert body["error"]["code"] == "RATE_LIMIT_EXCEEDED"
    assert body["message"] == "You have exceeded the rate limit for this endpoint"
    assert told(answer) == (limit, 0)
    reset = int(answer.headers["x-ratelimit-reset"])
    assert body["reset_at"].endswith("Z")
    assert datetime.fromisoformat(body["reset_at"]).timestamp() == reset
    assert 0 < reset - time.time() <= HOUR_S + 1
    assert 0 < int(answer.headers["retry-after"]) <= HOUR_S


@pytest.mark.parametrize("tier", USER_TIERS)
def test_a_user_may_so_many_an_hour_and_one_more_is_refused(tier: str, amy: Person) -> None:
    """Post upload: 50 posts per hour. Story upload: 100 stories. Feed requests: 200. Search: 100.
    Follow/Unfollow: 200. Per user and per endpoint class."""
    limit, requests = USER_TIERS[tier]
    for number, (method, path) in enumerate(islice(cycle(requests), limit), start=1):
        answer = amy.call(method, path)
        assert answer.status_code in {200, 400}, answer.text
        assert told(answer) == (limit, limit - number)
    for method, path in requests:
        check_refusal(amy.call(method, path), limit)
    for other, (_, requests) in USER_TIERS.items():
        if other != tier:
            assert amy.call(*requests[0]).status_code != 429, f"{tier} took of {other}"
    assert amy.get("/users/me").status_code == 200
    bea = amy.api.person("bea")
    assert bea.call(*USER_TIERS[tier][1][0]).status_code != 429


@pytest.mark.parametrize("tier", ADDRESS_TIERS)
def test_without_a_token_an_address_may_so_many_an_hour(
    tier: str, stranger: Api, amy: Person
) -> None:
    """Unauthenticated Requests: Search: 20 requests per hour. User lookup: 50 requests per hour."""
    limit, requests = ADDRESS_TIERS[tier]
    for number, (method, path) in enumerate(islice(cycle(requests), limit), start=1):
        answer = stranger.call(method, path)
        assert (answer.status_code, told(answer)) == (200, (limit, limit - number))
    for method, path in requests:
        check_refusal(stranger.call(method, path), limit)
        with_token = stranger.call(method, path, token=amy.token)
        assert with_token.status_code == 200, "who has a token is counted by it"
    for other, (_, requests) in ADDRESS_TIERS.items():
        if other != tier:
            assert stranger.call(*requests[0]).status_code == 200


def test_a_forged_header_changes_nothing(stranger: Api) -> None:
    """X-Forwarded-For counts only from proxies named in the settings."""
    forged = ("198.51.100.7", "2001:db8::7", "127.0.0.1, 198.51.100.8", "unknown", "")
    left = [
        told(stranger.call("GET", "/search/users?q=a", headers={"X-Forwarded-For": text}))[1]
        for text in forged
    ]
    assert left == [19, 18, 17, 16, 15]


def test_a_named_proxy_speaks_for_its_clients_and_a_network_is_one_of_them(
    own_server: OwnServer,
) -> None:
    """Without a token per address (IPv6 by /64). X-Forwarded-For counts only from proxies named in
    the settings."""
    api = own_server(TRIPTYCH_RATE_LIMITS="on", TRIPTYCH_TRUSTED_PROXIES="127.0.0.1")

    def left(address: str) -> int:
        headers = {"X-Forwarded-For": address}
        return told(api.call("GET", "/search/users?q=a", headers=headers))[1]

    assert [left("198.51.100.7"), left("198.51.100.8"), left("198.51.100.7")] == [19, 19, 18]
    assert [left("2001:db8:0:1::1"), left("2001:db8:0:1:ffff::2")] == [19, 18]
    assert left("2001:db8:0:2::1") == 19
    assert left("::ffff:198.51.100.7") == 17
    assert left("2001:db8:0:3::1, 198.51.100.7") == 16, "the last entry is the proxy's own"


def test_errors_of_a_limited_endpoint_count_and_tell(amy: Person) -> None:
    """X-RateLimit-Limit|Remaining|Reset on every answer of a limited endpoint. Refused and failed
    requests count."""
    malformed = amy.get("/search/users", q="a", count=0)
    assert (malformed.status_code, told(malformed)) == (400, (100, 99))
    missing = amy.post("/users/99999/follow")
    assert (missing.status_code, told(missing)) == (404, (200, 199))
    impossible = amy.delete("/users/x/follow")
    assert (impossible.status_code, told(impossible)) == (404, (200, 198))
    no_picture = amy.post("/stories", files=form(b"no picture"))
    assert (no_picture.status_code, told(no_picture)) == (400, (100, 99))
    too_large = amy.post("/posts", files=form(PICTURE + bytes(8 * 1_048_576)))
    assert (too_large.status_code, told(too_large)) == (413, (50, 49))
    for headers in ({}, {"Authorization": "Bearer x"}):
        unknown = amy.api.call("GET", "/feed", headers=headers)
        assert unknown.status_code == 401
        assert told(unknown)[0] == 200
        assert int(unknown.headers["x-ratelimit-reset"]) > time.time()


def test_a_repeated_request_counts_again(amy: Person) -> None:
    """Refused and failed requests count; what an Idempotency-Key answers again is a request,
    too."""
    first = amy.post("/stories", key="once", files=form(PICTURE))
    again = amy.post("/stories", key="once", files=form(PICTURE))
    assert first.json() == again.json()
    assert [told(first)[1], told(again)[1]] == [99, 98]
