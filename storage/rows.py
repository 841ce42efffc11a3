"""What is read from the database, as types: the answers to the questions of `storage.reads`.

Made by `storage.queries` and by the simulator's model. `at` is Unix milliseconds everywhere.
"""

from typing import Final

import msgspec

LIKED: Final = 1
SAVED: Final = 2
"""Bits of what a viewer thinks of a post."""

FOLLOWING: Final = 1
FOLLOWED_BY: Final = 2
REQUESTED: Final = 4
"""The viewer asks to follow the other."""
BLOCKING: Final = 8
BLOCKED_BY: Final = 16
"""Bits of how a viewer stands to another account."""

APART: Final = BLOCKING | BLOCKED_BY
"""A block either way: the two are not there for each other."""


class Beginning(msgspec.Struct, frozen=True):
    """Where a process goes on: the last seq, the largest id and the moment of the last fact."""

    seq: int
    id: int
    at: int


class FeedRows(msgspec.Struct, frozen=True):
    """What an inbox is filled with: whom its owner follows, and their newest posts, newest
    first."""

    following: list[int]
    posts: list[tuple[int, int]]
    """(post, author)"""
    complete: bool
    """True when no older post exists."""


class MediumRow(msgspec.Struct, frozen=True):
    media: int
    width: int
    height: int
    file: str
    thumbnail: str
    alt: str | None = None


class TagRow(msgspec.Struct, frozen=True):
    account: int
    x: float | None
    y: float | None


class PostRow(msgspec.Struct, frozen=True):
    """A post as it is shown."""

    post: int
    author: int
    at: int
    caption: str | None
    likes: int
    comments: int
    media: list[MediumRow]
    tags: list[TagRow] = []
    location: tuple[int, str] | None = None
    """(location, name)"""


class UserRow(msgspec.Struct, frozen=True):
    """An account as it is shown. `avatar` is the name of a blob."""

    account: int
    username: str
    full_name: str | None
    verified: bool
    followers: int
    following: int
    posts: int
    bio: str | None = None
    website: str | None = None
    avatar: str | None = None
    private: bool = False


class Rows(msgspec.Struct, frozen=True):
    """What pages are made of. Whoever does not exist is missing; a pair whose bits are all 0 may
    be."""

    posts: list[PostRow]
    users: list[UserRow]
    flags: list[tuple[int, int]]
    """(post, what the viewer thinks of it)"""
    stances: list[tuple[int, int]]
    """(account, how the viewer stands to it)"""


class CommentRow(msgspec.Struct, frozen=True):
    """A comment as it is shown to a viewer, and where it stands."""

    comment: int
    post: int
    post_author: int
    author: int
    root: int | None
    at: int
    text: str
    likes: int
    replies: int
    liked: bool


class Credentials(msgspec.Struct, frozen=True):
    """What a login is checked against. `password` is the argon2id hash, `password_id` the id of
    its text."""

    account: int
    username: str
    password: str
    password_id: int


class SessionRow(msgspec.Struct, frozen=True):
    """A session that is alive: opened at, and last refreshed at."""

    session: int
    opened_at: int
    used_at: int
    client: str | None


class MediumOwner(msgspec.Struct, frozen=True):
    """Whose blob one is: an avatar, or a picture that only those may see who see its post or
    story; a story's until `expires_at`."""

    account: int
    avatar: bool
    expires_at: int | None


class StoryRow(msgspec.Struct, frozen=True):
    """A story as it is shown to a viewer; `views` counts others than its author."""

    story: int
    author: int
    at: int
    expires_at: int
    duration: int
    file: str
    views: int
    viewed: bool


class NotificationRow(msgspec.Struct, frozen=True):
    """A notification as its recipient sees it; `thumbnail` is the name of a blob."""

    seq: int
    type: str
    actor: int
    post: int | None
    comment: int | None
    thumbnail: str | None
    at: int
    read: bool


class MadeRow(msgspec.Struct, frozen=True, array_like=True):
    """A post or a story, as far as the stream tells of it."""

    seq: int
    id: int
    author: int
    at: int


class ToldRow(msgspec.Struct, frozen=True, array_like=True):
    """A notification, as far as the stream tells of it."""

    recipient: int
    seq: int
    type: str
    actor: int
    at: int


class Missed(msgspec.Struct, frozen=True):
    """What somebody was not told, in order. `first_at` is the moment of the first fact that they
    may not know of; None if there is none."""

    first_at: int | None
    posts: list[MadeRow]
    stories: list[MadeRow]
    notifications: list[ToldRow]


class FoundUsers(msgspec.Struct, frozen=True):
    """The best known of those found, and how many there are in all."""

    accounts: list[int]
    total: int


class HashtagRow(msgspec.Struct, frozen=True):
    """A hashtag, how many posts of it the viewer may see, and how many that everybody may see came
    in the last day and in the week before, of as many as are looked at."""

    name: str
    posts: int
    day: int
    week: int


class LocationRow(msgspec.Struct, frozen=True):
    """A place, and how many posts of it the viewer may see."""

    location: int
    name: str
    city: str | None
    country: str | None
    lat: float
    lng: float
    posts: int


class Remains(msgspec.Struct, frozen=True):
    """Some of what a deleted account has left, at most so many of each kind."""

    posts: list[int]
    stories: list[int]
    views: list[int]
    """Of stories that it has seen."""
    comments: list[tuple[int, int, int, int | None]]
    """(comment, post, author of the post, root)"""
    likes: list[int]
    saves: list[int]
    comment_likes: list[tuple[int, int, int, int | None]]
    """Of those comments."""
    following: list[int]
    """Whom it follows or asks to follow."""
    followers: list[int]
    """Who follows it or asks to."""
    blocking: list[int]
    blocked_by: list[int]

    def __bool__(self) -> bool:
        return any(getattr(self, name) for name in self.__struct_fields__)
