"""Somebody with many accounts and no patience: asks as people do, through sessions that may end
meanwhile, and leaves before the answer now and then. What they do is in `tests.sim.acts`.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

import trio

from actors.decisions import Command, Refused
from actors.runtime.actors import Actors
from actors.runtime.asking import RequestKey
from actors.runtime.inboxes import Inboxes
from actors.user.messages import NewSession
from storage.facts import Entry
from tests.sim.broken import Broken
from tests.sim.truth import Truth
from tests.sim.watched import WatchedRounds
from tests.sim.world import Login, World

T = TypeVar("T")


class Client:
    """One task of a history."""

    def __init__(
        self, world: World, actors: Actors, feed: Inboxes, told: list[Entry], rounds: WatchedRounds
    ) -> None:
        self.world = world
        self.random = world.random
        self.actors = actors
        self.feed = feed
        self.told = told
        self.rounds = rounds

    async def live(self, next_act: Callable[["Client"], Callable[["Client"], Any]]) -> None:
        for _ in range(self.world.shape.steps):
            await trio.sleep(self.random.expovariate(1 / 0.01))
            if self.world.unanswered and self.random.random() < 0.5:
                command, key, login = self.world.unanswered.pop()
                await self.ask(command, login, key)
                continue
            act: Callable[[Client], Awaitable[None]] = next_act(self)
            await act(self)

    # Who and what.

    @property
    def truth(self) -> Truth:
        """What is delivered: what a handler would find in the rows."""
        return self.rounds.delivered.truth

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def one_of(self, several: Sequence[T], fallback: T) -> T:
        return self.random.choice(several) if several else fallback

    def me(self) -> Login | None:
        """A session that somebody has, alive when last seen."""
        self.world.logins = [
            login
            for login in self.world.logins
            if self.truth.alive(login.account, login.session) or self.chance(0.2)
        ]
        return self.random.choice(self.world.logins) if self.world.logins else None

    def somebody(self, but: int = 0) -> int:
        """An account, mostly one that is there and not `but`; 0 if there is none."""
        living = sorted(self.truth.names.keys() - {but})
        if living and self.chance(0.9):
            return self.random.choice(living)
        return self.one_of(self.world.accounts, 0)

    def new_session(self) -> NewSession:
        thing = self.world.thing
        return NewSession(thing("refresh"), thing("family"), thing("client"))

    def key_of(self, login: Login, route: str) -> RequestKey:
        self.world.keys += 1
        return RequestKey(login.account, route, f"key{self.world.keys}", b"hash")

    # Asking.

    async def ask(
        self, command: Command[Any], login: Login | None = None, key: RequestKey | None = None
    ) -> Any:
        """Ask, and now and then leave before the answer: None then, or if the session is over.

        A handler looks at the session first; it may end between that and the decision.
        """
        if login is not None:
            if not self.truth.alive(login.account, login.session):
                return None
            if self.chance(0.5):
                await trio.sleep(self.random.expovariate(1 / 0.005))
        if key is not None and login is not None:
            self.world.unanswered.append((command, key, login))
        with trio.move_on_after(self.random.choice([0.001, 0.01, 60, 60, 60, 60])):
            asker = None if login is None else login.asker
            reply = await self.actors.ask(command, key, asker)
            if isinstance(reply, Refused):
                self._answered(command, key, login, None)
                return None
            # What the reply rests on is at most what was delivered when it came.
            rests_on = self.rounds.appended.last.get(command.actor, 0)
            self.world.acknowledged = max(
                self.world.acknowledged, min(rests_on, self.actors.delivered)
            )
            self._answered(command, key, login, reply)
            return reply
        return None

    def _answered(
        self, command: Any, key: RequestKey | None, login: Login | None, reply: Any
    ) -> None:
        if key is None or login is None:
            return
        if (command, key, login) in self.world.unanswered:
            self.world.unanswered.remove((command, key, login))
        if reply is None:
            return
        place = (key.account, key.key)
        if self.world.replies.setdefault(place, reply) != reply:
            raise Broken(f"key {key.key}: {self.world.replies[place]}, then {reply}")

    async def ask_twice(self, command: Command[Any], login: Login, key: RequestKey) -> Any:
        """The same request twice at once, as an impatient client sends it."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.ask, command, login, key)
            nursery.start_soon(self.ask, command, login, key)
        return self.world.replies.get((key.account, key.key))
