"""What the server sees of the runtime: ask a command, read a question, listen to what is delivered.

`actors.runtime.actors.Actors` carries this out; tests may put something simpler in its place.
"""

from collections.abc import Callable
from typing import Literal, Protocol, TypeVar

import msgspec

from actors.decisions import Command, Refused
from actors.runtime.limits import QUARANTINE_RETRY_AFTER_S, RETRY_AFTER_S
from storage.facts import Entry
from storage.reads import Answer, KeptReply, Question, Span

R = TypeVar("R")
T = TypeVar("T")

Listener = Callable[[Entry], None]
"""Called once for each fact, in seq order, after its commit and after it was folded; must not wait
or fail."""


class Overloaded(Exception):
    """A queue is full. Nothing happened: the asker may try again after `retry_after_s` seconds."""

    retry_after_s = RETRY_AFTER_S


class Bug(Exception):
    """The decision raised. Nothing was appended; the log has the cause."""


class Quarantined(Exception):
    """An actor that the command needs is closed, since its state can't be trusted; the log has the
    cause. All others go on."""

    retry_after_s = QUARANTINE_RETRY_AFTER_S


class KeyConflict(Exception):
    """The Idempotency-Key was used before, for a request with other values."""


class Asker(msgspec.Struct, frozen=True):
    """Who asks: an account through one of its sessions."""

    account: int
    session: int


class RequestKey(msgspec.Struct, frozen=True):
    """An Idempotency-Key in its place: the same account, route and key mean the same request.

    `request` is a hash of the request's values and file contents.
    """

    account: int
    route: str
    key: str
    request: bytes

    def keep(self, reply: object, at: int) -> KeptReply:
        """The row under which `reply`, given at `at` (Unix milliseconds), is found again."""
        kept = msgspec.msgpack.encode(reply)
        return KeptReply(self.account, self.route, self.key, self.request, kept, at)


class Asking(Protocol):
    """The actors and the disk, as routes use them."""

    async def ask(
        self, command: Command[R], key: RequestKey | None = None, asker: Asker | None = None
    ) -> R | Refused:
        """Have the actor of `command` decide it; returns once what it appended is committed and
        delivered.

        With a key, a reply that was kept under it is returned instead, and a second request with
        it waits for the first. An `asker` whose session has ended by the deciding step is refused
        with `SESSION_ENDED`. Raises `Overloaded`, `Bug`, `Quarantined`, `KeyConflict`.
        """
        ...

    async def kept(self, command_type: type[Command[R]], key: RequestKey) -> R | None:
        """The reply kept under `key`, if there is one, so that costly preparation can be spared.
        Waits for a request with the same key that is under way. Raises `KeyConflict`."""
        ...

    async def read(self, question: Question[T]) -> T:
        """Answer from the rows, once delivery has reached the commit that the answer is of."""
        ...

    async def read_as_of(self, question: Question[T]) -> Answer[T]:
        """The same with the seq that the answer is of: for caches that fold what is delivered."""
        ...

    @property
    def delivered(self) -> int:
        """The seq of the last delivered fact."""
        ...


class Why(msgspec.Struct, frozen=True):
    """Whether a post is in a home feed, how it came there, and why it is there or not."""

    in_feed: bool
    how: Literal["pushed", "pulled"] | None
    """`pushed`: into the inbox when it was published. `pulled`: from the rows, when the inbox was
    filled or the feed is read."""
    reason: Literal["own_post", "followed", "not_followed", "dropped"]
    """`dropped`: the policy `lossy` did not keep it."""


class FeedReading(Protocol):
    """Home feeds, whatever the policy that keeps them warm."""

    async def posts(self, viewer: int, span: Span) -> list[int]:
        """Ids of the viewer's home feed in `span`, newest first; fewer than its limit only at the
        feed's end.

        An id may have been deleted: whoever makes a page skips it and asks on.
        """
        ...

    async def why(self, viewer: int, post: int, author: int) -> Why:
        """What the viewer's home feed makes of a post of `author`."""
        ...
