"""Access tokens, refresh tokens, media cookies, and the keys derived from the server's secret.

Routes and the stream verify access tokens here on every request; logging in and refreshing makes
both kinds. Nothing here reads a clock or makes chance, and nothing here knows whether a session is
still alive: its caller asks.
"""

import base64
import hashlib
import hmac
import re
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import jwt
import msgspec

ACCESS_TOKEN_S = 3_600
"""How long an access token is good for, in seconds (contract.md, "Accounts")."""

FUTURE_S_MAX = 30
"""How far ahead of our clock a token may have been issued: the clock may have been set back a
little since."""

TOKEN_CHARACTERS_MAX = 512
"""Ours have about 190; anything longer is refused before any work."""

CACHED_TOKENS_MAX = 10_000
"""Verified tokens kept at once, some 400 bytes each."""

REFRESH_BYTES = 32
MEDIA_COOKIE = "triptych_media"
"""The cookie by which a browser that shows pictures says whose it is."""

MEDIA_COOKIE_PATH = "/media"

FAMILY_BYTES = 16
"""128 bits: nobody ends another's session by guessing."""
SECRET_BYTES_MIN = 32
"""256 bits: nobody guesses them."""

NUMBER_MAX = 2**63 - 1
"""Accounts and sessions fit SQLite's integers."""

ALGORITHM = "HS256"
TYPE = "at+jwt"
"""The header's `typ` (RFC 9068, 2.1): nothing else that is ever signed with this key passes for an
access token."""

FORM = re.compile(r"[\w-]{1,128}\.[\w-]{1,384}\.[\w-]{43}", re.ASCII)
"""Three segments of base64url, the last as long as a SHA-256."""

BEARER = "bearer "
"""What begins a header that brings a token, in any case (RFC 6750, 2.1)."""

NUMBER = re.compile(r"[1-9][0-9]{0,18}", re.ASCII)

REFRESH_FORM = re.compile(r"[\w-]{64}", re.ASCII)
COOKIE_FORM = re.compile(r"[1-9][0-9]{0,18}\.[1-9][0-9]{0,18}\.[1-9][0-9]{0,18}", re.ASCII)

OPTIONS: Any = {
    "require": ["sub", "sid", "iat", "exp"],
    "verify_exp": False,
    "verify_iat": False,
    "verify_nbf": False,
    "verify_aud": False,
    "verify_iss": False,
}
"""PyJWT checks form and signature; the times are compared by us, because time is an argument.

Its types name those of cryptography, which we have not installed: hence the ignores below."""


class Claims(msgspec.Struct, frozen=True):
    """What an access token proves: whose it is, which session's, from when until when (Unix
    seconds)."""

    account: int
    session: int
    issued_at: int
    expires_at: int


def derive_key(secret: bytes, use: str) -> bytes:
    """A key of 32 bytes for one use only: HMAC-SHA256 of the use's name, keyed by the secret (as
    HKDF expands).

    Raises `ValueError` if the secret is shorter than `SECRET_BYTES_MIN`.
    """
    if len(secret) < SECRET_BYTES_MIN:
        raise ValueError(f"a secret has at least {SECRET_BYTES_MIN} bytes")
    return hmac.digest(secret, b"triptych\0" + use.encode("utf-8"), "sha256")


def bearer_token(header: str) -> str | None:
    """The token in the value of an `Authorization` header; None if it brings none, or brings
    something else."""
    return header[len(BEARER) :].strip() if header.lower().startswith(BEARER) else None


class AccessTokens:
    """Issues and verifies access tokens, remembering those that it has verified."""

    def __init__(self, secret: bytes) -> None:
        self._key = derive_key(secret, "access tokens")
        self._verified: OrderedDict[bytes, Claims] = OrderedDict()
        self._of_session: dict[int, set[bytes]] = {}

    def issue(self, account: int, session: int, now_s: int) -> str:
        """A token for `ACCESS_TOKEN_S` from `now_s` (Unix seconds)."""
        return self._sign(Claims(account, session, now_s, now_s + ACCESS_TOKEN_S))

    def verify(self, token: str, now_s: int) -> Claims | None:
        """What the token proves at `now_s` (Unix seconds); None if it proves nothing, whatever the
        reason."""
        if len(token) > TOKEN_CHARACTERS_MAX or not token.isascii():
            return None
        digest = hashlib.sha256(token.encode("ascii")).digest()
        claims = self._verified.get(digest)
        if claims is None:
            claims = self._check(token)
            if claims is None or not _is_current(claims, now_s):
                return None
            self._remember(digest, claims)
        elif not _is_current(claims, now_s):
            self._forget(digest, claims)
            return None
        self._verified.move_to_end(digest)
        return claims

    def forget_session(self, session: int) -> None:
        """Drop the session's tokens from memory, because it has ended."""
        for digest in self._of_session.pop(session, ()):
            del self._verified[digest]

    def statistics(self) -> dict[str, int]:
        """How many verified tokens are remembered, and of how many sessions."""
        return {"tokens": len(self._verified), "sessions": len(self._of_session)}

    def _sign(self, claims: Claims) -> str:
        payload = {
            "sub": str(claims.account),
            "sid": str(claims.session),
            "iat": claims.issued_at,
            "exp": claims.expires_at,
        }
        return jwt.encode(  # pyright: ignore[reportUnknownMemberType]
            payload, self._key, algorithm=ALGORITHM, headers={"typ": TYPE}
        )

    def _check(self, token: str) -> Claims | None:
        """The claims of a token that we have signed ourselves, character for character, whenever
        that was.

        Signing them again settles at once what else a token could vary in: other headers, further
        or doubled claims, spare bits of base64.
        """
        if FORM.fullmatch(token) is None:
            return None
        try:
            payload: dict[str, Any] = jwt.decode(  # pyright: ignore[reportUnknownMemberType]
                token, self._key, algorithms=[ALGORITHM], options=OPTIONS
            )
        except (jwt.PyJWTError, ValueError, RecursionError):
            return None
        claims = _claims(payload)
        if claims is None or not hmac.compare_digest(self._sign(claims), token):
            return None
        return claims

    def _remember(self, digest: bytes, claims: Claims) -> None:
        self._verified[digest] = claims
        self._of_session.setdefault(claims.session, set()).add(digest)
        if len(self._verified) > CACHED_TOKENS_MAX:
            oldest = next(iter(self._verified))
            self._forget(oldest, self._verified[oldest])

    def _forget(self, digest: bytes, claims: Claims) -> None:
        del self._verified[digest]
        of_session = self._of_session[claims.session]
        of_session.discard(digest)
        if not of_session:
            del self._of_session[claims.session]


def _claims(payload: dict[str, Any]) -> Claims | None:
    """The claims, if each is there and of its type."""
    account, session = _number(payload["sub"]), _number(payload["sid"])
    issued_at, expires_at = payload["iat"], payload["exp"]
    if account is None or session is None:
        return None
    if type(issued_at) is not int or type(expires_at) is not int:  # a bool is an int, too
        return None
    if issued_at < 0 or not 0 < expires_at - issued_at <= ACCESS_TOKEN_S:
        return None
    return Claims(account, session, issued_at, expires_at)


def _number(text: object) -> int | None:
    """The number of an account or a session in its one spelling."""
    if not isinstance(text, str) or NUMBER.fullmatch(text) is None:
        return None
    number = int(text)
    return number if number <= NUMBER_MAX else None


def _is_current(claims: Claims, now_s: int) -> bool:
    return claims.issued_at <= now_s + FUTURE_S_MAX and now_s < claims.expires_at


class RefreshToken(msgspec.Struct, frozen=True):
    """`text` is told to the client once; only the hashes are kept.

    The first `FAMILY_BYTES` of all refresh tokens of a session are the same: so a token that was
    spent still says whose it was.
    """

    text: str
    family: str
    hash: str


def make_refresh_token(chance: Callable[[int], bytes]) -> RefreshToken:
    """The first refresh token of a session; `chance(n)` gives n random bytes that are fit for
    secrets."""
    return _refresh_token(chance(FAMILY_BYTES) + chance(REFRESH_BYTES))


def next_refresh_token(token: RefreshToken, chance: Callable[[int], bytes]) -> RefreshToken:
    """The refresh token that takes the place of `token`."""
    family = base64.urlsafe_b64decode(token.text)[:FAMILY_BYTES]
    return _refresh_token(family + chance(REFRESH_BYTES))


def read_refresh_token(text: str) -> RefreshToken | None:
    """A refresh token that a client presents. None if `text` can't be one."""
    if REFRESH_FORM.fullmatch(text) is None:
        return None
    return _refresh_token(base64.urlsafe_b64decode(text))


def _refresh_token(secret: bytes) -> RefreshToken:
    """48 bytes are 64 characters of base64url without padding: each token has one spelling."""
    text = base64.urlsafe_b64encode(secret).decode("ascii")
    family = hashlib.sha256(secret[:FAMILY_BYTES]).hexdigest()
    return RefreshToken(text, family, hashlib.sha256(secret).hexdigest())


class MediaCookies:
    """Cookies by which a browser that shows pictures says whose it is: they open media, and nothing
    else."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def make(self, account: int, session: int, now_s: int) -> str:
        """The value of the cookie, good for `ACCESS_TOKEN_S` from `now_s` (Unix seconds)."""
        said = f"{account}.{session}.{now_s + ACCESS_TOKEN_S}"
        return f"{said}.{self._signature(said)}"

    def read(self, value: str, now_s: int) -> tuple[int, int] | None:
        """(account, session) of a cookie that we made and that is still good; else None."""
        said, _, signature = value.rpartition(".")
        if COOKIE_FORM.fullmatch(said) is None or len(value) > TOKEN_CHARACTERS_MAX:
            return None
        signed = self._signature(said).encode("ascii")
        if not hmac.compare_digest(signed, signature.encode("utf-8", "replace")):
            return None
        account, session, expires_at = map(int, said.split("."))
        return (account, session) if now_s < expires_at else None

    def _signature(self, said: str) -> str:
        return hmac.new(self._key, said.encode("ascii"), "sha256").hexdigest()
