"""The rules of registration: every username once, account numbers in order, an invite for one."""

from typing import assert_never

from actors.accounts.messages import (
    ChangeUsername,
    ClearAccount,
    CreateInvite,
    Register,
    RegisteredReply,
)
from actors.accounts.state import AccountsState
from actors.decisions import Accepted, DoneReply, Moment, Reason, Refused
from actors.user.messages import RequestsReply
from actors.user.profile import change_profile
from actors.user.state import UserState
from storage.facts import (
    AccountCleared,
    Fact,
    InviteCreated,
    InviteUsed,
    Registered,
    SessionOpened,
    UsernameChanged,
)
from storage.ids import user_key

AccountsCommand = Register | ChangeUsername | CreateInvite | ClearAccount
AccountsReply = RegisteredReply | RequestsReply | DoneReply


def decide(
    state: AccountsState, command: AccountsCommand, moment: Moment
) -> Accepted[AccountsReply] | Refused:
    """Decide `command`. Pure; see `actors.decisions`."""
    match command:
        case Register():
            return _register(state, command, moment)
        case ChangeUsername():
            user: UserState = moment.reads[user_key(command.account)]
            if not user.exists:
                return Refused(Reason.NOT_FOUND)
            return _change_username(state, user, command, moment)
        case ClearAccount():
            user: UserState = moment.reads[user_key(command.account)]
            if not user.gone:
                return Refused(Reason.NOT_FOUND)
            return Accepted((AccountCleared(command.account),), DoneReply())
        case CreateInvite():
            created = InviteCreated(moment.next_id(), moment.text(command.code))
            return Accepted((created,), DoneReply())
        case _:
            assert_never(command)


def _change_username(
    state: AccountsState, user: UserState, command: ChangeUsername, moment: Moment
) -> Accepted[RequestsReply] | Refused:
    facts: tuple[Fact, ...] = ()
    if state.names.of(command.account) != command.username:
        if command.username in state.names:
            return Refused(Reason.USERNAME_TAKEN)
        facts = (UsernameChanged(command.account, moment.text(command.username)),)
    if command.profile is None:
        return Accepted(facts, RequestsReply(0))
    described = change_profile(user, command.profile, moment)
    return Accepted((*facts, *described.facts), described.reply)


def _register(
    state: AccountsState, command: Register, moment: Moment
) -> Accepted[AccountsReply] | Refused:
    invite = None
    if command.invite_needed:
        open_invites = {one.code.value: one.invite for one in state.invites}
        invite = open_invites.get(command.invite) if command.invite else None
        if invite is None:
            return Refused(Reason.INVITE_NEEDED)
    if command.username in state.names:
        return Refused(Reason.USERNAME_TAKEN)
    account = state.last + 1
    facts: list[Fact] = [
        Registered(
            account=account,
            username=moment.text(command.username),
            password=moment.text(command.password),
            email=moment.text_or_none(command.email),
            full_name=moment.text_or_none(command.full_name),
        )
    ]
    if invite is not None:
        facts.append(InviteUsed(invite, account))
    session = 0
    if command.session is not None:
        session = moment.next_id()
        facts.append(
            SessionOpened(
                account,
                session,
                moment.text(command.session.refresh),
                moment.text(command.session.family),
                moment.text_or_none(command.session.client),
            )
        )
    return Accepted(tuple(facts), RegisteredReply(account, command.username, session, moment.at))
