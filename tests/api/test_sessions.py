"""Sessions: refreshed with rotation, listed, ended one by one and all at once, and what a token is
worth afterwards."""

import os
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from actors.user.sessions import SESSIONS_MAX
from server.access.tokens import (
    ACCESS_TOKEN_S,
    MEDIA_COOKIE,
    make_refresh_token,
    next_refresh_token,
    read_refresh_token,
)
from tests.api.world import PASSWORD, Person, World, refused, told

REFRESH = "/api/v1/auth/refresh"
UNAUTHORIZED = 401


async def refreshed(world: World, token: str) -> httpx.Response:
    return await world.client.post(REFRESH, json={"refresh_token": token})


async def is_logged_in(person: Person) -> bool:
    return (await person.get("/feed")).status_code == 200


async def sessions_of(person: Person) -> list[dict[str, Any]]:
    return told(await person.get("/auth/sessions"))["sessions"]


# Refreshing.


async def test_a_refresh_token_brings_a_new_pair_of_the_same_session(
    world: World, ann: Person
) -> None:
    _, login = await world.login("ann")
    answer = await refreshed(world, login["refresh_token"])
    again = told(answer)
    assert set(again) == set(login)
    assert again["user"] == login["user"]
    assert again["expires_in"] == ACCESS_TOKEN_S
    assert again["refresh_token"] != login["refresh_token"]
    assert await is_logged_in(Person(world.client, again))
    assert len(await sessions_of(ann)) == 2


async def test_each_refresh_token_works_once_and_the_line_goes_on(
    world: World, ann: Person
) -> None:
    _, login = await world.login("ann")
    for _ in range(4):
        login = told(await refreshed(world, login["refresh_token"]))
    assert await is_logged_in(Person(world.client, login))


@pytest.mark.parametrize("spent", [0, 1, 2])
async def test_a_spent_token_ends_the_whole_session_and_no_other(
    world: World, ann: Person, spent: int
) -> None:
    _, login = await world.login("ann")
    line = [login]
    for _ in range(3):
        line.append(told(await refreshed(world, line[-1]["refresh_token"])))
    stolen = await refreshed(world, line[spent]["refresh_token"])
    assert refused(stolen, UNAUTHORIZED)["code"] == "UNAUTHORIZED"
    assert "set-cookie" not in stolen.headers
    for one in line:
        assert not await is_logged_in(Person(world.client, one))
        refused(await refreshed(world, one["refresh_token"]), UNAUTHORIZED)
    assert await is_logged_in(ann)
    assert len(await sessions_of(ann)) == 1


async def test_a_forged_token_ends_nothing_unless_it_is_of_the_family(
    world: World, ann: Person
) -> None:
    _, login = await world.login("ann")
    person = Person(world.client, login)
    for text in ("", "x", make_refresh_token(os.urandom).text, login["access_token"], "A" * 64):
        refused(await refreshed(world, text), UNAUTHORIZED)
    assert await is_logged_in(person)
    genuine = read_refresh_token(login["refresh_token"])
    assert genuine is not None
    forged = next_refresh_token(genuine, os.urandom)  # by whoever saw a token that was good once
    refused(await refreshed(world, forged.text), UNAUTHORIZED)
    assert not await is_logged_in(person)


@pytest.mark.parametrize("body", [{}, {"refresh_token": None}, {"refresh_token": 5}])
async def test_a_refresh_needs_a_token(world: World, body: dict[str, Any]) -> None:
    error = refused(await world.client.post(REFRESH, json=body), 400)
    assert error["details"]["field"] == "refresh_token"


# Logging out and the list.


async def test_logging_out_ends_access_and_refresh_at_once(world: World, ann: Person) -> None:
    person, login = await world.login("ann")
    answer = await person.post("/auth/logout")
    assert told(answer) == {"message": "Logged out"}
    assert not await is_logged_in(person)
    refused(await refreshed(world, login["refresh_token"]), UNAUTHORIZED)
    refused(await person.post("/auth/logout"), UNAUTHORIZED)
    assert await is_logged_in(ann)


async def test_sessions_are_listed_the_newest_first(world: World, ann: Person) -> None:
    phone, _ = await world.login("ann", client="Phone/1.0")
    await world.login("ann", client="x" * 500)
    tablet, login = await world.login("ann", client="Tablet")
    world.clock.ahead_ms += 60_000
    told(await refreshed(world, login["refresh_token"]))
    sessions = await sessions_of(phone)
    assert [one["client"] for one in sessions[:3]] == ["Tablet", "x" * 200, "Phone/1.0"]
    assert [one["current"] for one in sessions] == [False, False, True, False]
    assert all(set(one) == set(sessions[0]) for one in sessions)
    assert sessions[0]["last_used_at"] > sessions[0]["created_at"]
    assert sessions[1]["last_used_at"] == sessions[1]["created_at"]
    assert all(one["session_id"].isdigit() for one in sessions)
    assert [one["current"] for one in await sessions_of(tablet)] == [True, False, False, False]


async def test_a_client_without_a_name_is_null(world: World, ann: Person) -> None:
    person, _ = await world.login("ann", client="")
    assert (await sessions_of(person))[0]["client"] is None


async def test_a_session_can_be_ended_from_another(world: World, ann: Person) -> None:
    other, login = await world.login("ann")
    (session,) = [one["session_id"] for one in await sessions_of(other) if one["current"]]
    answer = await ann.delete(f"/auth/sessions/{session}")
    assert told(answer) == {"message": "Session ended", "session_id": session}
    assert not await is_logged_in(other)
    refused(await refreshed(world, login["refresh_token"]), UNAUTHORIZED)
    assert await is_logged_in(ann)
    refused(await ann.delete(f"/auth/sessions/{session}"), 404)


async def test_nobody_ends_a_session_of_somebody_else(ann: Person, bob: Person) -> None:
    (session,) = await sessions_of(ann)
    refused(await bob.delete(f"/auth/sessions/{session['session_id']}"), 404)
    for nothing in ("1", "0", "x", "me", "9" * 30):
        refused(await bob.delete(f"/auth/sessions/{nothing}"), 404)
    assert await is_logged_in(ann)


async def test_the_login_that_makes_too_many_ends_the_oldest(world: World, ann: Person) -> None:
    for _ in range(SESSIONS_MAX - 1):
        last, _ = await world.login("ann")
    assert await is_logged_in(ann)
    newest, _ = await world.login("ann")
    assert not await is_logged_in(ann)
    assert await is_logged_in(newest)
    assert len(await sessions_of(last)) == SESSIONS_MAX


# The password.


async def change(person: Person, old: str, new: str) -> httpx.Response:
    return await person.post("/auth/password", json={"old_password": old, "new_password": new})


async def test_a_new_password_ends_all_other_sessions(world: World, ann: Person) -> None:
    other, login = await world.login("ann")
    assert told(await change(ann, PASSWORD, "battery staple")) == {"message": "Password changed"}
    assert await is_logged_in(ann)
    assert not await is_logged_in(other)
    refused(await refreshed(world, login["refresh_token"]), UNAUTHORIZED)
    body = {"username": "ann", "password": PASSWORD}
    refused(await world.client.post("/api/v1/auth/login", json=body), UNAUTHORIZED)
    await world.login("ann", "battery staple")


async def test_the_old_password_must_be_known(world: World, ann: Person) -> None:
    error = refused(await change(ann, "wrong horse", "battery staple"), 403)
    assert (error["code"], error["details"]) == ("FORBIDDEN", {"field": "old_password"})
    assert await is_logged_in(ann)
    await world.login("ann")


@pytest.mark.parametrize(
    ("new", "limit"),
    [("short", "min_length"), ("x" * 1_025, "max_length"), ("é" * 600, "max_bytes")],
)
async def test_a_new_password_keeps_to_the_rules(ann: Person, new: str, limit: str) -> None:
    details = refused(await change(ann, PASSWORD, new), 400)["details"]
    assert details["field"] == "new_password"
    assert limit in details


# The cookie for media.


def cookie_of(answer: httpx.Response) -> tuple[str, set[str]]:
    """The value of the media cookie, and what is said about it."""
    name, _, rest = answer.headers["set-cookie"].partition("=")
    assert name == MEDIA_COOKIE
    value, *attributes = rest.split("; ")
    return value, set(attributes)


async def test_every_login_brings_the_media_cookie(world: World) -> None:
    body = {"username": "ann", "password": PASSWORD}
    registered = await world.client.post("/api/v1/auth/register", json=body)
    logged_in = await world.client.post("/api/v1/auth/login", json=body)
    again = await refreshed(world, logged_in.json()["refresh_token"])
    for answer in (registered, logged_in, again):
        value, attributes = cookie_of(answer)
        lasts = {one for one in attributes if one.startswith("Expires=")}
        assert attributes - lasts == {"HttpOnly", "SameSite=Strict", "Path=/media", "Max-Age=3600"}
        known = world.context.cookies.read(value, world.clock.now() // 1_000)
        assert known is not None
        assert known[0] == 1


async def end_own_session(ann: Person) -> httpx.Response:
    own = next(one["session_id"] for one in await sessions_of(ann) if one["current"])
    return await ann.delete(f"/auth/sessions/{own}")


@pytest.mark.parametrize(
    "end",
    [
        lambda ann: ann.post("/auth/logout"),
        end_own_session,
        lambda ann: ann.post("/users/me/delete", json={"password": PASSWORD}),
    ],
    ids=["logout", "session", "account"],
)
async def test_the_end_of_the_session_takes_the_cookie_away(
    world: World, ann: Person, end: Callable[[Person], Awaitable[httpx.Response]]
) -> None:
    answer = await end(ann)
    assert answer.status_code == 200
    value, attributes = cookie_of(answer)
    assert value in ("", '""')
    assert attributes >= {"Max-Age=0", "Path=/media"}


async def test_the_end_of_another_session_leaves_the_cookie(world: World, ann: Person) -> None:
    body = {"username": "ann", "password": PASSWORD}
    await world.client.post("/api/v1/auth/login", json=body)
    other = next(one["session_id"] for one in await sessions_of(ann) if not one["current"])
    assert "set-cookie" not in (await ann.delete(f"/auth/sessions/{other}")).headers


async def test_the_cookie_opens_no_route_of_the_api(world: World, ann: Person) -> None:
    login = await world.client.post(
        "/api/v1/auth/login", json={"username": "ann", "password": PASSWORD}
    )
    value, _ = cookie_of(login)
    for headers in (
        {"Cookie": f"{MEDIA_COOKIE}={value}"},
        {"Authorization": f"Bearer {value}"},
        {"Cookie": f"access_token={login.json()['access_token']}"},
    ):
        for method, path in (("GET", "/feed"), ("POST", "/auth/logout"), ("GET", "/users/me")):
            answer = await world.client.request(method, f"/api/v1{path}", headers=headers)
            assert answer.status_code == UNAUTHORIZED
