"""A database built anew from its journal, in a new file that takes the old one's place.

`admin.upgrading` calls it for a database that an older Triptych has written, `admin.repair` for one
whose rows are wrong. Whoever calls holds the data folder, so that no server runs on it. Of the old
file only the tables are read whose form never changes (`storage.schema`), and nothing in it is
changed. Plain calls that may block for minutes.

The journal is carried over byte for byte, each fact in the version in which it was written; and the
texts that were not erased, the kept replies and the largest id. All else follows from these.
Snapshots do not come along: actors are folded from the journal until they are taken again.
"""

import os
import shutil
from pathlib import Path

from storage import audit
from storage.audit import Progress
from storage.disk import Group
from storage.folder import sync_folder
from storage.gazetteer import has_cities, load_cities
from storage.projection import raise_largest_id, write_group
from storage.queries import COMMITTED
from storage.schema import SCHEMA_VERSION, SchemaTooNew, ensure_schema, schema_version
from storage.sqlite import Connection, finish_draft, open_draft, open_writer

NEW_SUFFIX = ".rebuilding"
"""Of the file that is not finished. It is no `.db`: those are sound at any time."""

ROOM_SHARE = 1.5
"""Bytes that must be free for each byte of the old file. The new one lists in `concerns` again what
snapshots had folded, and may have indexes that the old one lacks."""

KEEP_JOURNAL = """
update journal set fact = written.fact from old.journal as written
where journal.seq between ? and ? and written.seq = journal.seq and written.fact <> journal.fact"""

MB = 1024 * 1024


class DatabaseInUse(Exception):
    """Somebody reads the database, so that its log can't be put away."""

    def __init__(self) -> None:
        super().__init__("somebody reads the database, perhaps a backup: try again when it is done")


class JournalBroken(Exception):
    """Rows can't be rebuilt from a journal with a hole."""

    def __init__(self, seq: int) -> None:
        super().__init__(f"fact {seq} is missing from the journal: go back to a backup")


class NoRoom(OSError):
    """The file system is too full for a second database beside the first."""

    def __init__(self, folder: Path, needed: int, free: int) -> None:
        super().__init__(
            f"to rebuild the database, {needed // MB + 1:,} MB must be free in {folder}, "
            f"and {free // MB:,} MB are: make room and try again; nothing was changed"
        )


def rebuild(database: Path, suffix: str, progress: Progress) -> Path:
    """Replace `database` by one of this version with the same journal. The old file stays beside it
    under its name and `suffix`, which is returned.

    Until the last step nothing is changed, and whenever the process is killed, there is a whole
    database under the name, the old one or the new one.

    Raises `SchemaTooNew`, `DatabaseInUse`, `NoRoom`, `JournalBroken`, `UnknownFact`,
    `msgspec.MsgspecError`, `SqliteError`, `OSError`, having changed nothing.
    """
    new = database.with_suffix(NEW_SUFFIX)
    _remove(new)  # what a rebuild that was killed has left
    try:
        _make(database, new, progress)
        return _swap(database, new, suffix)
    except BaseException:
        _remove(new)
        raise


def _make(database: Path, new: Path, progress: Progress) -> None:
    """The new file, whole and synced. Leaves nothing in the log of the old one."""
    old = open_writer(database)
    try:
        found = schema_version(old)
        if found > SCHEMA_VERSION:
            raise SchemaTooNew(found)
        _merge_log(old)
        _check_room(database)
        draft = open_draft(new)
        try:
            ensure_schema(draft)
            if has_cities(old):
                load_cities(draft)  # before the posts that are counted at them
            draft.execute("attach ? as old", (f"{database.absolute().as_uri()}?mode=ro",))
            _fill(draft, old, progress)
            draft.execute("detach old")
            finish_draft(draft, new)
        finally:
            draft.close()
        _merge_log(old)
    finally:
        old.close()


def _fill(draft: Connection, old: Connection, progress: Progress) -> None:
    """Everything of `old`, which is also attached, as if it happened again."""
    (of,) = old.execute(COMMITTED).fetchone()
    seq = 0
    for entries in audit.entries(old):
        for entry in entries:
            if entry.seq != (seq := seq + 1):
                raise JournalBroken(seq)
        write_group(draft, Group(entries=entries))
        draft.execute(KEEP_JOURNAL, (entries[0].seq, seq))
        progress(seq, of)
    # Ids that were given out must not be given out again, whatever the journal has lost.
    raise_largest_id(draft, audit.largest_id(old))
    for replies in audit.kept_replies(old):
        write_group(draft, Group(replies=replies))


def _swap(database: Path, new: Path, suffix: str) -> Path:
    """Keep the old file under another name, and put the new one in its place."""
    kept = database.with_name(database.name + suffix)
    # An earlier rebuild's may hold what the journal has lost since. One that was killed between
    # these steps has left another name of the same file.
    while kept.exists() and not kept.samefile(database):
        kept = kept.with_name(kept.name + "+")
    if not kept.exists():
        kept.hardlink_to(database)
    # The old log is empty, and the new file must not be read with any: it goes first, durably.
    for log in ("-wal", "-shm"):
        database.with_name(database.name + log).unlink(missing_ok=True)
    sync_folder(database.parent)
    os.replace(new, database)  # there is a database at every moment, the old or the new one
    sync_folder(database.parent)
    return kept


def _remove(new: Path) -> None:
    for left in new.parent.glob(f"{new.name}*"):
        left.unlink()


def _check_room(database: Path) -> None:
    needed = int(database.stat().st_size * ROOM_SHARE)
    free = shutil.disk_usage(database.parent).free
    if free < needed:
        raise NoRoom(database.parent, needed, free)


def _merge_log(connection: Connection) -> None:
    """Put all that is in the log into the file. Raises `DatabaseInUse` if a reader holds it up."""
    busy, _, _ = connection.execute("pragma wal_checkpoint(truncate)").fetchone()
    if busy:
        raise DatabaseInUse
