"""The seam between the journal and whatever keeps it: SQLite in a thread, or the simulated disk of
the tests.

Rounds commit through it, and everybody who reads asks through it. It knows types only; how they
are kept is the business of each side.
"""

from typing import Protocol, TypeVar

import msgspec

from storage.facts import Entry
from storage.reads import Answer, KeptReply, Question, Snapshot

T = TypeVar("T")


class Group(msgspec.Struct):
    """What one commit writes, all or nothing. `entries` have consecutive seqs, following the last
    commit's."""

    entries: list[Entry] = []
    replies: list[KeptReply] = []
    snapshots: list[Snapshot] = []

    def __bool__(self) -> bool:
        return bool(self.entries or self.replies or self.snapshots)


class DiskFailed(Exception):
    """The disk could not do what a promise rests on. Nothing is known any more: the process must
    end."""


class Disk(Protocol):
    """One folder's journal and rows."""

    async def commit(self, group: Group) -> None:
        """Write `group` so that it survives a power cut. Never called twice at once.

        Raises `DiskFailed`, after which nothing may be asked of the disk any more.
        """
        ...

    async def read(self, question: Question[T]) -> Answer[T]:
        """Answer in one read transaction. May run beside a commit and see its group before
        `commit` returns."""
        ...
