"""How a command that can't do its work ends: one sentence with the remedy, and an exit code.

Used by `run.py` and `admin.commands`. Exit codes beyond 2 are those of sysexits.h.
"""

from collections.abc import Generator
from contextlib import contextmanager

import click
import msgspec

from admin.control import NobodyServes, PathTooLong
from admin.populate import CantPopulate
from admin.users import NoSuchUser, UsernameTaken
from admin.verify import NoDatabase
from storage.disk import DiskFailed
from storage.facts import UnknownFact
from storage.folder import FileDamaged, FolderTaken, NoSecret
from storage.rebuilding import DatabaseInUse, JournalBroken, NoRoom
from storage.schema import SchemaTooNew, SchemaTooOld
from storage.sqlite import SqliteError, SqliteTooOld, is_damaged

EXIT_DIFFERENCES = 1
EXIT_BAD_USAGE = 2
EXIT_DISK_FAILED = 74
"""EX_IOERR: what is on the disk is not known any more."""
EXIT_FOLDER_TAKEN = 75
"""EX_TEMPFAIL: try again when the other process has ended."""

EXPLAINED = (
    DatabaseInUse,
    FileDamaged,
    JournalBroken,
    NobodyServes,
    NoDatabase,
    NoSecret,
    NoSuchUser,
    PathTooLong,
    UsernameTaken,
    CantPopulate,
    SchemaTooNew,
    SchemaTooOld,
    SqliteTooOld,
    UnknownFact,
)
"""Errors whose message is a sentence with its remedy."""


REMEDY = "mend that, or name another folder with --data"

REMEDY_DAMAGED = (
    "with the server stopped, `run.py verify --repair` builds the database anew from its journal; "
    "if that ends like this, go back to a backup"
)


class Failed(click.ClickException):
    """Ends the command with one sentence and an exit code."""

    def __init__(self, sentence: str, exit_code: int = EXIT_BAD_USAGE) -> None:
        super().__init__(sentence)
        self.exit_code = exit_code  # pyright: ignore[reportAttributeAccessIssue]  # as click does


@contextmanager
def told(*explained: type[Exception]) -> Generator[None]:
    """Turns what can go wrong with a folder, and what is `explained` besides, into `Failed`."""
    try:
        yield
    except (click.ClickException, click.Abort, click.exceptions.Exit):
        raise
    except Exception as error:
        one: BaseException = error
        while isinstance(one, BaseExceptionGroup):
            one = one.exceptions[0]  # pyright: ignore
        if isinstance(one, FolderTaken):
            raise Failed(str(one), EXIT_FOLDER_TAKEN) from None
        if isinstance(one, (*EXPLAINED, *explained)):
            raise Failed(str(one)) from None
        if isinstance(one, msgspec.MsgspecError):
            raise Failed(f"the journal can't be read: {one}; go back to a backup") from None
        if isinstance(one, DiskFailed | SqliteError | OSError):
            sentence = f"the data folder can't be used: {_with_remedy(one)}"
            raise Failed(sentence, EXIT_DISK_FAILED) from None
        raise


def _with_remedy(error: Exception) -> str:
    """What the disk, the file system or SQLite says, and what to do."""
    if isinstance(error, NoRoom):
        return str(error)
    if is_damaged(error) or is_damaged(error.__cause__):
        return f"{error}; {REMEDY_DAMAGED}"
    said = str(error)
    if isinstance(error, OSError) and error.strerror is not None:
        said = error.strerror if error.filename is None else f"{error.filename}: {error.strerror}"
    return f"{said}; {REMEDY}"
