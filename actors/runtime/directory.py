"""Which actors are in memory, and how one comes there and leaves.

Loading never loses a fact and never folds one twice: the cell enters the directory first and
queues what is delivered from then on; one read transaction brings the snapshot, the later facts
and the last committed seq C; and only once delivery has reached C are they folded, then what was
queued above C.

Shards ask for cells, the rounds fold into them. Loads run in the actors' nursery.
"""

import sys
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import msgspec
import structlog
import trio

from actors.runtime.cell import Cell
from actors.runtime.delivery import Delivery
from actors.runtime.limits import CELLS_MAX, LOAD_STEP_S, LOADERS_MAX, LOADS_A_READ
from actors.state import decode_state, encode_state
from storage.disk import Disk
from storage.facts import Entry, UnknownFact
from storage.ids import describe_actor
from storage.reads import ActorHistory, GetHistories, GetWholeHistory, Snapshot

log = structlog.get_logger()


class Directory:
    """Every cell by its actor's key."""

    def __init__(
        self,
        disk: Disk,
        delivery: Delivery,
        nursery: trio.Nursery,
        stopwatch: Callable[[], float],
    ) -> None:
        self._disk = disk
        self._delivery = delivery
        self._nursery = nursery
        self._stopwatch = stopwatch
        self.cells: OrderedDict[int, Cell] = OrderedDict()
        """Those used longest ago come first."""
        self.on_loaded: Callable[[Cell], None] = lambda cell: None
        """Called when a cell has become resident. Set by the rounds, as is the next."""
        self.on_quarantined: Callable[[Cell], None] = lambda cell: None
        self.on_crowded: Callable[[], None] = lambda: None
        """Called when there are more cells than `cells_max`. Set by the passivation."""
        self.cells_max = CELLS_MAX
        self._to_load: list[Cell] = []
        self._loaders = 0
        self._all_loaded = trio.Event()
        self._whole_journal = trio.Lock()

    def cell(self, actor: int) -> Cell:
        """The cell of `actor`, loading if it was not there. It must be used before the next
        `await`."""
        cell = self.cells.get(actor)
        if cell is None:
            cell = self.cells[actor] = Cell(actor)
            self._load_soon(cell)
            if len(self.cells) > self.cells_max:
                self.on_crowded()
        else:
            self.cells.move_to_end(actor)
        cell.used_at = self._stopwatch()
        return cell

    def reload(self, cell: Cell) -> None:
        """Forget a resident cell's state, which can't be trusted any more, and load it again.

        Facts of it that are not delivered yet are queued meanwhile, like at any load.
        """
        cell.state = None
        cell.folded = cell.folds = cell.ready_at = 0
        self._load_soon(cell)

    def _load_soon(self, cell: Cell) -> None:
        """Have `cell` loaded together with whoever else waits for that."""
        self._to_load.append(cell)
        if self._loaders < LOADERS_MAX:
            self._loaders += 1
            self._nursery.start_soon(self._load_all)

    async def _load_all(self) -> None:
        """Load cells until none waits."""
        while self._to_load:
            cells, self._to_load = self._to_load[:LOADS_A_READ], self._to_load[LOADS_A_READ:]
            await self._load(cells)
        self._loaders -= 1
        if not self._loaders:
            self._all_loaded.set()

    async def wait_all_loaded(self) -> None:
        """Wait until no actor is being loaded with the others."""
        while self._loaders:
            self._all_loaded = trio.Event()
            await self._all_loaded.wait()

    async def _load(self, cells: list[Cell]) -> None:
        """Load cells with one read; one by one if a fact of them can't be read."""
        try:
            answer = await self._disk.read(GetHistories(tuple(cell.actor for cell in cells)))
        except (UnknownFact, msgspec.MsgspecError):
            if len(cells) == 1:
                self.quarantine(cells[0], "a fact of it can't be read")
            else:
                for cell in cells:
                    await self._load([cell])
            return
        await self._delivery.reached(answer.committed)
        for cell, history in zip(cells, answer.value, strict=True):
            try:
                state = _state_of(cell, history.snapshot)
            except (msgspec.MsgspecError, ValueError):
                self._nursery.start_soon(self._load_from_whole_journal, cell)
            else:
                await self._become_resident(cell, state, history, answer.committed)

    async def _load_from_whole_journal(self, cell: Cell) -> None:
        """A snapshot is never skipped over: the facts that it stands for are not listed for its
        actor any more. One at a time, beside the other loads."""
        log.warning(
            "a snapshot can't be read: folding the actor from the whole journal",
            actor=describe_actor(cell.actor),
        )
        async with self._whole_journal:
            try:
                answer = await self._disk.read(GetWholeHistory(cell.actor))
            except (UnknownFact, msgspec.MsgspecError):
                self.quarantine(cell, "the journal can't be read")
                return
        await self._delivery.reached(answer.committed)
        state = _state_of(cell, None)
        await self._become_resident(cell, state, answer.value, answer.committed)

    async def _become_resident(
        self, cell: Cell, state: Any, history: ActorHistory, committed: int
    ) -> None:
        """Fold what the disk had, then what was delivered meanwhile. A long history is folded a
        step at a time; until the end the cell counts as loading."""
        folded = 0 if history.snapshot is None else history.snapshot.seq
        step_until = self._stopwatch() + LOAD_STEP_S
        try:
            for entry in history.entries:
                cell.behaviour.fold(state, entry.seq, entry.fact)
                folded = entry.seq
                if self._stopwatch() >= step_until:
                    await trio.lowlevel.checkpoint()
                    step_until = self._stopwatch() + LOAD_STEP_S
            cell.state, cell.folded, cell.folds = state, folded, len(history.entries)
            queued, cell.queued = cell.queued, []
            for entry in queued:
                if entry.seq > committed:
                    cell.fold(entry)
        except Exception:
            self.quarantine(cell, "its history can't be folded")
        else:
            self.on_loaded(cell)

    def fold(self, entry: Entry) -> list[Cell]:
        """Fold a delivered fact into every resident cell that it concerns, and return those.

        A cell that is loading queues it; an actor that is not in memory is left alone.
        """
        folded: list[Cell] = []
        for actor in entry.fact.concerns():
            cell = self.cells.get(actor)
            if cell is None or cell.quarantined:
                continue
            if cell.state is None:
                cell.queued.append(entry)
                continue
            try:
                cell.fold(entry)
            except Exception:
                self.quarantine(cell, f"folding fact {entry.seq} failed")
            else:
                folded.append(cell)
        return folded

    def quarantine(self, cell: Cell, why: str) -> None:
        """Close an actor whose state can't be trusted; all others go on."""
        log.error(
            "actor quarantined: run `run.py verify` to see what is wrong",
            exc_info=sys.exc_info()[0] is not None,
            actor=describe_actor(cell.actor),
            why=why,
        )
        cell.quarantined = why
        cell.state = None
        self.on_quarantined(cell)

    def quarantined(self) -> dict[int, str]:
        """Which actors are closed, and why."""
        return {cell.actor: cell.quarantined for cell in self.cells.values() if cell.quarantined}

    def lift(self, actor: int) -> bool:
        """Open an actor again, loading it from the disk; False if it was not closed."""
        cell = self.cells.get(actor)
        if cell is None or not cell.quarantined:
            return False
        cell.quarantined = ""
        cell.bugs = []
        cell.queued = []
        self.reload(cell)
        return True

    def snapshot(self, cell: Cell) -> Snapshot:
        """A resident cell's state, stamped with the last delivered seq."""
        cell.folds = 0
        return Snapshot(cell.actor, self._delivery.mark, encode_state(cell.state))

    def passivate(self, cell: Cell) -> None:
        """Let an idle cell leave memory. What it folded since its last snapshot is in the
        journal."""
        if not cell.idle:
            raise ValueError(f"{cell!r} is in use")
        del self.cells[cell.actor]

    def statistics(self) -> dict[str, int]:
        resident = sum(cell.state is not None for cell in self.cells.values())
        return {
            "cells": len(self.cells),
            "cells_bound": self.cells_max,
            "resident": resident,
            "loading": len(self.cells) - resident,
        }


def _state_of(cell: Cell, snapshot: Snapshot | None) -> Any:
    """The state to fold onto. Raises `msgspec.MsgspecError`, `ValueError` if the snapshot can't be
    read."""
    if snapshot is None:
        return cell.behaviour.state()
    return decode_state(snapshot.state, cell.behaviour.state)
