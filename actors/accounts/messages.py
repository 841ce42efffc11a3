"""What the accounts actor can be asked, and what it answers."""

from typing import ClassVar

import msgspec

from actors.decisions import Command
from storage.ids import ACCOUNTS


class RegisteredReply(msgspec.Struct, frozen=True):
    """The new account and its first session."""

    account: int
    username: str
    session: int
    """0 if none was opened."""
    at: int


class Register(Command[RegisteredReply], frozen=True):
    """Give `username` (in lower case, already checked) an account, and open a session if there is
    a refresh token.

    `password` is the argon2id hash, `refresh` the SHA-256 of the refresh token in hexadecimal.
    Refused: `USERNAME_TAKEN`.
    """

    username: str
    password: str
    email: str | None
    full_name: str | None
    refresh: str | None

    reply_type: ClassVar = RegisteredReply

    @property
    def actor(self) -> int:
        return ACCOUNTS
