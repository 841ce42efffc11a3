"""contract.md, "Forms": ids, times, what is absent, the one shape of errors, ids of requests."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from tests.conformance.shapes import BRIEF, COMMENT, POST, PROFILE, check, moment
from tests.conformance.world import Api, Person, fresh, ok, refused

NOWHERE = [
    "//",
    "//api",
    "//api/v1",
    "//api/v2/feed",
    "/nothing",
    "/posts/1/nothing",
    "/users/me/nothing",
    "//media/",
    "//media/../triptych.db",
    "//%00",
    "//%ff",
    "//😍",
    "//favicon.ico",
]

METHODS = {
    "/auth/register": {"POST"},
    "/auth/login": {"POST"},
    "/auth/refresh": {"POST"},
    "/auth/logout": {"POST"},
    "/auth/sessions": {"GET"},
    "/auth/sessions/1": {"DELETE"},
    "/auth/password": {"POST"},
    "/instance": {"GET"},
    "/users/me": {"GET", "PUT", "DELETE"},
    "/users/by-username/ann": {"GET"},
    "/users/me/avatar": {"PUT", "DELETE"},
    "/users/me/posts": {"GET"},
    "/users/me/followers": {"GET"},
    "/users/me/followers/1": {"DELETE"},
    "/users/me/following": {"GET"},
    "/users/me/saved": {"GET"},
    "/users/me/tagged": {"GET"},
    "/users/me/blocks": {"GET"},
    "/users/1/follow": {"POST", "DELETE"},
    "/users/1/block": {"POST", "DELETE"},
    "/follow-requests": {"GET"},
    "/follow-requests/1/approve": {"POST"},
    "/follow-requests/1/deny": {"POST"},
    "/posts": {"POST"},
    "/posts/1": {"GET", "PUT", "DELETE"},
    "/posts/1/why": {"GET"},
    "/posts/1/like": {"POST", "DELETE"},
    "/posts/1/likes": {"GET"},
    "/posts/1/save": {"POST", "DELETE"},
    "/posts/1/comments": {"GET", "POST"},
    "/comments/1": {"DELETE"},
    "/comments/1/like": {"POST", "DELETE"},
    "/feed": {"GET"},
    "/explore": {"GET"},
    "/hashtags/sunset/posts": {"GET"},
    "/locations": {"POST"},
    "/locations/1": {"GET"},
    "/locations/1/posts": {"GET"},
    "/stories": {"POST"},
    "/stories/feed": {"GET"},
    "/stories/1": {"DELETE"},
    "/stories/1/view": {"POST"},
    "/stories/1/viewers": {"GET"},
    "/users/me/stories": {"GET"},
    "/users/relationships": {"GET"},
    "/users/me/delete": {"POST"},
    "/search/users": {"GET"},
    "/search/hashtags": {"GET"},
    "/search/locations": {"GET"},
    "/notifications": {"GET"},
    "/notifications/read": {"POST"},
    "//openapi.json": {"GET"},
    "//docs": {"GET"},
    "//media/nothing.jpg": {"GET"},
    "//healthz": {"GET"},
    "//readyz": {"GET"},
}

FREE_WITH_GET = {"HEAD", "OPTIONS"}
"""Methods that a server may add to any path."""


def test_ids_are_strings_of_digits_with_their_prefixes(ann: Person) -> None:
    """“**Ids are strings** of decimal digits, with `comment_`, `media_` … before them where the
    text shows it”."""
    post = ann.posts(caption="ids")
    check(post, POST)
    check(ann.comments(post), COMMENT)
    check(ann.sees("/users/me"), PROFILE)
    assert post["post_id"].isdecimal()
    assert post["media"][0]["media_id"].startswith("media_")


@pytest.mark.parametrize("kind", [int, str])
def test_ids_in_requests_are_numbers_or_strings(ann: Person, bob: Person, kind: type) -> None:
    """“In requests an id may be a number or a string.”"""
    post = ann.posts(user_tags=[kind(bob.id)])
    assert [tag["user_id"] for tag in post["user_tags"]] == [bob.id]
    comment = ann.comments(post)
    number = kind(comment["comment_id"].removeprefix("comment_"))
    body = {"text": "a reply", "parent_comment_id": number}
    reply = ok(ann.post(f"/posts/{post['post_id']}/comments", json=body), 201)
    assert reply["parent_comment_id"] == comment["comment_id"]


def test_a_comment_is_found_by_its_id_with_and_without_prefix(ann: Person) -> None:
    """“Ids … with `comment_` … before them where the text shows it” (in a path either will do)."""
    comment = ann.comments(ann.posts())
    for spelt in (comment["comment_id"], comment["comment_id"].removeprefix("comment_")):
        assert ok(ann.post(f"/comments/{spelt}/like")) == {"liked": True, "likes_count": 1}


def test_times_are_rfc_3339_in_utc(ann: Person) -> None:
    """“Times are RFC 3339 in UTC with `Z`, to the second or finer.”"""
    post = ann.posts()
    at, now = moment(post["created_at"]), datetime.now(UTC)
    assert abs(now - at) < timedelta(hours=1), "one of the two clocks is wrong"
    assert moment(ann.comments(post)["created_at"]) >= at


def test_absent_values_are_null_and_lists_empty(api: Api) -> None:
    """“Absent values are `null`, not missing …; lists are `[]`.”"""
    nobody = api.person("bare")
    profile = nobody.sees("/users/me")
    absent = ("full_name", "bio", "website", "profile_image_url")
    assert [profile[name] for name in absent] == [None] * 4
    post = nobody.posts()
    check(post, POST)
    assert (post["caption"], post["location"]) == (None, None)
    assert (post["hashtags"], post["user_tags"]) == ([], [])
    assert post["media"][0]["alt_text"] is None
    assert nobody.comments(post)["parent_comment_id"] is None


def test_a_follow_always_answers_its_three_keys(ann: Person, bob: Person, priv: Person) -> None:
    """“a follow always answers `following`, `requested`, `user`”."""
    user = {"user_id": bob.id, "username": bob.name, "profile_image_url": None}
    assert ann.follows(bob) == {"following": True, "requested": False, "user": user}
    assert ann.unfollows(bob) == {"following": False, "requested": False, "user": user}
    requested = ann.follows(priv)
    check(requested["user"], BRIEF)
    assert (requested["following"], requested["requested"]) == (False, True)


@pytest.mark.parametrize("path", NOWHERE)
def test_an_unknown_route_is_not_found(reader: Person, path: str) -> None:
    """“Every error, on every path, the framework's own included”; “NOT_FOUND: 404, also for unknown
    routes”."""
    refused(reader.get(path), "NOT_FOUND")


@pytest.mark.parametrize("path", METHODS)
def test_a_wrong_method_is_told_the_right_ones(reader: Person, path: str) -> None:
    """“METHOD_NOT_ALLOWED: 405 with `Allow`”."""
    for method in {"PATCH", "BREW", "DELETE", "PUT"} - METHODS[path]:
        answer = reader.call(method, path)
        refused(answer, "METHOD_NOT_ALLOWED")
        allowed = {name.strip() for name in answer.headers["allow"].split(",")}
        assert allowed - FREE_WITH_GET == METHODS[path]


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "abc", "1e3", "٣", "00", "9" * 40, "%00"])
@pytest.mark.parametrize(
    "path", ["/posts/{}", "/users/{}", "/posts/{}/comments", "/users/{}/followers"]
)
def test_a_malformed_id_in_a_path_is_not_found(reader: Person, path: str, text: str) -> None:
    """“NOT_FOUND: 404, also for … malformed ids in a path”."""
    refused(reader.get(path.format(text)), "NOT_FOUND")


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b'"text"', b"null", b"1", b'{"text": }', b'{"text": "x"} x', b"\xff\xfe"],
)
def test_bad_json_is_a_bad_request(ann: Person, body: bytes) -> None:
    """“INVALID_REQUEST: 400 (bad JSON, wrong type, missing or unknown value, out of range)”."""
    post = ann.posts()["post_id"]
    answer = ann.post(
        f"/posts/{post}/comments", content=body, headers={"Content-Type": "application/json"}
    )
    refused(answer, "INVALID_REQUEST")


@pytest.mark.parametrize("value", [1, True, None, [], {}, 1.5])
def test_a_wrong_type_is_named(ann: Person, value: object) -> None:
    """“`details.field` names it”."""
    post = ann.posts()["post_id"]
    refused(ann.post(f"/posts/{post}/comments", json={"text": value}), "INVALID_REQUEST", "text")


def test_a_missing_value_is_named(api: Api, ann: Person) -> None:
    """“INVALID_REQUEST: 400 (… missing or unknown value …; `details.field` names it)”."""
    post = ann.posts()["post_id"]
    refused(ann.post(f"/posts/{post}/comments", json={}), "INVALID_REQUEST", "text")
    no_name = api.call("POST", "/auth/login", json={"password": "correct horse"})
    refused(no_name, "INVALID_REQUEST", "username")


def test_a_limit_is_named_with_its_field(ann: Person) -> None:
    """The text's standard error: `"details": {"field": "caption", "max_length": 2200}`."""
    answer = ann.publish(caption="x" * 2201)
    refused(answer, "INVALID_REQUEST", "caption", max_length=2200)


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "x", ""])
def test_a_content_type_is_never_a_reason_for_415(ann: Person, kind: str) -> None:
    """“never 415 or 422”."""
    post = ann.posts()["post_id"]
    body = json.dumps({"text": "typed"}).encode()
    answer = ann.post(f"/posts/{post}/comments", content=body, headers={"Content-Type": kind})
    assert answer.status_code in {201, 400}


def test_a_form_where_json_belongs_and_json_where_a_form_belongs(ann: Person) -> None:
    """“INVALID_REQUEST: 400 …; never 415 or 422”."""
    post = ann.posts()["post_id"]
    refused(ann.post(f"/posts/{post}/comments", data={"text": "x"}), "INVALID_REQUEST")
    refused(ann.post("/posts", json={"caption": "x"}), "INVALID_REQUEST")
    refused(ann.post("/posts"), "INVALID_REQUEST")


def test_unknown_keys_are_ignored(api: Api) -> None:
    """“JSON in UTF-8; unknown keys of a request are ignored.”"""
    ann = Person(api, ok(api.register(fresh("ann"), colour="red", nested={"a": [1]}), 201))
    assert ann.edits(bio="a bio", shoe_size=40)["bio"] == "a bio"
    post = ann.posts(colour="blue")
    body = {"text": "x", "colour": None}
    ok(ann.post(f"/posts/{post['post_id']}/comments", json=body), 201)
    ok(ann.get("/feed", colour="red"))


def test_too_large_a_json_body_is_refused(ann: Person) -> None:
    """“The listener itself may answer 400, 408, 413, 431, 503 before a route is known, in the same
    shape”; JSON bodies have 1 MiB."""
    post = ann.posts()["post_id"]
    body = json.dumps({"text": "x", "more": "x" * 1_200_000}).encode()
    refused(ann.post(f"/posts/{post}/comments", content=body), "MEDIA_TOO_LARGE")


def test_every_answer_has_an_id_of_its_own(api: Api, ann: Person) -> None:
    """“Every answer carries `X-Request-Id`.”"""
    answers = [
        ann.get("/feed"),
        ann.get("/nothing"),
        api.call("GET", "/feed"),
        ann.call("PATCH", "/feed"),
        ann.get(ann.posts()["media"][0]["url"]),
        api.call("GET", "//healthz"),
    ]
    assert len({answer.headers["x-request-id"] for answer in answers}) == len(answers)


def test_what_makes_a_thing_answers_201_and_the_rest_200(ann: Person, bob: Person) -> None:
    """“What makes a thing with an id answers 201, everything else 200 with a JSON body”."""
    post = ann.publish()
    assert post.status_code == 201
    comment = ann.post(f"/posts/{post.json()['post_id']}/comments", json={"text": "x"})
    assert comment.status_code == 201
    path = f"/posts/{post.json()['post_id']}"
    for answer in (
        bob.post(f"/users/{ann.id}/follow"),
        bob.post(f"{path}/like"),
        bob.delete(f"{path}/like"),
        bob.post(f"{path}/save"),
        bob.delete(f"{path}/save"),
        ann.delete(f"/comments/{comment.json()['comment_id']}"),
        ann.delete(path),
        ann.post("/auth/logout"),
    ):
        assert answer.status_code == 200
        assert isinstance(answer.json(), dict)


def test_the_server_says_that_it_serves(api: Api) -> None:
    """“`GET /healthz` → 200 `{"status":"ok"}` once requests are served”."""
    assert ok(api.call("GET", "//healthz")) == {"status": "ok"}
    ok(api.call("GET", "//readyz"))


def test_a_get_may_be_asked_for_its_head_only(ann: Person) -> None:
    """HTTP (RFC 9110, 9.3.2): “HEAD … is identical to GET except that the server MUST NOT send
    content in the response”."""
    answer = ann.call("HEAD", "/feed")
    assert (answer.status_code, answer.content) == (200, b"")
