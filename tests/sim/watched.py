"""Rounds that are watched: every decision is made a second time on the fold of everything appended
for its actor, and every answer is held against what was delivered when it was given.
"""

from typing import Any, ClassVar

from actors.decisions import Accepted, Moment, Refused
from actors.kinds import BEHAVIOURS
from actors.runtime.asking import Bug
from actors.runtime.cell import Cell, Outcome, Waiting
from actors.runtime.rounds import Round, Rounds
from storage.facts import Entry
from storage.ids import IdClock, describe_actor, kind_of


class Broken(Exception):
    """A promise did not hold."""


class Shadows:
    """Every actor's state as the fold of everything appended, delivered or not, by nothing but
    `fold`."""

    def __init__(self, journal: list[Entry]) -> None:
        self.states: dict[int, Any] = {}
        self.last: dict[int, int] = {}
        """actor -> seq of the last fact appended that concerns it"""
        for entry in journal:
            self.append(entry)

    def state(self, actor: int) -> Any:
        if actor not in self.states:
            self.states[actor] = BEHAVIOURS[kind_of(actor)].state()
        return self.states[actor]

    def append(self, entry: Entry) -> None:
        for actor in entry.fact.concerns():
            BEHAVIOURS[kind_of(actor)].fold(self.state(actor), entry.seq, entry.fact)
            self.last[actor] = entry.seq


class WatchedRounds(Rounds):
    """`Rounds` with a witness. `journal` is what the disk holds already."""

    journal: ClassVar[list[Entry]] = []

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.shadows = Shadows(self.journal)
        self.round_number = 0
        self.longest_wait = 0
        self.decided = 0
        self._since: dict[int, int] = {}
        self._rests_on: dict[int, int] = {}

    def _queue_if_decidable(self, cell: Cell, waiting: Waiting) -> None:
        super()._queue_if_decidable(cell, waiting)
        if cell.state is not None and not waiting.missing:
            self._since.setdefault(id(waiting), self.round_number)

    def _decide_round(self) -> Round:
        self.round_number += 1
        return super()._decide_round()

    def _decide(self, cell: Cell, draft: Any, waiting: Waiting, round: Round) -> Outcome:
        self.longest_wait = max(
            self.longest_wait, self.round_number - self._since.pop(id(waiting), self.round_number)
        )
        self.decided += 1
        ids = IdClock(self._ids.last)
        appended = len(round.group.entries)
        outcome = super()._decide(cell, draft, waiting, round)
        if isinstance(outcome, Bug):
            raise Broken(f"a decision raised: {waiting.command}")
        reads = {actor: self._directory.cells[actor].state for actor in waiting.command.reads}
        again = cell.behaviour.decide(
            self.shadows.state(cell.actor),
            waiting.command,
            Moment(round.at, lambda: ids.next_id(round.at), reads),
        )
        if again != outcome:
            raise Broken(f"decided {outcome}, but on all that was appended it is {again}")
        for entry in round.group.entries[appended:]:
            self.shadows.append(entry)
        self._rests_on[id(waiting)] = self.shadows.last.get(cell.actor, 0)
        return outcome

    def _settle(self, waiting: Waiting, outcome: Outcome) -> None:
        rests_on = self._rests_on.pop(id(waiting), 0)
        if isinstance(outcome, Accepted | Refused) and rests_on > self._delivery.mark:
            raise Broken(
                f"{describe_actor(waiting.command.actor)} answered on fact {rests_on}, "
                f"with {self._delivery.mark} delivered"
            )
        super()._settle(waiting, outcome)
