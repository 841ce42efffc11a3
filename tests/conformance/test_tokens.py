"""contract.md, "Forms" and "Accounts": which routes ask for a token, and which tokens are none."""

import base64
import hmac
import json
from typing import Any

import pytest

from tests.conformance.shapes import INSTANCE, PROFILE, check
from tests.conformance.world import Api, Person, ok, refused

WITH_TOKEN = [
    ("POST", "/auth/logout"),
    ("GET", "/auth/sessions"),
    ("DELETE", "/auth/sessions/1"),
    ("POST", "/auth/password"),
    ("GET", "/users/me"),
    ("PUT", "/users/me"),
    ("DELETE", "/users/me"),
    ("POST", "/users/me/delete"),
    ("PUT", "/users/me/avatar"),
    ("DELETE", "/users/me/avatar"),
    ("GET", "/users/relationships?ids=1"),
    ("GET", "/users/1/posts"),
    ("GET", "/users/1/followers"),
    ("GET", "/users/1/following"),
    ("GET", "/users/1/tagged"),
    ("GET", "/users/me/saved"),
    ("GET", "/users/me/blocks"),
    ("DELETE", "/users/me/followers/1"),
    ("POST", "/users/1/follow"),
    ("DELETE", "/users/1/follow"),
    ("POST", "/users/1/block"),
    ("DELETE", "/users/1/block"),
    ("GET", "/follow-requests"),
    ("POST", "/follow-requests/1/approve"),
    ("POST", "/follow-requests/1/deny"),
    ("POST", "/posts"),
    ("GET", "/posts/1"),
    ("PUT", "/posts/1"),
    ("DELETE", "/posts/1"),
    ("GET", "/posts/1/why"),
    ("POST", "/posts/1/like"),
    ("DELETE", "/posts/1/like"),
    ("GET", "/posts/1/likes"),
    ("POST", "/posts/1/save"),
    ("DELETE", "/posts/1/save"),
    ("GET", "/posts/1/comments"),
    ("POST", "/posts/1/comments"),
    ("DELETE", "/comments/1"),
    ("POST", "/comments/1/like"),
    ("DELETE", "/comments/1/like"),
    ("GET", "/feed"),
]

Claims = dict[str, Any]


def unpacked(token: str) -> tuple[Claims, Claims, bytes]:
    """The header, the claims and the signature of a JWT (RFC 7519), without believing them."""
    header, claims, signature = (
        base64.urlsafe_b64decode(piece + "=" * (-len(piece) % 4)) for piece in token.split(".")
    )
    return json.loads(header), json.loads(claims), signature


def packed(header: Claims, claims: Claims, key: bytes | None = None, signature: bytes = b"") -> str:
    """A JWT: signed with `key` by HS256, else with `signature` as it is."""
    pieces = [json.dumps(part).encode() for part in (header, claims)]
    signing = ".".join(base64.urlsafe_b64encode(piece).decode().rstrip("=") for piece in pieces)
    if key is not None:
        signature = hmac.digest(key, signing.encode(), "sha256")
    return signing + "." + base64.urlsafe_b64encode(signature).decode().rstrip("=")


@pytest.mark.parametrize(("method", "path"), WITH_TOKEN, ids=lambda part: part)
def test_everything_else_needs_a_token(api: Api, method: str, path: str) -> None:
    """“Without a token: register, login, refresh, `GET /users/:id` … Everything else needs one.”
    “UNAUTHORIZED: 401 with `WWW-Authenticate: Bearer`”."""
    refused(api.call(method, path), "UNAUTHORIZED")


def test_what_can_be_seen_without_a_token(api: Api, ann: Person) -> None:
    """“Without a token: … `GET /users/:id`, `/users/by-username/:name`, … a public account's media,
    `/api/v1/instance`, `/healthz`, `/readyz`”."""
    for path in (f"/users/{ann.id}", f"/users/by-username/{ann.name}"):
        profile = ok(api.call("GET", path))
        check(profile, PROFILE)
        assert (profile["following"], profile["followed_by"], profile["requested"]) == (False,) * 3
    medium = ann.posts()["media"][0]
    for url in (medium["url"], medium["thumbnail_url"]):
        assert api.call("GET", url).status_code == 200
    check(ok(api.call("GET", "/instance")), INSTANCE)
    for path in ("//healthz", "//readyz"):
        ok(api.call("GET", path))


def test_an_access_token_is_a_jwt_for_an_hour(ann: Person) -> None:
    """“Access tokens: JWT, HS256, 1 h, `sub`, `sid`, `iat`, `exp`”."""
    header, claims, _ = unpacked(ann.token)
    assert header["alg"] == "HS256"
    assert {"sub", "sid", "iat", "exp"} <= set(claims)
    assert claims["sub"] == ann.id
    assert claims["exp"] - claims["iat"] == 3600


def test_no_forged_token_is_accepted(ann: Person, bob: Person) -> None:
    """hardening.md: “forged tokens: 0 of ≥ 40 kinds accepted: alg none, HS/RS confusion, no exp,
    future iat, other sub, unknown sid, truncated, oversized, refresh as access …”."""
    header, claims, signature = unpacked(ann.token)
    _, bobs, _ = unpacked(bob.token)
    forged = [
        ann.refresh_token,
        "x",
        "a.b.c",
        "..",
        ann.token[:-1],
        ann.token[1:],
        ann.token + "A",
        ann.token + ".",
        ann.token + "." + ann.token,
        ann.token.rpartition(".")[0],
        ann.token.rpartition(".")[0] + ".",
        ann.token * 100,
        ann.token.swapcase(),
        packed({**header, "alg": "none"}, claims),
        packed({**header, "alg": "None"}, claims),
        packed({**header, "alg": "none"}, claims, signature=signature),
        packed({**header, "alg": "RS256"}, claims, signature=signature),
        packed({**header, "alg": "HS512"}, claims, signature=signature),
        packed({"typ": "JWT"}, claims, signature=signature),
        packed(header, {**claims, "sub": bob.id}, signature=signature),
        packed(header, {**claims, "sid": bobs["sid"]}, signature=signature),
        packed(header, {**claims, "exp": claims["exp"] + 1}, signature=signature),
        packed(header, {**claims, "iat": claims["iat"] + 1}, signature=signature),
        packed(header, {**bobs, "sub": ann.id}, signature=signature),
    ]
    forged += [
        packed(header, claims, key)
        for key in (b"", b"secret", b"triptych", b"key", bytes(32), ann.name.encode())
    ]
    forged += [
        packed(header, {name: value for name, value in claims.items() if name != left_out}, b"x")
        for left_out in claims
    ]
    forged += [
        packed(header, {**claims, name: value}, signature=signature)
        for name in ("sub", "sid", "exp")
        for value in (None, -1, 1e300, [], {}, "' or 1=1", 10**40)
    ]
    assert len(set(forged)) >= 40
    taken = [token for token in forged if ann.api.call("GET", "/feed", token=token).is_success]
    assert not taken


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Basic YW5uOmFubg==", "Token {}", "{}", "Bearer {} {}", "Bearer,{}"],
)
def test_a_token_comes_as_a_bearer(ann: Person, header: str) -> None:
    """The text: “Authorization: Bearer <jwt_token>”."""
    given = header.replace("{}", ann.token)
    answer = ann.api.call("GET", "/feed", headers={"Authorization": given})
    refused(answer, "UNAUTHORIZED")


def test_a_token_in_the_url_is_none(ann: Person) -> None:
    """The text: “Authorization: Bearer <jwt_token>”; nowhere else."""
    for name in ("token", "access_token"):
        refused(ann.api.call("GET", "/feed", params={name: ann.token}), "UNAUTHORIZED")
