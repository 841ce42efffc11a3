"""Sessions: whoever's session has ended is out at once, whatever was being read meanwhile."""

from typing import Any

import trio
import trio.testing

from server.access.sessions import Sessions
from storage.facts import AccountDeleted, Entry, Fact, PasswordChanged, SessionEnded, Text
from storage.reads import Answer, GetSession, Question
from tests.server.held_reads import NobodyAnswers

ENDED = PasswordChanged(1, Text(9, "hash"), None)


class HeldSessions(NobodyAnswers):
    """An `Asking` whose reads return when the test says so; session 5 is account 1's."""

    def __init__(self, sessions_max: int = 10) -> None:
        self.alive = {5: 1, 6: 1, 7: 2}
        self.sessions = Sessions(self, sessions_max)
        self.reads = 0
        self.gate = trio.Event()
        self.gate.set()

    async def read(self, question: Question[Any]) -> Any:
        assert isinstance(question, GetSession)
        owner = self.alive.get(question.session)
        self.reads += 1
        await self.gate.wait()
        return owner

    async def read_as_of(self, question: Question[Any]) -> Answer[Any]:
        return Answer(await self.read(question), 0)

    @property
    def delivered(self) -> int:
        return 0

    def deliver(self, fact: Fact) -> None:
        self.sessions.on_delivered(Entry(1, 1, fact))


async def test_a_session_is_looked_up_once() -> None:
    held = HeldSessions()
    for _ in range(2):
        assert await held.sessions.is_alive(5, 1)
    assert held.reads == 1


async def test_a_session_of_somebody_else_is_none() -> None:
    held = HeldSessions()
    assert not await held.sessions.is_alive(5, 2)
    assert not await held.sessions.is_alive(5, 2)
    assert not await held.sessions.is_alive(99, 1)


async def test_a_new_password_ends_all_sessions_but_the_one_kept() -> None:
    held = HeldSessions()
    for session, account in held.alive.items():
        assert await held.sessions.is_alive(session, account)
    held.alive = {6: 1, 7: 2}
    held.deliver(PasswordChanged(1, Text(9, "hash"), kept=6))
    assert not await held.sessions.is_alive(5, 1)
    asked = held.reads
    assert await held.sessions.is_alive(6, 1)
    assert await held.sessions.is_alive(7, 2)
    assert held.reads == asked


async def test_a_session_that_ended_is_out_and_no_other() -> None:
    held = HeldSessions()
    for session, account in held.alive.items():
        assert await held.sessions.is_alive(session, account)
    held.alive = {6: 1, 7: 2}
    held.deliver(SessionEnded(1, 5))
    assert not await held.sessions.is_alive(5, 1)
    asked = held.reads
    assert await held.sessions.is_alive(6, 1)
    assert await held.sessions.is_alive(7, 2)
    assert held.reads == asked


async def test_all_sessions_of_a_deleted_account_are_out() -> None:
    held = HeldSessions()
    for session, account in held.alive.items():
        assert await held.sessions.is_alive(session, account)
    held.alive = {7: 2}
    held.deliver(AccountDeleted(1))
    assert not await held.sessions.is_alive(5, 1)
    assert not await held.sessions.is_alive(6, 1)
    assert await held.sessions.is_alive(7, 2)


async def test_whoever_keeps_tokens_is_told_of_the_end() -> None:
    ended: list[int] = []
    held = HeldSessions()
    held.sessions = Sessions(held, on_ended=ended.append)
    assert await held.sessions.is_alive(6, 1)
    held.deliver(SessionEnded(1, 5))
    held.deliver(AccountDeleted(1))
    assert ended == [5, 6]


async def test_a_session_that_ends_while_it_is_looked_up_is_not_remembered(
    nursery: trio.Nursery,
) -> None:
    held = HeldSessions()
    held.gate = trio.Event()
    answers: list[bool] = []

    async def look() -> None:
        answers.append(await held.sessions.is_alive(5, 1))

    nursery.start_soon(look)
    await trio.testing.wait_all_tasks_blocked()
    held.alive = {}
    held.deliver(ENDED)
    held.gate.set()
    await trio.testing.wait_all_tasks_blocked()
    assert answers == [False]


async def test_no_more_are_remembered_than_allowed() -> None:
    held = HeldSessions(sessions_max=1)
    await held.sessions.is_alive(5, 1)
    await held.sessions.is_alive(7, 2)
    await held.sessions.is_alive(5, 1)
    assert held.reads == 3
