"""A file, or a stretch of one, as the body of an answer: read in threads, a piece at a time, as the
client takes it.

Quart's own file body takes six hops between threads for a thumbnail and does not know ranges from
the end.
"""

from pathlib import Path
from types import TracebackType
from typing import BinaryIO

import trio
from quart.wrappers.response import ResponseBody

PIECE_BYTES = 262_144
"""Most pictures are one piece; a slow client holds no more than this of one."""


class FilePart(ResponseBody):
    """The bytes from `start` up to `stop` of the file at `path`. Opened by `begin`, or when the
    answer is sent; closed when it has been.
    """

    def __init__(self, path: Path, start: int, stop: int, threads: trio.CapacityLimiter) -> None:
        self._path = path
        self._place = start
        self._stop = stop
        self._threads = threads
        self._file: BinaryIO | None = None
        self._begun: bytes | None = None

    async def begin(self) -> None:
        """Read the first piece: a file that is being deleted is missed before the answer begins, or
        served whole.

        Raises `OSError`, `EOFError`.
        """
        self._begun = await self._next_piece()

    async def __aenter__(self) -> "FilePart":
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        if self._file is not None:
            self._file.close()

    def __aiter__(self) -> "FilePart":
        return self

    async def __anext__(self) -> bytes:
        """The next piece. Raises `OSError`, `EOFError` if the file is shorter than was said."""
        if self._begun is not None:
            piece, self._begun = self._begun, None
            return piece
        if self._place >= self._stop:
            raise StopAsyncIteration
        return await self._next_piece()

    async def _next_piece(self) -> bytes:
        piece = await trio.to_thread.run_sync(self._read_piece, limiter=self._threads)
        self._place += len(piece)
        return piece

    def _read_piece(self) -> bytes:
        if self._file is None:
            self._file = self._path.open("rb")
            self._file.seek(self._place)
        piece = self._file.read(min(PIECE_BYTES, self._stop - self._place))
        if not piece:
            raise EOFError(f"{self._path.name} ended before its time")
        return piece
