"""Registering and logging in."""

from typing import Any

import pytest

from actors.user.messages import ChangePassword
from tests.api.world import PASSWORD, SLACK_MS, Person, World

REGISTER = "/api/v1/auth/register"
LOGIN = "/api/v1/auth/login"


async def test_whoever_registers_is_logged_in(world: World) -> None:
    body = {"username": "Ann", "password": PASSWORD, "email": "a@b.c", "full_name": "Ann", "x": 1}
    answer = await world.client.post(REGISTER, json=body)
    assert answer.status_code == 201
    login = answer.json()
    assert login["expires_in"] == 3600
    assert login["user"] == {"user_id": "1", "username": "ann", "profile_image_url": None}
    assert set(login) == {"access_token", "refresh_token", "token_type", "expires_in", "user"}
    profile = await Person(world.client, login).get("/users/me")
    assert profile.json()["full_name"] == "Ann"


async def test_upper_case_makes_no_second_name(world: World, ann: Person) -> None:
    body = {"username": "ANN", "password": PASSWORD}
    answer = await world.client.post(REGISTER, json=body)
    assert answer.status_code == 409
    assert answer.json()["error"]["code"] == "CONFLICT"


@pytest.mark.parametrize(
    ("changed", "details"),
    [
        ({"username": ""}, {"field": "username", "min_length": 1, "max_length": 30}),
        ({"username": "a" * 31}, {"field": "username", "min_length": 1, "max_length": 30}),
        ({"username": ".ann"}, {"field": "username"}),
        ({"username": "ann."}, {"field": "username"}),
        ({"username": "a..b"}, {"field": "username"}),
        ({"username": "ann\n"}, {"field": "username"}),
        ({"username": "änn"}, {"field": "username"}),
        ({"username": 5}, {"field": "username"}),
        ({"username": None}, {"field": "username"}),
        ({"password": "short"}, {"field": "password", "min_length": 8}),
        ({"password": "x" * 1025}, {"field": "password", "max_length": 1024}),
        ({"password": "é" * 600}, {"field": "password", "max_bytes": 1024}),
        ({"password": "with\0nul in it"}, {"field": "password"}),
        ({"email": "nowhere"}, {"field": "email"}),
        ({"email": "a@b@c"}, {"field": "email"}),
        ({"email": "a@" + "b" * 260}, {"field": "email", "max_length": 254}),
        ({"full_name": "x" * 65}, {"field": "full_name", "max_length": 64}),
        ({"full_name": "a\0b"}, {"field": "full_name"}),
    ],
)
async def test_what_can_not_be_registered_is_named(
    world: World, changed: dict[str, Any], details: dict[str, Any]
) -> None:
    body = {"username": "ann", "password": PASSWORD, **changed}
    answer = await world.client.post(REGISTER, json=body)
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error["code"] == "INVALID_REQUEST"
    assert error["details"].items() >= details.items()


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b"\xff", b'{"username":"\\ud800"}', b'{"username":"\\udc00"}']
)
async def test_what_is_no_json_is_a_bad_request(world: World, body: bytes) -> None:
    answer = await world.client.post(REGISTER, content=body)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "INVALID_REQUEST"


async def test_a_body_over_a_mebibyte_is_refused_unread(world: World) -> None:
    answer = await world.client.post(REGISTER, content=b" " * (1_048_576 + 1))
    assert answer.status_code == 413
    assert answer.json()["error"]["code"] == "MEDIA_TOO_LARGE"
    assert answer.headers["connection"] == "close"


async def test_any_content_type_will_do_for_json(world: World, ann: Person) -> None:
    body = b'{"username":"ANN","password":"correct horse"}'
    headers = {"Content-Type": "text/plain"}
    answer = await world.client.post(LOGIN, content=body, headers=headers)
    assert answer.status_code == 200
    assert answer.json()["user"]["user_id"] == ann.id


async def test_an_unknown_user_and_a_wrong_password_look_the_same(
    world: World, ann: Person
) -> None:
    wrong = await world.client.post(LOGIN, json={"username": "ann", "password": "wrong horse"})
    unknown = await world.client.post(LOGIN, json={"username": "zoe", "password": "wrong horse"})
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.content == unknown.content
    assert wrong.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Bearer x.y.z", "Basic YTpi", "bearer a b", "Bearer \xe9"]
)
async def test_a_bad_token_is_a_401(world: World, header: str) -> None:
    headers = [(b"Authorization", header.encode("latin-1"))]
    answer = await world.client.get("/api/v1/feed", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_a_token_is_good_for_an_hour(world: World, ann: Person) -> None:
    world.clock.ahead_ms += 3_600_000 - SLACK_MS
    assert (await ann.get("/feed")).status_code == 200
    world.clock.ahead_ms += SLACK_MS
    assert (await ann.get("/feed")).status_code == 401


async def test_a_token_ends_with_its_session(world: World, ann: Person) -> None:
    assert (await ann.get("/feed")).status_code == 200
    await world.context.asking.ask(ChangePassword(int(ann.id), "$argon2id$other", None))
    assert (await ann.get("/feed")).status_code == 401


async def test_authentication_comes_before_the_body(world: World) -> None:
    answer = await world.client.post("/api/v1/posts", content=b"x" * 100)
    assert answer.status_code == 401
    assert answer.headers["connection"] == "close"
