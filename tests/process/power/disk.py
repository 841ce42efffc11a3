"""A disk as POSIX promises it and no better: of a file, what was written before a sync of it; of a
folder, the names that were in it at a sync of it. Of the rest, a cut leaves nothing, or some: any
sectors of what was written, and the changes of names up to some moment. Pure but for the folder
that it writes what is left to.
"""

import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from random import Random
from typing import NamedTuple

from tests.process.power.calls import Call

SECTOR_BYTES = 512
"""What a disk writes whole or not at all."""

LOST_SUFFIXES = ("-shm", ".sock")
"""Of what nobody relies on after a cut: SQLite's shared memory is made anew, sockets are none."""


class Write(NamedTuple):
    """Bytes at a place; None: the file is cut to that length."""

    ended: int
    offset: int
    data: bytes | None


def _apply(content: bytearray, write: Write) -> None:
    _, offset, data = write
    missing = offset - len(content)
    if missing > 0:
        content.extend(bytes(missing))
    if data is None:
        del content[offset:]
    else:
        content[offset : offset + len(data)] = data


class File:
    """A file's content, whatever its names."""

    def __init__(self) -> None:
        self.durable = bytearray()
        self.pending: list[Write] = []
        self.size = 0
        self.changed: list[Write] = []
        """What was synced since the file was last written out."""

    def write(self, write: Write) -> None:
        _, offset, data = write
        self.size = offset if data is None else max(self.size, offset + len(data))
        self.pending.append(write)

    def sync(self, began: int) -> bool:
        """Keep what had come back when the sync began. Whether that was anything."""
        kept = [one for one in self.pending if one.ended < began]
        self.pending = [one for one in self.pending if one.ended >= began]
        for one in kept:
            _apply(self.durable, one)
        self.changed += kept
        return bool(kept)

    def torn(self, random: Random) -> bytes:
        """What may be there instead, if some of what was not synced is."""
        content, share = bytearray(self.durable), random.random()
        for ended, offset, data in self.pending:
            if data is None:
                if random.random() < share:
                    _apply(content, Write(ended, offset, None))
                continue
            for begin in range(0, len(data), SECTOR_BYTES):
                if random.random() < share:
                    piece = data[begin : begin + SECTOR_BYTES]
                    _apply(content, Write(ended, offset + begin, piece))
        return bytes(content)


class Folder:
    """A folder's names, those that are seen and those that a cut leaves."""

    def __init__(self) -> None:
        self.names: dict[str, File | Folder] = {}
        self.durable: dict[str, File | Folder] = {}
        self.pending: list[tuple[int, str, File | Folder | None]] = []

    def put(self, ended: int, name: str, node: "File | Folder | None") -> None:
        if node is None:
            self.names.pop(name, None)
        else:
            self.names[name] = node
        self.pending.append((ended, name, node))

    def sync(self, began: int) -> bool:
        kept = [one for one in self.pending if one[0] < began]
        self.pending = [one for one in self.pending if one[0] >= began]
        _rename(self.durable, kept)
        return bool(kept)


def _rename(
    names: "dict[str, File | Folder]", changes: "list[tuple[int, str, File | Folder | None]]"
) -> None:
    for _, name, node in changes:
        if node is None:
            names.pop(name, None)
        else:
            names[name] = node


class Disk:
    """The disk below the folder `root`, which is there from the start."""

    def __init__(self, root: str) -> None:
        self._root = root
        self.top = Folder()

    def put_folder(self, name: str, files: Mapping[str, bytes]) -> None:
        """A folder in `root`, with its files, as if they had always been there."""
        folder = Folder()
        for one, content in files.items():
            file = File()
            file.durable, file.size = bytearray(content), len(content)
            folder.names[one] = folder.durable[one] = file
        self.top.names[name] = self.top.durable[name] = folder

    def do(self, call: Call) -> bool:
        """Take in a call. Whether a cut would leave more, or other things, from now on."""
        if call.path.endswith(LOST_SUFFIXES) or call.path.endswith(" (deleted)"):
            return False
        folder, name = self._at(call.path)
        node = self.top if not name else folder.names.get(name)
        match call.name:
            case "open" if node is None and call.creates:
                folder.put(call.ended, name, File())
            case "open" if isinstance(node, File) and call.truncates and node.size:
                node.write(Write(call.ended, 0, None))
            case "open":
                pass
            case "mkdir":
                folder.put(call.ended, name, Folder())
            case "write" if isinstance(node, File):  # nobody here writes in the middle
                node.write(Write(call.ended, node.size, call.data))
            case "pwrite64" if isinstance(node, File):
                node.write(Write(call.ended, call.offset, call.data))
            case "ftruncate" if isinstance(node, File):
                node.write(Write(call.ended, call.offset, None))
            case "unlink":
                folder.put(call.ended, name, None)
            case "rename" if node is not None:
                target, to = self._at(call.to)
                target.put(call.ended, to, node)
                folder.put(call.ended, name, None)
            case "sync" if node is not None:
                return node.sync(call.began)
            case _:
                raise ValueError(f"{call.name} of {call.path} is not understood")
        return False

    def _at(self, path: str) -> tuple[Folder, str]:
        """The folder that something is in, and its name there."""
        *folders, name = path.removeprefix(self._root).lstrip("/").split("/")
        folder = self.top
        for one in folders:
            found = folder.names[one]
            assert isinstance(found, Folder), path
            folder = found
        return folder, name

    def left(self) -> Iterator[tuple[str, File | Folder]]:
        """What a cut leaves, by path: a folder before what is in it."""
        return _walk("", self.top, lambda folder: folder.durable)

    def torn(self, random: Random, into: Path) -> None:
        """Write out what a cut may leave if some of what was not synced was written all the
        same."""
        moments = [ended for folder in self._folders() for ended, _, _ in folder.pending]
        moment = random.choice([*moments, 0])

        def names_of(folder: Folder) -> dict[str, File | Folder]:
            names = dict(folder.durable)
            _rename(names, [one for one in folder.pending if one[0] <= moment])
            return names

        into.mkdir()
        for path, node in _walk("", self.top, names_of):
            if isinstance(node, Folder):
                (into / path).mkdir()
            else:
                (into / path).write_bytes(node.torn(random))

    def _folders(self) -> list[Folder]:
        below = [one for _, one in _walk("", self.top, lambda folder: folder.names)]
        return [self.top, *(one for one in below if isinstance(one, Folder))]


def _walk(path, folder, names_of) -> Iterator[tuple[str, File | Folder]]:
    for name, node in names_of(folder).items():
        here = f"{path}/{name}".lstrip("/")
        yield here, node
        if isinstance(node, Folder):
            yield from _walk(here, node, names_of)


class Image:
    """What a cut leaves of a disk, in a folder of its own, brought up to date again and again."""

    def __init__(self, disk: Disk, folder: Path) -> None:
        self._disk = disk
        self.folder = folder
        self._written: dict[str, File | Folder] = {}
        folder.mkdir()

    def renew(self) -> None:
        """Write out what has changed since the last time."""
        left = dict(self._disk.left())
        for path in sorted(self._written, reverse=True):  # what is in a folder before it
            if left.get(path) is not self._written[path]:
                node = self._written.pop(path)
                (self.folder / path).rmdir() if isinstance(node, Folder) else (
                    self.folder / path
                ).unlink()
        for path, node in left.items():
            place, is_new = self.folder / path, path not in self._written
            if isinstance(node, File):
                _write_out(place, node, is_new=is_new)
            elif is_new:
                place.mkdir()
        self._written = left

    def has_whole(self, path: str) -> bool:
        """Whether a file is there with all that was ever written to it."""
        node = self._written.get(path)
        return isinstance(node, File) and node.size > 0 and not node.pending

    def copy(self, into: Path) -> Path:
        return Path(shutil.copytree(self.folder, into))


def _write_out(place: Path, file: File, *, is_new: bool) -> None:
    if is_new:
        place.write_bytes(file.durable)
    elif file.changed:
        with place.open("r+b") as opened:
            for _, offset, data in file.changed:
                if data is None:
                    os.ftruncate(opened.fileno(), offset)
                else:
                    os.pwrite(opened.fileno(), data, offset)
    file.changed = []
