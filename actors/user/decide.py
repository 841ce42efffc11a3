"""The rules of an account: who may follow it, open its sessions, publish in its name."""

from typing import assert_never

from actors.decisions import Accepted, Moment, Reason, Refused
from actors.user.messages import (
    ChangePassword,
    DoneReply,
    Follow,
    FollowReply,
    OpenSession,
    Person,
    Publish,
    PublishedMedium,
    PublishReply,
    SessionReply,
    SetVerified,
    Unfollow,
)
from actors.user.state import UserState
from storage.facts import (
    Followed,
    Medium,
    PasswordChanged,
    PostPublished,
    SessionOpened,
    Unfollowed,
    Verified,
)

UserCommand = OpenSession | ChangePassword | SetVerified | Follow | Unfollow | Publish
UserReply = SessionReply | DoneReply | FollowReply | PublishReply


def decide(state: UserState, command: UserCommand, moment: Moment) -> Accepted[UserReply] | Refused:
    """Decide `command`. Pure; see `actors.decisions`."""
    if state.username is None or state.username.value is None:
        return Refused(Reason.NOT_FOUND)
    person = Person(state.account, state.username.value)
    match command:
        case OpenSession():
            if command.password_id != state.password_id:
                return Refused(Reason.SESSION_ENDED)
            opened = SessionOpened(state.account, moment.next_id(), moment.text(command.refresh))
            return Accepted((opened,), SessionReply(opened.session, moment.at))
        case ChangePassword():
            password = moment.text(command.password)
            return Accepted((PasswordChanged(state.account, password, command.kept),), DoneReply())
        case SetVerified():
            return Accepted((Verified(state.account, command.verified),), DoneReply())
        case Follow():
            if command.follower == state.account:
                return Refused(Reason.ONESELF)
            reply = FollowReply(following=True, requested=False, user=person)
            if command.follower in state.followers:
                return Accepted((), reply)
            return Accepted((Followed(state.account, command.follower),), reply)
        case Unfollow():
            reply = FollowReply(following=False, requested=False, user=person)
            if command.follower not in state.followers:
                return Accepted((), reply)
            return Accepted((Unfollowed(state.account, command.follower),), reply)
        case Publish():
            return _publish(person, command, moment)
        case _:
            assert_never(command)


def _publish(author: Person, command: Publish, moment: Moment) -> Accepted[UserReply]:
    """A post, its pictures and its texts, each with an id of its own, the post's the first."""
    post = moment.next_id()
    media = tuple(
        Medium(
            media=moment.next_id(),
            width=new.width,
            height=new.height,
            file=moment.text(new.file),
            thumbnail=moment.text(new.thumbnail),
        )
        for new in command.media
    )
    published = PostPublished(author.account, post, moment.text_or_none(command.caption), media)
    shown = tuple(
        PublishedMedium(medium.media, new.width, new.height, new.file, new.thumbnail)
        for medium, new in zip(media, command.media, strict=True)
    )
    return Accepted(
        (published,), PublishReply(post, author, moment.at, command.caption or None, shown)
    )
