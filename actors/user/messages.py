"""What a user's actor can be asked, and what it answers."""

from typing import ClassVar

import msgspec

from actors.decisions import Command
from storage.ids import user_key


class SessionReply(msgspec.Struct, frozen=True):
    """A session that was opened at `at` (Unix milliseconds)."""

    session: int
    at: int


class OpenSession(Command[SessionReply], frozen=True):
    """Open a session for whoever has just proved to know the password with text id `password_id`.

    Refused: `SESSION_ENDED` if the password was changed meanwhile, `NOT_FOUND` if there is no such
    account.
    """

    account: int
    password_id: int
    refresh: str

    reply_type: ClassVar = SessionReply

    @property
    def actor(self) -> int:
        return user_key(self.account)


class DoneReply(msgspec.Struct, frozen=True):
    """It is so."""


class ChangePassword(Command[DoneReply], frozen=True):
    """Set a new password hash and end every session but `kept`."""

    account: int
    password: str
    kept: int | None

    reply_type: ClassVar = DoneReply

    @property
    def actor(self) -> int:
        return user_key(self.account)


class SetVerified(Command[DoneReply], frozen=True):
    """Give the account its badge, or take it away."""

    account: int
    verified: bool

    reply_type: ClassVar = DoneReply

    @property
    def actor(self) -> int:
        return user_key(self.account)


class Person(msgspec.Struct, frozen=True):
    """Who somebody is, as short as answers name them."""

    account: int
    username: str


class FollowReply(msgspec.Struct, frozen=True):
    """How the asker stands to `user` now."""

    following: bool
    requested: bool
    user: Person


class Follow(Command[FollowReply], frozen=True):
    """`follower` asks to follow `followee`, who decides. Refused: `ONESELF`, `NOT_FOUND`."""

    followee: int
    follower: int

    reply_type: ClassVar = FollowReply

    @property
    def actor(self) -> int:
        return user_key(self.followee)


class Unfollow(Command[FollowReply], frozen=True):
    """`follower` stops following `followee`. Refused: `NOT_FOUND`."""

    followee: int
    follower: int

    reply_type: ClassVar = FollowReply

    @property
    def actor(self) -> int:
        return user_key(self.followee)


class NewMedium(msgspec.Struct, frozen=True):
    """A picture whose files are on disk already: names of its blobs, edges in pixels."""

    width: int
    height: int
    file: str
    thumbnail: str


class PublishedMedium(msgspec.Struct, frozen=True):
    """A picture of a post that was published."""

    media: int
    width: int
    height: int
    file: str
    thumbnail: str


class PublishReply(msgspec.Struct, frozen=True):
    """The post as it was at its beginning: enough to answer with, today and to a retry tomorrow."""

    post: int
    author: Person
    at: int
    caption: str | None
    media: tuple[PublishedMedium, ...]


class Publish(Command[PublishReply], frozen=True):
    """Publish a post of `author`. Refused: `NOT_FOUND` if there is no such account."""

    author: int
    caption: str | None
    media: tuple[NewMedium, ...]

    reply_type: ClassVar = PublishReply

    @property
    def actor(self) -> int:
        return user_key(self.author)
