"""From what was decided to what is told: events are made once, in the order of the facts, and
handed to the streams that they are for, a slice at a time.

`server.hub` puts in what a fact tells, in the step that delivers it; `run` takes its time after
that. The only place from which live events leave.
"""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

import msgspec
import trio
from pyroaring import BitMap

from actors.runtime.asking import Asking
from server.reading.views import Views
from server.streams.events import Channel, Event, made_event, notification_event
from storage.reads import GetTold

PENDING_MAX = 1_024
"""Events that wait to be made. Beyond it all streams look into the rows, and nothing waits here."""

HANDED_A_BATCH = 64
"""Events whose rows are looked up with one question."""

HANDED_A_STEP = 100
"""Streams that get an event in one step, some 10 µs each, before other tasks may run."""


class Pending(msgspec.Struct, frozen=True):
    """An event that is still to be made: of fact `seq`, an act of `who`, for the accounts in
    `targets`. `made` is the post or the story; None for a notification."""

    seq: int
    at: int
    channel: Channel
    who: int
    targets: BitMap
    made: int | None = None


class Hearer(Protocol):
    """A stream, as far as it matters here."""

    def hear(self, event: Event) -> None: ...


class Handing:
    """The queue of the hub. Start `run` in a nursery."""

    def __init__(
        self, asking: Asking, views: Views, hearers_of: Callable[[int], Sequence[Hearer]], seq: int
    ) -> None:
        self._asking = asking
        self._views = views
        self._hearers_of = hearers_of
        """The streams of an account, as of now."""
        self._pending: deque[Pending] = deque()
        self._wake = trio.Event()
        self._waiting: list[tuple[int, trio.Event]] = []
        self.done = seq
        """The seq up to which all events were handed over."""

    @property
    def is_full(self) -> bool:
        return len(self._pending) >= PENDING_MAX

    def put(self, pending: Pending) -> None:
        """To be made and handed over after all that is there."""
        self._pending.append(pending)
        self._wake.set()

    def give_up(self) -> int:
        """Forget all that waits, and say how much it was: the streams will look for themselves."""
        forgotten = len(self._pending)
        self._pending.clear()
        return forgotten

    def delivered(self, seq: int) -> None:
        """All that fact `seq` tells was put in."""
        if not self._pending:
            self._advance(seq)

    async def reached(self, seq: int) -> None:
        """Wait until all events up to fact `seq` have been handed over."""
        if seq > self.done:
            event = trio.Event()
            self._waiting.append((seq, event))
            await event.wait()

    def _advance(self, seq: int) -> None:
        self.done = max(self.done, seq)
        waiting, self._waiting = self._waiting, []
        for due, event in waiting:
            if due <= self.done:
                event.set()
            else:
                self._waiting.append((due, event))

    async def run(self, delivered: Callable[[], int]) -> None:
        """Make events and hand them over, until cancelled. `delivered` is the mark of the hub."""
        while True:
            if not self._pending:
                self._wake = trio.Event()
                await self._wake.wait()
            some = [self._pending[n] for n in range(min(HANDED_A_BATCH, len(self._pending)))]
            types = await self._types_of(some)
            for pending in some:
                if not self._is_first(pending):
                    break  # given up: who should have heard it looks for it
                await self._hand(pending, types)
                if self._is_first(pending):
                    self._pending.popleft()
                    self._advance(self._pending[0].seq - 1 if self._pending else delivered())

    def _is_first(self, pending: Pending) -> bool:
        return bool(self._pending) and self._pending[0] is pending

    async def _types_of(self, some: Iterable[Pending]) -> dict[tuple[int, int], str]:
        """The types of those notifications that are new and still to be seen, as the rows say: the
        same that a resuming stream is told."""
        asked = tuple((one.targets[0], one.seq) for one in some if one.made is None)
        if not asked:
            return {}
        rows = await self._asking.read(GetTold(asked))
        return {(row.recipient, row.seq): row.type for row in rows}

    async def _hand(self, pending: Pending, types: dict[tuple[int, int], str]) -> None:
        event = await self._made(pending, types)
        if event is None:
            return
        handed, hearers_of = 0, self._hearers_of
        for account in pending.targets:
            for hearer in hearers_of(account):
                hearer.hear(event)
                handed += 1
                if handed % HANDED_A_STEP == 0:
                    await trio.lowlevel.checkpoint()

    async def _made(self, pending: Pending, types: dict[tuple[int, int], str]) -> Event | None:
        """The event; None if there is nothing to tell any more."""
        seq, at = pending.seq, pending.at
        if pending.made is not None:
            author = await self._views.known(pending.who)
            if author is None:
                return None
            return made_event(pending.channel, seq, pending.made, at, author.named())
        recipient = pending.targets[0]
        type = types.get((recipient, seq))
        if type is None:
            return None
        actor = await self._views.person(pending.who, recipient)
        return None if actor is None else notification_event(seq, type, at, actor.view.named())

    def statistics(self) -> dict[str, int]:
        """How much waits."""
        return {"pending": len(self._pending), "pending_bound": PENDING_MAX}
