"""The requests that routes take, as types with their limits, and how an id in one is read.

Routes decode into them; what is wrong becomes a 400 that names the field (`server.problems`). No
rule lives here that is not about the form of a value. Answers are in `server.wire`.
"""

import re
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from server.access.passwords import PASSWORD_BYTES_MAX, PASSWORD_CHARACTERS_MIN

USERNAME_LENGTH_MAX = 30
EMAIL_LENGTH_MAX = 254
"""RFC 5321 leaves an address no more than that."""
FULL_NAME_LENGTH_MAX = 64
BIO_LENGTH_MAX = 150
WEBSITE_LENGTH_MAX = 500
"""Longer than any address that a person would put beside their name."""
CAPTION_LENGTH_MAX = 2_200
ALT_TEXT_LENGTH_MAX = 1_500
COMMENT_LENGTH_MAX = 1_000
USER_TAGS_MAX = 20
"""People in one post; as many as Instagram takes."""
SEARCH_LENGTH_MAX = 100
PLACE_LENGTH_MAX = 100
STORY_SECONDS_MAX = 15
STORY_SECONDS_DEFAULT = 5
CURSOR_LENGTH_MAX = 512
"""Far above what we give out, far below what would be work to check."""
POSTS_COUNT_MAX = 50
USERS_COUNT_MAX = 100
RELATIONSHIPS_MAX = 100
COUNT_DEFAULT = 20
ID_MAX = 2**53 - 1
"""Ids are made of 53 bits, see `storage.ids`."""

NO_NUL = r"\A[^\x00]*\Z"
USERNAME = r"\A(?!\.)(?!.*\.\.)[A-Za-z0-9._]+(?<!\.)\Z"
EMAIL = r"\A[^@\s\x00]+@[^@\s\x00]+\Z"
WEBSITE = (
    r"\A(?:[Hh][Tt][Tt][Pp][Ss]?://"
    r"(?:\[[0-9A-Fa-f:.]+\]|[^\s\x00-\x20\x7f:/?#@\[\]\\<>\"^|%]+)(?::[0-9]{1,5})?"
    r"(?:[/?#][^\s\x00-\x20\x7f<>\"]*)?)?\Z"
)
"""An http or https address without a user in it, or nothing. Of a host it excludes what WHATWG's
URL standard forbids in one, of the rest what would end an address in a text or an attribute."""

_DIGITS = re.compile(r"[1-9][0-9]{0,15}", re.ASCII)

Username = Annotated[str, Meta(min_length=1, max_length=USERNAME_LENGTH_MAX, pattern=USERNAME)]
FullName = Annotated[str, Meta(max_length=FULL_NAME_LENGTH_MAX, pattern=NO_NUL)]
NewPassword = Annotated[
    str, Meta(min_length=PASSWORD_CHARACTERS_MIN, max_length=PASSWORD_BYTES_MAX, pattern=NO_NUL)
]
Caption = Annotated[str, Meta(max_length=CAPTION_LENGTH_MAX, pattern=NO_NUL)]
AltText = Annotated[str, Meta(max_length=ALT_TEXT_LENGTH_MAX, pattern=NO_NUL)]
Id = int | str
"""An id in a request may be a number or a string."""


class RegisterRequest(msgspec.Struct, frozen=True):
    username: Username
    password: NewPassword
    email: Annotated[str, Meta(max_length=EMAIL_LENGTH_MAX, pattern=EMAIL)] | None = None
    full_name: FullName | None = None
    invite: str | None = None


class LoginRequest(msgspec.Struct, frozen=True):
    username: str
    password: str


class RefreshRequest(msgspec.Struct, frozen=True):
    refresh_token: str


class PasswordRequest(msgspec.Struct, frozen=True):
    old_password: str
    new_password: NewPassword


class DeleteAccountRequest(msgspec.Struct, frozen=True):
    password: str


class ProfileRequest(msgspec.Struct, frozen=True):
    """What is absent stays as it is; null is nothing."""

    username: Username | UnsetType = UNSET
    full_name: FullName | UnsetType | None = UNSET
    bio: Annotated[str, Meta(max_length=BIO_LENGTH_MAX, pattern=NO_NUL)] | UnsetType | None = UNSET
    website: (
        Annotated[str, Meta(max_length=WEBSITE_LENGTH_MAX, pattern=WEBSITE)] | UnsetType | None
    ) = UNSET
    private_account: bool | UnsetType = UNSET


class TagRequest(msgspec.Struct, frozen=True):
    user_id: Id
    x: Annotated[float, Meta(ge=0, le=1)] | None = None
    y: Annotated[float, Meta(ge=0, le=1)] | None = None


UserTags = Annotated[list[int | str | TagRequest], Meta(max_length=USER_TAGS_MAX)]
AltTexts = list[AltText | None]


class EditPostRequest(msgspec.Struct, frozen=True):
    """What is absent stays as it is; null is nothing."""

    caption: Caption | UnsetType | None = UNSET
    alt_texts: AltTexts | UnsetType | None = UNSET
    location_id: Id | UnsetType | None = UNSET
    user_tags: UserTags | UnsetType | None = UNSET


class CommentRequest(msgspec.Struct, frozen=True):
    text: Annotated[
        str,
        # Measured when it has been trimmed: see `server.routes.comments`.
        Meta(
            pattern=NO_NUL,
            extra_json_schema={"minLength": 1, "maxLength": COMMENT_LENGTH_MAX},
        ),
    ]
    parent_comment_id: Id | None = None


class PostsQuery(msgspec.Struct, frozen=True):
    count: Annotated[int, Meta(ge=1, le=POSTS_COUNT_MAX)] = COUNT_DEFAULT
    cursor: Annotated[str, Meta(max_length=CURSOR_LENGTH_MAX)] | None = None


class PeopleQuery(msgspec.Struct, frozen=True):
    """For lists of people that are not somebody's followers or following."""

    count: Annotated[int, Meta(ge=1, le=POSTS_COUNT_MAX)] = COUNT_DEFAULT
    cursor: Annotated[str, Meta(max_length=CURSOR_LENGTH_MAX)] | None = None


class UsersQuery(msgspec.Struct, frozen=True):
    count: Annotated[int, Meta(ge=1, le=USERS_COUNT_MAX)] = COUNT_DEFAULT
    cursor: Annotated[str, Meta(max_length=CURSOR_LENGTH_MAX)] | None = None


class CommentsQuery(msgspec.Struct, frozen=True):
    count: Annotated[int, Meta(ge=1, le=POSTS_COUNT_MAX)] = COUNT_DEFAULT
    cursor: Annotated[str, Meta(max_length=CURSOR_LENGTH_MAX)] | None = None
    parent_comment_id: str | None = None


class RingsQuery(msgspec.Struct, frozen=True):
    count: Annotated[int, Meta(ge=1, le=POSTS_COUNT_MAX)] = POSTS_COUNT_MAX
    cursor: Annotated[str, Meta(max_length=CURSOR_LENGTH_MAX)] | None = None


class SearchQuery(msgspec.Struct, frozen=True):
    q: Annotated[str, Meta(min_length=1, max_length=SEARCH_LENGTH_MAX)]
    count: Annotated[int, Meta(ge=1, le=POSTS_COUNT_MAX)] = COUNT_DEFAULT


class LocationsQuery(msgspec.Struct, frozen=True):
    q: Annotated[str, Meta(min_length=1, max_length=SEARCH_LENGTH_MAX)]
    lat: Annotated[float, Meta(ge=-90, le=90)] | None = None
    lng: Annotated[float, Meta(ge=-180, le=180)] | None = None
    count: Annotated[int, Meta(ge=1, le=POSTS_COUNT_MAX)] = COUNT_DEFAULT


class LocationRequest(msgspec.Struct, frozen=True):
    name: Annotated[str, Meta(min_length=1, max_length=PLACE_LENGTH_MAX, pattern=NO_NUL)]
    lat: Annotated[float, Meta(ge=-90, le=90)]
    lng: Annotated[float, Meta(ge=-180, le=180)]
    city: Annotated[str, Meta(max_length=PLACE_LENGTH_MAX, pattern=NO_NUL)] | None = None
    country: Annotated[str, Meta(max_length=PLACE_LENGTH_MAX, pattern=NO_NUL)] | None = None


class ReadRequest(msgspec.Struct, frozen=True):
    """Without `up_to`, all notifications there are."""

    up_to: Id | None = None


class RelationshipsQuery(msgspec.Struct, frozen=True):
    ids: str


def number_of(value: int | str, prefix: str = "") -> int | None:
    """The id that a request names as a number, as its digits, or as those behind `prefix`; None if
    it can't be one."""
    if isinstance(value, str):
        digits = value.removeprefix(prefix)
        if _DIGITS.fullmatch(digits) is None:
            return None
        value = int(digits)
    return value if 0 < value <= ID_MAX else None


def is_username(text: str) -> bool:
    """Whether `text` may be a username; kept in lower case."""
    return len(text) <= USERNAME_LENGTH_MAX and re.match(USERNAME, text) is not None


def is_full_name(text: str) -> bool:
    """Whether `text` may be a full name."""
    return len(text) <= FULL_NAME_LENGTH_MAX and re.match(NO_NUL, text) is not None
