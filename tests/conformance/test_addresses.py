"""hardening.md, "Input that must be tried": texts in paths, queries and headers, and ids that are
none."""

import json
import re
from typing import Any
from urllib.parse import quote

import pytest

from tests.conformance.inputs import TEXTS, post_of
from tests.conformance.world import PASSWORD, PICTURE, Person, form, refused

ADDRESS_BYTES = 500
"""Longer texts are the listener's to refuse: a request line has 8 KiB."""

HEADER_BYTES = 2_000

NOT_IDS = ["0", "-1", "+1", "1.5", "1e3", "0x1", "9" * 40, "9223372036854775808", "x", " 1", "٣"]

WITH_IDS = [
    ("DELETE", "/auth/sessions/{}"),
    ("GET", "/users/{}"),
    ("PUT", "/users/{}"),
    ("DELETE", "/users/{}"),
    ("POST", "/users/{}/delete"),
    ("GET", "/users/{}/posts"),
    ("GET", "/users/{}/followers"),
    ("GET", "/users/{}/following"),
    ("GET", "/users/{}/tagged"),
    ("GET", "/users/{}/saved"),
    ("GET", "/users/{}/blocks"),
    ("PUT", "/users/{}/avatar"),
    ("DELETE", "/users/{}/avatar"),
    ("POST", "/users/{}/follow"),
    ("DELETE", "/users/{}/follow"),
    ("POST", "/users/{}/block"),
    ("DELETE", "/users/{}/block"),
    ("DELETE", "/users/me/followers/{}"),
    ("POST", "/follow-requests/{}/approve"),
    ("POST", "/follow-requests/{}/deny"),
    ("GET", "/posts/{}"),
    ("PUT", "/posts/{}"),
    ("DELETE", "/posts/{}"),
    ("GET", "/posts/{}/why"),
    ("POST", "/posts/{}/like"),
    ("DELETE", "/posts/{}/like"),
    ("GET", "/posts/{}/likes"),
    ("POST", "/posts/{}/save"),
    ("DELETE", "/posts/{}/save"),
    ("GET", "/posts/{}/comments"),
    ("POST", "/posts/{}/comments"),
    ("DELETE", "/comments/{}"),
    ("POST", "/comments/{}/like"),
    ("DELETE", "/comments/{}/like"),
]


@pytest.mark.parametrize(
    "path",
    [
        "/users/by-username/{}",
        "/users/{}",
        "/posts/{}",
        "//media/{}",
        "/{}",
        "/users/me/followers?cursor={}",
        "/users/me/followers?count={}",
        "/feed?{}=1",
        "/feed?{}",
        "/users/relationships?ids={}",
        "/posts/{post}/comments?parent_comment_id={}",
    ],
)
def test_no_text_breaks_an_address(ann: Person, path: str) -> None:
    """“text: … in every field”, in paths and queries, too."""
    path = path.replace("{post}", post_of(ann) if "{post}" in path else "")
    for text in TEXTS.values():
        spelt = quote(text.encode(errors="surrogatepass")[:ADDRESS_BYTES], safe="")
        ann.get(path.replace("{}", spelt))
    for raw in ("%", "%zz", "%ff%fe", "%u0041", "a=b=c&&=", "%00", "[]", "\\"):
        ann.get(path.replace("{}", raw))


def spelt_in_a_header(text: str) -> bytes:
    """`text` without what a header can't hold at all (RFC 9110, 5.5), and httpx never sends."""
    spelt = text.encode(errors="surrogatepass")[:HEADER_BYTES].strip()
    for never in (b"\0", b"\r", b"\n"):
        spelt = spelt.replace(never, b" ")
    return spelt


@pytest.mark.parametrize(
    "name",
    [
        "Authorization",
        "Idempotency-Key",
        "Content-Type",
        "X-Request-Id",
        "If-None-Match",
        "Range",
        "If-Range",
        "Cookie",
        "Accept",
        "Accept-Encoding",
        "Origin",
        "X-Forwarded-For",
        "Expect",
    ],
)
def test_no_text_breaks_a_header(ann: Person, name: str) -> None:
    """“no 5xx from any input: 0”."""
    post = post_of(ann)
    url = ann.sees(f"/posts/{post}")["media"][0]["url"]
    for text in TEXTS.values():
        for method, path in (("POST", f"/posts/{post}/like"), ("GET", url)):
            ann.call(method, path, headers={name: spelt_in_a_header(text)})


def test_no_name_of_a_client_breaks_a_login(ann: Person) -> None:
    """“no 5xx from any input”: the User-Agent is kept with its session and read back."""
    for text in TEXTS.values():
        # A server may refuse other control characters, too (RFC 9110, 5.5).
        headers = {"User-Agent": re.sub(rb"[\x00-\x1f\x7f]", b"", spelt_in_a_header(text))}
        token = ann.api.log_in(ann.name, headers=headers).json()["access_token"]
        ann.api.call("GET", "/auth/sessions", token=token, headers=headers)


@pytest.mark.parametrize(("method", "path"), WITH_IDS, ids=lambda part: part)
def test_what_is_no_id_is_not_found(reader: Person, method: str, path: str) -> None:
    """“ids of 40 digits, negative and float ids”; “NOT_FOUND: 404, also for … malformed ids in a
    path”."""
    options: Any = (
        {"json": {"text": "x", "password": PASSWORD}} if method in ("POST", "PUT") else {}
    )
    if path.endswith("avatar"):
        options = {"files": form(PICTURE)} if method == "PUT" else {}
    for text in NOT_IDS:
        refused(reader.call(method, path.format(quote(text)), **options), "NOT_FOUND")


@pytest.mark.parametrize("text", ["-1", "0", "1.5", "9" * 40, "1e3", "x", "9223372036854775808"])
def test_what_is_no_id_in_a_body_is_a_bad_request(ann: Person, text: str) -> None:
    """“In requests an id may be a number or a string”, and nothing else: “INVALID_REQUEST: 400”."""
    post = post_of(ann)
    for spelt in (json.dumps(text), *([] if text == "x" else [text])):
        body = f'{{"text": "x", "parent_comment_id": {spelt}}}'
        answer = ann.post(f"/posts/{post}/comments", content=body)
        refused(answer, "INVALID_REQUEST", "parent_comment_id")
        answer = ann.put(f"/posts/{post}", content=f'{{"user_tags": [{spelt}]}}')
        refused(answer, "INVALID_REQUEST", "user_tags")
        refused(ann.publish(user_tags=f"[{spelt}]"), "INVALID_REQUEST", "user_tags")
