"""Passwords: the rules for new ones, hashing and checking with argon2id in threads.

Called by the routes that register, log in and change passwords, and by the operator's commands.
Keeps nothing: the hashes are texts of the accounts. Limiter and chance come from `run.py`.
"""

from collections.abc import Callable

import trio
from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

PASSWORD_CHARACTERS_MIN = 8
PASSWORD_BYTES_MAX = 1_024
"""In UTF-8; nobody types more, and whatever is hashed is bounded (contract.md, "Accounts")."""

MEMORY_KIB = 19 * 1_024
PASSES = 2
LANES = 1
"""argon2id as hardening.md asks for it, which is OWASP's choice: some 20 ms and 19 MiB for each
guess."""

HASHER = PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES)

SALT_BYTES = 16
"""RFC 9106, 3.1."""

NOBODY = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$" + "A" * 43
"""The hash of no password, in the parameters of the others: an unknown user's login costs the
same."""


class BadPassword(ValueError):
    """The client chose a password that may not be one. `details` has the limit that it breaks."""

    def __init__(self, field: str, message: str, details: dict[str, int] | None = None) -> None:
        super().__init__(message)
        self.field = field
        self.message = message
        self.details = details or {}


def check_password(password: str, field: str = "password") -> None:
    """Raises `BadPassword`, naming `field`, if nobody may choose this password."""
    if len(password) < PASSWORD_CHARACTERS_MIN:
        message = f"A password has at least {PASSWORD_CHARACTERS_MIN} characters"
        raise BadPassword(field, message, {"min_length": PASSWORD_CHARACTERS_MIN})
    data = _encoded(password)
    if data is None:
        raise BadPassword(field, "A password must be valid Unicode")
    if len(data) > PASSWORD_BYTES_MAX:
        message = f"A password has at most {PASSWORD_BYTES_MAX} bytes in UTF-8"
        raise BadPassword(field, message, {"max_bytes": PASSWORD_BYTES_MAX})


def _encoded(password: str) -> bytes | None:
    """In UTF-8; None for lone surrogates, which JSON can smuggle in."""
    try:
        return password.encode("utf-8")
    except UnicodeEncodeError:
        return None


class Passwords:
    """Hashes and checks passwords in threads of their own, so that nothing else waits for them.

    `chance(n)` gives n random bytes that are fit for secrets. Only tests have another `hasher`.
    """

    def __init__(
        self,
        limiter: trio.CapacityLimiter,
        chance: Callable[[int], bytes],
        hasher: PasswordHasher = HASHER,
    ) -> None:
        self._limiter = limiter
        self._chance = chance
        self._hasher = hasher

    async def hash(self, password: str) -> str:
        """The argon2id hash to keep, in PHC form. Raises `BadPassword` for what `check_password`
        refuses."""
        check_password(password)
        salt = self._chance(SALT_BYTES)
        return await trio.to_thread.run_sync(
            lambda: self._hasher.hash(password, salt=salt), limiter=self._limiter
        )

    async def verify(self, kept: str | None, password: str) -> bool:
        """Whether `password` is the one that was hashed to `kept`; False, in the same time, if
        `kept` is None.

        Raises `argon2.exceptions.InvalidHashError` if `kept` is no hash: our bug, or a broken
        database.
        """
        data = _encoded(password)
        if data is None or len(data) > PASSWORD_BYTES_MAX:
            kept, data = None, b""
        against, given = NOBODY if kept is None else kept, data
        matches = await trio.to_thread.run_sync(
            self._matches, against, given, limiter=self._limiter
        )
        return matches and kept is not None

    def _matches(self, kept: str, data: bytes) -> bool:
        """In a thread."""
        try:
            return self._hasher.verify(kept, data)
        except VerifyMismatchError:
            return False
