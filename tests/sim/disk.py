"""The simulated disk: no threads, virtual time, and it can stop at any point.

A commit becomes visible to readers some time before it returns, and what a reader brings is some
time old when it arrives: the races that a real disk has, made wide. Two sides: a model in plain
Python (`tests.sim.model`), and SQLite in memory with the real projection and queries
(`tests.sim.sqlite_side`).
"""

from abc import ABC, abstractmethod
from random import Random
from typing import Any, TypeVar

import trio

from storage.disk import Group
from storage.facts import Entry
from storage.reads import Answer, Question

T = TypeVar("T")


class SimulatedDisk(ABC):
    """Delays and crashes round what a side keeps."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.slow = 0.002
        """Mean of each delay, in virtual seconds."""
        self.gate: trio.Event | None = None
        """When set, a commit waits for it before it writes anything."""
        self.journal: list[Entry] = []
        """Everything committed, as it was handed over: for the checker."""
        self._committing = False

    async def _delay(self) -> None:
        await trio.sleep(self.random.expovariate(1 / self.slow))

    async def commit(self, group: Group) -> None:
        assert not self._committing, "two commits at once"
        assert [e.seq for e in group.entries] == list(
            range(len(self.journal) + 1, len(self.journal) + 1 + len(group.entries))
        ), "seqs with a gap"
        self._committing = True
        try:
            if self.gate is not None:
                await self.gate.wait()
            await self._delay()
        except trio.Cancelled:
            if self.random.random() < 0.5:  # the power failed after the write, before the answer
                self._apply_all(group)
            raise
        finally:
            self._committing = False
        self._committing = True
        self._apply_all(group)
        try:
            await self._delay()  # readers see it already
        finally:
            self._committing = False

    def _apply_all(self, group: Group) -> None:
        self.apply(group)
        self.journal.extend(group.entries)

    async def read(self, question: Question[T]) -> Answer[T]:
        await self._delay()
        answer = Answer(self.answer(question), len(self.journal))
        await self._delay()
        return answer

    @abstractmethod
    def apply(self, group: Group) -> None:
        """Write a group, all of it."""

    @abstractmethod
    def answer(self, question: Question[T]) -> T:
        """Answer from what is written."""

    @abstractmethod
    def relations(self) -> dict[str, Any]:
        """The rows, as `Truth.relations` would have them."""

    @abstractmethod
    def raw(self) -> bytes:
        """Every byte that is kept: what is erased may not be found in it."""
