"""This server, as clients ask after it."""

from server import requests
from server.access.passwords import PASSWORD_CHARACTERS_MIN
from server.http.answers import Response, json_answer
from server.http.calls import Call
from server.http.routing import API, Nothing, Section, Tier, Who
from server.uploads.form import POST_LIMITS
from server.wire import InstanceAnswer, Limits

SECTION = Section()

NAME = "Triptych"
VERSION = "0.1.0"
"""As in pyproject.toml; a test compares them."""

LIMITS = Limits(
    caption_length_max=requests.CAPTION_LENGTH_MAX,
    comment_length_max=requests.COMMENT_LENGTH_MAX,
    alt_text_length_max=requests.ALT_TEXT_LENGTH_MAX,
    media_per_post_max=POST_LIMITS.files,
    media_bytes_max=POST_LIMITS.file_bytes,
    user_tags_max=requests.USER_TAGS_MAX,
    username_length_max=requests.USERNAME_LENGTH_MAX,
    full_name_length_max=requests.FULL_NAME_LENGTH_MAX,
    bio_length_max=requests.BIO_LENGTH_MAX,
    website_length_max=requests.WEBSITE_LENGTH_MAX,
    password_length_min=PASSWORD_CHARACTERS_MIN,
)


@SECTION.route(
    "GET",
    f"{API}/instance",
    who=Who.PUBLIC,
    tier=Tier.READ,
    query=Nothing,
    body=Nothing,
    answers={200: InstanceAnswer},
)
async def show_instance(call: Call[Nothing, Nothing]) -> Response:
    """What this server is, what it takes, and whether one may register."""
    registration = call.context.settings.registration
    answer = InstanceAnswer(NAME, VERSION, registration, registration == "open", LIMITS)
    return json_answer(answer)
