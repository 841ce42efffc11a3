"""A stretch of an open file as the body of an answer: handed to the kernel by a server that can, or
read a piece at a time as the client takes it.

Used by the routes that serve files, which `server.edge.files` opens, and by
`server.http.connection`. Knows nothing of requests.
"""

import os
from types import TracebackType
from typing import BinaryIO

import trio

from server.edge.files import Opened
from server.edge.limits import FILE_PIECE_BYTES


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
        count = min(FILE_PIECE_BYTES, self._stop - self._place)
        piece = await trio.to_thread.run_sync(
            os.pread, self.file.fileno(), count, self._place, limiter=self._threads
        )
        if not piece:
            raise EOFError("a file ended before its time")
        self._place += len(piece)
        return piece


def part_of(
    opened: Opened, start: int, stop: int, threads: trio.CapacityLimiter
) -> bytes | FilePart:
    """Take a stretch of an opened file as the body of an answer."""
    if opened.file is None:
        return opened.content[start:stop]
    return FilePart(opened.take(), start, stop, threads)
