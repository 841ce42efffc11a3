"""What answers are made of: their types with every field, and how ids, times and URLs look in them.

Routes encode them; the views encode the same types piece by piece. Ids leave as strings, times as
RFC 3339, what is absent as null. Requests are in `server.requests`.
"""

from datetime import UTC, datetime

import msgspec

MEDIA_PATH = "/media/"
COMMENT_PREFIX = "comment_"
STORY_PREFIX = "story_"
NOTIFICATION_PREFIX = "notif_"


class Brief(msgspec.Struct, frozen=True):
    """A user as other things name them."""

    user_id: str
    username: str
    profile_image_url: str | None = None


class LoginAnswer(msgspec.Struct, frozen=True):
    access_token: str
    refresh_token: str
    token_type: str
    """Always `Bearer`: clients of OAuth ask for it (RFC 6749, 5.1)."""
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


class CommentAnswer(msgspec.Struct, frozen=True):
    comment_id: str
    post_id: str
    user: Brief
    text: str
    created_at: str
    parent_comment_id: str | None
    likes_count: int
    liked_by_user: bool
    replies_count: int


class CommentsPage(msgspec.Struct, frozen=True):
    comments: list[CommentAnswer]
    next_cursor: str | None
    previous_cursor: str | None
    has_more: bool


class DeletedCommentAnswer(msgspec.Struct, frozen=True):
    message: str
    comment_id: str


class SaveAnswer(msgspec.Struct, frozen=True):
    saved: bool
    post_id: str


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


class RequestAnswer(msgspec.Struct, frozen=True):
    """What became of somebody's request to follow."""

    approved: bool
    user: Brief


class FollowerAnswer(msgspec.Struct, frozen=True):
    """Whether somebody follows the asker."""

    followed_by: bool
    user: Brief


class BlockAnswer(msgspec.Struct, frozen=True):
    blocking: bool
    user: Brief


class Relationship(msgspec.Struct, frozen=True):
    """How the asker and somebody else stand to each other."""

    user_id: str
    following: bool
    followed_by: bool
    requested: bool
    blocking: bool


class RelationshipsAnswer(msgspec.Struct, frozen=True):
    relationships: list[Relationship]


class UserAnswer(msgspec.Struct, frozen=True):
    user: ProfileAnswer


class DeletedAccountAnswer(msgspec.Struct, frozen=True):
    message: str
    user_id: str


class MessageAnswer(msgspec.Struct, frozen=True):
    message: str


class SessionAnswer(msgspec.Struct, frozen=True):
    """A session that is alive. `client` is what it called itself at the login."""

    session_id: str
    created_at: str
    last_used_at: str
    client: str | None
    current: bool


class SessionsAnswer(msgspec.Struct, frozen=True):
    sessions: list[SessionAnswer]


class EndedSessionAnswer(msgspec.Struct, frozen=True):
    message: str
    session_id: str


class Limits(msgspec.Struct, frozen=True):
    """What clients had better know before they send something."""

    caption_length_max: int
    comment_length_max: int
    alt_text_length_max: int
    media_per_post_max: int
    media_bytes_max: int
    user_tags_max: int
    username_length_max: int
    full_name_length_max: int
    bio_length_max: int
    website_length_max: int
    password_length_min: int


class InstanceAnswer(msgspec.Struct, frozen=True):
    """This server, for clients. `registration` is `open`, `invite` or `closed`."""

    name: str
    version: str
    registration: str
    registration_open: bool
    limits: Limits


class NewStoryAnswer(msgspec.Struct, frozen=True):
    story_id: str
    user_id: str
    media_url: str
    media_type: str
    duration: int
    created_at: str
    expires_at: str


class StoryAnswer(msgspec.Struct, frozen=True):
    """A story as its viewer sees it; only its author learns how many have."""

    story_id: str
    media_url: str
    media_type: str
    duration: int
    created_at: str
    expires_at: str
    viewed: bool
    views_count: int | None


class RingAnswer(msgspec.Struct, frozen=True):
    """One author's live stories, the oldest first."""

    user: Brief
    stories: list[StoryAnswer]
    has_unseen: bool


class RingsPage(msgspec.Struct, frozen=True):
    stories: list[RingAnswer]
    next_cursor: str | None
    previous_cursor: str | None
    has_more: bool


class ViewAnswer(msgspec.Struct, frozen=True):
    story_id: str
    viewed: bool
    views_count: int


class DeletedStoryAnswer(msgspec.Struct, frozen=True):
    message: str
    story_id: str


class NotifiedPost(msgspec.Struct, frozen=True):
    post_id: str
    thumbnail_url: str | None


class NotificationAnswer(msgspec.Struct, frozen=True):
    notification_id: str
    type: str
    actor: Brief
    post: NotifiedPost | None
    comment_id: str | None
    created_at: str
    read: bool


class NotificationsPage(msgspec.Struct, frozen=True):
    notifications: list[NotificationAnswer]
    next_cursor: str | None
    previous_cursor: str | None
    has_more: bool
    unread_count: int


class ReadAnswer(msgspec.Struct, frozen=True):
    unread_count: int


class FoundUser(msgspec.Struct, frozen=True):
    user_id: str
    username: str
    full_name: str | None
    profile_image_url: str | None
    verified: bool
    followers_count: int


class FoundUsersAnswer(msgspec.Struct, frozen=True):
    users: list[FoundUser]
    total_count: int


class FoundHashtag(msgspec.Struct, frozen=True):
    name: str
    post_count: int
    trending: bool


class FoundHashtagsAnswer(msgspec.Struct, frozen=True):
    hashtags: list[FoundHashtag]


class PlaceAnswer(msgspec.Struct, frozen=True):
    """A place with everything that is known of it."""

    location_id: int
    name: str
    city: str | None
    country: str | None
    lat: float
    lng: float
    post_count: int


class FoundPlacesAnswer(msgspec.Struct, frozen=True):
    locations: list[PlaceAnswer]


class HealthAnswer(msgspec.Struct, frozen=True):
    status: str


def rfc3339(at: int) -> str:
    """The moment `at` (Unix milliseconds) in UTC: `2026-01-08T10:00:00.000Z`."""
    moment = datetime.fromtimestamp(at // 1_000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{at % 1_000:03d}Z"


def medium_answer(
    base_url: str,
    media: int,
    width: int,
    height: int,
    file: str,
    thumbnail: str,
    alt: str | None,
) -> MediumAnswer:
    """A picture as answers show it; `file` and `thumbnail` are names of blobs."""
    return MediumAnswer(
        media_id=f"media_{media}",
        type="photo",
        url=f"{base_url}{MEDIA_PATH}{file}",
        thumbnail_url=f"{base_url}{MEDIA_PATH}{thumbnail}",
        width=width,
        height=height,
        alt_text=alt,
    )
