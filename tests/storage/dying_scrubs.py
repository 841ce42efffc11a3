"""Scrubs that are killed: `python -m tests.storage.dying_scrubs DATABASE INTO`, for the tests of
storage.

Copies DATABASE to INTO/1/some.db and scrubs it in a process that kills itself at the first step,
then to INTO/2, killed at the second, and so on until one is done before it is killed. A step is
each opening of the file, some of the writes, which then stay half done, and each sync, once done.
"""

import os
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

from storage.scrubbing import scrub_database

STEPS_MAX = 1_000
"""More than there are: should one never be done, this ends."""

WRITES_A_STEP = 25


def scrub_until(database: Path, fatal: int) -> None:
    """Scrub, but die at step number `fatal`."""
    steps = writes = 0
    write, sync = os.pwrite, os.fsync

    def step(what: str) -> bool:
        nonlocal steps
        steps += 1
        if steps == fatal:
            database.parent.with_suffix(".step").write_text(what)
        return steps == fatal

    def die() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def dying_write(descriptor: int, data: bytes, offset: int) -> int:
        nonlocal writes
        writes += 1
        if writes % WRITES_A_STEP == 1 and step("write"):
            write(descriptor, data[: len(data) // 2], offset)
            die()
        return write(descriptor, data, offset)

    def dying_sync(descriptor: int) -> None:
        sync(descriptor)
        if step("synced"):
            die()

    def heard(event: str, arguments: tuple[Any, ...]) -> None:
        about = any(database.name in str(one) for one in arguments)
        if about and event == "open" and steps < fatal and step(event):
            die()

    os.pwrite, os.fsync = dying_write, dying_sync
    sys.addaudithook(heard)
    scrub_database(database, lambda: False)


def main() -> None:
    sound, into = map(Path, sys.argv[1:])
    for fatal in range(1, STEPS_MAX):
        folder = into / str(fatal)
        folder.mkdir()
        database = Path(shutil.copy(sound, folder / sound.name))
        child = os.fork()
        if child == 0:
            scrub_until(database, fatal)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if status == 0:
            return
        if os.waitstatus_to_exitcode(status) != -signal.SIGKILL:
            sys.exit(f"step {fatal} failed otherwise")
    sys.exit("it is never done")


if __name__ == "__main__":
    main()
