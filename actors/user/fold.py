"""How facts change what a user's actor remembers."""

from actors.user.state import RingStory, Session, UserState
from storage.facts import (
    AccountCleared,
    AccountDeleted,
    AvatarChanged,
    Blocked,
    Fact,
    Followed,
    FollowRequested,
    FollowRequestEnded,
    LocationCreated,
    NotificationsRead,
    PasswordChanged,
    PostDeleted,
    PostPublished,
    PrivacyChanged,
    ProfileChanged,
    Registered,
    SessionEnded,
    SessionOpened,
    SessionRefreshed,
    StoryEnded,
    StoryPublished,
    Unblocked,
    Unfollowed,
    UsernameChanged,
    Verified,
)


def fold(state: UserState, seq: int, fact: Fact) -> None:
    """Fold one fact, in seq order."""
    match fact:
        case Followed() | Unfollowed() | FollowRequested() | FollowRequestEnded():
            _fold_edge(state, fact)
        case Blocked() | Unblocked():
            _fold_block(state, fact)
        case SessionOpened() | SessionRefreshed() | SessionEnded() | PasswordChanged():
            _fold_session(state, fact)
        case StoryPublished(story=story, expires_at=expires_at, file=file):
            state.ring += (RingStory(story, expires_at, file),)
        case StoryEnded(story=story):
            state.ring = tuple(one for one in state.ring if one.story != story)
        case _:
            _fold_account(state, fact)


def _fold_account(state: UserState, fact: Fact) -> None:
    match fact:
        case Registered():
            state.account = fact.account
            state.username = fact.username
            state.password_id = fact.password.id
        case UsernameChanged(username=username):
            state.username = username
        case AvatarChanged(file=file):
            state.avatar = file
        case PrivacyChanged(private=private):
            state.private = private
        case NotificationsRead(up_to=up_to):
            state.read_up_to = up_to
        case AccountDeleted():
            state.gone = True
            state.username = None
            state.avatar = None
            state.sessions = ()
        case (
            Verified()
            | ProfileChanged()
            | PostPublished()
            | PostDeleted()
            | AccountCleared()
            | LocationCreated()
        ):
            pass  # rows hold these; no decision of a user reads them
        case _:
            raise TypeError(f"{type(fact).__name__} does not concern a user")


def _fold_edge(
    state: UserState, fact: Followed | Unfollowed | FollowRequested | FollowRequestEnded
) -> None:
    if fact.followee == state.account:
        other, follows, requests = fact.follower, state.followers, state.requests
    else:
        other, follows, requests = fact.followee, state.following, state.requested
    match fact:
        case Followed():
            follows.add(other)
            requests.discard(other)
        case Unfollowed():
            follows.discard(other)
        case FollowRequested():
            requests.add(other)
        case FollowRequestEnded():
            requests.discard(other)


def _fold_block(state: UserState, fact: Blocked | Unblocked) -> None:
    if fact.blocker == state.account:
        other, blocks = fact.blocked, state.blocking
    else:
        other, blocks = fact.blocker, state.blocked_by
    if isinstance(fact, Unblocked):
        blocks.discard(other)
        return
    blocks.add(other)
    for ended in (state.followers, state.following, state.requests, state.requested):
        ended.discard(other)


def _fold_session(
    state: UserState, fact: SessionOpened | SessionRefreshed | SessionEnded | PasswordChanged
) -> None:
    match fact:
        case SessionOpened(session=session, refresh=refresh):
            state.sessions += (Session(session, refresh),)
        case SessionRefreshed(session=session, refresh=refresh):
            state.sessions = tuple(
                Session(session, refresh) if one.session == session else one
                for one in state.sessions
            )
        case SessionEnded(session=session):
            state.sessions = tuple(one for one in state.sessions if one.session != session)
        case PasswordChanged(password=password, kept=kept):
            state.password_id = password.id
            state.sessions = tuple(one for one in state.sessions if one.session == kept)
