"""Who may register: everybody, whoever has an invite, or nobody; and what the server says of it."""

import hashlib
import tomllib
from typing import Any

import httpx
import pytest

from actors.accounts.messages import CreateInvite
from tests.api.world import PASSWORD, Person, World, refused, told
from tests.docs.blocks import ROOT


async def register(world: World, name: str, **more: Any) -> httpx.Response:
    body = {"username": name, "password": PASSWORD, **more}
    return await world.client.post("/api/v1/auth/register", json=body)


async def invite(world: World, code: str) -> None:
    """As the operator's command makes one."""
    await world.context.asking.ask(CreateInvite(hashlib.sha256(code.encode()).hexdigest()))


async def test_a_closed_server_takes_nobody(world: World, ann: Person) -> None:
    await invite(world, "come-in")
    async with world.under(registration="closed") as closed:
        for more in ({}, {"invite": "come-in"}):
            assert refused(await register(closed, "bob", **more), 403)["code"] == "FORBIDDEN"
        await closed.login("ann")
    told(await register(world, "bob"), 201)


@pytest.mark.parametrize("code", [None, "", "wrong", "come-in ", "COME-IN", "\0", "x" * 500])
async def test_whoever_has_no_invite_stays_outside(world: World, code: str | None) -> None:
    await invite(world, "come-on-in")
    async with world.under(registration="invite") as by_invite:
        error = refused(await register(by_invite, "bob", invite=code), 403)
        assert (error["code"], error["details"]) == ("FORBIDDEN", {"field": "invite"})


async def test_an_invite_is_good_for_one(world: World) -> None:
    await invite(world, "come-in")
    async with world.under(registration="invite") as by_invite:
        told(await register(by_invite, "ann", invite=" come-in\n"), 201)
        error = refused(await register(by_invite, "bob", invite="come-in"), 403)
        assert error["details"] == {"field": "invite"}


async def test_a_name_that_is_taken_does_not_use_up_the_invite(world: World, ann: Person) -> None:
    await invite(world, "come-in")
    async with world.under(registration="invite") as by_invite:
        refused(await register(by_invite, "ann", invite="come-in"), 409)
        told(await register(by_invite, "bob", invite="come-in"), 201)


async def test_an_open_server_uses_up_no_invite(world: World) -> None:
    await invite(world, "come-in")
    told(await register(world, "ann", invite="come-in"), 201)
    async with world.under(registration="invite") as by_invite:
        told(await register(by_invite, "bob", invite="come-in"), 201)


@pytest.mark.parametrize("registration", ["open", "invite", "closed"])
async def test_the_server_says_who_may_register_and_what_it_takes(
    world: World, registration: str
) -> None:
    async with world.under(registration=registration) as other:
        answer = told(await other.client.get("/api/v1/instance"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert answer == {
        "name": "Triptych",
        "version": project["version"],
        "registration": registration,
        "registration_open": registration == "open",
        "limits": {
            "caption_length_max": 2_200,
            "comment_length_max": 1_000,
            "alt_text_length_max": 1_500,
            "media_per_post_max": 10,
            "media_bytes_max": 8_388_608,
            "user_tags_max": 20,
            "username_length_max": 30,
            "full_name_length_max": 64,
            "bio_length_max": 150,
            "website_length_max": 500,
            "password_length_min": 8,
        },
    }
