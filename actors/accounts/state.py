"""What the accounts actor remembers: the last account number, who has which username, and the
invites that are open."""

import msgspec

from actors.names import Names
from actors.state import State
from storage.facts import Text

FOLDS_A_SNAPSHOT_SHARE = 8
"""A snapshot holds every name, so one is due after an eighth as many folds as there are names: the
cost a fold stays the same however many they are."""


class Invite(msgspec.Struct, frozen=True):
    """An invite that nobody has used yet."""

    invite: int
    code: Text
    """The SHA-256 of what was given away, in hexadecimal."""


class AccountsState(State):
    """Changed by folding who registers, is renamed and goes, and the invites."""

    last: int = 0
    names: Names = msgspec.field(default_factory=lambda: Names({}))
    invites: tuple[Invite, ...] = ()
