"""From an upload to blobs: the form, its pictures made ready, their files durable or all gone.

Called by the routes that take pictures. It knows which blobs exist without a fact that names them,
and deletes those again.
"""

from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import structlog
import trio

from server.context import Context
from server.http.calls import Call
from server.problems import bad_media, invalid, overloaded, too_large
from server.uploads.form import MEDIA, BadForm, FileTooLarge, Form, UploadLimits
from server.uploads.images import BadImage, PreparedImage
from server.uploads.multipart import ImagesOverdue, prepare_images, read_form
from storage.blobs import new_name

RETRY_IMAGES_S = 10
"""When pictures were not ready in time: about what the queue in front of them takes to empty."""

log = structlog.get_logger()


@asynccontextmanager
async def open_form(call: Call[Any, Any], limits: UploadLimits) -> AsyncGenerator[Form]:
    """The request's form, its files on disk while the block runs. Raises the `Problem` of what is
    wrong with it, also what the block finds (`BadForm`)."""
    context, body = call.context, call.request.pulled
    if (body.expected_bytes or 0) > limits.body_bytes:
        # Said at once: whoever sends a gigabyte should not have to send 81 MiB of it first.
        raise too_large("The body is too large", max_bytes=limits.body_bytes)
    content_type = call.request.headers.get("Content-Type", "")
    try:
        form = await read_form(
            body, content_type, context.uploads, limits, threads=context.file_threads
        )
        async with form:
            yield form
    except FileTooLarge as error:
        raise too_large(error.message, **_named(error.field, error.details)) from None
    except BadForm as error:
        raise invalid(error.message, error.field, **error.details) from None


async def pictures_of(form: Form, context: Context) -> list[PreparedImage]:
    """The form's pictures, made ready to be served. Raises the `Problem` of a missing or bad one,
    and of having no time for them."""
    if not form.media:
        raise invalid("At least one picture is needed", MEDIA, min=1)
    try:
        return await prepare_images([file.path for file in form.media], context.image_threads)
    except BadImage as error:
        raise bad_media(error.message, **error.details) from None
    except ImagesOverdue:
        raise overloaded(RETRY_IMAGES_S) from None


class StoredBlobs:
    """Files that are durable, before any fact names them."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = names
        self.are_named = True
        """Whether what was asked names them. Not if a request with the same key was quicker: then
        the reply is that one's, and speaks of its files."""


@asynccontextmanager
async def stored_blobs(context: Context, contents: Sequence[bytes]) -> AsyncGenerator[StoredBlobs]:
    """Files made durable for what the block asks, and deleted again if that does not name them.
    Raises the `Problem` of storing them."""
    stored = StoredBlobs(await _store(context, contents))
    try:
        yield stored
    except Exception:
        # Refused, or failed before anything was appended. Not when cancelled: then nobody knows,
        # and the sweep does.
        await delete_blobs(context, stored.names)
        raise
    if not stored.are_named:
        await delete_blobs(context, stored.names)


async def _store(context: Context, contents: Sequence[bytes]) -> list[str]:
    """Make files durable, and say their names; if one fails, those already there are deleted."""
    names: list[str] = []
    try:
        for data in contents:
            name = new_name(context.chance)
            names.append(name)
            await trio.to_thread.run_sync(
                context.blobs.store, data, name, limiter=context.file_threads
            )
    except OSError as error:
        await delete_blobs(context, names)
        log.error("blobs could not be stored", exc_info=error)
        raise overloaded(RETRY_IMAGES_S) from error
    return names


async def delete_blobs(context: Context, names: Iterable[str]) -> None:
    """Delete files that no row speaks of, or no longer. What can't be deleted now is
    swept within the hour.
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
