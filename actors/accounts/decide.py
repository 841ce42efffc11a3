"""The rules of registration: every username once, account numbers in order."""

from actors.accounts.messages import Register, RegisteredReply
from actors.accounts.state import AccountsState
from actors.decisions import Accepted, Moment, Reason, Refused
from storage.facts import Registered, SessionOpened


def decide(
    state: AccountsState, command: Register, moment: Moment
) -> Accepted[RegisteredReply] | Refused:
    """Decide `command`. Pure; see `actors.decisions`."""
    if command.username in state.names:
        return Refused(Reason.USERNAME_TAKEN)
    account = state.last + 1
    registered = Registered(
        account=account,
        username=moment.text(command.username),
        password=moment.text(command.password),
        email=moment.text_or_none(command.email),
        full_name=moment.text_or_none(command.full_name),
    )
    if command.refresh is None:
        return Accepted((registered,), RegisteredReply(account, command.username, 0, moment.at))
    opened = SessionOpened(account, moment.next_id(), moment.text(command.refresh))
    reply = RegisteredReply(account, command.username, opened.session, moment.at)
    return Accepted((registered, opened), reply)
