"""How facts change what the accounts actor remembers."""

from actors.accounts.state import AccountsState, Invite
from storage.facts import (
    AccountCleared,
    AccountDeleted,
    Fact,
    InviteCreated,
    InviteUsed,
    Registered,
    Text,
    UsernameChanged,
)


def fold(state: AccountsState, seq: int, fact: Fact) -> None:
    """Fold one fact, in seq order."""
    match fact:
        case Registered(account=account, username=username):
            state.last = account
            _name(state, account, username)
        case UsernameChanged(account=account, username=username):
            _name(state, account, username)
        case AccountDeleted(account=account):
            state.names.release(account)
        case AccountCleared():
            pass
        case InviteCreated(invite=invite, code=code):
            state.invites += (Invite(invite, code),)
        case InviteUsed(invite=used):
            state.invites = tuple(one for one in state.invites if one.invite != used)
        case _:
            raise TypeError(f"{type(fact).__name__} does not concern the accounts actor")


def _name(state: AccountsState, account: int, username: Text) -> None:
    if username.value is None:  # erased since: by a later name, or with the account
        state.names.release(account)
    else:
        state.names.take(username.value, account)
