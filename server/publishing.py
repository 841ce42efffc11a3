"""From a form to a published post: the idempotency-kept reply, the pictures, their blobs, the
command; all or nothing.

Called by `POST /posts`. It knows which blobs exist without a fact that names them, and deletes
those again.
"""

from collections.abc import Iterable

import structlog
import trio

from actors.user.messages import NewMedium, Publish, PublishReply
from server.calls import Call
from server.context import Context
from server.form import MEDIA, POST_LIMITS, BadForm, FileTooLarge, Form
from server.images import BadImage, PreparedImage
from server.problems import bad_media, invalid, overloaded, too_large
from server.refusals import asked
from server.routing import Multipart, Nothing
from server.uploads import ImagesOverdue, prepare_images, read_form
from server.wire import CAPTION_LENGTH_MAX
from storage.blobs import new_name

RETRY_IMAGES_S = 10
"""When pictures were not ready in time: about what the queue in front of them takes to empty."""

CAPTION = "caption"

log = structlog.get_logger()


async def publish(call: Call[Nothing, Multipart]) -> PublishReply:
    """Publish the post that the request's form describes.

    Raises the `Problem` of what is wrong with the form, or of a refusal, and what `Asking` raises.
    """
    context = call.context
    content_type = call.request.headers.get("Content-Type", "")
    body = call.request.pulled
    if (body.expected_bytes or 0) > POST_LIMITS.body_bytes:
        # Said at once: whoever sends a gigabyte should not have to send 81 MiB of it first.
        raise too_large("The body is too large", max_bytes=POST_LIMITS.body_bytes)
    try:
        form = await read_form(body, content_type, context.uploads, threads=context.file_threads)
        async with form:
            caption = _caption_of(form)
            key = call.key((form.fields, [file.sha256 for file in form.media]))
            # Looked up before the pictures are decoded: a retry should be cheap.
            kept = None if key is None else await context.asking.kept(Publish, key)
            if kept is not None:
                return kept
            images = await _images_of(form, context)
    except FileTooLarge as error:
        raise too_large(error.message, **_named(error.field, error.details)) from None
    except BadForm as error:
        raise invalid(error.message, error.field, **error.details) from None
    media = await _store(context, images)
    stored = [name for medium in media for name in (medium.file, medium.thumbnail)]
    try:
        reply = await asked(context.asking, Publish(call.account, caption, tuple(media)), key)
    except Exception:
        # Refused, or failed before anything was appended. Not when cancelled: then nobody knows,
        # and the sweep at the next start does.
        await delete_blobs(context, stored)
        raise
    if not any(medium.file in stored for medium in reply.media):
        # A request with the same key was quicker, and this is its reply.
        await delete_blobs(context, stored)
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


async def _images_of(form: Form, context: Context) -> list[PreparedImage]:
    if not form.media:
        raise invalid("A post needs at least one picture", MEDIA, min=1)
    try:
        return await prepare_images([file.path for file in form.media], context.image_threads)
    except BadImage as error:
        raise bad_media(error.message, **error.details) from None
    except ImagesOverdue:
        raise overloaded(RETRY_IMAGES_S) from None


async def _store(context: Context, images: Iterable[PreparedImage]) -> list[NewMedium]:
    """Make the pictures' files durable; if that fails, those already there are deleted."""
    media: list[NewMedium] = []
    names: list[str] = []
    try:
        for image in images:
            file, thumbnail = new_name(context.chance), new_name(context.chance)
            for name, data in ((file, image.jpeg), (thumbnail, image.thumbnail)):
                names.append(name)
                await trio.to_thread.run_sync(
                    context.blobs.store, data, name, limiter=context.file_threads
                )
            media.append(NewMedium(image.width, image.height, file, thumbnail))
    except OSError as error:
        await delete_blobs(context, names)
        log.error("blobs could not be stored", exc_info=error)
        raise overloaded(RETRY_IMAGES_S) from error
    return media


async def delete_blobs(context: Context, names: Iterable[str]) -> None:
    """Delete files that no row speaks of, or no longer. What can't be deleted now, the next start
    sweeps.
    """

    def delete_all() -> None:
        for name in names:
            context.blobs.delete(name)

    try:
        await trio.to_thread.run_sync(delete_all, limiter=context.file_threads)
    except OSError as error:
        log.warning("blobs could not be deleted", exc_info=error)


def _named(field: str | None, details: dict[str, int]) -> dict[str, int | str]:
    return {**details} if field is None else {"field": field, **details}
