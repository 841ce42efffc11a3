"""A world of actors for the tests of rules: every command decided at once, its facts folded by all
whom they concern."""

from typing import Any

from actors.accounts.messages import Register
from actors.decisions import Accepted, Command, Moment, Refused
from actors.kinds import BEHAVIOURS
from actors.user.messages import NewMedium, Publish
from storage.facts import Fact
from storage.ids import IdClock, kind_of

AT = 1_770_000_000_000


class World:
    """States by actor, changed by the facts of accepted commands at once."""

    def __init__(self) -> None:
        self.states: dict[int, Any] = {}
        self.ids = IdClock()
        self.seq = 0
        self.at = AT
        self.gone: set[int] = set()

    def state(self, actor: int) -> Any:
        return self.states.setdefault(actor, BEHAVIOURS[kind_of(actor)].state())

    def decide(self, command: Command[Any]) -> Any:
        """The reply and facts, or the reason of a refusal."""
        reads = {actor: self.state(actor) for actor in command.reads}
        moment = Moment(self.at, lambda: self.ids.next_id(self.at), reads, self.gone)
        behaviour = BEHAVIOURS[kind_of(command.actor)]
        decision = behaviour.decide(self.state(command.actor), command, moment)
        if isinstance(decision, Refused):
            return decision.reason
        for fact in decision.facts:
            self.seq += 1
            for actor in fact.concerns():
                BEHAVIOURS[kind_of(actor)].fold(self.state(actor), self.seq, fact)
        return decision

    def reply(self, command: Command[Any]) -> Any:
        decision = self.decide(command)
        assert isinstance(decision, Accepted), decision
        return decision.reply

    def facts(self, command: Command[Any]) -> tuple[Any, ...]:
        decision = self.decide(command)
        assert isinstance(decision, Accepted), decision
        facts: tuple[Fact, ...] = decision.facts
        return facts

    def register(self, name: str) -> int:
        return self.reply(Register(name, "hash", None, None, None)).account

    def publish(self, author: int, caption: str | None = None) -> int:
        return self.reply(Publish(author, caption, (NewMedium(4, 3, "a.jpg", "b.jpg"),))).post
