"""How far a long piece of work has come: a bar on a terminal, lines of the log elsewhere.

The commands use it, and the start when it has a database to rebuild.
"""

import sys
from collections.abc import Generator
from contextlib import contextmanager

import click
import structlog

from storage.audit import Progress

TOLD_SHARES = 10
"""A log is told of each tenth."""

log = structlog.get_logger()


@contextmanager
def progress_bar(label: str) -> Generator[Progress]:
    """A bar on standard error. Where that is no terminal, only `label`, and no more."""
    with click.progressbar(length=1, label=label, file=sys.stderr) as bar:

        def progress(done: int, of: int) -> None:
            bar.length = of
            bar.update(done - bar.pos)

        yield progress


@contextmanager
def progress_lines(event: str) -> Generator[Progress]:
    """A line of the log, `event`, for each tenth that is done."""
    told = 0

    def progress(done: int, of: int) -> None:
        nonlocal told
        share = done * TOLD_SHARES // of
        if share > told:
            told = share
            log.info(event, facts=done, of=of)

    yield progress
