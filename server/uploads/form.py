"""What a multipart form is made of: its limits, what can be wrong with it, its parts on their way
in, and the whole.

`server.uploads.multipart` fills a `Form` part by part; routes read it. Files stream to a folder in
threads; nothing here parses, and nothing here knows a request.
"""

import hashlib
import os
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Protocol

import msgspec
import trio

KIBIBYTE = 1_024
MEBIBYTE = 1_048_576

MEDIA = "media"
"""What the files of a form are called in answers."""

TEMPORARY_PREFIX = "upload-"
"""Names of temporary files begin so; after a kill -9 whoever owns the folder may sweep them."""

WRITTEN_BYTES = 256 * KIBIBYTE
"""Bytes handed to a thread at once: 32 crossings for the largest file, and 40 uploads buffer 10
MiB."""


class UploadLimits(msgspec.Struct, frozen=True):
    """What a form may hold. The defaults are those of a post (contract.md, "Posts")."""

    files: int = 10
    file_bytes: int = 8 * MEBIBYTE
    body_bytes: int = 10 * 8 * MEBIBYTE + MEBIBYTE
    """Ten files of the largest size, and a mebibyte for texts and headers."""
    parts: int = 64
    """Fields and files of any name: ours are seven fields and ten files; clients may add some."""
    fields: int = 32
    text_bytes: int = 64 * KIBIBYTE
    """Of one text field: ten alt texts of 1,500 four-byte characters, as JSON, fit."""


POST_LIMITS = UploadLimits()
AVATAR_LIMITS = UploadLimits(files=1, body_bytes=9 * MEBIBYTE)


class FormProblem(Exception):
    """The client sent a form that we don't take. `message` and `details` are for the client."""

    def __init__(self, field: str | None, message: str, details: dict[str, int] | None = None):
        super().__init__(message)
        self.field = field
        self.message = message
        self.details = details or {}


class BadForm(FormProblem):
    """Malformed, or with something missing or too much: INVALID_REQUEST."""


class FileTooLarge(FormProblem):
    """A file, or the body, of more bytes than allowed: MEDIA_TOO_LARGE."""


class UploadedFile(msgspec.Struct, frozen=True):
    """A file of a form, on disk until the form is closed. `sha256` is of its bytes."""

    path: Path
    size: int
    sha256: bytes


class Form:
    """Text fields and media files, in the order in which they came; closing it removes the files.

    Use it as `async with await read_form(…) as form:`.
    """

    def __init__(self) -> None:
        self.fields: dict[str, list[str]] = {}
        self.media: list[UploadedFile] = []
        self._paths: list[Path] = []

    def text(self, field: str) -> str | None:
        """The value of a text field that is sent once; None if it is absent. Raises `BadForm` if it
        came twice."""
        values = self.fields.get(field, [])
        if len(values) > 1:
            raise BadForm(field, f"{field} may be sent only once", {"max": 1})
        return values[0] if values else None

    def remove_later(self, path: Path) -> None:
        """Have `path` removed with the form."""
        self._paths.append(path)

    async def aclose(self) -> None:
        """Remove the temporary files; also when cancelled, and again at no cost."""
        paths, self._paths = self._paths, []
        if paths:
            with trio.CancelScope(shield=True):
                await trio.to_thread.run_sync(_remove, paths)

    async def __aenter__(self) -> "Form":
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()


def _remove(paths: list[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)


class Part(Protocol):
    """A part of a form on its way in."""

    async def write(self, data: bytes) -> None: ...
    async def end(self) -> None: ...


class TextPart:
    """A text field on its way in."""

    def __init__(self, form: Form, name: str, limits: UploadLimits) -> None:
        self._form = form
        self._name = name
        self._bytes_max = limits.text_bytes
        self._value = bytearray()

    async def write(self, data: bytes) -> None:
        if len(self._value) + len(data) > self._bytes_max:
            raise BadForm(self._name, f"{self._name} is too long", {"max_bytes": self._bytes_max})
        self._value += data

    async def end(self) -> None:
        try:
            value = self._value.decode("utf-8")
        except UnicodeDecodeError as error:
            raise BadForm(self._name, f"{self._name} is not valid UTF-8") from error
        self._form.fields.setdefault(self._name, []).append(value)


class FilePart:
    """A media file on its way to disk. Cleared away by its form, however far it came."""

    def __init__(
        self,
        form: Form,
        named: bool,
        folder: Path,
        limits: UploadLimits,
        threads: trio.CapacityLimiter | None,
    ) -> None:
        self._form = form
        self._named = named
        self._folder = folder
        self._limits = limits
        self._threads = threads
        self._path: Path | None = None
        self._buffer = bytearray()
        self._size = 0
        self._hash = hashlib.sha256()

    async def write(self, data: bytes) -> None:
        if data:
            self._check_room()
        self._size += len(data)
        if self._size > self._limits.file_bytes:
            message = f"A file exceeds the limit of {self._limits.file_bytes / MEBIBYTE:g} MB"
            raise FileTooLarge(MEDIA, message, {"max_bytes": self._limits.file_bytes})
        self._buffer += data
        if len(self._buffer) >= WRITTEN_BYTES:
            await self._flush()

    async def end(self) -> None:
        if not self._named and not self._size:
            return  # what a browser sends for a file input in which nothing was chosen
        self._check_room()
        path = await self._flush()
        self._form.media.append(UploadedFile(path, self._size, self._hash.digest()))

    def _check_room(self) -> None:
        if len(self._form.media) == self._limits.files:
            message = f"At most {self._limits.files} files may be sent"
            raise BadForm(MEDIA, message, {"max": self._limits.files})

    async def _flush(self) -> Path:
        block, self._buffer = bytes(self._buffer), bytearray()
        return await trio.to_thread.run_sync(self._append, block, limiter=self._threads)

    def _append(self, block: bytes) -> Path:
        """In a thread: put a block at the file's end, making the file first."""
        if self._path is None:
            descriptor, name = tempfile.mkstemp(prefix=TEMPORARY_PREFIX, dir=self._folder)
            os.close(descriptor)
            self._path = Path(name)
            self._form.remove_later(self._path)
        with self._path.open("ab") as file:
            file.write(block)
        self._hash.update(block)
        return self._path


class DroppedPart:
    """A file that nobody asked for."""

    async def write(self, data: bytes) -> None:
        pass

    async def end(self) -> None:
        pass
