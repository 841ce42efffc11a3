"""The forms of posts, stories and avatars, as the documentation of the API shows them.

Routes declare them as their bodies; `server.uploads.form` is what reads one.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from server.http.routing import Multipart
from server.requests import CAPTION_LENGTH_MAX, STORY_SECONDS_DEFAULT, STORY_SECONDS_MAX
from server.uploads.form import POST_LIMITS

FILE: dict[str, Any] = {"type": "string", "format": "binary"}

POST_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "required": ["media"],
    "properties": {
        "media": {"type": "array", "items": FILE, "minItems": 1, "maxItems": POST_LIMITS.files},
        "caption": {"type": "string", "maxLength": CAPTION_LENGTH_MAX},
        "location_id": {"type": "string"},
        "user_tags": {
            "type": "string",
            "description": 'A JSON list of ids, or of {"user_id", "x", "y"} with 0 ≤ x, y ≤ 1.',
        },
        "alt_texts": {
            "type": "string",
            "description": "A JSON list of texts or nulls, one a picture.",
        },
    },
}
STORY_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "required": ["media"],
    "properties": {
        "media": FILE,
        "media_type": {"type": "string", "enum": ["photo"]},
        "duration": {
            "type": "integer",
            "minimum": 1,
            "maximum": STORY_SECONDS_MAX,
            "default": STORY_SECONDS_DEFAULT,
        },
    },
}
AVATAR_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "required": ["media"],
    "properties": {"media": FILE},
}


class PostForm(Multipart, frozen=True):
    """One to ten pictures, and what is said of them."""

    schema: ClassVar = POST_SCHEMA


class StoryForm(Multipart, frozen=True):
    """One picture, for some seconds."""

    schema: ClassVar = STORY_SCHEMA


class AvatarForm(Multipart, frozen=True):
    """One picture."""

    schema: ClassVar = AVATAR_SCHEMA
