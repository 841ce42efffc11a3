"""Refresh tokens and media cookies: what each says, that no forged one says anything, and that none
passes for another (hardening.md, "Promises")."""

import base64
import hashlib
import hmac
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.access.tokens import (
    ACCESS_TOKEN_S,
    FAMILY_BYTES,
    REFRESH_BYTES,
    AccessTokens,
    MediaCookies,
    derive_key,
    make_refresh_token,
    next_refresh_token,
    read_refresh_token,
)

SECRET = bytes(range(32))
KEY = derive_key(SECRET, "media cookies")
NOW = 1_767_225_600
"""2026-01-01T00:00:00Z"""

ACCESS = AccessTokens(SECRET).issue(7, 42, NOW)
COOKIES = MediaCookies(KEY)
COOKIE = COOKIES.make(7, 42, NOW)
REFRESH = make_refresh_token(lambda count: b"\xfb" * count)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def signed(said: str, key: bytes = KEY) -> str:
    return f"{said}.{hmac.new(key, said.encode(), 'sha256').hexdigest()}"


# Refresh tokens.


def test_of_a_refresh_token_only_hashes_are_kept() -> None:
    secret = base64.urlsafe_b64decode(REFRESH.text)
    assert len(secret) == FAMILY_BYTES + REFRESH_BYTES
    assert REFRESH.hash == sha256(secret)
    assert REFRESH.family == sha256(secret[:FAMILY_BYTES])
    assert REFRESH.text not in (REFRESH.hash, REFRESH.family)


def test_a_token_that_is_presented_is_the_one_that_was_given() -> None:
    for _ in range(20):
        token = make_refresh_token(os.urandom)
        assert read_refresh_token(token.text) == token


def test_all_tokens_of_a_session_are_of_one_family_and_no_two_are_the_same() -> None:
    token = make_refresh_token(os.urandom)
    line = [token]
    for _ in range(20):
        line.append(next_refresh_token(line[-1], os.urandom))
    assert {one.family for one in line} == {token.family}
    assert len({one.hash for one in line}) == len({one.text for one in line}) == len(line)
    assert all(read_refresh_token(one.text) == one for one in line)
    assert make_refresh_token(os.urandom).family != token.family


def test_whoever_knows_one_token_can_not_tell_the_next() -> None:
    drawn: list[int] = []

    def chance(count: int) -> bytes:
        drawn.append(count)
        return bytes(count)

    next_refresh_token(REFRESH, chance)
    assert drawn == [REFRESH_BYTES]
    assert REFRESH_BYTES >= 32
    assert FAMILY_BYTES >= 16


@pytest.mark.parametrize(
    "text",
    [
        "",
        "A" * 43,
        "A" * 63,
        "A" * 65,
        "A" * 63 + "=",
        "A" * 63 + "+",
        "A" * 63 + "/",
        "A" * 63 + "\n",
        " " + "A" * 63,
        "A" * 64 + "\n",
        "ü" * 64,
        "\uff21" * 64,
        "A" * 63 + "\0",
        "A" * 63 + "\ud800",
        "A" * 1_048_576,
        ACCESS,
        COOKIE,
        REFRESH.hash[:63] + "\n",
    ],
)
def test_what_can_not_be_a_refresh_token_is_none(text: str) -> None:
    assert read_refresh_token(text) is None


@given(st.text(alphabet=st.characters(codec="ascii"), min_size=62, max_size=66))
def test_a_refresh_token_has_one_spelling(text: str) -> None:
    token = read_refresh_token(text)
    assert token is None or token.text == text


@pytest.mark.parametrize("text", [REFRESH.hash, REFRESH.family])
def test_a_hash_out_of_a_stolen_database_is_no_token_that_is_kept(text: str) -> None:
    """It has the form of one: 64 characters of the alphabet."""
    token = read_refresh_token(text)
    assert token is not None
    assert token.hash not in (REFRESH.hash, REFRESH.family)
    assert token.family not in (REFRESH.hash, REFRESH.family)


def test_a_family_alone_is_not_a_session() -> None:
    """Whoever saw a spent token knows the family, and nothing that is good."""
    forged = next_refresh_token(REFRESH, os.urandom)
    assert forged.family == REFRESH.family
    assert forged.hash != REFRESH.hash


# Media cookies.


def test_a_cookie_says_whose_it_is_for_as_long_as_an_access_token() -> None:
    assert COOKIES.read(COOKIE, NOW) == (7, 42)
    assert COOKIES.read(COOKIE, NOW + ACCESS_TOKEN_S - 1) == (7, 42)
    assert COOKIES.read(COOKIE, NOW + ACCESS_TOKEN_S) is None


@given(st.integers(1, 2**63 - 1), st.integers(1, 2**63 - 1))
def test_every_account_and_session_can_have_a_cookie(account: int, session: int) -> None:
    assert COOKIES.read(COOKIES.make(account, session, NOW), NOW) == (account, session)


SAID = f"7.42.{NOW + ACCESS_TOKEN_S}"

FORGED = {
    "empty": "",
    "dots": "...",
    "no signature": SAID,
    "an empty signature": SAID + ".",
    "a signature of zeros": SAID + "." + "0" * 64,
    "another account": COOKIE.replace("7.", "8.", 1),
    "another session": COOKIE.replace(".42.", ".43.", 1),
    "a later end": COOKIE.replace(str(NOW + ACCESS_TOKEN_S), str(NOW + ACCESS_TOKEN_S + 1)),
    "account and session exchanged": signed(f"42.7.{NOW + ACCESS_TOKEN_S}", b"k" * 32),
    "another key": MediaCookies(b"k" * 32).make(7, 42, NOW),
    "the secret itself as the key": MediaCookies(SECRET).make(7, 42, NOW),
    "the key of access tokens": MediaCookies(derive_key(SECRET, "access tokens")).make(7, 42, NOW),
    "the key of cursors": MediaCookies(derive_key(SECRET, "cursors")).make(7, 42, NOW),
    "an empty key": signed(SAID, b""),
    "in upper case": SAID + "." + COOKIE.rpartition(".")[2].upper(),
    "without its last character": COOKIE[:-1],
    "without its first character": COOKIE[1:],
    "cut in half": COOKIE[: len(COOKIE) // 2],
    "one character more": COOKIE + "0",
    "a space before it": " " + COOKIE,
    "a line after it": COOKIE + "\n",
    "quoted": f'"{COOKIE}"',
    "doubled": COOKIE + "." + COOKIE,
    "a NUL in it": COOKIE.replace(".", "\0.", 1),
    "a signature in other digits": SAID + "." + "\u0660" * 64,
    "a lone surrogate": SAID + "." + "\ud800" * 64,
    "a megabyte": "1" * 1_048_576,
    "a megabyte, signed": signed("1" * 1_048_576),
    "signed, without an end": signed("7.42"),
    "signed, of nobody": signed(f"0.42.{NOW + 60}"),
    "signed, of a negative account": signed(f"-7.42.{NOW + 60}"),
    "signed, with a leading zero": signed(f"07.42.{NOW + 60}"),
    "signed, with a sign": signed(f"+7.42.{NOW + 60}"),
    "signed, with an underscore": signed(f"7.4_2.{NOW + 60}"),
    "signed, with a space": signed(f"7. 42.{NOW + 60}"),
    "signed, of 40 digits": signed(f"{'7' * 40}.42.{NOW + 60}"),
    "signed, with four numbers": signed(f"7.42.{NOW + 60}.1"),
    "signed, ended": signed(f"7.42.{NOW}"),
    "an access token": ACCESS,
    "a refresh token": REFRESH.text,
}
"""Those that are signed nobody else can make: their form is checked for its own sake."""


def test_the_forgers_tools_work() -> None:
    assert signed(SAID) == COOKIE


@pytest.mark.parametrize("value", FORGED.values(), ids=FORGED)
def test_a_forged_cookie_says_nothing(value: str) -> None:
    assert value != COOKIE
    assert COOKIES.read(value, NOW) is None


@given(at=st.integers(0, len(COOKIE) - 1), character=st.characters())
def test_no_character_of_a_cookie_can_be_changed(at: int, character: str) -> None:
    value = COOKIE[:at] + character + COOKIE[at + 1 :]
    assert (COOKIES.read(value, NOW) is not None) == (value == COOKIE)


@given(st.text(max_size=200))
def test_no_text_is_a_cookie_or_an_error(value: str) -> None:
    assert COOKIES.read(value, NOW) is None


@pytest.mark.parametrize("key", [SECRET, KEY, derive_key(SECRET, "access tokens")])
def test_a_cookie_is_no_access_token_whatever_key_signed_it(key: bytes) -> None:
    for value in (MediaCookies(key).make(7, 42, NOW), MediaCookies(KEY).make(7, 42, NOW)):
        assert AccessTokens(SECRET).verify(value, NOW) is None
        assert AccessTokens(key).verify(value, NOW) is None


def test_an_access_token_is_no_cookie_whatever_key_signed_it() -> None:
    assert MediaCookies(SECRET).read(ACCESS, NOW) is None
    assert MediaCookies(derive_key(SECRET, "access tokens")).read(ACCESS, NOW) is None
