"""What the accounts actor remembers: the last account number, and who has which username."""

import msgspec

from actors.names import Names
from actors.state import State

FOLDS_A_SNAPSHOT_SHARE = 8
"""A snapshot holds every name, so one is due after an eighth as many folds as there are names: the
cost a fold stays the same however many they are."""


class AccountsState(State):
    """Changed by folding `Registered`."""

    last: int = 0
    names: Names = msgspec.field(default_factory=lambda: Names({}))
