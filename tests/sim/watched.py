"""Rounds that are watched: every decision is made a second time on the fold of everything appended
for its actor, and held against what is allowed; every answer is held against what was delivered
when it was given.
"""

from typing import Any, ClassVar

from actors.decisions import Accepted, Moment, Reason, Refused
from actors.kinds import BEHAVIOURS
from actors.runtime.asking import Bug
from actors.runtime.cell import Cell, Outcome, Waiting
from actors.runtime.rounds import Round, Rounds
from storage.facts import Entry
from storage.ids import IdClock, describe_actor, kind_of
from tests.sim.allowed import check_allowed
from tests.sim.broken import Broken
from tests.sim.truth import Truth


class Shadows:
    """Every actor's state as the fold of the facts that were told, by nothing but `fold`."""

    def __init__(self, journal: list[Entry]) -> None:
        self.states: dict[int, Any] = {}
        self.last: dict[int, int] = {}
        """actor -> seq of the last fact told that concerns it"""
        self.truth = Truth()
        for entry in journal:
            self.tell(entry)

    def state(self, actor: int) -> Any:
        if actor not in self.states:
            self.states[actor] = BEHAVIOURS[kind_of(actor)].state()
        return self.states[actor]

    def tell(self, entry: Entry) -> None:
        self.truth.tell(entry)
        for actor in entry.fact.concerns():
            BEHAVIOURS[kind_of(actor)].fold(self.state(actor), entry.seq, entry.fact)
            self.last[actor] = entry.seq


class WatchedRounds(Rounds):
    """`Rounds` with a witness. `journal` is what the disk holds already."""

    journal: ClassVar[list[Entry]] = []

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.appended = Shadows(self.journal)
        self.delivered = Shadows(self.journal)
        self.listeners.append(self.delivered.tell)
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
        again = self._decide_again(
            cell, waiting, Moment(round.at, lambda: ids.next_id(round.at), {})
        )
        if again != outcome:
            raise Broken(
                f"{waiting.command}: decided {outcome}, but on all that was appended it is {again}"
            )
        if isinstance(outcome, Accepted):
            known = self.delivered.truth, self.appended.truth
            check_allowed(*known, waiting.command, outcome, round.at)
        for entry in round.group.entries[appended:]:
            self.appended.tell(entry)
        self._rests_on[id(waiting)] = self.appended.last.get(cell.actor, 0)
        return outcome

    def _decide_again(self, cell: Cell, waiting: Waiting, moment: Moment) -> Outcome:
        """On all that was appended for the actor and for those that must be settled, and on what
        was delivered of everybody else."""
        asker, command, delivered = waiting.asker, waiting.command, self.delivered
        if asker is not None and not delivered.truth.alive(asker.account, asker.session):
            return Refused(Reason.SESSION_ENDED)
        reads = {
            actor: (self.appended if actor in command.settled else delivered).state(actor)
            for actor in command.reads
        }
        known = Moment(moment.at, moment.next_id, reads, frozenset(delivered.truth.gone))
        return cell.behaviour.decide(self.appended.state(cell.actor), command, known)

    def _settle(self, waiting: Waiting, outcome: Outcome) -> None:
        rests_on = self._rests_on.pop(id(waiting), 0)
        if isinstance(outcome, Accepted | Refused) and rests_on > self._delivery.mark:
            raise Broken(
                f"{describe_actor(waiting.command.actor)} answered on fact {rests_on}, "
                f"with {self._delivery.mark} delivered"
            )
        super()._settle(waiting, outcome)
