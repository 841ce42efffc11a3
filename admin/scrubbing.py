"""What is said of the scrubbing of a database, and what a stop had no time for.

`run.py` calls it at the stop and, once it holds the folder, before the start. See
`storage.scrubbing`.
"""

import structlog

from storage.folder import DataFolder
from storage.scrubbing import CUT_SHORT, Scrubbed, due_in, scrub_database

log = structlog.get_logger()


def tell_scrubbed(how: Scrubbed | None) -> None:
    """Say what could not be scrubbed, and when it will be."""
    match how:
        case "no time":
            log.warning("erased texts may still be in the database: the next start overwrites them")
        case "in use":
            log.warning("erased texts may still be in the database: somebody else has it open")
        case "not understood":
            log.error("the database could not be scrubbed: run `run.py verify`")
        case "done" | "nothing was erased" | None:
            pass


def scrub_what_is_left(folder: DataFolder) -> None:
    """What the last stop had no time for. Raises `SqliteError`, `OSError`."""
    if due_in(folder.database) == CUT_SHORT:
        log.info("overwriting what was erased, for which the last stop had no time")
        tell_scrubbed(scrub_database(folder.database, lambda: False))
