"""How facts change what a user's actor remembers."""

from actors.user.state import UserState
from storage.facts import (
    Fact,
    Followed,
    PasswordChanged,
    PostDeleted,
    PostPublished,
    Registered,
    SessionOpened,
    Unfollowed,
    Verified,
)


def fold(state: UserState, seq: int, fact: Fact) -> None:
    """Fold one fact, in seq order."""
    match fact:
        case Registered():
            state.account = fact.account
            state.username = fact.username
            state.password_id = fact.password.id
        case PasswordChanged():
            state.password_id = fact.password.id
        case Followed():
            if fact.followee == state.account:
                state.followers.add(fact.follower)
            else:
                state.following.add(fact.followee)
        case Unfollowed():
            if fact.followee == state.account:
                state.followers.discard(fact.follower)
            else:
                state.following.discard(fact.followee)
        case SessionOpened() | Verified() | PostPublished() | PostDeleted():
            pass  # rows hold these; no decision of a user reads them yet
        case _:
            raise TypeError(f"{type(fact).__name__} does not concern a user")
