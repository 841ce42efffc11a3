"""Rebuilds that are killed: `python -m tests.storage.dying FOLDER INTO`, for the tests of storage.

Copies FOLDER to INTO/1 and rebuilds its `some.db` in a process that kills itself at the first step,
then to INTO/2, killed at the second, and so on until one is done before it is killed. A step is
whatever the interpreter does with the folder or a file in it, and each report of progress.
`INTO/n.step` says what the nth was.
"""

import os
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

from storage import audit
from storage.rebuilding import rebuild

STEPS_MAX = 100
"""More than there are: should one never be done, this ends."""

SUFFIX = ".before"

A_STEP = 70
"""Facts read at a time, so that even a short journal takes several reads."""


def rebuild_until(folder: Path, fatal: int) -> None:
    """Rebuild, but die before step number `fatal`."""
    steps = 0

    def step(what: str) -> None:
        nonlocal steps
        steps += 1
        if steps == fatal:
            folder.with_suffix(".step").write_text(what)
            os.kill(os.getpid(), signal.SIGKILL)

    def heard(event: str, arguments: tuple[Any, ...]) -> None:
        named = [str(one) for one in arguments if str(one).startswith((str(folder), "file:"))]
        if steps < fatal and named:
            step(" ".join((event, *named)))

    sys.addaudithook(heard)
    rebuild(folder / "some.db", SUFFIX, lambda done, of: step(f"{done} of {of}"))


def main() -> None:
    audit.ENTRIES_A_STEP = A_STEP
    sound, into = map(Path, sys.argv[1:])
    for fatal in range(1, STEPS_MAX):
        folder = into / str(fatal)
        shutil.copytree(sound, folder)
        child = os.fork()
        if child == 0:
            rebuild_until(folder, fatal)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if status == 0:
            return
        if os.waitstatus_to_exitcode(status) != -signal.SIGKILL:
            sys.exit(f"step {fatal} failed otherwise")
    sys.exit("it is never done")


if __name__ == "__main__":
    main()
