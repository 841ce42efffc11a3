"""contract.md, "Accounts": registering, logging in, refreshing, logging out."""

from functools import partial
from time import perf_counter

import pytest

from tests.conformance.shapes import LOGIN, check
from tests.conformance.world import PASSWORD, Api, Person, at_once, fresh, ok, refused

GOOD_NAMES = ["a{}", "{}9", "a.b_{}", "_{}_", "__{}", "0.{}", "a{}" + "x" * 17]
BAD_NAMES = [
    "",
    "x" * 31,
    ".{}",
    "{}.",
    "a..{}",
    "a b{}",
    "a-{}",
    "a@{}",
    "a/{}",
    "ä{}",
    "\u0430{}",
    "\uff11{}",
    "{}\n",
    "{}\u0000",
    "{}😍",
]


def test_registering_answers_as_logging_in(api: Api) -> None:
    """“`POST /auth/register {username, password, email?, full_name?, invite?}` → 201, the body of
    login.”"""
    name = fresh("ann")
    registered = ok(api.register(name, email="ann@example.org", full_name="Ann Lee"), 201)
    check(registered, LOGIN)
    assert registered["user"]["username"] == name
    logged_in = ok(api.log_in(name))
    check(logged_in, LOGIN)
    assert logged_in["user"] == registered["user"]
    profile = Person(api, registered).sees("/users/me")
    assert (profile["full_name"], profile["stats"]) == (
        "Ann Lee",
        {"followers_count": 0, "following_count": 0, "posts_count": 0},
    )
    assert (profile["verified"], profile["private_account"]) == (False, False)


def test_an_email_address_is_told_to_nobody(api: Api, bob: Person) -> None:
    """The text's profile has no `email`."""
    ann = api.person(email="secret@example.org")
    for person in (ann, bob):
        assert "secret@" not in person.get(f"/users/{ann.id}").text


@pytest.mark.parametrize("form", GOOD_NAMES)
def test_a_username_may_be(api: Api, form: str) -> None:
    """“Username: 1-30 of letters, digits, `.`, `_`”."""
    name = form.format(fresh(""))
    assert ok(api.register(name), 201)["user"]["username"] == name
    assert ok(api.call("GET", f"/users/by-username/{name}"))["username"] == name


def test_one_letter_is_a_username(api: Api) -> None:
    """“Username: 1-30”; on a server that is not ours somebody may have it."""
    assert api.register("q").status_code in {201, 409}


@pytest.mark.parametrize("form", BAD_NAMES)
def test_a_username_may_not_be(api: Api, form: str) -> None:
    """“Username: 1-30 of letters, digits, `.`, `_` …, no leading, trailing or doubled dot”."""
    refused(api.register(form.format(fresh(""))), "INVALID_REQUEST", "username")


def test_upper_case_is_the_same_name(api: Api) -> None:
    """“kept in lower case (upper case is accepted; `ANN` and `ann` are one, the second is 409)”."""
    name = fresh("ann")
    registered = ok(api.register(name.upper()), 201)
    assert registered["user"]["username"] == name
    for again in (name, name.upper(), name.title()):
        refused(api.register(again), "CONFLICT", "username")
        assert ok(api.log_in(again))["user"] == registered["user"]
        found = ok(api.call("GET", f"/users/by-username/{again}"))
        assert found["user_id"] == registered["user"]["user_id"]


def test_of_twins_one_gets_the_name(api: Api) -> None:
    """“CONFLICT: 409 (username taken)”, also when both ask at once."""
    name = fresh("twin")
    answers = at_once(*[partial(api.register, name), partial(api.register, name.upper())] * 2)
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    ok(api.log_in(name))


@pytest.mark.parametrize("password", ["x" * 8, "x" * 1_024, "пароль 密码 ", "😍" * 8])
def test_a_password_may_be(api: Api, password: str) -> None:
    """“password ≥ 8 characters, ≤ 1,024 bytes”."""
    name = fresh("ann")
    ok(api.register(name, password=password), 201)
    ok(api.log_in(name, password))
    for wrong in (password + "x", password[:-1] + "y", password.upper() + "\u200b"):
        refused(api.log_in(name, wrong), "UNAUTHORIZED")


def test_a_password_may_not_be(api: Api) -> None:
    """“password ≥ 8 characters, ≤ 1,024 bytes”; a character is a code point."""
    for short in ("", "x" * 7, "😍" * 7):
        answer = api.register(fresh("ann"), password=short)
        refused(answer, "INVALID_REQUEST", "password", min_length=8)
    for long in ("x" * 1_025, "é" * 513):
        refused(api.register(fresh("ann"), password=long), "INVALID_REQUEST", "password")
    for wrong in (None, 12345678, ["x" * 8]):
        refused(api.register(fresh("ann"), password=wrong), "INVALID_REQUEST", "password")


def test_registering_checks_its_other_fields(api: Api) -> None:
    """“INVALID_REQUEST: 400 (… out of range; `details.field` names it, with the limit)”."""
    refused(api.register(fresh("ann"), email="nowhere"), "INVALID_REQUEST", "email")
    answer = api.register(fresh("ann"), full_name="x" * 65)
    refused(answer, "INVALID_REQUEST", "full_name", max_length=64)
    ok(api.register(fresh("ann"), email=None, full_name=None), 201)


def test_a_wrong_password_and_an_unknown_user_are_the_same(api: Api, ann: Person) -> None:
    """“Wrong password and unknown user are the same 401”."""
    wrong, unknown = api.log_in(ann.name, "wrong horse"), api.log_in(fresh("nobody"))
    refused(wrong, "UNAUTHORIZED")
    assert wrong.json() == unknown.json()
    assert wrong.headers.keys() == unknown.headers.keys()


def test_an_unknown_user_takes_the_same_time(api: Api, ann: Person) -> None:
    """“the same 401, in the same time”; hardening.md: “an unknown user costs the same”."""

    def taken_s(name: str) -> float:
        begun = perf_counter()
        refused(api.log_in(name, "wrong horse"), "UNAUTHORIZED")
        return perf_counter() - begun

    # Hashing takes tens of milliseconds, everything else one or two: a factor tells them apart. In
    # turns, and the quickest of each: what else the machine does only ever adds to some of them.
    unknown, known = fresh("nobody"), ann.name
    taken = [(taken_s(unknown), taken_s(known)) for _ in range(7)]
    quickest_unknown, quickest_known = map(min, zip(*taken, strict=True))
    assert 1 / 3 < quickest_unknown / quickest_known < 3, taken


def test_refreshing_gives_a_new_pair(api: Api, ann: Person) -> None:
    """“`POST /auth/refresh {refresh_token}` → a new pair”."""
    answer = ok(api.refresh(ann.refresh_token))
    check(answer, LOGIN)
    assert answer["user"]["user_id"] == ann.id
    assert answer["refresh_token"] != ann.refresh_token
    renewed = Person(api, answer)
    ok(renewed.get("/feed"))
    sessions = renewed.sees("/auth/sessions")["sessions"]
    assert [session["current"] for session in sessions] == [True], "a refresh is no new session"


def test_refreshing_goes_on_and_on(api: Api, ann: Person) -> None:
    """“each refresh token works once”: the newest one, each time."""
    token = ann.refresh_token
    for _ in range(5):
        renewed = Person(api, ok(api.refresh(token)))
        token = renewed.refresh_token
    ok(renewed.get("/feed"))


def test_a_spent_refresh_token_ends_its_session(api: Api, ann: Person) -> None:
    """“a second use ends that whole session”."""
    other = ann.again()
    renewed = Person(api, ok(api.refresh(ann.refresh_token)))
    refused(api.refresh(ann.refresh_token), "UNAUTHORIZED")
    for ended in (ann, renewed):
        refused(ended.get("/feed"), "UNAUTHORIZED")
        refused(api.refresh(ended.refresh_token), "UNAUTHORIZED")
    ok(other.get("/feed"))
    ok(api.refresh(other.refresh_token))


def test_a_token_spent_long_ago_ends_it_too(api: Api, ann: Person) -> None:
    """“each refresh token works once, a second use ends that whole session”."""
    newest = ann
    for _ in range(3):
        newest = Person(api, ok(api.refresh(newest.refresh_token)))
    refused(api.refresh(ann.refresh_token), "UNAUTHORIZED")
    refused(newest.get("/feed"), "UNAUTHORIZED")


def test_of_two_refreshes_at_once_one_is_the_second(api: Api, ann: Person) -> None:
    """“each refresh token works once, a second use ends that whole session”."""
    answers = at_once(*[partial(api.refresh, ann.refresh_token)] * 2)
    assert sorted(answer.status_code for answer in answers) == [200, 401]
    [renewed] = [Person(api, answer.json()) for answer in answers if answer.is_success]
    refused(renewed.get("/feed"), "UNAUTHORIZED")
    refused(api.refresh(renewed.refresh_token), "UNAUTHORIZED")


def test_what_is_no_refresh_token(api: Api, ann: Person) -> None:
    """“UNAUTHORIZED: 401”; “INVALID_REQUEST: 400 (… wrong type, missing …)”."""
    for unknown in (ann.token, "x", "A" * 43, ann.refresh_token[:-1], ann.refresh_token + "A", ""):
        refused(api.refresh(unknown), "UNAUTHORIZED")
    for body in ({}, {"refresh_token": None}, {"refresh_token": 1}, []):
        refused(api.call("POST", "/auth/refresh", json=body), "INVALID_REQUEST")
    ok(ann.get("/feed"))


def test_logging_out_ends_the_session_at_once(api: Api, ann: Person) -> None:
    """“`POST /auth/logout` → ends the session at once: its access token, its refresh token”."""
    other = ann.again()
    assert ok(ann.post("/auth/logout")) == {"message": "Logged out"}
    refused(ann.get("/feed"), "UNAUTHORIZED")
    refused(ann.post("/auth/logout"), "UNAUTHORIZED")
    refused(api.call("GET", f"/users/{other.id}", token=ann.token), "UNAUTHORIZED")
    refused(api.refresh(ann.refresh_token), "UNAUTHORIZED")
    ok(other.get("/feed"))


def test_a_login_needs_both_texts(api: Api) -> None:
    """“INVALID_REQUEST: 400 (… wrong type, missing or unknown value …)”."""
    for field, body in (
        ("username", {"password": PASSWORD}),
        ("password", {"username": "ann"}),
        ("username", {"username": 1, "password": PASSWORD}),
        ("password", {"username": "ann", "password": None}),
    ):
        refused(api.call("POST", "/auth/login", json=body), "INVALID_REQUEST", field)
