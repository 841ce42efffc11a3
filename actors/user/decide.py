"""The rules of an account, each command to the file that has its rule."""

from typing import assert_never

from actors.decisions import Accepted, DoneReply, Moment, Reason, Refused
from actors.user import graph, notices, profile, publishing, sessions, stories
from actors.user.messages import (
    Approve,
    ApproveRequests,
    BlobsReply,
    Block,
    BlockReply,
    ChangePassword,
    ChangeProfile,
    CreateLocation,
    DeleteAccount,
    DeleteStory,
    Deny,
    EdgeReply,
    EndExpiredStories,
    EndSession,
    Follow,
    LocationReply,
    OpenSession,
    Publish,
    PublishReply,
    PublishStory,
    ReadNotifications,
    ReadReply,
    Refresh,
    RefreshReply,
    RemoveFollower,
    RequestsReply,
    SessionReply,
    SetAvatar,
    SetVerified,
    StoryReply,
    Unblock,
    Unfollow,
)
from actors.user.state import UserState
from storage.facts import Verified

ClearingCommand = Unfollow | Unblock | EndExpiredStories
"""What a deleted account is still asked, so that nothing of it is left."""

AccountCommand = (
    SetVerified
    | ChangeProfile
    | ApproveRequests
    | SetAvatar
    | DeleteAccount
    | ReadNotifications
    | CreateLocation
)
UserCommand = (
    ClearingCommand
    | AccountCommand
    | OpenSession
    | Refresh
    | EndSession
    | ChangePassword
    | Follow
    | RemoveFollower
    | Approve
    | Deny
    | Block
    | Publish
    | PublishStory
    | DeleteStory
)
UserReply = (
    SessionReply
    | RefreshReply
    | DoneReply
    | ReadReply
    | RequestsReply
    | BlobsReply
    | EdgeReply
    | BlockReply
    | PublishReply
    | StoryReply
    | LocationReply
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
        case PublishStory() | DeleteStory() | EndExpiredStories():
            return _decide_story(state, command, moment)
        case OpenSession() | Refresh() | EndSession() | ChangePassword():
            return _decide_session(state, command, moment)
        case _:
            return _decide_of_account(state, command, moment)


def _decide_of_account(
    state: UserState, command: AccountCommand, moment: Moment
) -> Accepted[UserReply] | Refused:
    match command:
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
        case ReadNotifications():
            return notices.read_notifications(state, command)
        case CreateLocation():
            return notices.create_location(state, command, moment)
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


def _decide_story(
    state: UserState, command: PublishStory | DeleteStory | EndExpiredStories, moment: Moment
) -> Accepted[UserReply] | Refused:
    match command:
        case PublishStory():
            return stories.publish_story(state, command, moment)
        case DeleteStory():
            return stories.delete_story(state, command, moment)
        case EndExpiredStories():
            return stories.end_expired(state, command, moment)
        case _:
            assert_never(command)
