"""What goes over the wire: the types of requests, with their limits, and of answers, with every
field.

Routes decode and encode them; the views encode the same types piece by piece. Ids leave as strings,
times as RFC 3339, what is absent as null. No rule lives here that is not about the form of a value.
"""

import re
from datetime import UTC, datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from server.passwords import PASSWORD_BYTES_MAX, PASSWORD_CHARACTERS_MIN

USERNAME_LENGTH_MAX = 30
EMAIL_LENGTH_MAX = 254
"""RFC 5321 leaves an address no more than that."""
FULL_NAME_LENGTH_MAX = 64
CAPTION_LENGTH_MAX = 2_200
CURSOR_LENGTH_MAX = 512
"""Far above what we give out, far below what would be work to check."""
POSTS_COUNT_MAX = 50
USERS_COUNT_MAX = 100
COUNT_DEFAULT = 20
ID_MAX = 2**53 - 1
"""Ids are made of 53 bits, see `storage.ids`."""

NO_NUL = r"\A[^\x00]*\Z"
USERNAME = r"\A(?!\.)(?!.*\.\.)[A-Za-z0-9._]+(?<!\.)\Z"
EMAIL = r"\A[^@\s\x00]+@[^@\s\x00]+\Z"

MEDIA_PATH = "/media/"


class RegisterRequest(msgspec.Struct, frozen=True):
    username: Annotated[str, Meta(min_length=1, max_length=USERNAME_LENGTH_MAX, pattern=USERNAME)]
    password: Annotated[
        str,
        Meta(min_length=PASSWORD_CHARACTERS_MIN, max_length=PASSWORD_BYTES_MAX, pattern=NO_NUL),
    ]
    email: Annotated[str, Meta(max_length=EMAIL_LENGTH_MAX, pattern=EMAIL)] | None = None
    full_name: Annotated[str, Meta(max_length=FULL_NAME_LENGTH_MAX, pattern=NO_NUL)] | None = None


class LoginRequest(msgspec.Struct, frozen=True):
    username: str
    password: str


class PostsQuery(msgspec.Struct, frozen=True):
    count: Annotated[int, Meta(ge=1, le=POSTS_COUNT_MAX)] = COUNT_DEFAULT
    cursor: Annotated[str, Meta(max_length=CURSOR_LENGTH_MAX)] | None = None


class UsersQuery(msgspec.Struct, frozen=True):
    count: Annotated[int, Meta(ge=1, le=USERS_COUNT_MAX)] = COUNT_DEFAULT
    cursor: Annotated[str, Meta(max_length=CURSOR_LENGTH_MAX)] | None = None


class Brief(msgspec.Struct, frozen=True):
    """A user as other things name them."""

    user_id: str
    username: str
    profile_image_url: str | None = None


class LoginAnswer(msgspec.Struct, frozen=True):
    access_token: str
    refresh_token: str
    expires_in: int
    user: Brief


class MediumAnswer(msgspec.Struct, frozen=True):
    media_id: str
    type: str
    url: str
    thumbnail_url: str
    width: int
    height: int
    alt_text: str | None = None


class TaggedUser(msgspec.Struct, frozen=True):
    user_id: str
    username: str
    x: float | None
    y: float | None


class LocationAnswer(msgspec.Struct, frozen=True):
    location_id: int
    name: str


class PostContent(msgspec.Struct, frozen=True):
    """The part of a post's answer that is the same for everybody and only changes when its author
    edits it.
    """

    caption: str | None
    media: list[MediumAnswer]
    location: LocationAnswer | None
    hashtags: list[str]
    user_tags: list[TaggedUser]
    created_at: str


class PostAnswer(msgspec.Struct, frozen=True):
    """A post, everywhere. Between `user` and `likes_count` it has the fields of `PostContent`."""

    post_id: str
    user: Brief
    caption: str | None
    media: list[MediumAnswer]
    location: LocationAnswer | None
    hashtags: list[str]
    user_tags: list[TaggedUser]
    created_at: str
    likes_count: int
    comments_count: int
    liked_by_user: bool
    saved_by_user: bool


class PostsPage(msgspec.Struct, frozen=True):
    posts: list[PostAnswer]
    next_cursor: str | None
    previous_cursor: str | None
    has_more: bool


class DeletedPostAnswer(msgspec.Struct, frozen=True):
    message: str
    post_id: str


class LikeAnswer(msgspec.Struct, frozen=True):
    liked: bool
    likes_count: int


class Stats(msgspec.Struct, frozen=True):
    followers_count: int
    following_count: int
    posts_count: int


class ProfileAnswer(msgspec.Struct, frozen=True):
    user_id: str
    username: str
    full_name: str | None
    bio: str | None
    website: str | None
    profile_image_url: str | None
    verified: bool
    private_account: bool
    stats: Stats
    following: bool
    followed_by: bool
    requested: bool


class ListedUser(msgspec.Struct, frozen=True):
    """A user in a list of users."""

    user_id: str
    username: str
    full_name: str | None
    profile_image_url: str | None
    following: bool


class UsersPage(msgspec.Struct, frozen=True):
    users: list[ListedUser]
    next_cursor: str | None
    previous_cursor: str | None
    has_more: bool


class FollowAnswer(msgspec.Struct, frozen=True):
    following: bool
    requested: bool
    user: Brief


class HealthAnswer(msgspec.Struct, frozen=True):
    status: str


def rfc3339(at: int) -> str:
    """The moment `at` (Unix milliseconds) in UTC: `2026-01-08T10:00:00.000Z`."""
    moment = datetime.fromtimestamp(at // 1_000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{at % 1_000:03d}Z"


def medium_answer(
    base_url: str, media: int, width: int, height: int, file: str, thumbnail: str
) -> MediumAnswer:
    """A picture as answers show it; `file` and `thumbnail` are names of blobs."""
    return MediumAnswer(
        media_id=f"media_{media}",
        type="photo",
        url=f"{base_url}{MEDIA_PATH}{file}",
        thumbnail_url=f"{base_url}{MEDIA_PATH}{thumbnail}",
        width=width,
        height=height,
    )


def is_username(text: str) -> bool:
    """Whether `text` may be a username; kept in lower case."""
    return len(text) <= USERNAME_LENGTH_MAX and re.match(USERNAME, text) is not None


def is_full_name(text: str) -> bool:
    """Whether `text` may be a full name."""
    return len(text) <= FULL_NAME_LENGTH_MAX and re.match(NO_NUL, text) is not None
