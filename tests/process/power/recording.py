"""A program's lives on its disk, from its first start on, each up to a cut; and what it had told
its clients. What strace needs is here.
"""

import functools
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import trio

from tests.process.power.calls import OPTIONS, Call, calls_in
from tests.process.power.promises import Promises
from tests.process.starting import (
    PUBLIC_URL,
    ROOT,
    RUN,
    environment,
    launched,
    make_folder,
    served,
)

VARIABLES = {"PYTHONPATH": str(ROOT)}
"""The server's folder is another one than ours."""


class Recording:
    """Lives on `folder`, which is not there yet. Unless they begin `from_nothing`, what a first
    start makes is on the disk before."""

    def __init__(self, folder: Path, *, from_nothing: bool = False) -> None:
        self.folder = folder
        self.before: dict[str, bytes] = {}
        """What was on the disk already: files in the folder, by name."""
        if not from_nothing:
            make_folder(folder)
            self.before = {one.name: one.read_bytes() for one in folder.iterdir()}
        self.promises = Promises(seed=1)
        self._logs: list[Path] = []

    async def serve(self, acknowledged: int, program: Sequence[str] = RUN) -> None:
        """A server, killed once so much was acknowledged in all its lives. Skips the test where
        nothing can be traced."""
        # As a grandchild: who is killed is the server itself.
        through = (*await self._tracer(), "-D", *program)
        flags = ("--rate-limits", "off", "--public-url", PUBLIC_URL)
        async with launched(self.folder, *flags, program=through, variables=VARIABLES) as server:
            await served(server)
            await self.promises.write(server, acknowledged)

    async def carry_out(self, *program: str) -> None:
        """A program, to its end. Skips the test where nothing can be traced."""
        traced = [*await self._tracer(), *program]
        await trio.run_process(traced, env=environment(**VARIABLES), capture_stderr=True)

    async def _tracer(self) -> list[str]:
        strace = shutil.which("strace")
        if strace is None:
            pytest.skip("strace is not installed")
        trial = [strace, *OPTIONS, "-o", "/dev/null", "true"]
        tried = await trio.run_process(trial, check=False, capture_stderr=True)
        if tried.returncode:
            pytest.skip(f"strace may not trace: {tried.stderr.decode()}")
        log = self.folder.with_suffix(f".{len(self._logs)}.strace")
        self._logs.append(log)
        return [strace, *OPTIONS, "-o", str(log)]

    @functools.cached_property
    def calls(self) -> list[Call]:
        """All that was asked of the disk, in one life after the other."""
        return list(calls_in(self._lines(), str(self.folder)))

    def _lines(self) -> Iterator[str]:
        for log in self._logs:
            with log.open(encoding="ascii") as lines:
                yield from lines
