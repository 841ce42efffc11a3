"""One stream: what its client says on it, and what it is told.

How that gets out is the business of a `Line` (`server.streams.lines`, which makes streams). What
the line does not take at once waits in an outbox, and a client that leaves it there too long is
closed.
"""

from collections import deque
from collections.abc import Awaitable, Callable
from typing import Protocol

import msgspec
import trio

from actors.runtime.asking import Asker
from server.context import Context
from server.edge.frames import text_frame
from server.problems import Problem, invalid
from server.streams.events import RESYNC, Event, answer_about, last_id_of
from server.streams.listening import Listening
from server.streams.outbox import Outbox
from server.streams.resuming import Bounds, Resuming, Since
from server.streams.said import Subscribe, Unsubscribe, parse_said

SAID_MAX = 16
"""Messages that may wait while a stream catches up; then its socket is read no further."""

TOO_SLOW = 4008
"""The code for a client that does not read what it is told."""


class Message(msgspec.Struct, frozen=True):
    """Something to write that is no event."""

    payload: bytes

    @property
    def frame(self) -> bytes:
        return text_frame(self.payload)


class Line(Protocol):
    """A stream's connection, as the stream sees it. Nothing here waits or raises."""

    def try_send(self, frame: bytes) -> bool:
        """Send it now, or say that it can't be."""
        ...

    def write_soon(self) -> None:
        """Something waits in the outbox: get it out when that is possible."""
        ...

    def read_on(self) -> None:
        """Something that the client said was done: there may be room for more."""
        ...

    def start_soon(self, act: Callable[[], Awaitable[None]]) -> None:
        """Have something of the stream done beside it, as long as it lives."""
        ...

    def close(self, code: int, reason: str) -> None:
        """The stream is over: say so, and end. A client that reads slowly has `patience_s` of the
        stream to take that, if it is more than the line gives to all."""
        ...


class Stream:
    """A `Listener` of the hub that is a WebSocket."""

    __slots__ = (
        "_context",
        "_line",
        "_listening",
        "_obeying",
        "_outbox",
        "_said",
        "_written",
        "asker",
        "code",
        "expires_at",
        "patience_s",
        "reason",
    )

    def __init__(self, context: Context, asker: Asker, expires_at: int) -> None:
        self.asker = asker
        self.expires_at = expires_at
        self.code: int | None = None
        """Why it is over; None while it is not."""
        self.reason = ""
        self.patience_s = 0.0
        """Seconds that its last words may take to get out."""
        self._context = context
        self._line: Line | None = None
        self._listening = Listening()
        self._outbox: Outbox[Event | Message] | None = None
        """None while nothing waits: an idle stream is to cost little."""
        self._said: deque[Subscribe | Unsubscribe | Problem | None] | None = None
        """What is still to be done, None if nothing is; of it, None: look up what was lost."""
        self._obeying = False
        self._written: trio.Event | None = None
        """Set when something leaves the outbox, if somebody waits for that."""

    def attach(self, line: Line) -> None:
        """From now on this is how it speaks."""
        self._line = line
        if self.code is not None:
            line.close(self.code, self.reason)
        elif self._said is not None:  # it was told to look up before it was asked anything
            self._obey_soon()

    def detach(self) -> None:
        """It is over, and speaks no more."""
        self._line = None

    # The hub speaks.

    def hear(self, event: Event) -> None:
        if self._listening.hear(event):
            self._write(event)
        elif self._listening.has_lost:
            self._obey_soon()

    def look_up(self, since: int) -> None:
        self._listening.lose(since)
        self._put(None)
        self._obey_soon()

    @property
    def waiting(self) -> int:
        return 0 if self._outbox is None else len(self._outbox)

    def check_pace(self) -> None:
        if self._outbox is not None and trio.current_time() >= self._outbox.due:
            self._end_slow(self._outbox)

    def end(self, code: int, reason: str) -> None:
        if self.code is None:
            self.code, self.reason = code, reason
            self.has_written()
            if self._line is not None:
                self._line.close(code, reason)

    # What the client says, one thing after the other.

    def take(self, text: str | None) -> bool:
        """The client says `text`, or something that is none; whether it may say more at once."""
        if self.code is not None:
            return True
        said = _parsed(text)
        if self._said is None and not self._obeying and not _waits(said):
            self._obey_now(said)
            return True
        self._put(said)
        self._obey_soon()
        return self.has_room

    @property
    def has_room(self) -> bool:
        """Whether the client may say more."""
        return self._said is None or len(self._said) <= SAID_MAX

    def _put(self, said: Subscribe | Unsubscribe | Problem | None) -> None:
        if self._said is None:
            self._said = deque()
        self._said.append(said)

    def _obey_soon(self) -> None:
        if not self._obeying and self._line is not None:
            self._obeying = True
            self._line.start_soon(self._obey_all)

    async def _obey_all(self) -> None:
        while (self._said or self._listening.has_lost) and self.code is None:
            await self._obey(self._said.popleft() if self._said else None)
            if self._line is not None:
                self._line.read_on()
        self._obeying = False
        self._said = None

    async def _obey(self, said: Subscribe | Unsubscribe | Problem | None) -> None:
        if said is None:
            if self._listening.has_lost:
                await self._catch_up({}, {})
        elif isinstance(said, Subscribe) and said.since is not None and not self._is_ahead(said):
            self._listening.hold()
            unheard = self._listening.listen(said.channels, said.since)
            self._write(Message(answer_about("subscribed", said.channels)))
            await self._catch_up(dict.fromkeys(said.channels, said.since), unheard)
        else:
            self._obey_now(said)

    def _is_ahead(self, said: Subscribe) -> bool:
        """Whether its id is of another folder than this."""
        return said.since is not None and said.since > last_id_of(self._context.hub.mark)

    def _obey_now(self, said: Subscribe | Unsubscribe | Problem) -> None:
        match said:
            case Subscribe(channels=channels):
                self._listening.listen(channels, last_id_of(self._context.hub.mark))
                self._write(Message(answer_about("subscribed", channels)))
                if said.since is not None:
                    self._write(Message(RESYNC))
            case Unsubscribe(channels=channels):
                ended = self._listening.leave(channels)
                self._write(Message(answer_about("unsubscribed", ended)))
            case Problem():
                self._write(Message(b'{"type":"error",' + said.body()[1:]))

    async def _catch_up(self, since: Since, unheard: Since) -> None:
        context, settings = self._context, self._context.settings
        bounds = Bounds(settings.stream_kept_s * 1_000, settings.stream_kept_events)
        resuming = Resuming(
            context.asking, context.views, context.hub, context.now, bounds, self.asker.account
        )
        await resuming.catch_up(
            self._listening, since, unheard, self._tell, lambda: self._write(Message(RESYNC))
        )

    async def _tell(self, event: Event) -> None:
        """Write an event of many: only as fast as the client reads."""
        while self._outbox is not None and self._outbox.is_half_full and self.code is None:
            if self._written is None:
                self._written = trio.Event()
            await self._written.wait()
        self._write(event)

    # What goes out.

    def _write(self, message: Event | Message) -> None:
        if self.code is not None or self._line is None:
            return
        if self._outbox is None:
            if self._line.try_send(message.frame):
                return
            self._outbox = Outbox()
        if self._outbox.put(message, trio.current_time()):
            self._line.write_soon()
        else:
            self._end_slow(self._outbox)

    def _end_slow(self, outbox: Outbox[Event | Message]) -> None:
        self.patience_s = outbox.patience_s(trio.current_time())
        self.end(TOO_SLOW, "too slow to read")

    # For the line.

    @property
    def outbox(self) -> Outbox[Event | Message] | None:
        """What waits; None for nothing."""
        return self._outbox

    def has_written(self, messages: int | None = None) -> None:
        """So many of what waits were written, or need not be; None for all."""
        if self._outbox is not None:
            for _ in range(messages or 0):
                self._outbox.drop_first()
            if messages is None or not self._outbox:
                self._outbox = None
        if self._written is not None:
            self._written.set()
            self._written = None


def _waits(said: Subscribe | Unsubscribe | Problem) -> bool:
    """Whether it takes time to do."""
    return isinstance(said, Subscribe) and said.since is not None


def _parsed(text: str | None) -> Subscribe | Unsubscribe | Problem:
    if text is None:
        return invalid("A message is text")
    try:
        return parse_said(text)
    except Problem as problem:
        return problem
