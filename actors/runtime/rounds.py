"""The rounds: decide a round, commit its group, deliver it, and again. One loop in one task.

A decision sees only what is delivered and its own turn's draft; nobody learns of a decision before
its facts are delivered. Shards enqueue commands here; the listeners (inboxes, views, hub) hear of
every fact here.
"""

from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any

import msgspec
import structlog
import trio

from actors.decisions import Accepted, Moment, Reason, Refused
from actors.runtime.asking import Bug, Listener, Quarantined
from actors.runtime.cell import Cell, Outcome, Waiting
from actors.runtime.delivery import Delivery
from actors.runtime.directory import Directory
from actors.runtime.limits import (
    BUGS_MAX,
    BUGS_WITHIN_S,
    DELIVERY_STEP_S,
    FINISH_COMMANDS_S,
    FINISH_SNAPSHOTS_S,
    ROUND_COMMANDS_MAX,
    ROUND_S,
    SNAPSHOTS_A_GROUP,
    SNAPSHOTS_WAITING_MAX,
    TURN_COMMANDS_MAX,
    WAITING_COMMANDS_MAX,
)
from actors.runtime.liveness import Liveness
from storage.disk import Disk, Group
from storage.facts import Entry
from storage.ids import ACCOUNTS, IdClock, Kind, describe_actor, kind_of
from storage.reads import Beginning, Snapshot

log = structlog.get_logger()


class Clocks(msgspec.Struct, frozen=True):
    """The two clocks of the runtime, handed in: `now` in Unix milliseconds, `stopwatch` in seconds
    since whenever."""

    now: Callable[[], int]
    stopwatch: Callable[[], float]


def _snapshot_order(cell: Cell) -> tuple[bool, bool, bool]:
    """Those first whose snapshots may hold the name of somebody who is gone."""
    gone = kind_of(cell.actor) == Kind.USER and bool(getattr(cell.state, "gone", False))
    return cell.actor != ACCOUNTS, not gone, not cell.snapshot_due


class Round:
    """What one round has decided so far. `seq` is that of its last fact."""

    def __init__(self, seq: int, at: int, next_id: Callable[[], int]) -> None:
        self.seq = seq
        self.at = at
        self.next_id = next_id
        self.group = Group(entries=[], replies=[], snapshots=[])
        self.commands = 0
        self.concerned: set[int] = set()
        """Actors whose turn is over or whom a fact of this round concerns: they wait for a later
        one."""
        self.releases: list[tuple[int, list[tuple[Waiting, Outcome]]]] = []
        """(seq, outcomes) of a turn: to be given to the askers once fact `seq` is delivered."""


class Rounds:
    """Owns the seqs and the ids. Start `run` in the actors' nursery."""

    def __init__(
        self,
        disk: Disk,
        directory: Directory,
        delivery: Delivery,
        clocks: Clocks,
        beginning: Beginning,
        liveness: Liveness,
    ) -> None:
        self._disk = disk
        self._directory = directory
        self._delivery = delivery
        self._clocks = clocks
        self.liveness = liveness
        self.listeners: list[Listener] = []
        """Who hears of each fact, in this order."""
        self._seq = beginning.seq
        self._at = beginning.at
        self._ids = IdClock(beginning.id)
        self._arrivals = 0
        self._waiting = 0
        self._committing = False
        self._ready: list[tuple[int, int]] = []
        """(arrival, actor): the cells with commands that can be decided, the oldest command
        first."""
        self._wake = trio.Event()
        self._quiet = trio.Event()
        self._snapshots_due: dict[int, Cell] = {}
        self._snapshots: dict[int, Snapshot] = {}
        """Taken at passivation, to be written with the next group."""
        directory.on_loaded = self._loaded
        directory.on_quarantined = self._quarantined

    # Commands come in. Called by shards and by the directory.

    @property
    def has_room(self) -> bool:
        return self._waiting < WAITING_COMMANDS_MAX

    def enqueue(self, cell: Cell, waiting: Waiting) -> None:
        """Put a command into the mailbox of `cell`; it is decided in one of the next rounds."""
        self._arrivals += 1
        self._waiting += 1
        waiting.arrival = self._arrivals
        for actor in (cell.actor, *waiting.command.reads):
            self._directory.cells[actor].holds += 1
        cell.mailbox.append(waiting)
        self._queue_if_decidable(cell, waiting)

    def _queue_if_decidable(self, cell: Cell, waiting: Waiting) -> None:
        """Each cell is in the queue once, with the oldest of its commands that can be decided."""
        if cell.state is None or waiting.missing:
            return
        if not cell.ready_at or waiting.arrival < cell.ready_at:
            cell.ready_at = waiting.arrival
            heappush(self._ready, (waiting.arrival, cell.actor))
            self._wake.set()

    def _loaded(self, cell: Cell) -> None:
        for waiting in cell.mailbox:
            self._queue_if_decidable(cell, waiting)
        readers, cell.readers = cell.readers, []
        for waiting in readers:
            waiting.missing -= 1
            if waiting.settled.is_set():
                continue  # its own actor was quarantined meanwhile
            self._queue_if_decidable(self._directory.cells[waiting.command.actor], waiting)

    def _quarantined(self, cell: Cell) -> None:
        """Whoever waits for `cell`, or to read it, gets its outcome now."""
        cell.ready_at = 0  # what the queue of rounds still holds of it is void
        mailbox, cell.mailbox = cell.mailbox, []
        readers, cell.readers = cell.readers, []
        for waiting in readers:
            if not waiting.settled.is_set():
                self._directory.cells[waiting.command.actor].mailbox.remove(waiting)
                mailbox.append(waiting)
        for waiting in mailbox:
            self._settle(waiting, Quarantined(describe_actor(cell.actor)))

    def _settle(self, waiting: Waiting, outcome: Outcome) -> None:
        self._waiting -= 1
        if not self._waiting:
            self._quiet.set()
        for actor in (waiting.command.actor, *waiting.command.reads):
            self._directory.cells[actor].holds -= 1
        waiting.settle(outcome)

    # The loop.

    async def run(self) -> None:
        """Decide, commit, deliver, until cancelled. Raises `DiskFailed`: then the process must
        end."""
        while True:
            if not self._ready:
                self._wake = trio.Event()
                await self._wake.wait()
            round = self._decide_round()
            if round.group:
                await self._commit(round)
                await self._deliver(round)
            else:
                await trio.lowlevel.checkpoint()
            if not self._waiting:
                self._quiet.set()

    async def finish(self) -> None:
        """Wait until every command has its outcome, then write snapshots; each for as long as a
        stop may take. What is undecided then was never answered.

        To be called once nobody asks any more; the caller cancels `run` afterwards.
        """
        with trio.move_on_after(FINISH_COMMANDS_S):
            while self._waiting or self._committing:
                self._quiet = trio.Event()
                await self._quiet.wait()
            await self._directory.wait_all_loaded()  # what was never asked has a snapshot, too
        if self._waiting or self._committing:
            return  # the rounds go on: a snapshot taken beside them might miss a fact
        until = self._clocks.stopwatch() + FINISH_SNAPSHOTS_S
        await self._write_left()
        cells = [c for c in self._directory.cells.values() if c.state is not None and c.folds]
        cells.sort(key=_snapshot_order)
        for start in range(0, len(cells), SNAPSHOTS_A_GROUP):
            some = cells[start : start + SNAPSHOTS_A_GROUP]
            await self._disk.commit(Group(snapshots=[self._directory.snapshot(c) for c in some]))
            if self._clocks.stopwatch() >= until:
                break  # the rest is folded from the journal at its next load
        await self._write_left()  # of those that left beside the commits above

    async def _write_left(self) -> None:
        """Write the snapshots of cells that have left memory since the last group."""
        snapshots, self._snapshots = self._snapshots, {}
        if snapshots:
            await self._disk.commit(Group(snapshots=list(snapshots.values())))

    def passivate(self, cell: Cell) -> None:
        """Let an idle cell leave memory; its snapshot is written with the next group.

        Raises `ValueError` if a command waits in it or reads it.
        """
        if cell.folds and len(self._snapshots) < SNAPSHOTS_WAITING_MAX and cell.idle:
            self._snapshots[cell.actor] = self._directory.snapshot(cell)
        self._directory.passivate(cell)

    def _decide_round(self) -> Round:
        """Let the actors with commands take their turns, the one with the oldest command first."""
        self._at = at = max(self._at, self._clocks.now())
        round = Round(self._seq, at, lambda: self._ids.next_id(at))
        later: list[tuple[int, int]] = []
        until = self._clocks.stopwatch() + ROUND_S
        while self._ready and round.commands < ROUND_COMMANDS_MAX:
            ready = heappop(self._ready)
            cell = self._directory.cells.get(ready[1])
            if cell is None or cell.ready_at != ready[0]:
                continue  # since then queued with an older command, or decided
            if cell.actor in round.concerned:
                later.append(ready)
                continue
            self._take_turn(cell, round)
            if self._clocks.stopwatch() >= until:
                break
        for ready in later:
            heappush(self._ready, ready)
        self._seq = round.seq
        return round

    def _take_turn(self, cell: Cell, round: Round) -> None:
        """Decide the commands of one actor, each against its state and what this turn has decided
        so far."""
        cell.ready_at = 0
        draft = cell.state.draft()
        outcomes: list[tuple[Waiting, Outcome]] = []
        appended = len(round.group.entries) + len(round.group.replies)
        taken = cell.take_decidable(TURN_COMMANDS_MAX)
        postponed: list[Waiting] = []
        broken = False
        for number, waiting in enumerate(taken, start=1):
            reads = [self._directory.cells[actor] for actor in waiting.command.reads]
            closed = [describe_actor(read.actor) for read in reads if read.quarantined]
            if closed:
                outcomes.append((waiting, Quarantined(*closed)))
                continue
            if not round.concerned.isdisjoint(waiting.command.settled):
                postponed.append(waiting)
                continue
            if self._awaits(waiting, [read for read in reads if read.state is None]):
                postponed.append(waiting)
                continue
            outcome = self._decide(cell, draft, waiting, round)
            outcomes.append((waiting, outcome))
            if isinstance(outcome, Bug):
                # Draft and state may be spoilt: the others are decided on what the journal says.
                postponed += taken[number:]
                broken = True
                break
        cell.mailbox = postponed + cell.mailbox
        if broken:
            self._contain(cell)
        round.commands += len(outcomes)
        round.concerned.add(cell.actor)
        if len(round.group.entries) + len(round.group.replies) > appended:
            # Also its refusals and no-ops wait: they may rest on what this turn has appended.
            round.releases.append((round.seq, outcomes))
        else:
            self._release(outcomes)
        for waiting in cell.mailbox:
            self._queue_if_decidable(cell, waiting)

    def _awaits(self, waiting: Waiting, absent: list[Cell]) -> bool:
        """Have a command wait for actors that it reads and that are being reloaded."""
        for read in absent:
            waiting.missing += 1
            read.readers.append(waiting)
        return bool(absent)

    def _contain(self, cell: Cell) -> None:
        """A decision of `cell` raised: reload it, or quarantine it if that happens too often."""
        now = self._clocks.stopwatch()
        cell.bugs = [at for at in cell.bugs if now - at < BUGS_WITHIN_S] + [now]
        if len(cell.bugs) >= BUGS_MAX:
            self._directory.quarantine(
                cell, f"{BUGS_MAX} decisions raised within {BUGS_WITHIN_S} s"
            )
        else:
            self._directory.reload(cell)

    def _decide(self, cell: Cell, draft: Any, waiting: Waiting, round: Round) -> Outcome:
        """One command's outcome. What it appends is in the round and in the draft."""
        command = waiting.command
        if waiting.asker is not None and self.liveness.has_left(waiting.asker):
            return Refused(Reason.SESSION_ENDED)
        reads = {actor: self._directory.cells[actor].state for actor in command.reads}
        moment = Moment(round.at, round.next_id, reads, self.liveness.gone)
        try:
            decision = cell.behaviour.decide(draft, command, moment)
            facts = decision.facts if isinstance(decision, Accepted) else ()
            entries = [Entry(seq, round.at, fact) for seq, fact in enumerate(facts, round.seq + 1)]
            for entry in entries:
                if cell.actor in entry.fact.concerns():
                    cell.behaviour.fold(draft, entry.seq, entry.fact)
        except Exception:
            log.exception(
                "a decision raised",
                actor=describe_actor(cell.actor),
                command=type(command).__name__,
            )
            return Bug("a decision raised")
        round.seq += len(entries)
        round.group.entries.extend(entries)
        for fact in facts:
            round.concerned.update(fact.concerns())
        if isinstance(decision, Accepted) and waiting.key is not None:
            round.group.replies.append(waiting.key.keep(decision.reply, round.at))
        return decision

    async def _commit(self, round: Round) -> None:
        due, self._snapshots_due = self._snapshots_due, {}
        snapshots, self._snapshots = self._snapshots, {}
        for cell in due.values():
            if self._directory.cells.get(cell.actor) is cell and cell.state is not None:
                snapshots[cell.actor] = self._directory.snapshot(cell)
        round.group.snapshots.extend(snapshots.values())
        self._committing = True
        await self._disk.commit(round.group)

    async def _deliver(self, round: Round) -> None:
        """Tell everybody, fact by fact in seq order; no fact's step has an `await` in it."""
        stopwatch = self._clocks.stopwatch
        step_until = stopwatch() + DELIVERY_STEP_S
        releases = iter(round.releases)
        release = next(releases, None)
        for entry in round.group.entries:
            for cell in self._directory.fold(entry):
                if cell.snapshot_due:
                    self._snapshots_due[cell.actor] = cell
            self.liveness.on_delivered(entry)
            for listener in self.listeners:
                listener(entry)
            self._delivery.move(entry.seq)
            while release is not None and release[0] <= entry.seq:
                self._release(release[1])
                release = next(releases, None)
            if stopwatch() >= step_until:
                await trio.lowlevel.checkpoint()
                step_until = stopwatch() + DELIVERY_STEP_S
        while release is not None:
            self._release(release[1])
            release = next(releases, None)
        self._committing = False

    def _release(self, outcomes: list[tuple[Waiting, Outcome]]) -> None:
        for waiting, outcome in outcomes:
            self._settle(waiting, outcome)

    def statistics(self) -> dict[str, int]:
        return {"seq": self._seq, "waiting": self._waiting, "waiting_bound": WAITING_COMMANDS_MAX}
