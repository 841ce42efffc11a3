"""contract.md, "Accounts" and "Users and graph": what the operator decides, on servers that are
started with other settings."""

from pathlib import Path

import pytest

from tests.conformance.conftest import OwnServer
from tests.conformance.serving import run, served
from tests.conformance.world import Api, Person, fresh, ok, refused


def told_open(api: Api) -> tuple[str, bool]:
    instance = ok(api.call("GET", "/instance"))
    return instance["registration"], instance["registration_open"]


def new_invite(folder: Path) -> str:
    """An invite of `run.py invite create`: the last word that it says."""
    made = run("invite", "create", "--data", folder)
    assert made.returncode == 0, made.stderr
    return made.stdout.split()[-1]


class Invited:
    """A server that asks for invites, and has given out some."""

    def __init__(self, own_server: OwnServer, folder: Path) -> None:
        self.invites = [new_invite(folder) for _ in range(3)]
        self.api = own_server(folder, TRIPTYCH_REGISTRATION="invite")


@pytest.fixture(scope="module")
def invited(own_server: OwnServer, tmp_path_factory: pytest.TempPathFactory) -> Invited:
    return Invited(own_server, tmp_path_factory.mktemp("invited") / "data")


def test_registration_is_open_at_first(api: Api) -> None:
    """“`GET /instance`: version, limits, whether registration is open”."""
    assert told_open(api) == ("open", True)
    ok(api.register(fresh("ann"), invite="whatever"), 201)


def test_registration_can_be_closed(own_server: OwnServer) -> None:
    """“Settings can close registration”; decided: 403."""
    api = own_server(TRIPTYCH_REGISTRATION="closed")
    assert told_open(api) == ("closed", False)
    refused(api.register(fresh("ann")), "FORBIDDEN")
    refused(api.register(fresh("ann"), invite="anything"), "FORBIDDEN")


def test_registration_can_ask_for_an_invite(invited: Invited) -> None:
    """“Settings can … ask for an invite (`run.py invite create`)”; it is good once."""
    api, invite = invited.api, invited.invites[0]
    assert len(set(invited.invites)) == len(invited.invites)
    assert told_open(api) == ("invite", False)
    for wrong in ({}, {"invite": None}, {"invite": ""}, {"invite": "x"}, {"invite": "é" * 500}):
        refused(api.register(fresh("ann"), **wrong), "FORBIDDEN", "invite")
    name = fresh("ann")
    ok(api.register(name, invite=invite), 201)
    ok(api.log_in(name))
    refused(api.register(fresh("bob"), invite=invite), "FORBIDDEN", "invite")


def test_a_registration_that_fails_spends_no_invite(invited: Invited) -> None:
    """“ask for an invite”: what does not register does not use it up."""
    api, (_, first, second) = invited.api, invited.invites
    name = fresh("ann")
    ok(api.register(name, invite=first), 201)
    refused(api.register(name, invite=second), "CONFLICT")
    refused(api.register("a..b", invite=second), "INVALID_REQUEST")
    ok(api.register(fresh("bob"), invite=second), 201)


@pytest.mark.usefixtures("own_server")
def test_the_operator_gives_the_badge(tmp_path: Path) -> None:
    """“`run.py user verify NAME` sets the badge”; “`public_url` makes media and other URLs
    absolute”, also of pictures that are there already."""
    folder = tmp_path / "data"
    with served(folder, TRIPTYCH_RATE_LIMITS="off") as url, Api(url) as api:
        ann = api.person("ann")
        assert ann.sees("/users/me")["verified"] is False
        post = ann.posts()
        assert post["media"][0]["url"].startswith(url)
    verified = run("user", "verify", ann.name, "--data", folder)
    assert verified.returncode == 0, verified.stderr
    public = "https://photos.example.org"
    settings = {"TRIPTYCH_RATE_LIMITS": "off", "TRIPTYCH_PUBLIC_URL": public}
    with served(folder, **settings) as url, Api(url) as api:
        again = Person(api, ok(api.log_in(ann.name)))
        assert again.sees("/users/me")["verified"] is True
        medium = again.sees(f"/posts/{post['post_id']}")["media"][0]
        for shown in (medium["url"], medium["thumbnail_url"]):
            assert shown.startswith(public)
            assert api.call("GET", f"/{shown.removeprefix(public)}").status_code == 200
