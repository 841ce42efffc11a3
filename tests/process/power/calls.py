"""What a process asked of its disk, out of strace's log: calls that came back well, in the order in
which they did. Pure; `OPTIONS` are those that make strace write such a log.
"""

import re
from collections.abc import Iterable, Iterator

import msgspec

TRACED = (
    *("openat", "open", "creat", "write", "pwrite64", "ftruncate", "fsync", "fdatasync"),
    *("rename", "renameat", "renameat2", "unlink", "unlinkat", "mkdir", "mkdirat", "rmdir"),
)

UNKNOWN = (
    *("writev", "pwritev", "pwritev2", "truncate", "fallocate", "sync", "syncfs"),
    *("sync_file_range", "link", "linkat", "copy_file_range", "msync"),
)
"""Calls that change a disk, too, and that nothing here understands: none may be made of the data
folder."""

STRING_BYTES_MAX = 16 * 1_048_576
"""More than anybody writes at once."""

OPTIONS = (
    *("-f", "-y", "-ttt", "-T", "-xx", "-s", str(STRING_BYTES_MAX), "--seccomp-bpf"),
    *("-e", f"trace={','.join((*TRACED, *UNKNOWN))}"),
)
"""Threads; paths beside descriptors; moments and how long it took; all bytes in hexadecimal."""

_LINE = re.compile(r"(\d+) +(\d+\.\d+) (.*)")
_RESUMED = re.compile(r"<\.\.\. \w+ resumed>(.*)")
_RESULT = re.compile(r"= (\d+)\S* <(\d+\.\d+)>")
_DESCRIPTOR = re.compile(r"(?:\d+|AT_FDCWD)<([^>]*)>")

UNFINISHED = " <unfinished ...>"


class Call(msgspec.Struct, frozen=True):
    """A call that has come back without an error."""

    name: str
    path: str
    """What it was about; of a rename the old name."""
    at: float
    """When it came back, in Unix seconds."""
    began: int
    ended: int
    """Places in the log; of two calls, the one that ends first has the lower number."""
    data: bytes = b""
    offset: int = 0
    """Of `pwrite64`, and the length of `ftruncate`."""
    to: str = ""
    creates: bool = False
    truncates: bool = False


def calls_in(lines: Iterable[str], below: str) -> Iterator[Call]:
    """Those about the folder `below` or anything in it, and syncs of the folder that it is in.
    Raises `ValueError` for one that is not understood."""
    above = below.rpartition("/")[0]
    begun: dict[str, tuple[int, str]] = {}
    for number, line in enumerate(lines):
        found = _LINE.match(line)
        if found is None:
            continue
        thread, moment, text = found.groups()
        began = number
        resumed = _RESUMED.match(text)
        if resumed is not None:
            began, start = begun.pop(thread)
            text = start + resumed[1]
        if text.endswith(UNFINISHED):
            begun[thread] = (began, text.removesuffix(UNFINISHED))
            continue
        end = text.rfind(") ")
        result = _RESULT.match(text, text.find("= ", end))
        if result is None or text.startswith(("+++", "---")):
            continue  # an error, or no call
        took = 0.0 if resumed is not None else float(result[2])
        call = _call(text[:end], int(result[1]), float(moment) + took, began, number)
        if call is None:
            continue
        if (call.path + "/").startswith(below + "/") or call.path == above:
            yield call


def _call(text: str, result: int, at: float, began: int, ended: int) -> Call | None:
    name, _, arguments = text.partition("(")
    strings = arguments.split('"')
    outside, inside = strings[0::2], strings[1::2]
    numbers = [part.strip() for part in outside[-1].split(",")]
    folder = _DESCRIPTOR.match(outside[0])
    about = _bytes(folder[1]).decode() if folder else ""
    path = about
    if inside and name not in ("write", "pwrite64"):
        path = _joined(about, _bytes(inside[0]).decode())
    match name:
        case "write" | "pwrite64":
            data = _bytes(inside[0])
            if not outside[1].startswith(","):
                raise ValueError(f"strace has cut a write of {len(data)} bytes")
            offset = int(numbers[-1]) if name == "pwrite64" else 0
            return Call(name, path, at, began, ended, data[:result], offset)
        case "ftruncate":
            return Call(name, path, at, began, ended, offset=int(numbers[-1]))
        case "open" | "openat" | "creat":
            flags = "O_CREAT|O_TRUNC" if name == "creat" else outside[-1]
            creates, truncates = "O_CREAT" in flags, "O_TRUNC" in flags
            return Call("open", path, at, began, ended, creates=creates, truncates=truncates)
        case "rename" | "renameat" | "renameat2":
            other = _DESCRIPTOR.search(outside[1])
            base = _bytes(other[1]).decode() if other else ""
            to = _joined(base, _bytes(inside[1]).decode())
            return Call("rename", path, at, began, ended, to=to)
        case "unlink" | "unlinkat" | "rmdir":
            return Call("unlink", path, at, began, ended)
        case "mkdir" | "mkdirat":
            return Call("mkdir", path, at, began, ended)
        case "fsync" | "fdatasync":
            return Call("sync", path, at, began, ended)
        case _:
            return Call(name, path, at, began, ended)


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))


def _joined(folder: str, path: str) -> str:
    return path if path.startswith("/") else f"{folder}/{path}"
