"""Which cells leave memory, and when: the idle ones after a while, the ones used longest ago when
there are too many.

Runs in the actors' nursery. A cell that anything waits in or reads stays, however old.
"""

from collections.abc import Callable
from itertools import islice

import msgspec
import trio

from actors.runtime.directory import Directory
from actors.runtime.limits import (
    CELL_IDLE_S,
    CELLS_MAX,
    PASSIVATION_PERIOD_S,
    PASSIVATION_STEP_CELLS,
)
from actors.runtime.rounds import Rounds


class Residency(msgspec.Struct, frozen=True):
    """How many cells may be in memory, and for how long without a command (seconds)."""

    cells_max: int = CELLS_MAX
    idle_s: float = CELL_IDLE_S
    period_s: float = PASSIVATION_PERIOD_S


class Passivation:
    """Empties the directory from its old end."""

    def __init__(
        self,
        directory: Directory,
        rounds: Rounds,
        stopwatch: Callable[[], float],
        residency: Residency,
    ) -> None:
        self._directory = directory
        self._rounds = rounds
        self._stopwatch = stopwatch
        self._residency = residency
        self._crowded = trio.Event()
        directory.on_crowded = self._on_crowded
        directory.cells_max = residency.cells_max

    def _on_crowded(self) -> None:
        self._crowded.set()

    async def run(self) -> None:
        """Let cells go, until cancelled: every `period_s`, and as soon as there are too many."""
        while True:
            with trio.move_on_after(self._residency.period_s):
                await self._crowded.wait()
            self._crowded = trio.Event()
            while self.step():
                await trio.lowlevel.checkpoint()

    def step(self) -> bool:
        """Let some cells go; True if there may be more to go at once."""
        cells = self._directory.cells
        now = self._stopwatch()
        left = 0
        for cell in list(islice(cells.values(), PASSIVATION_STEP_CELLS)):
            idle = now - cell.used_at > self._residency.idle_s
            if not idle and len(cells) <= self._residency.cells_max:
                return False
            if cell.idle:
                self._rounds.passivate(cell)
                left += 1
            else:
                cells.move_to_end(cell.actor)  # busy, so not old: the next look begins elsewhere
        return left > 0 and bool(cells)
