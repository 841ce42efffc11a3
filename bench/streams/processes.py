"""The processes of `bench.streams`: servers, and ears beside them. Both speak lines of JSON; what
they cost is read from Linux's counts."""

import contextlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from bench.hammer import ROOT
from bench.streams.ears import Heard, Order

NODE_SERVER = Path(__file__).with_name("others.mjs")
NPM_S = 60.0

T = TypeVar("T")


def resident_bytes(pid: int) -> int:
    """The memory of a process."""
    found = re.search(r"VmRSS:\s+([0-9]+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found is not None, "only Linux tells"
    return int(found[1]) * 1_024


class Spoken:
    """A process that answers lines with lines."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process
        self.pid = process.pid

    def say(self, value: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(msgspec.json.encode(value) + b"\n")
        self._process.stdin.flush()

    def answer(self, type: type[T]) -> T:
        """What it says next."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, f"{self._process.args} has ended"
        return msgspec.json.decode(line, type=type)

    def ask(self, value: object, type: type[T]) -> T:
        self.say(value)
        return self.answer(type)

    def cpu_s(self) -> float:
        """Seconds that it has worked; Linux's count."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident_bytes(self) -> int:
        """Its memory."""
        return resident_bytes(self.pid)


@contextlib.contextmanager
def spoken(*command: str, environment: Mapping[str, str] | None = None) -> Generator[Spoken]:
    """A process, until the block is left."""
    with subprocess.Popen(
        command,
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, **(environment or {})},
    ) as process:
        try:
            yield Spoken(process)
        finally:
            process.kill()


class Ears:
    """The clients of one server."""

    def __init__(self, process: Spoken) -> None:
        self.process = process

    def hear(self, **order: Any) -> Heard:
        return self.process.ask(Order(**order), Heard)

    def say(self, **order: Any) -> None:
        """Order something and go on; `heard` has the answer."""
        self.process.say(Order(**order))

    def heard(self) -> Heard:
        return self.process.answer(Heard)


@contextlib.contextmanager
def ears() -> Generator[Ears]:
    with spoken(sys.executable, "-m", "bench.streams.ears") as process:
        yield Ears(process)


def installed_ws(folder: Path) -> str | None:
    """Why Node's `ws` is not in `folder`; None if it is, now."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        return "no node on this machine"
    try:
        command = [npm, "install", "--silent", "--prefix", str(folder), "ws"]
        subprocess.run(command, check=True, timeout=NPM_S, stdout=subprocess.DEVNULL)
    except (subprocess.SubprocessError, OSError) as error:
        return f"npm could not install it ({type(error).__name__})"
    return None
