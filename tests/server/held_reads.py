"""An `Asking` that reads a `RowsModel`, whose reads happen, and return, when the test says so:
facts are committed and delivered meanwhile.

Used by the tests of this folder only.
"""

from typing import Any

import trio

from storage.facts import Entry, Fact
from storage.reads import Answer, GetRows, Question
from tests.server.rows_model import RowsModel

BEGINNING_AT = 1_700_000_000_000


class NobodyAnswers:
    """The part of an `Asking` that views and sessions must leave alone."""

    async def ask(self, command: Any, key: Any = None, asker: Any = None) -> Any:
        raise AssertionError("no actor is asked")

    async def kept(self, command_type: Any, key: Any) -> Any:
        raise AssertionError("no actor is asked")


class HeldReads(NobodyAnswers):
    """A world that a test moves by hand."""

    def __init__(self) -> None:
        self.states = [RowsModel()]
        """One for each seq, from 0."""
        self.entries: list[Entry] = []
        self.delivered = 0
        self.asked: list[tuple[trio.Event, trio.Event]] = []
        """Of each question: set to have it read, and to have its answer come back."""
        self.questions: list[GetRows] = []

    @property
    def newest(self) -> RowsModel:
        return self.states[-1]

    @property
    def shown(self) -> RowsModel:
        """As of what has been delivered."""
        return self.states[self.delivered]

    def commit(self, fact: Fact) -> None:
        entry = Entry(len(self.states), BEGINNING_AT + len(self.states), fact)
        state = self.newest.copy()
        state.apply(entry)
        self.states.append(state)
        self.entries.append(entry)

    async def read_as_of(self, question: Question[Any]) -> Answer[Any]:
        assert isinstance(question, GetRows)
        self.questions.append(question)
        read, returned = trio.Event(), trio.Event()
        self.asked.append((read, returned))
        await read.wait()
        committed = len(self.states) - 1
        value = self.states[committed].rows(question)
        await returned.wait()
        assert self.delivered >= committed, "the test returned an answer from the future"
        return Answer(value, committed)

    async def read(self, question: Question[Any]) -> Any:
        return (await self.read_as_of(question)).value
