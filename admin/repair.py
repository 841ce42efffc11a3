"""`run.py verify --repair`: rows and snapshots anew from the journal, in a new file that takes the
old one's place.

The journal and the texts are copied as they are; what was erased stays erased. Snapshots are not
copied: actors are folded from the journal until they are taken again. No server may run on the
folder.
"""

import os

from admin.verify import Progress
from storage import audit
from storage.disk import Group
from storage.folder import DataFolder, sync_folder
from storage.projection import raise_largest_id, write_group
from storage.schema import migrate
from storage.sqlite import Connection, open_writer

KEPT_SUFFIX = ".before-repair"
"""The old database stays beside the new one under this name, until the operator deletes it."""


class DatabaseInUse(Exception):
    """Somebody reads the database, so that its log can't be put away."""

    def __init__(self) -> None:
        super().__init__("somebody reads the database, perhaps a backup: try again when it is done")


class JournalBroken(Exception):
    """Rows can't be rebuilt from a journal with a hole."""

    def __init__(self, seq: int) -> None:
        super().__init__(f"fact {seq} is missing from the journal: go back to a backup")


def repair_folder(folder: DataFolder, progress: Progress) -> None:
    """Rebuild the database of `folder` from its journal.

    Until the last step nothing is changed. Raises `DatabaseInUse`, `JournalBroken`, `UnknownFact`,
    `SqliteError`, `OSError`.
    """
    new = folder.database.with_suffix(".repaired")
    for left in folder.path.glob(f"{new.name}*"):  # by a repair that was interrupted
        left.unlink()
    old_connection, connection = open_writer(folder.database), open_writer(new)
    try:
        migrate(connection)
        of = audit.counts(old_connection)["facts"]
        seq = 0
        for entries in audit.entries(old_connection):
            for entry in entries:
                if entry.seq != (seq := seq + 1):
                    raise JournalBroken(seq)
            write_group(connection, Group(entries=entries))
            progress(entries[-1].seq, of)
        # Ids that were given out must not be given out again, whatever the journal has lost.
        raise_largest_id(connection, audit.largest_id(old_connection))
        for replies in audit.kept_replies(old_connection):
            write_group(connection, Group(replies=replies))
        for each in (connection, old_connection):
            _merge_log(each)
    finally:
        connection.close()
        old_connection.close()
    kept = folder.database.with_name(folder.database.name + KEPT_SUFFIX)
    while kept.exists():  # an earlier repair's: it may hold what the journal has lost since
        kept = kept.with_name(kept.name + "+")
    kept.hardlink_to(folder.database)
    # The old log is empty, and the new file must not be read with any.
    for suffix in ("-wal", "-shm"):
        folder.database.with_name(folder.database.name + suffix).unlink(missing_ok=True)
    os.replace(new, folder.database)  # there is a database at every moment, the old or the new one
    sync_folder(folder.path)


def _merge_log(connection: Connection) -> None:
    """Put all that is in the log into the file. Raises `DatabaseInUse` if a reader holds it up."""
    busy, _, _ = connection.execute("pragma wal_checkpoint(truncate)").fetchone()
    if busy:
        raise DatabaseInUse
