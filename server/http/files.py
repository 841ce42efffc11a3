"""A file, or a stretch of one, as the body of an answer: opened in a thread, then handed to the
kernel by a server that can, or read a piece at a time as the client takes it.

Used by the routes that serve files and by `server.http.connection`. Knows nothing of requests.
"""

import os
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, cast

import trio

READ_AT_ONCE_BYTES = 65_536
"""A file of up to this size is read when it is opened and leaves in one write with the head of its
answer: most pictures are."""

PIECE_BYTES = 262_144
"""Of a larger file, where the kernel is not handed the file itself; a slow client holds no more
than this of one."""


class FilePart:
    """The bytes from `start` up to `stop` of an open file. Closed when it has been sent."""

    def __init__(
        self, file: BinaryIO, start: int, stop: int, threads: trio.CapacityLimiter
    ) -> None:
        self.file = file
        self.start = start
        self._stop = stop
        self._place = start
        self._threads = threads

    def __len__(self) -> int:
        return self._stop - self.start

    async def __aenter__(self) -> "FilePart":
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self.file.close()

    def __aiter__(self) -> "FilePart":
        return self

    async def __anext__(self) -> bytes:
        """The next piece. Raises `OSError`, `EOFError` if the file is shorter than was said."""
        if self._place >= self._stop:
            raise StopAsyncIteration
        count = min(PIECE_BYTES, self._stop - self._place)
        piece = await trio.to_thread.run_sync(
            os.pread, self.file.fileno(), count, self._place, limiter=self._threads
        )
        if not piece:
            raise EOFError("a file ended before its time")
        self._place += len(piece)
        return piece


class Opened:
    """A file that is there to be served, whatever becomes of its name: all of a small one, an open
    descriptor of another. Closed at the end of its `with`, unless a part of it was taken."""

    def __init__(self, size: int, content: bytes | None, file: BinaryIO | None) -> None:
        self.size = size
        self._content = content
        self._file = file

    def __enter__(self) -> "Opened":
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def part(self, start: int, stop: int, threads: trio.CapacityLimiter) -> bytes | FilePart:
        """Take a stretch of it as the body of an answer."""
        if self._content is not None:
            return self._content[start:stop]
        file, self._file = cast(BinaryIO, self._file), None
        return FilePart(file, start, stop, threads)


async def open_file(path: Path, threads: trio.CapacityLimiter) -> Opened:
    """Open the file at `path`. Raises `OSError`."""
    return await trio.to_thread.run_sync(_open, path, limiter=threads)


def _open(path: Path) -> Opened:
    file = path.open("rb", buffering=0)
    try:
        size = os.fstat(file.fileno()).st_size
        if size > READ_AT_ONCE_BYTES:
            return Opened(size, None, cast(BinaryIO, file))
        content = file.read(size)
    except BaseException:
        file.close()
        raise
    file.close()
    return Opened(len(content), content, None)
