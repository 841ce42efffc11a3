"""The shapes of the answers, as api-design.txt shows them and contract.md completes them: every key
of each, and what its value may be.

`check` compares an answer with a shape, key by key: one that is missing is as wrong as one too
many.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

DIGITS = re.compile(r"[1-9][0-9]*")
URL = re.compile(r"https?://\S+")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
TOKEN = re.compile(r"\S{20,}")
WEBSITE = re.compile(r"https?://\S+")

Shape = Any
"""A type, a pattern, None, a function that says yes or no, a tuple of alternatives, a list with the
shape of each item, or a dict with the shape of each value."""


def check(value: Any, shape: Shape, path: str = "answer") -> None:
    """Raises an `AssertionError` that says where `value` has another shape."""
    match shape:
        case dict():
            assert isinstance(value, dict), f"{path} is no object: {value!r}"
            assert set(value) == set(shape), f"{path} has the keys {sorted(value)}"
            for key, inner in shape.items():
                check(value[key], inner, f"{path}.{key}")
        case [inner]:
            assert isinstance(value, list), f"{path} is no list: {value!r}"
            for number, item in enumerate(value):
                check(item, inner, f"{path}[{number}]")
        case _:
            assert _is(value, shape), f"{path} is {value!r}"


def _is(value: Any, shape: Shape) -> bool:
    match shape:
        case None:
            return value is None
        case tuple():
            return any(_fits(value, inner) for inner in shape)
        case re.Pattern():
            return isinstance(value, str) and shape.fullmatch(value) is not None
        case type():
            return isinstance(value, shape) and (shape is bool or not isinstance(value, bool))
        case _:
            assert callable(shape), shape
            return bool(shape(value))


def _fits(value: Any, shape: Shape) -> bool:
    try:
        check(value, shape)
    except AssertionError:
        return False
    return True


def count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def part(value: Any) -> bool:
    """0 … 1."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1


def moment(text: str) -> datetime:
    """A time of an answer: RFC 3339 in UTC with `Z`."""
    assert TIME.fullmatch(text), text
    return datetime.fromisoformat(text).astimezone(UTC)


def numbered(prefix: str) -> re.Pattern[str]:
    return re.compile(prefix + DIGITS.pattern)


def one_of(*values: Any) -> Callable[[Any], bool]:
    return lambda value: value in values


BRIEF = {"user_id": DIGITS, "username": str, "profile_image_url": (URL, None)}

LOGIN = {
    "access_token": TOKEN,
    "refresh_token": TOKEN,
    "token_type": one_of("Bearer"),
    "expires_in": one_of(3600),
    "user": BRIEF,
}

SESSION = {
    "session_id": DIGITS,
    "created_at": TIME,
    "last_used_at": TIME,
    "client": (str, None),
    "current": bool,
}

PROFILE = {
    "user_id": DIGITS,
    "username": str,
    "full_name": (str, None),
    "bio": (str, None),
    "website": (WEBSITE, None),
    "profile_image_url": (URL, None),
    "verified": bool,
    "private_account": bool,
    "stats": {"followers_count": count, "following_count": count, "posts_count": count},
    "following": bool,
    "followed_by": bool,
    "requested": bool,
}

LISTED = {
    "user_id": DIGITS,
    "username": str,
    "full_name": (str, None),
    "profile_image_url": (URL, None),
    "following": bool,
}

FOLLOW = {"following": bool, "requested": bool, "user": BRIEF}

RELATION = {
    "user_id": DIGITS,
    "following": bool,
    "followed_by": bool,
    "requested": bool,
    "blocking": bool,
}

MEDIUM = {
    "media_id": numbered("media_"),
    "type": one_of("photo"),
    "url": URL,
    "thumbnail_url": URL,
    "width": int,
    "height": int,
    "alt_text": (str, None),
}

TAG = {"user_id": DIGITS, "username": str, "x": (part, None), "y": (part, None)}

POST = {
    "post_id": DIGITS,
    "user": BRIEF,
    "caption": (str, None),
    "media": [MEDIUM],
    "location": ({"location_id": int, "name": str}, None),
    "hashtags": [str],
    "user_tags": [TAG],
    "created_at": TIME,
    "likes_count": count,
    "comments_count": count,
    "liked_by_user": bool,
    "saved_by_user": bool,
}

COMMENT = {
    "comment_id": numbered("comment_"),
    "post_id": DIGITS,
    "user": BRIEF,
    "text": str,
    "created_at": TIME,
    "parent_comment_id": (numbered("comment_"), None),
    "likes_count": count,
    "liked_by_user": bool,
    "replies_count": count,
}

WHY = {"in_feed": bool, "how": one_of("pushed", "pulled", None), "reason": str}

INSTANCE = {
    "name": str,
    "version": str,
    "registration": one_of("open", "invite", "closed"),
    "registration_open": bool,
    "limits": {
        "caption_length_max": one_of(2200),
        "comment_length_max": one_of(1000),
        "media_per_post_max": one_of(10),
        "media_bytes_max": one_of(8_388_608),
        "alt_text_length_max": one_of(1500),
        "user_tags_max": one_of(20),
        "bio_length_max": one_of(150),
        "website_length_max": one_of(500),
        "full_name_length_max": one_of(64),
        "username_length_max": one_of(30),
        "password_length_min": one_of(8),
    },
}


NEW_STORY = {
    "story_id": numbered("story_"),
    "user_id": DIGITS,
    "media_url": URL,
    "media_type": one_of("photo"),
    "duration": int,
    "created_at": TIME,
    "expires_at": TIME,
}

STORY = {
    "story_id": numbered("story_"),
    "media_url": URL,
    "media_type": one_of("photo"),
    "duration": int,
    "created_at": TIME,
    "expires_at": TIME,
    "viewed": bool,
    "views_count": (count, None),
}

RING = {"user": BRIEF, "stories": [STORY], "has_unseen": bool}

NOTIFICATION = {
    "notification_id": numbered("notif_"),
    "type": one_of(
        "like",
        "comment",
        "reply",
        "comment_like",
        "mention",
        "tag",
        "follow",
        "follow_request",
        "follow_accepted",
    ),
    "actor": BRIEF,
    "post": ({"post_id": DIGITS, "thumbnail_url": (URL, None)}, None),
    "comment_id": (numbered("comment_"), None),
    "created_at": TIME,
    "read": bool,
}

FOUND_USER = {
    "user_id": DIGITS,
    "username": str,
    "full_name": (str, None),
    "profile_image_url": (URL, None),
    "verified": bool,
    "followers_count": count,
}

HASHTAG = {"name": str, "post_count": count, "trending": bool}

PLACE = {
    "location_id": int,
    "name": str,
    "city": (str, None),
    "country": (str, None),
    "lat": float,
    "lng": float,
    "post_count": count,
}


def page(key: str, item: Shape) -> Shape:
    cursor = (re.compile(r"\S+"), None)
    return {key: [item], "next_cursor": cursor, "previous_cursor": cursor, "has_more": bool}
