"""The rules of an account, each command to the file that has its rule."""

from typing import assert_never

from actors.decisions import Accepted, DoneReply, Moment, Reason, Refused
from actors.user import graph, profile, publishing, sessions
from actors.user.messages import (
    Approve,
    ApproveRequests,
    BlobsReply,
    Block,
    BlockReply,
    ChangePassword,
    ChangeProfile,
    DeleteAccount,
    Deny,
    EdgeReply,
    EndSession,
    Follow,
    OpenSession,
    Publish,
    PublishReply,
    Refresh,
    RefreshReply,
    RemoveFollower,
    RequestsReply,
    SessionReply,
    SetAvatar,
    SetVerified,
    Unblock,
    Unfollow,
)
from actors.user.state import UserState
from storage.facts import Verified

ClearingCommand = Unfollow | Unblock
"""What a deleted account is still asked, so that nothing of it is left."""

UserCommand = (
    ClearingCommand
    | OpenSession
    | Refresh
    | EndSession
    | ChangePassword
    | SetVerified
    | ChangeProfile
    | ApproveRequests
    | SetAvatar
    | DeleteAccount
    | Follow
    | RemoveFollower
    | Approve
    | Deny
    | Block
    | Publish
)
UserReply = (
    SessionReply
    | RefreshReply
    | DoneReply
    | RequestsReply
    | BlobsReply
    | EdgeReply
    | BlockReply
    | PublishReply
)


def decide(state: UserState, command: UserCommand, moment: Moment) -> Accepted[UserReply] | Refused:
    """Decide `command`. Pure; see `actors.decisions`."""
    if not state.exists and not (state.gone and isinstance(command, ClearingCommand)):
        return Refused(Reason.NOT_FOUND)
    match command:
        case Follow() | Unfollow() | RemoveFollower() | Approve() | Deny():
            return graph.decide_edge(state, command, moment)
        case Block() | Unblock():
            return graph.decide_block(state, command, moment)
        case Publish():
            return publishing.publish(state, command, moment)
        case OpenSession() | Refresh() | EndSession() | ChangePassword():
            return _decide_session(state, command, moment)
        case ChangeProfile():
            return profile.change_profile(state, command, moment)
        case ApproveRequests():
            return profile.approve_requests(state, command, moment)
        case SetAvatar():
            return profile.set_avatar(state, command, moment)
        case SetVerified():
            return Accepted((Verified(state.account, command.verified),), DoneReply())
        case DeleteAccount():
            return profile.delete_account(state, command, moment)
        case _:
            assert_never(command)


def _decide_session(
    state: UserState, command: OpenSession | Refresh | EndSession | ChangePassword, moment: Moment
) -> Accepted[UserReply] | Refused:
    match command:
        case OpenSession():
            return sessions.open_session(state, command, moment)
        case Refresh():
            return sessions.refresh(state, command, moment)
        case EndSession():
            return sessions.end_session(state, command)
        case ChangePassword():
            return sessions.change_password(state, command, moment)
        case _:
            assert_never(command)
