"""What a user's actor can be asked, and what it answers.

All but `OpenSession` are refused with `NOT_FOUND` if there is no such account, or no longer; what
clears away the remains of a deleted account is not.
"""

from typing import ClassVar

import msgspec

from actors.decisions import Command, DoneReply
from storage.facts import Tag
from storage.ids import user_key

# Sessions.


class OfUser(Command[DoneReply], frozen=True):
    """Something that the actor of `account` does to its own account."""

    account: int

    reply_type: ClassVar = DoneReply

    @property
    def actor(self) -> int:
        return user_key(self.account)


class NewSession(msgspec.Struct, frozen=True):
    """What is kept of a session that is to be opened. `refresh` and `family` are SHA-256 in
    hexadecimal, `client` is what the client calls itself."""

    refresh: str
    family: str
    client: str | None = None


class SessionReply(msgspec.Struct, frozen=True):
    """A session that was opened at `at` (Unix milliseconds)."""

    session: int
    at: int


class OpenSession(Command[SessionReply], frozen=True):
    """Open a session for whoever has just proved to know the password with text id `password_id`.
    Beyond `SESSIONS_MAX` the oldest one ends.

    Refused: `SESSION_ENDED` if the password was changed meanwhile, `NOT_FOUND` if there is no such
    account.
    """

    account: int
    password_id: int
    session: NewSession

    reply_type: ClassVar = SessionReply

    @property
    def actor(self) -> int:
        return user_key(self.account)


class RefreshReply(msgspec.Struct, frozen=True):
    """Whether the session goes on with the new token; if not, it has ended."""

    refreshed: bool


class Refresh(Command[RefreshReply], frozen=True):
    """Exchange the refresh token that hashes to `presented` for the one that hashes to `refresh`.

    A token that was spent before is in somebody else's hands, too: the session ends. Refused:
    `SESSION_ENDED`.
    """

    account: int
    session: int
    presented: str
    refresh: str

    reply_type: ClassVar = RefreshReply

    @property
    def actor(self) -> int:
        return user_key(self.account)


class EndSession(OfUser, frozen=True):
    """End one session of the account. Refused: `NOT_FOUND` if it is none."""

    session: int


class ChangePassword(OfUser, frozen=True):
    """Set a new password hash and end every session but `kept`.

    Refused: `SESSION_ENDED` if `password_id`, where given, is not that of the password that holds.
    """

    password: str
    kept: int | None
    password_id: int | None = None


# The account itself.


class SetVerified(OfUser, frozen=True):
    """Give the account its badge, or take it away."""

    verified: bool


class RequestsReply(msgspec.Struct, frozen=True):
    """It is so; of those who asked to follow a public account, so many still wait."""

    requests_left: int


class ChangeProfile(Command[RequestsReply], frozen=True):
    """Describe the account otherwise: the texts that are named in `changed`, and whether it is
    private (None: as before).

    Going public approves who has asked to follow, `APPROVED_A_TURN` at once; `ApproveRequests`
    goes on with it.
    """

    account: int
    changed: tuple[str, ...]
    full_name: str | None = None
    bio: str | None = None
    website: str | None = None
    private: bool | None = None

    reply_type: ClassVar = RequestsReply

    @property
    def actor(self) -> int:
        return user_key(self.account)


class ApproveRequests(Command[RequestsReply], frozen=True):
    """Approve the next of those who asked to follow an account that is public now."""

    account: int

    reply_type: ClassVar = RequestsReply

    @property
    def actor(self) -> int:
        return user_key(self.account)


class BlobsReply(msgspec.Struct, frozen=True):
    """It is so; these blobs belong to nothing any more."""

    blobs: tuple[str, ...]


class SetAvatar(Command[BlobsReply], frozen=True):
    """Show the blob `file` as the account's picture, or none."""

    account: int
    file: str | None

    reply_type: ClassVar = BlobsReply

    @property
    def actor(self) -> int:
        return user_key(self.account)


class DeleteAccount(OfUser, frozen=True):
    """Delete the account. Refused: `SESSION_ENDED` if `password_id` is not that of the password
    that holds. The reply is empty, and so may be kept when the account is gone."""

    password_id: int


# Between two accounts.


class EdgeReply(msgspec.Struct, frozen=True):
    """How `follower` stands to `followee` now."""

    followee: int
    follower: int
    following: bool
    requested: bool


class OfEdge(Command[EdgeReply], frozen=True):
    """Something about whether `follower` follows `followee`, who decides it."""

    followee: int
    follower: int

    reply_type: ClassVar = EdgeReply

    @property
    def actor(self) -> int:
        return user_key(self.followee)


class Follow(OfEdge, frozen=True):
    """`follower` asks to follow `followee`. Refused: `ONESELF`; `NOT_FOUND` also under a block."""


class Unfollow(OfEdge, frozen=True):
    """`follower` stops following `followee`, or asking to."""


class RemoveFollower(OfEdge, frozen=True):
    """`followee` has `follower` follow no longer."""


class Approve(OfEdge, frozen=True):
    """`followee` lets `follower` follow. Refused: `NOT_FOUND` if it neither asks to nor does."""


class Deny(OfEdge, frozen=True):
    """`followee` does not let `follower` follow. Refused: `NOT_FOUND` if it does not ask to."""


class BlockReply(msgspec.Struct, frozen=True):
    """Whether `blocker` blocks `blocked` now."""

    blocker: int
    blocked: int
    blocking: bool


class OfBlock(Command[BlockReply], frozen=True):
    """Something about whether `blocker`, who decides it, blocks `blocked`."""

    blocker: int
    blocked: int

    reply_type: ClassVar = BlockReply

    @property
    def actor(self) -> int:
        return user_key(self.blocker)


class Block(OfBlock, frozen=True):
    """Block somebody. Refused: `ONESELF`; `NOT_FOUND` if there is no such account."""

    @property
    def reads(self) -> tuple[int, ...]:
        return () if self.blocked == self.blocker else (user_key(self.blocked),)


class Unblock(OfBlock, frozen=True):
    """Block somebody no longer. Refused: `ONESELF`."""


# Publishing.


class Person(msgspec.Struct, frozen=True):
    """Who somebody is, as short as answers name them; `avatar` is the name of a blob."""

    account: int
    username: str
    avatar: str | None


class NewMedium(msgspec.Struct, frozen=True):
    """A picture whose files are on disk already: names of its blobs, edges in pixels."""

    width: int
    height: int
    file: str
    thumbnail: str
    alt: str | None = None


class PublishedMedium(msgspec.Struct, frozen=True):
    """A picture of a post that was published."""

    media: int
    width: int
    height: int
    file: str
    thumbnail: str
    alt: str | None = None


class PublishReply(msgspec.Struct, frozen=True):
    """The post as it was at its beginning: enough to answer with, today and to a retry tomorrow."""

    post: int
    author: Person
    at: int
    caption: str | None
    media: tuple[PublishedMedium, ...]
    tags: tuple[Tag, ...]
    location: int | None = None


class Publish(Command[PublishReply], frozen=True):
    """Publish a post of `author`. Whom a block keeps apart from the author is neither tagged nor
    mentioned."""

    author: int
    caption: str | None
    media: tuple[NewMedium, ...]
    location: int | None = None
    tags: tuple[Tag, ...] = ()
    mentions: tuple[int, ...] = ()

    reply_type: ClassVar = PublishReply

    @property
    def actor(self) -> int:
        return user_key(self.author)


class StoryReply(msgspec.Struct, frozen=True):
    """A story as it was published; times are Unix milliseconds."""

    story: int
    author: int
    file: str
    duration: int
    at: int
    expires_at: int


class PublishStory(Command[StoryReply], frozen=True):
    """Publish the picture in the blob `file` as a story, shown for `duration` seconds."""

    author: int
    file: str
    duration: int

    reply_type: ClassVar = StoryReply

    @property
    def actor(self) -> int:
        return user_key(self.author)


class DeleteStory(Command[BlobsReply], frozen=True):
    """End a story of the account. Refused: `NOT_FOUND` if it is none that lives."""

    account: int
    story: int

    reply_type: ClassVar = BlobsReply

    @property
    def actor(self) -> int:
        return user_key(self.account)


class EndExpiredStories(Command[BlobsReply], frozen=True):
    """End the stories whose time is over, or all if the account is deleted, some at once."""

    account: int

    reply_type: ClassVar = BlobsReply

    @property
    def actor(self) -> int:
        return user_key(self.account)


# What is told.


class ReadReply(msgspec.Struct, frozen=True):
    """How many notifications are left unread."""

    unread: int


class ReadNotifications(Command[ReadReply], frozen=True):
    """Note that notifications up to that of fact `up_to` are read. `unread` are those after it that
    the asker found, which no actor counts: it goes into the reply, so that it is kept."""

    account: int
    up_to: int
    unread: int

    reply_type: ClassVar = ReadReply

    @property
    def actor(self) -> int:
        return user_key(self.account)


class LocationReply(msgspec.Struct, frozen=True):
    """A place that somebody added."""

    location: int
    name: str
    city: str | None
    country: str | None
    lat: float
    lng: float


class CreateLocation(Command[LocationReply], frozen=True):
    """Add a place; `lat` and `lng` in degrees."""

    account: int
    name: str
    city: str | None
    country: str | None
    lat: float
    lng: float

    reply_type: ClassVar = LocationReply

    @property
    def actor(self) -> int:
        return user_key(self.account)
