"""What a server has promised: every write that it acknowledged, and every one whose answer was
lost.

A *thing* is whatever a write changes, under a name: that Ann likes a post, what a caption says, how
the accounts of a household stand to each other. The ledger knows what each thing may be: one value
after an answer, the one before and the one after when an answer was lost; and after somebody has
looked, one again. What one request changes in one go is one thing, so that half of it is no value
that it may have. Knows no network.

Each thing has one writer, which waits for each answer before it writes again; or all its writers
want the same.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from tests.process.starting import Person

Thing = tuple[str, ...]
Becomes = Mapping[Thing, Any]


class Answer(msgspec.Struct, frozen=True):
    """What a request was answered with."""

    status: int
    content: bytes

    def json(self) -> Any:
        return msgspec.json.decode(self.content)


class Request(msgspec.Struct, frozen=True, eq=False):
    """A write, as it can be sent again; `key` is its Idempotency-Key, if it is a POST that heeds
    one."""

    person: Person
    method: str
    path: str
    key: str | None
    options: Mapping[str, Any]
    """Its body, as httpx takes it."""
    becomes: Becomes
    """What is so once it is done."""
    refusals: Mapping[int, Becomes]
    """Statuses to expect if somebody else was quicker, and what is so then."""
    learn: Callable[[Any], None] | None
    """Gets what a good answer says."""
    varying: bool = False
    """Its answer also says what others did meanwhile, and is not the same again."""


class Ledger:
    """Everything that was promised so far, over all restarts."""

    def __init__(self) -> None:
        self._may: dict[Thing, tuple[Any, ...]] = {}
        self.answered: dict[Request, Answer] = {}
        """acknowledged since the last restart, of those with a key"""
        self.lost: list[Request] = []
        """sent, and never answered; only those with a key can be sent again"""
        self.routes: Counter[str] = Counter()
        """How often a write of each route was acknowledged, in all."""

    @property
    def acknowledged(self) -> int:
        """2xx answers to writes, in all."""
        return self.routes.total()

    def may_be(self, thing: Thing) -> tuple[Any, ...]:
        """What `thing` may be; what nobody has written yet is False."""
        return self._may.get(thing, (False,))

    def is_sure(self, thing: Thing, value: Any = True) -> bool:
        """Whether `thing` is `value`, and can't be anything else."""
        return self.may_be(thing) == (value,)

    def things(self, kind: str) -> list[Thing]:
        """All things whose name begins with `kind` that anybody has written."""
        return [thing for thing in self._may if thing[0] == kind]

    def sent(self, becomes: Becomes) -> dict[Thing, tuple[Any, ...]]:
        """From now on each thing may also be what it is to become; what it might be before."""
        before = {thing: self.may_be(thing) for thing in becomes}
        for thing, value in becomes.items():
            if value not in before[thing]:
                self._may[thing] = (*before[thing], value)
        return before

    def unsent(self, before: Mapping[Thing, tuple[Any, ...]]) -> None:
        """A request was refused: nothing has happened."""
        self._may.update(before)

    def promised(self, becomes: Becomes) -> None:
        """So it is."""
        for thing, value in becomes.items():
            self._may[thing] = (value,)

    def has_left(self, name: str) -> None:
        """Who was called `name` is no more, and gets no answer again but that to leaving."""
        self.answered = {
            one: answer
            for one, answer in self.answered.items()
            if one.person.name != name or ("account", name) in one.becomes
        }

    def found(self, thing: Thing, value: Any) -> None:
        """Somebody looked. Raises `AssertionError` if it can't be so."""
        may = self.may_be(thing)
        assert value in may, f"{thing}: may be {may}, is {value!r}"
        self._may[thing] = (value,)
