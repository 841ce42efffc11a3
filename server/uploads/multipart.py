"""A multipart/form-data body -> text fields and files on disk -> checked images.

Routes that take pictures call it, once authentication and limits have said yes. Bytes stream to
temporary files and are never all in memory. Parsing is werkzeug's decoder, which knows no socket;
nothing here knows a request either.
"""

import re
from collections.abc import AsyncIterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import trio
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.http import parse_options_header
from werkzeug.sansio import multipart

from server.uploads.form import (
    KIBIBYTE,
    MEBIBYTE,
    POST_LIMITS,
    BadForm,
    DroppedPart,
    FilePart,
    FileTooLarge,
    Form,
    Part,
    TextPart,
    UploadLimits,
)
from server.uploads.image_threads import ImageThreads
from server.uploads.images import PreparedImage, memory_needed, prepare_image

MEDIA_FIELDS = ("media", "media[]")
"""Names under which pictures come."""

TEXT_FIELDS = ("alt_texts", "caption", "duration", "location_id", "media_type", "user_tags")
"""Names under which texts come, also from a browser's `Blob`, which has a file name though nobody
gave it one. Files under other names are read and dropped."""

BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]", re.ASCII)
"""RFC 2046, 5.1.1: at most 70 of these characters, the last no space."""

LINE_BREAK = re.compile(rb"[\r\n]")

PARSED_BYTES = 8 * KIBIBYTE
"""Bytes given to the decoder at once. Smaller pieces take longer, larger ones hold up the loop."""

UNPARSED_BYTES_MAX = 16 * KIBIBYTE
"""Bytes that the decoder may hold undecided: a part's headers, or what precedes the first boundary.
Without this a body without any boundary would be held whole, and headers made to be slow to parse
(a microsecond a byte) would hold up the loop for longer than ten milliseconds."""

PREPARING_S_MAX = 120.0
"""Waiting for a turn included. Ten 12-megapixel JPEGs take a second on a small machine; forty such
uploads at once took it seventy, most of it to receive them."""


LOOKING_BYTES = 32 * MEBIBYTE
"""Memory to look at one file's header: the file, and copies of its parts. Measured: 27 MB for a PNG
of the largest size."""


class ImagesOverdue(Exception):
    """Pictures were not ready in time. The server is busy, or someone tries to keep it so: 503,
    nothing happened."""


async def read_form(
    chunks: AsyncIterable[bytes],
    content_type: str,
    folder: Path,
    limits: UploadLimits = POST_LIMITS,
    threads: trio.CapacityLimiter | None = None,
) -> Form:
    """Read a body of `content_type` to its end; files go to `folder`, written in `threads` (None:
    Trio's own).

    Raises `BadForm` or `FileTooLarge` as soon as that is certain, perhaps before the body's end;
    whatever is raised, no file is left behind.
    """
    form = Form()
    reading = _FormReading(form, _boundary(content_type), folder, limits, threads)
    try:
        async for chunk in chunks:
            for start in range(0, len(chunk), PARSED_BYTES):
                await reading.receive(chunk[start : start + PARSED_BYTES])
        await reading.receive(None)
    except BaseException:
        await form.aclose()
        raise
    return form


async def prepare_images(paths: Sequence[Path], threads: ImageThreads) -> list[PreparedImage]:
    """The pictures in `paths`, one after the other, so that no request takes more than one thread.
    All are looked at before the first is decoded: what can be refused is refused early.

    Raises `BadImage`, or `ImagesOverdue` after `PREPARING_S_MAX`. A thread can't be stopped: an
    overdue one goes on and keeps its share of the memory until it ends.
    """
    prepared: list[PreparedImage] = []
    with trio.move_on_after(PREPARING_S_MAX):
        async with threads.turn():
            needed = [
                await threads.run(memory_needed, path, memory_bytes=LOOKING_BYTES) for path in paths
            ]
            for path, memory_bytes in zip(paths, needed, strict=True):
                image = await threads.run(prepare_image, path, memory_bytes=memory_bytes)
                prepared.append(image)
        return prepared
    raise ImagesOverdue


def _boundary(content_type: str) -> bytes:
    """The boundary that a Content-Type header names. Raises `BadForm`."""
    kind, options = parse_options_header(content_type)
    if kind.lower() != "multipart/form-data":
        raise BadForm("Content-Type", "The body must be multipart/form-data")
    boundary = options.get("boundary", "")
    if BOUNDARY.fullmatch(boundary) is None:
        raise BadForm("Content-Type", "The boundary of the multipart body is missing or malformed")
    return boundary.encode("ascii")


class _Decoder:
    """werkzeug's decoder behind a gate that lets no delimiter through in two pieces.

    Of `\\r\\n--boundary-` at a piece's end it takes the `\\r` for content (its issue 3285): where
    the network happens to cut a body would change what a file holds.
    """

    def __init__(self, boundary: bytes) -> None:
        self._decoder = multipart.MultipartDecoder(boundary, UNPARSED_BYTES_MAX)
        self._delimiter_bytes = len(b"\r\n--" + boundary + b"--")
        self._held = b""

    def events(self, data: bytes | None) -> Iterator[multipart.Event]:
        """What is in the next bytes, or, with None, at the end of the body. Raises `BadForm`."""
        try:
            self._decoder.receive_data(self._hold_back(data or b"", at_end=data is None))
            if data is None:
                self._decoder.receive_data(None)
            while True:
                event = self._decoder.next_event()
                if isinstance(event, multipart.NeedData):
                    return
                yield event
                if isinstance(event, multipart.Epilogue):
                    return
        except RequestEntityTooLarge as error:
            raise BadForm(
                None, "What is around the parts of the form, or their headers, is too long"
            ) from error
        except ValueError as error:
            raise BadForm(None, "The multipart body is malformed") from error

    def _hold_back(self, data: bytes, *, at_end: bool) -> bytes:
        """The bytes up to the first line break that may begin an unfinished delimiter."""
        data = self._held + data
        begun = LINE_BREAK.search(data, max(0, len(data) - self._delimiter_bytes))
        end = len(data) if begun is None or at_end else begun.start()
        self._held = data[end:]
        return data[:end]


class _FormReading:
    """One body being read: the decoder, the part that is under way, and what has been counted."""

    def __init__(
        self,
        form: Form,
        boundary: bytes,
        folder: Path,
        limits: UploadLimits,
        threads: trio.CapacityLimiter | None,
    ) -> None:
        self._decoder = _Decoder(boundary)
        self._form = form
        self._folder = folder
        self._limits = limits
        self._threads = threads
        self._part: Part = DroppedPart()
        self._body_bytes = self._parts = self._texts = 0

    async def receive(self, data: bytes | None) -> None:
        """The next bytes of the body; None at its end. Raises `BadForm` or `FileTooLarge`."""
        if data is not None:
            self._body_bytes += len(data)
            if self._body_bytes > self._limits.body_bytes:
                details = {"max_bytes": self._limits.body_bytes}
                raise FileTooLarge(None, "The body is too large", details)
        for event in self._decoder.events(data):
            match event:
                case multipart.Field() | multipart.File():
                    self._part = self._begin(event)
                case multipart.Data():
                    await self._part.write(event.data)
                    if not event.more_data:
                        await self._part.end()
                case _:
                    pass

    def _begin(self, event: multipart.Field | multipart.File) -> Part:
        self._parts += 1
        if self._parts > self._limits.parts:
            raise BadForm(None, "The form has too many parts", {"max": self._limits.parts})
        name: Any = event.name  # None, whatever its declared type, if the part has none
        if not name:
            raise BadForm(None, "A part of the form has no name")
        if name in MEDIA_FIELDS:
            # What it holds decides, so one without a file name is a file, too.
            named = isinstance(event, multipart.File) and bool(event.filename)
            return FilePart(self._form, named, self._folder, self._limits, self._threads)
        if isinstance(event, multipart.Field) or name in TEXT_FIELDS:
            self._texts += 1
            if self._texts > self._limits.fields:
                raise BadForm(None, "The form has too many fields", {"max": self._limits.fields})
            return TextPart(self._form, name, self._limits)
        return DroppedPart()
