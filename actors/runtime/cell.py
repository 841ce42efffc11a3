"""A cell: one actor's place in memory. Not a task; it costs under 1 KB.

The directory makes cells, shards put commands into their mailboxes, and the rounds decide and
fold. Only those three change one, all in the same thread and none across an `await`.
"""

from typing import Any

import trio

from actors.decisions import Accepted, Command, Refused
from actors.kinds import BEHAVIOURS
from actors.runtime.asking import Asker, Bug, Overloaded, Quarantined, RequestKey
from actors.runtime.claims import Claim
from storage.facts import Entry
from storage.ids import describe_actor, kind_of

Outcome = Accepted[Any] | Refused | Bug | Quarantined | Overloaded
"""What becomes of a command."""


class Waiting:
    """A command on its way from its asker to its outcome."""

    __slots__ = ("arrival", "asker", "claim", "command", "key", "missing", "outcome", "settled")

    def __init__(
        self,
        command: Command[Any],
        key: RequestKey | None = None,
        claim: Claim | None = None,
        asker: Asker | None = None,
    ) -> None:
        self.command = command
        self.asker = asker
        self.key = key
        self.claim = claim
        self.arrival = 0
        """Its number in the order of arrival, among all commands."""
        self.missing = 0
        """How many of the actors that it reads are still loading."""
        self.outcome: Outcome | None = None
        self.settled = trio.Event()

    def settle(self, outcome: Outcome) -> None:
        """Give the asker its outcome; whether it is still there does not matter."""
        self.outcome = outcome
        self.settled.set()
        if self.claim is not None:
            self.claim.release()


class Cell:
    """An actor that is loading (`state` is None) or resident."""

    __slots__ = (
        "actor",
        "behaviour",
        "bugs",
        "folded",
        "folds",
        "holds",
        "mailbox",
        "quarantined",
        "queued",
        "readers",
        "ready_at",
        "state",
        "used_at",
    )

    def __init__(self, actor: int) -> None:
        self.actor = actor
        self.behaviour = BEHAVIOURS[kind_of(actor)]
        self.state: Any = None
        self.queued: list[Entry] = []
        """Facts delivered while it loads."""
        self.mailbox: list[Waiting] = []
        """Its commands in order of arrival."""
        self.readers: list[Waiting] = []
        """Commands of other actors that read this one, while it loads."""
        self.holds = 0
        """Commands that it decides or that read it and have no outcome yet: it may not leave
        before."""
        self.ready_at = 0
        """The arrival under which the rounds have it in their queue; 0 if they have not."""
        self.folds = 0
        """Facts folded since its last snapshot."""
        self.folded = 0
        """The seq of the last fact folded, or of the snapshot."""
        self.used_at = 0.0
        """When a command last named it, in seconds of the stopwatch."""
        self.bugs: list[float] = []
        """When its decisions raised, in seconds of the stopwatch: the last few."""
        self.quarantined = ""
        """Why it is closed; empty if it is not."""

    def __repr__(self) -> str:
        return f"<Cell {describe_actor(self.actor)}>"

    @property
    def idle(self) -> bool:
        """Nothing waits in it or for it: it may leave memory."""
        return self.state is not None and not self.holds

    def fold(self, entry: Entry) -> None:
        """Fold a delivered fact. Raises whatever a broken fold raises: the caller quarantines."""
        if entry.seq <= self.folded:
            raise ValueError(f"fact {entry.seq} comes after {self.folded} was folded")
        self.folded = entry.seq
        self.behaviour.fold(self.state, entry.seq, entry.fact)
        self.folds += 1

    @property
    def snapshot_due(self) -> bool:
        return self.folds >= self.behaviour.folds_a_snapshot(self.state)

    def take_decidable(self, most: int) -> list[Waiting]:
        """Take up to `most` commands whose reads are resident out of the mailbox, the oldest
        first."""
        taken = [waiting for waiting in self.mailbox if not waiting.missing][:most]
        if len(taken) == len(self.mailbox):
            self.mailbox = []
        else:
            gone = set(map(id, taken))
            self.mailbox = [waiting for waiting in self.mailbox if id(waiting) not in gone]
        return taken
