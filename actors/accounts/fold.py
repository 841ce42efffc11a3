"""How facts change what the accounts actor remembers."""

from actors.accounts.state import AccountsState
from storage.facts import Fact, Registered


def fold(state: AccountsState, seq: int, fact: Fact) -> None:
    """Fold one fact, in seq order."""
    match fact:
        case Registered(account=account, username=username):
            state.last = account
            if username.value is not None:  # an erased name is free again
                state.names.take(username.value, account)
        case _:
            raise TypeError(f"{type(fact).__name__} does not concern the accounts actor")
