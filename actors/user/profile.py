"""The rules of what an account says of itself, of its privacy and of its end.

Called by `actors.user.decide` for an account that exists. Pure.
"""

from actors.decisions import Accepted, DoneReply, Moment, Reason, Refused
from actors.user.messages import (
    ApproveRequests,
    BlobsReply,
    ChangeProfile,
    DeleteAccount,
    RequestsReply,
    SetAvatar,
)
from actors.user.state import UserState
from storage.facts import (
    AccountDeleted,
    AvatarChanged,
    Fact,
    Followed,
    FollowRequestEnded,
    PrivacyChanged,
    ProfileChanged,
)

APPROVED_A_TURN = 100
"""Requests that one decision approves: each is a fact, and a round must stay short."""


def change_profile(
    state: UserState, command: ChangeProfile, moment: Moment
) -> Accepted[RequestsReply]:
    facts: list[Fact] = []
    if command.changed:
        texts = {name: moment.text_or_none(getattr(command, name)) for name in command.changed}
        facts.append(ProfileChanged(state.account, command.changed, **texts))
    if command.private is not None and command.private != state.private:
        facts.append(PrivacyChanged(state.account, command.private))
    if command.private is not False:
        return Accepted(tuple(facts), RequestsReply(0))
    approved = _approved(state, moment)
    left = len(state.requests) - len(approved)
    return Accepted((*facts, *approved), RequestsReply(left))


def approve_requests(
    state: UserState, command: ApproveRequests, moment: Moment
) -> Accepted[RequestsReply]:
    if state.private:
        return Accepted((), RequestsReply(0))
    approved = _approved(state, moment)
    return Accepted(tuple(approved), RequestsReply(len(state.requests) - len(approved)))


def _approved(state: UserState, moment: Moment) -> list[Fact]:
    return [
        FollowRequestEnded(state.account, follower)
        if follower in moment.gone
        else Followed(state.account, follower, approved=True)
        for follower in state.requests.first(APPROVED_A_TURN)
    ]


def set_avatar(state: UserState, command: SetAvatar, moment: Moment) -> Accepted[BlobsReply]:
    if command.file is None and state.avatar is None:
        return Accepted((), BlobsReply(()))
    file, before = moment.text_or_none(command.file), state.avatar
    blobs = () if before is None or before.value is None else (before.value,)
    return Accepted((AvatarChanged(state.account, file),), BlobsReply(blobs))


def delete_account(
    state: UserState, command: DeleteAccount, moment: Moment
) -> Accepted[DoneReply] | Refused:
    if command.password_id != state.password_id:
        return Refused(Reason.SESSION_ENDED)
    return Accepted((AccountDeleted(state.account),), DoneReply())
