"""The data folder of an older Triptych becomes one of this version: its database is rebuilt from
its journal.

Called once by everything that opens a folder to write, `serve` and the commands, when it holds the
folder and before it opens the journal, which would refuse. Says what it does on standard error.
"""

import sys

import click
import structlog

from admin.progress import progress_bar, progress_lines
from storage.folder import DataFolder
from storage.rebuilding import rebuild
from storage.schema import SCHEMA_VERSION, schema_in

KEPT_SUFFIX = f".before-schema-{SCHEMA_VERSION}"
"""The old database stays beside the new one under this name, until the operator deletes it."""

REBUILDING = "rebuilding the database from its journal"

log = structlog.get_logger()


def upgrade_folder(folder: DataFolder, *, logged: bool = False) -> None:
    """Rebuild the database of `folder` if its schema is an older one; else do nothing.

    With `logged`, what there is to say goes to the log, but for the bar on a terminal.

    Raises what `rebuild` raises, having changed nothing.
    """
    if logged:
        for kept in sorted(folder.path.glob(f"{folder.database.name}.before-*")):
            log.warning(
                "an old database is kept, with what was deleted since: delete it when all is well",
                file=kept.name,
            )
    found = schema_in(folder.database)
    if not 0 < found < SCHEMA_VERSION:
        return
    if logged:
        log.info("the database is of an older schema", schema=found, needed=SCHEMA_VERSION)
    lines = logged and not sys.stderr.isatty()
    with progress_lines(REBUILDING) if lines else progress_bar(REBUILDING.capitalize()) as progress:
        kept = rebuild(folder.database, KEPT_SUFFIX, progress)
    if logged:
        log.info("rebuilt the database", kept=kept.name)
    else:
        click.echo(f"The database before is kept as {kept.name}: delete it in the end", err=True)
