"""Which actors are in memory, and how one comes there and leaves.

Loading never loses a fact and never folds one twice: the cell enters the directory first and
queues what is delivered from then on; one read transaction brings the snapshot, the later facts
and the last committed seq C; and only once delivery has reached C are they folded, then what was
queued above C.

Shards ask for cells, the rounds fold into them. Loads run in the actors' nursery.
"""

from collections.abc import Callable

import structlog
import trio

from actors.runtime.cell import Cell
from actors.runtime.delivery import Delivery
from actors.state import decode_state, encode_state
from storage.disk import Disk
from storage.facts import Entry
from storage.ids import describe_actor
from storage.reads import ActorHistory, GetHistory, Snapshot

log = structlog.get_logger()


class Directory:
    """Every cell by its actor's key."""

    def __init__(self, disk: Disk, delivery: Delivery, nursery: trio.Nursery) -> None:
        self._disk = disk
        self._delivery = delivery
        self._nursery = nursery
        self.cells: dict[int, Cell] = {}
        self.on_loaded: Callable[[Cell], None] = lambda cell: None
        """Called when a cell has become resident. Set by the rounds, as is the next."""
        self.on_quarantined: Callable[[Cell], None] = lambda cell: None
        self._loads = 0

    def cell(self, actor: int) -> Cell:
        """The cell of `actor`, loading if it was not there. It must be used before the next
        `await`."""
        cell = self.cells.get(actor)
        if cell is None:
            cell = self.cells[actor] = Cell(actor)
            self._nursery.start_soon(self._load, cell)
        return cell

    async def _load(self, cell: Cell) -> None:
        self._loads += 1
        answer = await self._disk.read(GetHistory(cell.actor))
        await self._delivery.reached(answer.committed)
        self._loads -= 1
        try:
            self._become_resident(cell, answer.value, answer.committed)
        except Exception:
            self.quarantine(cell, "its history can't be folded")
        else:
            self.on_loaded(cell)

    def _become_resident(self, cell: Cell, history: ActorHistory, committed: int) -> None:
        kind = cell.behaviour.state
        if history.snapshot is None:
            cell.state = kind()
        else:
            cell.state = decode_state(history.snapshot.state, kind)
            cell.folded = history.snapshot.seq
        for entry in history.entries:
            cell.fold(entry)
        queued, cell.queued = cell.queued, []
        for entry in queued:
            if entry.seq > committed:
                cell.fold(entry)

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
        """Close an actor whose state can't be trusted; all others go on. Call it while handling
        the exception."""
        log.exception(
            "actor quarantined: run `run.py verify` on a stopped server to see what is wrong",
            actor=describe_actor(cell.actor),
            why=why,
        )
        cell.quarantined = True
        cell.state = None
        self.on_quarantined(cell)

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
        return {"cells": len(self.cells), "resident": resident, "loading": self._loads}
