"""The tiers: what each takes an hour, of whom, and what is said of it."""

from typing import Any

import msgspec
import pytest

from server.access.ratelimits import HOUR_MS, Allowance, RateLimits, Tier, figures_of
from server.http.routing import Route, Who
from server.problems import rate_limited
from server.routes.table import ROUTES
from server.settings import Settings

T = 1_767_225_600_123
"""2026-01-01T00:00:00.123Z"""

USER, ADDRESS = 7, "203.0.113.9"


def limits(**settings: Any) -> RateLimits:
    return RateLimits(figures_of(Settings(**settings)))


def allowed_of_user(limits: RateLimits, tier: Tier, now: int = T) -> int:
    """How many requests in a row are let through."""
    allowed = 0
    while not limits.count_user(tier, USER, now).is_refused:
        allowed += 1
    return allowed


def allowed_of_address(limits: RateLimits, tier: Tier) -> int:
    allowed = 0
    while not limits.count_address(tier, ADDRESS, T).is_refused:
        allowed += 1
    return allowed


@pytest.mark.parametrize(
    ("tier", "an_hour"),
    [
        (Tier.POST_UPLOAD, 50),
        (Tier.STORY_UPLOAD, 100),
        (Tier.FEED, 200),
        (Tier.SEARCH, 100),
        (Tier.FOLLOW, 200),
    ],
)
def test_a_user_has_what_the_text_says(tier: Tier, an_hour: int):
    assert allowed_of_user(limits(), tier) == an_hour


@pytest.mark.parametrize(("tier", "an_hour"), [(Tier.SEARCH, 20), (Tier.USER_LOOKUP, 50)])
def test_an_address_without_a_token_has_what_the_text_says(tier: Tier, an_hour: int):
    assert allowed_of_address(limits(), tier) == an_hour


def test_whatever_else_there_is_has_a_generous_limit():
    for tier in (Tier.WRITE, Tier.READ, Tier.USER_LOOKUP, Tier.AUTH):
        assert allowed_of_user(limits(), tier) >= 3_000
    assert allowed_of_address(limits(), Tier.AUTH) >= 5_000


def test_figures_are_settings():
    changed = limits(limit_feed=3, limit_search_address=2)
    assert allowed_of_user(changed, Tier.FEED) == 3
    assert allowed_of_address(changed, Tier.SEARCH) == 2
    assert allowed_of_user(changed, Tier.SEARCH) == 100


def test_classes_users_and_addresses_do_not_share():
    counted = limits(limit_feed=1, limit_follow=1)
    assert not counted.count_user(Tier.FEED, 1, T).is_refused
    assert counted.count_user(Tier.FEED, 1, T).is_refused
    assert not counted.count_user(Tier.FEED, 2, T).is_refused
    assert not counted.count_user(Tier.FOLLOW, 1, T).is_refused
    assert not counted.count_address(Tier.FEED, "1", T).is_refused


def test_an_hour_begins_with_its_first_request_and_refused_ones_do_not_prolong_it():
    counted = limits(limit_feed=2)
    for later in (0, 1_000, HOUR_MS - 1):
        allowance = counted.count_user(Tier.FEED, USER, T + later)
        assert allowance.resets_at == T + HOUR_MS
    assert allowance.is_refused
    assert not counted.count_user(Tier.FEED, USER, T + HOUR_MS).is_refused


def test_what_is_left_is_told():
    counted = limits(limit_feed=2)
    reset = str((T + HOUR_MS) // 1_000 + 1)  # the next whole second
    for remaining in ("1", "0", "0"):
        assert counted.count_user(Tier.FEED, USER, T).headers() == {
            "X-RateLimit-Limit": "2",
            "X-RateLimit-Remaining": remaining,
            "X-RateLimit-Reset": reset,
        }


def test_whoever_waits_as_long_as_is_said_is_let_in():
    allowance = Allowance(limit=1, used=2, resets_at=T + HOUR_MS)
    problem = rate_limited("Enough", allowance.resets_at, T)
    assert T + int(problem.headers["Retry-After"]) * 1_000 >= allowance.resets_at
    assert int(allowance.headers()["X-RateLimit-Reset"]) * 1_000 >= allowance.resets_at


def test_a_refusal_has_the_form_of_the_contract():
    problem = rate_limited("Enough", T + 1_500, T, limit=5)
    assert problem.status == 429
    assert problem.headers == {"Retry-After": "2"}
    assert msgspec.json.decode(problem.body()) == {
        "error": {"code": "RATE_LIMIT_EXCEEDED", "message": "Enough", "details": {"limit": 5}},
        "message": "Enough",
        "reset_at": "2026-01-01T00:00:02.000Z",
    }


def test_there_is_always_a_second_to_wait():
    assert rate_limited("Enough", T, T).headers["Retry-After"] == "1"


def test_off_limits_nothing():
    counted = RateLimits(figures_of(Settings(rate_limits="off")))
    assert not any(counted.cover(tier) for tier in Tier)


def test_only_what_is_not_counted_has_no_figure():
    assert set(Tier) - set(figures_of(Settings())) == {Tier.NONE}


def test_a_crowd_of_addresses_pushes_out_no_user():
    counted = RateLimits(figures_of(Settings(limit_feed=1)), 10, 10)
    counted.count_user(Tier.FEED, USER, T)
    for number in range(1_000):
        counted.count_address(Tier.USER_LOOKUP, str(number), T)
    assert counted.statistics() == {"users": 1, "addresses": 10}
    assert counted.count_user(Tier.FEED, USER, T).is_refused


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_every_route_that_changes_something_is_limited(route: Route):
    if route.method != "GET":
        assert route.tier not in (Tier.NONE, Tier.READ)
    if route.who is Who.USER:
        assert route.tier is not Tier.NONE
