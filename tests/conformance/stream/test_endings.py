"""contract.md, "The stream" and "Accounts": what ends a stream, and with which code."""

import os
from pathlib import Path

import pytest

from tests.conformance.conftest import URL_VARIABLE
from tests.conformance.serving import served
from tests.conformance.stream.listening import stream_of
from tests.conformance.world import PASSWORD, Api, Person, ok

ENDED = 4001


@pytest.mark.parametrize("kind", ["logout", "ended elsewhere", "spent refresh token", "deletion"])
def test_the_end_of_the_session_ends_its_streams(kind: str, api: Api, ann: Person) -> None:
    """“the end of the token or session closes with 4001”; “`POST /auth/logout` → ends the session
    at once: its access token, its refresh token and its streams”; “a second use ends that whole
    session”."""
    other = ann.again()
    with stream_of(ann, "feed") as stream, stream_of(other, "feed") as another:
        if kind == "logout":
            ok(ann.post("/auth/logout"))
        elif kind == "ended elsewhere":
            sessions = other.sees("/auth/sessions")["sessions"]
            (theirs,) = [one["session_id"] for one in sessions if not one["current"]]
            ok(other.delete(f"/auth/sessions/{theirs}"))
        elif kind == "spent refresh token":
            ok(api.refresh(ann.refresh_token))
            assert api.refresh(ann.refresh_token).status_code == 401
        else:
            ann.deletes_account()
        assert stream.end() == ENDED
        if kind == "deletion":
            assert another.end() == ENDED
        else:
            post = other.posts()
            assert another.next()["data"]["post_id"] == post["post_id"]


def test_a_new_password_ends_all_other_streams(ann: Person) -> None:
    """“`POST /auth/password {old_password, new_password}` ends all other sessions”."""
    other = ann.again()
    with stream_of(ann, "feed") as mine, stream_of(other, "feed") as theirs:
        body = {"old_password": PASSWORD, "new_password": "another password"}
        ok(ann.post("/auth/password", json=body))
        assert theirs.end() == ENDED
        post = ann.posts()
        assert mine.next()["data"]["post_id"] == post["post_id"]


def test_the_servers_stop_ends_all_streams(tmp_path: Path) -> None:
    """“the server's stop with 1001”."""
    if URL_VARIABLE in os.environ:
        pytest.skip(f"stops a server of its own, and {URL_VARIABLE} names one")
    with served(tmp_path / "data", TRIPTYCH_RATE_LIMITS="off") as url, Api(url) as api:
        streams = [stream_of(api.person(), "feed").__enter__() for _ in range(3)]
    assert [stream.end() for stream in streams] == [1001] * 3
    for stream in streams:
        stream.leave()
