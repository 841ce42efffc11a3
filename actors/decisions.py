"""What every actor's decisions are made of: commands, acceptances, refusals and the moment they
are made in.

Each kind of actor (a folder beside this file) builds on this; the runtime carries it out. No I/O,
no clock, no chance.
"""

from collections.abc import Callable, Container, Mapping
from enum import Enum
from typing import Any, ClassVar, Generic, TypeVar

import msgspec

from storage.facts import Fact, Text

Reply_co = TypeVar("Reply_co", covariant=True)


class Command(msgspec.Struct, Generic[Reply_co], frozen=True):
    """Something that one actor is asked to do; `Reply_co` is the type of the answer to it.

    Both must survive a trip through msgpack: a reply is kept under its Idempotency-Key.
    """

    reply_type: ClassVar[Any]

    @property
    def actor(self) -> int:
        """The key of the actor that decides."""
        raise NotImplementedError

    @property
    def reads(self) -> tuple[int, ...]:
        """Keys of other actors whose delivered states the decision reads."""
        return ()

    @property
    def settled(self) -> tuple[int, ...]:
        """Those of `reads` that must not lag behind: if a fact of the same round concerns one, the
        command waits for the next round."""
        return ()


class Reason(Enum):
    """Why a command was refused. `server.problems` turns each into one status and code."""

    NOT_FOUND = "not found"
    FORBIDDEN = "forbidden"
    USERNAME_TAKEN = "username taken"
    ONESELF = "oneself"
    SESSION_ENDED = "session ended"
    INVITE_NEEDED = "invite needed"
    NO_SUCH_PARENT = "no such parent"


class Refused(msgspec.Struct, frozen=True):
    """The actor's rule says no. A value, not an error; never kept, decided again each time."""

    reason: Reason


class Accepted(msgspec.Struct, Generic[Reply_co], frozen=True):
    """The actor says yes: these facts, in this order (none, if it is so already), and the reply to
    give once they are delivered."""

    facts: tuple[Fact, ...]
    reply: Reply_co


class DoneReply(msgspec.Struct, frozen=True):
    """It is so."""


class Moment(msgspec.Struct, frozen=True):
    """Time, ids and the states of the actors that the command reads: all that a decision knows
    besides its own state."""

    at: int
    """Unix milliseconds."""
    next_id: Callable[[], int]
    """A new time-ordered id, above all before it."""
    reads: Mapping[int, Any]
    """actor key -> its delivered state, for each of `Command.reads`."""
    gone: Container[int] = frozenset[int]()
    """Accounts that are deleted."""

    def text(self, value: str) -> Text:
        """A new text for a fact to speak of."""
        return Text(self.next_id(), value)

    def text_or_none(self, value: str | None) -> Text | None:
        """The same for a text that may be absent; an empty one is absent."""
        return self.text(value) if value else None
