"""A file as the rest of an answer: opened and read in threads, since a disk may take its time; a
large one goes from the kernel's cache to the socket without passing through here."""

import os
from pathlib import Path
from typing import BinaryIO, cast

import trio

from server.edge.limits import FILE_PIECE_BYTES, SENT_AT_ONCE_BYTES
from server.edge.wire import Gone, Wire


class Opened:
    """A file that is there to be sent, whatever becomes of its name: all of a small one, or an open
    one. Closed at the end of its `with`, unless it was taken."""

    def __init__(self, size: int, content: bytes, file: BinaryIO | None) -> None:
        self.size = size
        self.content = content
        self.file = file
        """None for a small one, of which `content` is all."""

    def __enter__(self) -> "Opened":
        return self

    def __exit__(self, *_: object) -> None:
        if self.file is not None:
            self.file.close()

    def take(self) -> BinaryIO:
        """The open file, which from now on is its taker's to close."""
        file, self.file = cast(BinaryIO, self.file), None
        return file


async def open_file(path: str | Path, threads: trio.CapacityLimiter) -> Opened:
    """Open the file at `path`. Raises `OSError`."""
    return await trio.to_thread.run_sync(_open, path, limiter=threads)


def _open(path: str | Path) -> Opened:
    file = open(path, "rb", buffering=0)  # noqa: SIM115 - its `Opened` closes it
    try:
        size = os.fstat(file.fileno()).st_size
        if size > SENT_AT_ONCE_BYTES:
            return Opened(size, b"", cast(BinaryIO, file))
        content = file.read(size)
    except BaseException:
        file.close()
        raise
    file.close()
    return Opened(len(content), content, None)


def stretch(descriptor: int, offset: int | None, count: int | None) -> tuple[int, int]:
    """Where a part of an open file begins and how long it is: by default from its current position
    up to its end."""
    start = os.lseek(descriptor, 0, os.SEEK_CUR) if offset is None else offset
    return start, max(os.fstat(descriptor).st_size - start, 0) if count is None else count


async def send_file(
    wire: Wire, descriptor: int, start: int, stop: int, threads: trio.CapacityLimiter
) -> None:
    """Send the bytes from `start` up to `stop` of an open file. Raises `Gone`, and `EOFError` for a
    file that is shorter."""
    place = start
    while place < stop:
        if wire.has_unsent:
            await wire.drain()
        count = min(FILE_PIECE_BYTES, stop - place)
        if wire.can_send_files:
            sent = await trio.to_thread.run_sync(
                _send_piece, wire, descriptor, place, count, limiter=threads
            )
            if sent is None:
                await wire.wait_taken()
                continue
        else:
            piece = await trio.to_thread.run_sync(
                os.pread, descriptor, count, place, limiter=threads
            )
            sent = len(piece)
            await wire.send(piece)
        if sent == 0:
            raise EOFError("a file ended before its time")
        place += sent


def _send_piece(wire: Wire, descriptor: int, place: int, count: int) -> int | None:
    """In a thread, which holds nothing up if the disk is slow. None if the kernel takes no more.
    Raises `Gone`."""
    if wire.is_gone:
        raise Gone("the client is gone")
    try:
        return os.sendfile(wire.descriptor, descriptor, place, count)
    except BlockingIOError:
        return None
    except OSError as error:
        wire.is_gone = True
        raise Gone(str(error)) from None
