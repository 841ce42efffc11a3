"""contract.md, "Accounts": guessing passwords, on a server with limits on.

Strangers come from other addresses of the loopback network, which Linux has without being told.
"""

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from itertools import count

import httpx
import pytest

from tests.conformance.conftest import OwnServer
from tests.conformance.shapes import moment
from tests.conformance.world import PASSWORD, Api, Person, fresh, ok, refused

WRONG_AN_ACCOUNT = 10
WRONG_AN_ADDRESS = 30
WINDOW_S = 900

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="127.0.0.2 is no address here")


class Street:
    """One server, and the addresses that people come to it from."""

    def __init__(self, home: Api, stack: ExitStack) -> None:
        self.home = home
        self._stack = stack
        self._numbers = count(2)

    def stranger(self) -> Api:
        """The server to somebody at an address that nobody has come from."""
        return self._stack.enter_context(Api(self.home.url, f"127.0.0.{next(self._numbers)}"))


@pytest.fixture(scope="module")
def street(own_server: OwnServer) -> Iterator[Street]:
    with ExitStack() as stack:
        yield Street(own_server(TRIPTYCH_RATE_LIMITS="on"), stack)


def guess(api: Api, name: str, times: int) -> None:
    for _ in range(times):
        refused(api.log_in(name, "wrong horse"), "UNAUTHORIZED")


def throttled(answer: httpx.Response) -> None:
    """Checks a 429 of at most the window."""
    refused(answer, "RATE_LIMIT_EXCEEDED")
    assert 0 < int(answer.headers["retry-after"]) <= WINDOW_S
    ahead = moment(answer.json()["reset_at"]) - datetime.now(UTC)
    assert timedelta(seconds=-5) < ahead < timedelta(seconds=WINDOW_S + 5)


def test_an_account_bears_ten_wrong_passwords(street: Street) -> None:
    """“Guessing: 10 wrong passwords an account …  in 15 minutes, then 429; the right password from
    an address that has logged in before still works, so that a stranger can't lock an account
    out.” “A 429 adds top-level `message` and `reset_at`” and has `Retry-After`."""
    ann, thief = street.home.person("ann"), street.stranger()
    guess(thief, ann.name, WRONG_AN_ACCOUNT)
    throttled(thief.log_in(ann.name, "wrong horse"))
    throttled(thief.log_in(ann.name))
    throttled(street.stranger().log_in(ann.name))
    ok(street.home.log_in(ann.name))
    throttled(street.stranger().log_in(ann.name))


def test_a_name_that_is_nobody_s_is_throttled_alike(street: Street) -> None:
    """“Wrong password and unknown user are the same”: the throttle must not tell them apart."""
    name, thief = fresh("nobody"), street.stranger()
    guess(thief, name, WRONG_AN_ACCOUNT)
    throttled(thief.log_in(name))
    throttled(thief.log_in(name.upper()))


def test_an_address_bears_thirty_wrong_passwords(street: Street) -> None:
    """“Guessing: … 30 an address in 15 minutes, then 429”."""
    people = [street.home.person(f"p{number}") for number in range(3)]
    thief = street.stranger()
    for number in range(WRONG_AN_ADDRESS):
        guess(thief, fresh("nobody") if number % 2 else people[number % 3].name, 1)
    throttled(thief.log_in(people[0].name))
    throttled(thief.log_in(fresh("nobody")))
    ok(street.home.log_in(people[0].name))
    ok(street.stranger().log_in(people[0].name))


def test_right_passwords_are_no_guesses(street: Street) -> None:
    """“10 wrong passwords an account”: only wrong ones count."""
    ann, visitor = street.home.person("ann"), street.stranger()
    for _ in range(WRONG_AN_ACCOUNT + 2):
        ok(visitor.log_in(ann.name))


def test_who_is_logged_in_already_stays_so(street: Street) -> None:
    """“so that a stranger can't lock an account out”."""
    ann = street.home.person("ann")
    guess(street.stranger(), ann.name, WRONG_AN_ACCOUNT)
    ok(ann.get("/feed"))
    ok(street.home.refresh(ann.refresh_token))


@pytest.mark.parametrize("path", ["/auth/password", "/users/me/delete"])
def test_the_password_can_t_be_guessed_elsewhere(street: Street, path: str) -> None:
    """Decided: a wrong password counts for the throttle wherever it is asked for."""
    ann = street.home.person("ann")
    thief = street.stranger()
    stolen = Person(thief, ok(thief.log_in(ann.name)))
    wrong = {"old_password": "wrong horse", "new_password": "x" * 8, "password": "wrong horse"}
    for _ in range(WRONG_AN_ACCOUNT):
        refused(stolen.post(path, json=wrong), "FORBIDDEN")
    throttled(stolen.post(path, json=wrong))
    throttled(street.stranger().log_in(ann.name))
    ok(street.home.log_in(ann.name, PASSWORD))
