"""Which access tokens count, and that no forged one does (hardening.md, "Promises")."""

import base64
import hmac
import json
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.access import tokens
from server.access.tokens import (
    ACCESS_TOKEN_S,
    FUTURE_S_MAX,
    AccessTokens,
    Claims,
    MediaCookies,
    derive_key,
    make_refresh_token,
)

SECRET = bytes(range(32))
KEY = derive_key(SECRET, "access tokens")
NOW = 1_767_225_600
"""2026-01-01T00:00:00Z"""

CLAIMS: dict[str, Any] = {"sub": "7", "sid": "42", "iat": NOW, "exp": NOW + ACCESS_TOKEN_S}
HEADER: dict[str, Any] = {"alg": "HS256", "typ": "at+jwt"}
GENUINE = AccessTokens(SECRET).issue(7, 42, NOW)
SEGMENTS = GENUINE.split(".")


def segment(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def signed(header: bytes, payload: bytes, key: bytes = KEY, hash_name: str = "sha256") -> str:
    content = f"{segment(header)}.{segment(payload)}"
    return f"{content}.{segment(hmac.digest(key, content.encode(), hash_name))}"


def compact(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), sort_keys=True).encode()


def with_claims(**changes: object) -> str:
    """Signed with the right key, though nobody else has it: the claims are checked for their own
    sake."""
    return jwt.encode(CLAIMS | changes, KEY, "HS256", {"typ": "at+jwt"})


def without_claim(name: str) -> str:
    claims = {key: value for key, value in CLAIMS.items() if key != name}
    return jwt.encode(claims, KEY, "HS256", {"typ": "at+jwt"})


def with_header(**changes: object) -> str:
    return signed(compact(HEADER | changes), PAYLOAD)


def altered(at: int, change: Callable[[str], str]) -> str:
    """The genuine token with one segment changed."""
    return ".".join(change(part) if index == at else part for index, part in enumerate(SEGMENTS))


PAYLOAD = base64.urlsafe_b64decode(SEGMENTS[1] + "==")
PUBLIC_KEY = b"-----BEGIN PUBLIC KEY-----\nMFwwDQYJKoZIhvcNAQEBBQAD\n-----END PUBLIC KEY-----\n"

FORGED = {
    "algorithm none": jwt.encode(CLAIMS, None, "none", {"typ": "at+jwt"}),
    "algorithm none, signature kept": with_header(alg="none"),
    "algorithm nOnE": signed(compact(HEADER | {"alg": "nOnE"}), PAYLOAD),
    "HS384 by the right key": signed(compact(HEADER | {"alg": "HS384"}), PAYLOAD, KEY, "sha384"),
    "HS512 by the right key": signed(compact(HEADER | {"alg": "HS512"}), PAYLOAD, KEY, "sha512"),
    "header of HS384 over a signature of HS256": with_header(alg="HS384"),
    "header of HS256 over a signature of SHA-1": signed(compact(HEADER), PAYLOAD, KEY, "sha1"),
    "header of RS256 over a signature of HS256": with_header(alg="RS256"),
    "a public key as the secret": signed(compact(HEADER | {"alg": "RS256"}), PAYLOAD, PUBLIC_KEY),
    "ES256": with_header(alg="ES256"),
    "no algorithm": signed(compact({"typ": "at+jwt"}), PAYLOAD),
    "algorithm null": with_header(alg=None),
    "algorithms in a list": with_header(alg=["HS256"]),
    "algorithm in lower case": with_header(alg="hs256"),
    "another key": jwt.encode(CLAIMS, b"k" * 32, "HS256", {"typ": "at+jwt"}),
    "an empty key": signed(compact(HEADER), PAYLOAD, b""),
    "the secret itself as the key": jwt.encode(CLAIMS, SECRET, "HS256", {"typ": "at+jwt"}),
    "a key for another use": signed(compact(HEADER), PAYLOAD, derive_key(SECRET, "cursors")),
    "type JWT": with_header(typ="JWT"),
    "type of a refresh token": with_header(typ="rt+jwt"),
    "no type": signed(compact({"alg": "HS256"}), PAYLOAD),
    "header crit": with_header(crit=["exp"]),
    "header crit, unknown": with_header(crit=["triptych"], triptych=True),
    "header b64 false": with_header(b64=False, crit=["b64"]),
    "header jku": with_header(jku="https://evil.example/keys"),
    "header jwk": with_header(jwk={"kty": "oct", "k": segment(bytes(32))}),
    "header kid": with_header(kid="../../dev/null"),
    "header kid of SQL": with_header(kid="' OR 1=1 --"),
    "header x5u": with_header(x5u="https://evil.example/cert"),
    "header cty": with_header(cty="JWT"),
    "header a list": signed(b'["HS256"]', PAYLOAD),
    "header a number": signed(b"1", PAYLOAD),
    "header no JSON": signed(b"HS256", PAYLOAD),
    "header doubled keys": signed(b'{"alg":"none","alg":"HS256","typ":"at+jwt"}', PAYLOAD),
    "header with spaces": signed(b'{"alg": "HS256", "typ": "at+jwt"}', PAYLOAD),
    "no sub": without_claim("sub"),
    "no sid": without_claim("sid"),
    "no iat": without_claim("iat"),
    "no exp": without_claim("exp"),
    "sub null": with_claims(sub=None),
    "sid null": with_claims(sid=None),
    "iat null": with_claims(iat=None),
    "exp null": with_claims(exp=None),
    "sub a number": with_claims(sub=7),
    "sub a float": with_claims(sub=7.0),
    "sub of a float": with_claims(sub="7.0"),
    "sub a bool": with_claims(sub=True),
    "sub a list": with_claims(sub=["7"]),
    "sub empty": with_claims(sub=""),
    "sub a word": with_claims(sub="me"),
    "sub zero": with_claims(sub="0"),
    "sub negative": with_claims(sub="-7"),
    "sub with a leading zero": with_claims(sub="07"),
    "sub with a space": with_claims(sub=" 7"),
    "sub with a line": with_claims(sub="7\n"),
    "sub in other digits": with_claims(sub="\u0667"),
    "sub of 64 bits": with_claims(sub=str(2**63)),
    "sub of 40 digits": with_claims(sub="7" * 40),
    "sid a number": with_claims(sid=42),
    "sid a bool": with_claims(sid=True),
    "sid a map": with_claims(sid={"$ne": ""}),
    "exp a string": with_claims(exp=str(NOW + 60)),
    "exp a float": with_claims(exp=NOW + 60.5),
    "exp a bool": with_claims(exp=True),
    "exp huge": with_claims(exp=10**30),
    "exp in a year": with_claims(exp=NOW + 31_536_000),
    "exp a second too late": with_claims(exp=NOW + ACCESS_TOKEN_S + 1),
    "exp infinite": signed(compact(HEADER), PAYLOAD.replace(str(NOW + 3_600).encode(), b"1e999")),
    "exp not a number": signed(compact(HEADER), PAYLOAD.replace(str(NOW + 3_600).encode(), b"NaN")),
    "exp negative": with_claims(exp=-1),
    "exp before iat": with_claims(exp=NOW - 1),
    "exp now": with_claims(iat=NOW - ACCESS_TOKEN_S, exp=NOW),
    "expired": AccessTokens(SECRET).issue(7, 42, NOW - ACCESS_TOKEN_S - 1),
    "iat a string": with_claims(iat=str(NOW)),
    "iat a float": with_claims(iat=float(NOW)),
    "iat a bool": with_claims(iat=False, exp=3_600),
    "iat negative": with_claims(iat=-1),
    "iat in the future": AccessTokens(SECRET).issue(7, 42, NOW + FUTURE_S_MAX + 1),
    "a claim more": with_claims(admin=True),
    "nbf": with_claims(nbf=NOW),
    "aud": with_claims(aud="triptych"),
    "doubled sub": signed(compact(HEADER), PAYLOAD.replace(b'"sub"', b'"sub":"8","sub"')),
    "claims in another order": signed(compact(HEADER), json.dumps(CLAIMS).encode()),
    "claims a list": signed(compact(HEADER), b"[]"),
    "claims null": signed(compact(HEADER), b"null"),
    "claims no JSON": signed(compact(HEADER), b"sub=7"),
    "claims no UTF-8": signed(compact(HEADER), b'{"sub":"\xff"}'),
    "claims nested deeply": signed(compact(HEADER), b"[" * 270),
    "claims empty": signed(compact(HEADER), b"{}"),
    "claims of someone else": altered(1, lambda _: segment(compact(CLAIMS | {"sub": "8"}))),
    "claims of another session": altered(1, lambda _: segment(compact(CLAIMS | {"sid": "43"}))),
    "claims prolonged": altered(1, lambda _: segment(compact(CLAIMS | {"iat": NOW + 9}))),
    "signature cut off": altered(2, lambda part: part[:-1]),
    "signature gone": altered(2, lambda _: ""),
    "signature of zeros": altered(2, lambda part: "A" * len(part)),
    "signature with a spare bit": altered(
        2,
        lambda part: part[:-1] + chr(ord(part[-1]) + (1 if part[-1] in "AEIMQUYcgkosw048" else -1)),
    ),
    "signature padded": GENUINE + "=",
    "signature longer": GENUINE + "A",
    "signature of another token": altered(2, lambda _: with_claims(sub="8").split(".")[2]),
    "one segment": SEGMENTS[0],
    "two segments": ".".join(SEGMENTS[:2]),
    "four segments": GENUINE + ".e30",
    "an empty segment more": GENUINE + ".",
    "five segments, as if encrypted": ".".join([*SEGMENTS, *SEGMENTS[:2]]),
    "cut in half": GENUINE[: len(GENUINE) // 2],
    "a line after it": GENUINE + "\n",
    "a space before it": " " + GENUINE,
    "a NUL in it": GENUINE[:50] + "\0" + GENUINE[50:],
    "base64 of the other alphabet": altered(2, lambda part: part[:-2] + "+/"),
    "doubled": GENUINE + GENUINE,
    "oversized": signed(compact(HEADER), compact(CLAIMS | {"padding": "x" * 500})),
    "a megabyte": "A" * 1_048_576,
    "empty": "",
    "only dots": "..",
    "unicode": "ü.ü.ü",
    "a lone surrogate": GENUINE[:-1] + "\ud800",
    "full-width": GENUINE[:-1] + "\uff21",
    "a refresh token": make_refresh_token(bytes).text,
    "a media cookie": MediaCookies(KEY).make(7, 42, NOW),
    "a media cookie's parts as a token": ".".join(
        MediaCookies(KEY).make(7, 42, NOW).split(".")[1:]
    ),
    "the word Bearer in it": "Bearer " + GENUINE,
}


def test_the_forgers_tools_work():
    """What they make of nothing wrong is right: so what is refused is refused for what is wrong
    with it."""
    for token in (with_claims(), with_header(), signed(compact(HEADER), PAYLOAD)):
        assert token == GENUINE


def test_a_token_that_was_issued_proves_whose_it_is():
    claims = AccessTokens(SECRET).verify(GENUINE, NOW)
    assert claims == Claims(account=7, session=42, issued_at=NOW, expires_at=NOW + 3_600)


@pytest.mark.parametrize("token", FORGED.values(), ids=FORGED)
def test_a_forged_token_proves_nothing(token: str):
    access = AccessTokens(SECRET)
    assert token != GENUINE
    assert access.verify(token, NOW) is None
    assert access.verify(GENUINE, NOW) is not None
    assert access.verify(token, NOW) is None, "nor when a genuine one is remembered"


def test_there_are_more_than_forty_kinds_of_forged_tokens():
    assert len(set(FORGED.values())) == len(FORGED) > 100


@given(account=st.integers(1, 2**63 - 1), session=st.integers(1, 2**63 - 1))
def test_every_account_and_session_can_have_one(account: int, session: int):
    access = AccessTokens(SECRET)
    claims = access.verify(access.issue(account, session, NOW), NOW)
    assert claims == Claims(account, session, NOW, NOW + ACCESS_TOKEN_S)


@given(at=st.integers(0, len(GENUINE) - 1), character=st.characters())
def test_no_character_can_be_changed(at: int, character: str):
    token = GENUINE[:at] + character + GENUINE[at + 1 :]
    assert (AccessTokens(SECRET).verify(token, NOW) is not None) == (token == GENUINE)


@given(token=st.text(max_size=600))
def test_no_text_is_a_token_or_an_error(token: str):
    assert AccessTokens(SECRET).verify(token, NOW) is None


@pytest.mark.parametrize("remembered", [True, False])
def test_a_token_lasts_an_hour_and_not_a_second_more(remembered: bool):
    access = AccessTokens(SECRET)
    if remembered:
        access.verify(GENUINE, NOW)
    assert access.verify(GENUINE, NOW + 3_599) is not None
    assert access.verify(GENUINE, NOW + 3_600) is None
    assert access.verify(GENUINE, NOW - FUTURE_S_MAX) is not None
    assert access.verify(GENUINE, NOW - FUTURE_S_MAX - 1) is None


def test_an_expired_token_is_forgotten():
    access = AccessTokens(SECRET)
    access.verify(GENUINE, NOW)
    assert access.statistics() == {"tokens": 1, "sessions": 1}
    access.verify(GENUINE, NOW + 3_600)
    assert access.statistics() == {"tokens": 0, "sessions": 0}


def test_the_tokens_of_an_ended_session_are_forgotten_and_no_others():
    access = AccessTokens(SECRET)
    for session, at in ((1, NOW), (1, NOW + 1), (2, NOW)):
        access.verify(access.issue(7, session, at), NOW + 2)
    access.forget_session(1)
    access.forget_session(1)
    assert access.statistics() == {"tokens": 1, "sessions": 1}


def test_memory_is_bounded_and_the_longest_unused_go_first(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tokens, "CACHED_TOKENS_MAX", 3)
    access = AccessTokens(SECRET)
    issued = [access.issue(7, session, NOW) for session in range(1, 6)]
    for token in (*issued[:3], issued[0], *issued[3:]):
        assert access.verify(token, NOW) is not None
        assert access.statistics()["tokens"] <= 3
    kept = {session for session in range(1, 6) if not forgets(access, session)}
    assert kept == {1, 4, 5}


def forgets(access: AccessTokens, session: int) -> bool:
    """Whether the session's tokens were forgotten already."""
    before = access.statistics()["tokens"]
    access.forget_session(session)
    return access.statistics()["tokens"] == before


def test_each_use_has_its_own_key():
    keys = {derive_key(SECRET, use) for use in ("access tokens", "cursors", "media cookies")}
    assert len(keys) == 3
    assert all(len(key) == 32 for key in keys)
    assert derive_key(bytes(32), "cursors") not in keys


def test_a_short_secret_is_refused():
    with pytest.raises(ValueError):
        derive_key(bytes(31), "cursors")
