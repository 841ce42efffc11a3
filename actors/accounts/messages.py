"""What the accounts actor can be asked, and what it answers."""

from typing import ClassVar

import msgspec

from actors.decisions import Command, DoneReply
from storage.ids import ACCOUNTS, user_key


class NewSession(msgspec.Struct, frozen=True):
    """What is kept of a session that is to be opened. `refresh` and `family` are SHA-256 in
    hexadecimal, `client` is what the client calls itself."""

    refresh: str
    family: str
    client: str | None = None


class RegisteredReply(msgspec.Struct, frozen=True):
    """The new account and its first session."""

    account: int
    username: str
    session: int
    """0 if none was opened."""
    at: int


class OfAccounts(Command[DoneReply], frozen=True):
    """A command that the accounts actor decides."""

    @property
    def actor(self) -> int:
        return ACCOUNTS


class Register(Command[RegisteredReply], frozen=True):
    """Give `username` (in lower case, already checked) an account, and open a session if one is
    described.

    `password` is the argon2id hash, `invite` the SHA-256 of an invite's code in hexadecimal.
    Refused: `USERNAME_TAKEN`; `INVITE_NEEDED` if `invite_needed` and it is no open one.
    """

    username: str
    password: str
    email: str | None
    full_name: str | None
    session: NewSession | None
    invite: str | None = None
    invite_needed: bool = False

    reply_type: ClassVar = RegisteredReply

    @property
    def actor(self) -> int:
        return ACCOUNTS


class ChangeUsername(OfAccounts, frozen=True):
    """Give `account` another username, in lower case and already checked.

    Refused: `USERNAME_TAKEN`; `NOT_FOUND` if there is no such account.
    """

    account: int
    username: str

    reply_type: ClassVar = DoneReply

    @property
    def reads(self) -> tuple[int, ...]:
        return (user_key(self.account),)


class CreateInvite(OfAccounts, frozen=True):
    """Make an invite; `code` is the SHA-256 of what is given away, in hexadecimal."""

    code: str

    reply_type: ClassVar = DoneReply


class ClearAccount(OfAccounts, frozen=True):
    """Note that nothing of a deleted account is left anywhere. Refused: `NOT_FOUND` if it is not
    deleted."""

    account: int

    reply_type: ClassVar = DoneReply

    @property
    def reads(self) -> tuple[int, ...]:
        return (user_key(self.account),)
