"""Starts `run.py serve` in a process of its own, for tests that were given no server or need one
with other settings, and carries out the operator's commands.

Only the command line of contract.md is used: a folder, a port from the kernel, settings by the
environment. Nothing of the server is imported.
"""

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Generator
from pathlib import Path

ROOT = Path(__file__).parents[2]

START_S = 60.0
"""A start takes a second; a busy machine may need many."""

STOP_S = 20.0
"""The promise of five seconds is for the tests of the process; here it only must end."""

COMMAND_S = 120.0

ADDRESS = re.compile(r"https?://127\.0\.0\.1:[1-9][0-9]*")


SERVER = "TRIPTYCH_SERVER"
"""The one setting that whoever runs the tests may choose: which of the two listeners is tried."""


def environment(**variables: str) -> dict[str, str]:
    """Ours, without settings of whoever runs the tests, but for `SERVER`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TRIPTYCH_")}
    if SERVER in os.environ:
        kept[SERVER] = os.environ[SERVER]
    return {**kept, **variables}


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, str(ROOT / "run.py"), *map(str, arguments)]


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """`run.py` with `arguments`, to its end."""
    return subprocess.run(
        command(*arguments),
        capture_output=True,
        text=True,
        timeout=COMMAND_S,
        env=environment(),
        check=False,
    )


@contextlib.contextmanager
def served(folder: Path, **variables: str) -> Generator[str]:
    """The address of a server on `folder`, with the settings that `variables` name; it is stopped
    with the block."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    log = folder.with_suffix(".log")
    with (
        log.open("wb") as logged,
        subprocess.Popen(
            command("serve", "--data", folder, "--host", "127.0.0.1", "--port", "0"),
            stdout=subprocess.PIPE,
            stderr=logged,
            env=environment(**variables),
            text=True,
        ) as process,
    ):
        try:
            yield _address(process, log)
        finally:
            _stop(process)


def _address(process: subprocess.Popen[str], log: Path) -> str:
    """Where the process says that it serves."""
    assert process.stdout is not None
    deadline = threading.Timer(START_S, process.kill)
    deadline.start()
    try:
        for line in process.stdout:
            found = ADDRESS.search(line)
            if found:
                return found[0]
    finally:
        deadline.cancel()
    raise AssertionError(f"no server:\n{log.read_text(errors='replace')[-4_000:]}")


def _stop(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
