"""contract.md, "The stream": who may open one, and what is answered to whom may not."""

import contextlib
import json

import pytest

from tests.conformance.conftest import OwnServer
from tests.conformance.stream.listening import Refused, Stream, bearer, stream_of
from tests.conformance.world import Api, Person, ok

STREAMS_MAX = 10


def refused(stream: Stream, status: int, code: str) -> Refused:
    """The answer to a handshake that must be refused before the upgrade, in the API's shape."""
    with pytest.raises(Refused) as refusal, stream:
        pass
    answer = refusal.value
    assert answer.status == status
    assert answer.body["error"]["code"] == code
    assert set(answer.body["error"]) == {"code", "message", "details"}
    assert answer.headers["x-request-id"]
    return answer


def test_a_browser_brings_its_token_as_a_subprotocol(api: Api, ann: Person) -> None:
    """“browsers, which can't set it, use `Sec-WebSocket-Protocol: triptych, bearer.<token>`
    (`triptych` is answered)”."""
    offered = ("triptych", f"bearer.{ann.token}")
    with Stream(api.url, {}, subprotocols=offered) as stream:
        assert stream.subprotocol == "triptych"
        stream.subscribe("feed")
    with Stream(api.url, bearer(ann)) as stream:
        assert stream.subprotocol is None


@pytest.mark.parametrize("kind", ["none", "forged", "another scheme", "forged subprotocol", "url"])
def test_without_a_good_token_there_is_no_upgrade(kind: str, api: Api, ann: Person) -> None:
    """“never in the URL. No or bad token: 401 before the upgrade.”"""
    forged = ann.token[:-1] + ("A" if ann.token[-1] != "A" else "B")
    headers, offered, path = {}, (), "/v1/stream"
    if kind == "forged":
        headers = {"Authorization": f"Bearer {forged}"}
    elif kind == "another scheme":
        headers = {"Authorization": f"Basic {ann.token}"}
    elif kind == "forged subprotocol":
        offered = ("triptych", f"bearer.{forged}")
    elif kind == "url":
        path = f"/v1/stream?token={ann.token}&access_token={ann.token}"
    answer = refused(Stream(api.url, headers, offered, path), 401, "UNAUTHORIZED")
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_a_handshake_has_an_id_as_every_request(api: Api, ann: Person) -> None:
    """“Every answer carries `X-Request-Id`”; the client's own, if it is a sane one."""
    with Stream(api.url, {**bearer(ann), "X-Request-Id": "mine-1"}) as stream:
        assert stream.answered["x-request-id"] == "mine-1"
    with Stream(api.url, {**bearer(ann), "X-Request-Id": "not mine"}) as one, stream_of(ann) as two:
        new = one.answered["x-request-id"], two.answered["x-request-id"]
    assert len({*new, "not mine", ""}) == 4


@pytest.mark.parametrize("path", ["/v1/stream/", "/api/v1/stream", "/api/v1/stream/"])
def test_the_path_may_end_with_a_slash(path: str, api: Api, ann: Person) -> None:
    """As every other path may; and begin with `/api`."""
    with Stream(api.url, bearer(ann), path=path) as stream:
        stream.subscribe("feed")


def test_a_session_that_has_ended_opens_nothing(api: Api, ann: Person) -> None:
    """“`POST /auth/logout` → ends the session at once: its access token … and its streams.”"""
    ok(ann.post("/auth/logout"))
    refused(Stream(api.url, bearer(ann)), 401, "UNAUTHORIZED")


def test_somebody_elses_page_opens_nothing(api: Api, ann: Person) -> None:
    """“A browser `Origin` that is neither the server's own nor in the settings: 403.”"""
    for origin in ("https://evil.example", "null", f"{api.url}.evil.example"):
        refused(Stream(api.url, {**bearer(ann), "Origin": origin}), 403, "FORBIDDEN")
    with Stream(api.url, {**bearer(ann), "Origin": api.url}) as stream:
        stream.subscribe("feed")


def test_a_page_that_the_settings_name_is_welcome(own_server: OwnServer) -> None:
    """“… nor in the settings”."""
    api = own_server(TRIPTYCH_STREAM_ORIGINS="https://app.example, https://other.example:8443")
    ann = api.person("ann")
    for origin in ("https://app.example", "https://OTHER.example:8443"):
        with Stream(api.url, {**bearer(ann), "Origin": origin}) as stream:
            stream.subscribe("feed")
    refused(Stream(api.url, {**bearer(ann), "Origin": "https://b.example"}), 403, "FORBIDDEN")


def test_an_eleventh_stream_is_refused(api: Api, ann: Person, bob: Person) -> None:
    """“An eleventh stream of one user: 429 before the upgrade.”"""
    again = ann.again()
    with contextlib.ExitStack() as open_ones:
        streams = [
            open_ones.enter_context(stream_of(again if number % 2 else ann, "feed"))
            for number in range(STREAMS_MAX)
        ]
        answer = refused(Stream(api.url, bearer(ann)), 429, "RATE_LIMIT_EXCEEDED")
        assert int(answer.headers["retry-after"]) > 0
        assert answer.body["message"]
        assert answer.body["reset_at"]
        with stream_of(bob, "feed"):
            pass
        post = ann.posts()
        for stream in streams:
            assert stream.next()["data"]["post_id"] == post["post_id"]


def test_the_paths_without_a_handshake_say_so(ann: Person, api: Api) -> None:
    """“Every error, on every path …”: also to who asks by HTTP alone."""
    answer = ann.call("GET", "//v1/stream")
    assert answer.status_code == 400
    assert api.call("GET", "//v1/stream").status_code == 401
    assert json.loads(answer.text)["error"]["code"] == "INVALID_REQUEST"
