"""From a form to a published post: the idempotency-kept reply, the pictures, their blobs, the
command; all or nothing.

Called by the routes of posts.
"""

from typing import Any

import msgspec

from actors.user.messages import NewMedium, Publish, PublishReply
from server.http.calls import Call
from server.http.refusals import asked, kept
from server.http.routing import Nothing
from server.problems import invalid, problem_of_decoding
from server.reading.naming import USER_TAGS, mentioned, tags_of
from server.reading.places import LOCATION, place_named
from server.requests import CAPTION_LENGTH_MAX, EditPostRequest
from server.uploads.alt_texts import ALT_TEXTS, padded
from server.uploads.form import POST_LIMITS, BadForm, Form
from server.uploads.pictures import open_form, pictures_of, stored_blobs

CAPTION = "caption"


async def publish(call: Call[Nothing, Any]) -> PublishReply:
    """Publish the post that the request's form describes.

    Raises the `Problem` of what is wrong with the form, or of a refusal, and what `Asking` raises.
    """
    context = call.context
    async with open_form(call, POST_LIMITS) as form:
        key = call.key((form.fields, [file.sha256 for file in form.media]))
        # Looked up before all else: a retry is cheap, and gets what the first one got.
        reply = await kept(call, Publish, key)
        if reply is not None:
            return reply
        caption = _caption_of(form)
        alts = _alts_of(form)
        named = form.text(LOCATION)
        location = await place_named(call, named) if named else None
        tags = await tags_of(call, _said(form, USER_TAGS).user_tags or [])
        images = await pictures_of(form, context)
    contents = [data for image in images for data in (image.jpeg, image.thumbnail)]
    async with stored_blobs(context, contents) as stored:
        files, thumbnails = stored.names[::2], stored.names[1::2]
        media = tuple(
            NewMedium(image.width, image.height, file, thumbnail, alt)
            for image, file, thumbnail, alt in zip(
                images, files, thumbnails, padded(alts, len(images)), strict=True
            )
        )
        mentions = await mentioned(call, caption)
        command = Publish(call.account, caption, media, location, tags, mentions)
        reply = await asked(call, command, key)
        stored.are_named = any(medium.file in files for medium in reply.media)
    return reply


def _caption_of(form: Form) -> str | None:
    caption = form.text(CAPTION)
    if caption is None:
        return None
    if len(caption) > CAPTION_LENGTH_MAX:
        raise invalid("Caption exceeds maximum length", CAPTION, max_length=CAPTION_LENGTH_MAX)
    if "\0" in caption:
        raise invalid("A caption can't hold NUL", CAPTION)
    return caption or None


def _alts_of(form: Form) -> list[str | None]:
    alts = _said(form, ALT_TEXTS).alt_texts or []
    padded(alts, max(1, len(form.media)))  # said before the pictures are decoded
    return alts


def _said(form: Form, field: str) -> EditPostRequest:
    """A field of the form that holds JSON, as if it had come in an edit, and refused as there: it
    alone, null if it is absent or empty. Raises a `Problem`, or `BadForm` for no JSON or a field
    that came twice."""
    text = form.text(field)
    try:
        value = msgspec.json.decode(text or "null", type=msgspec.Raw)
        return msgspec.json.decode(msgspec.json.encode({field: value}), type=EditPostRequest)
    except msgspec.ValidationError as error:
        raise problem_of_decoding(error, EditPostRequest) from None
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        raise BadForm(field, f"{field} must be a JSON list") from None
