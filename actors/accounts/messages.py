"""What the accounts actor can be asked, and what it answers."""

import hashlib
from typing import ClassVar

import msgspec

from actors.decisions import Command, DoneReply
from actors.user.messages import ChangeProfile, NewSession, RequestsReply
from storage.ids import ACCOUNTS, user_key


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

    `password` is the argon2id hash, `invite` that of an invite's code (`hash_of_invite`).
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


class ChangeUsername(Command[RequestsReply], frozen=True):
    """Give `account` another username, in lower case and already checked, and describe it otherwise
    as `profile` says: both or neither.

    Refused: `USERNAME_TAKEN`; `NOT_FOUND` if there is no such account.
    """

    account: int
    username: str
    profile: ChangeProfile | None = None

    reply_type: ClassVar = RequestsReply

    @property
    def actor(self) -> int:
        return ACCOUNTS

    @property
    def reads(self) -> tuple[int, ...]:
        return (user_key(self.account),)

    @property
    def settled(self) -> tuple[int, ...]:
        """The account itself, for whom this decides what it says of itself."""
        return self.reads if self.profile is not None else ()


def hash_of_invite(code: str) -> str:
    """All that is kept of an invite's code: its SHA-256 in hexadecimal. Space around the code does
    not count: it comes with copying."""
    return hashlib.sha256(code.strip().encode("utf-8", "replace")).hexdigest()


class CreateInvite(OfAccounts, frozen=True):
    """Make an invite; `code` is the hash of what is given away."""

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
