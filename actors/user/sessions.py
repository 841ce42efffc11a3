"""The rules of an account's sessions: what opens one, keeps it alive and ends it.

Called by `actors.user.decide` for an account that exists. Pure.
"""

from actors.decisions import Accepted, DoneReply, Moment, Reason, Refused
from actors.user.messages import (
    ChangePassword,
    EndSession,
    OpenSession,
    Refresh,
    RefreshReply,
    SessionReply,
)
from actors.user.state import UserState
from storage.facts import Fact, PasswordChanged, SessionEnded, SessionOpened, SessionRefreshed

SESSIONS_MAX = 100
"""Sessions of one account: more devices than anybody has, few enough to list and to keep in the
state."""


def open_session(
    state: UserState, command: OpenSession, moment: Moment
) -> Accepted[SessionReply] | Refused:
    if command.password_id != state.password_id:
        return Refused(Reason.SESSION_ENDED)
    opened = SessionOpened(
        state.account,
        moment.next_id(),
        moment.text(command.session.refresh),
        moment.text(command.session.family),
        moment.text_or_none(command.session.client),
    )
    facts: tuple[Fact, ...] = (opened,)
    if len(state.sessions) >= SESSIONS_MAX:
        facts = (SessionEnded(state.account, state.sessions[0].session), opened)
    return Accepted(facts, SessionReply(opened.session, moment.at))


def refresh(state: UserState, command: Refresh, moment: Moment) -> Accepted[RefreshReply] | Refused:
    session = next((one for one in state.sessions if one.session == command.session), None)
    if session is None:
        return Refused(Reason.SESSION_ENDED)
    if session.refresh.value != command.presented:
        ended = SessionEnded(state.account, session.session)
        return Accepted((ended,), RefreshReply(refreshed=False))
    refreshed = SessionRefreshed(state.account, session.session, moment.text(command.refresh))
    return Accepted((refreshed,), RefreshReply(refreshed=True))


def end_session(state: UserState, command: EndSession) -> Accepted[DoneReply] | Refused:
    if all(one.session != command.session for one in state.sessions):
        return Refused(Reason.NOT_FOUND)
    return Accepted((SessionEnded(state.account, command.session),), DoneReply())


def change_password(
    state: UserState, command: ChangePassword, moment: Moment
) -> Accepted[DoneReply] | Refused:
    if command.password_id not in (None, state.password_id):
        return Refused(Reason.SESSION_ENDED)
    password = moment.text(command.password)
    return Accepted((PasswordChanged(state.account, password, command.kept),), DoneReply())
