"""Who listens to the stream, and who is to hear of what.

Told by the rounds of every fact in the step that delivers it: that step decides who hears of it and
moves the mark, and waits for nothing; `server.streams.handing` makes the events and hands them
over. A stream that can't be served so, because too much happened at once, looks into the rows
(`server.streams.resuming`).
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

import structlog
import trio
from pyroaring import BitMap

from actors.runtime.asking import Asker, Asking
from actors.user.state import UserState
from server.edge.codes import CODE_GOING_AWAY
from server.reading.views import Views
from server.streams.events import Channel, Event, last_id_of
from server.streams.handing import Handing, Hearer, Pending
from storage.facts import (
    AccountDeleted,
    CommentLiked,
    Entry,
    Fact,
    PasswordChanged,
    PostLiked,
    PostPublished,
    SessionEnded,
    StoryPublished,
)
from storage.ids import comment_key, post_key, user_key
from storage.notices import notices_of

log = structlog.get_logger()

STREAMS_OF_A_USER_MAX = 10
"""As many devices as one person has (contract.md, "The stream")."""

TICK_S = 1.0
"""Between two looks at whose time is up: one timer for all streams."""

LOOKED_UP_AT_ONCE = 2
"""Streams that look into the rows for what they missed: one less than there are readers, so that
others always have one, however many streams ask for everything."""

LOOKED_AT_A_STEP = 100
"""Streams looked at in one step: a thousand that read nothing end in the same second, some 40 us
each."""

ENDED = 4001
"""The code of a stream whose token or session has ended."""


class Listener(Protocol):
    """A stream as the hub sees it. Nothing here waits or raises."""

    asker: Asker
    expires_at: int
    """When its token does, in Unix seconds."""

    @property
    def waiting(self) -> int:
        """Messages that wait for its client to read."""
        ...

    def hear(self, event: Event) -> None:
        """An event for its account, maybe on a channel that it does not listen to."""
        ...

    def look_up(self, since: int) -> None:
        """What came after event `since` is not handed over: it is to be looked up."""
        ...

    def check_pace(self) -> None:
        """Once in a while: whether its client reads."""
        ...

    def end(self, code: int, reason: str) -> None:
        """It is over."""
        ...


class Hub:
    """All streams of the process. Start `run` and `run_clock` in a nursery."""

    def __init__(
        self,
        asking: Asking,
        views: Views,
        resident: Callable[[int], Any],
        now: Callable[[], int],
    ) -> None:
        self._resident = resident
        """The state of an actor, by its key; None if it is not in memory."""
        self._now = now
        self._listeners: dict[int, tuple[Listener, ...]] = {}
        """account -> its streams; none without one"""
        self._online = BitMap()
        self._stopped = False
        self._nursery: trio.Nursery | None = None
        self.mark = asking.delivered
        """The seq of the last fact of which it is decided who hears."""
        self.looking_up = trio.CapacityLimiter(LOOKED_UP_AT_ONCE)
        """For streams that catch up."""
        self._handing = Handing(asking, views, self._hearers_of, self.mark)

    # Coming and going.

    def has_room_for(self, account: int) -> bool:
        """Whether the account may open another stream."""
        return len(self._listeners.get(account, ())) < STREAMS_OF_A_USER_MAX

    def register(self, listener: Listener) -> None:
        """From the next fact on, `listener` hears. To be called in the step in which its session
        was seen to be alive."""
        account = listener.asker.account
        self._listeners[account] = (*self._listeners.get(account, ()), listener)
        self._online.add(account)
        if self._stopped:
            listener.end(CODE_GOING_AWAY, "the server stops")

    def unregister(self, listener: Listener) -> None:
        """It hears nothing more."""
        account = listener.asker.account
        others = tuple(one for one in self._listeners.get(account, ()) if one is not listener)
        if others:
            self._listeners[account] = others
        else:
            self._listeners.pop(account, None)
            self._online.discard(account)

    def stop(self) -> None:
        """The server stops: so do all streams."""
        self._stopped = True
        for listener in self._all():
            listener.end(CODE_GOING_AWAY, "the server stops")

    def _all(self) -> list[Listener]:
        return [listener for some in self._listeners.values() for listener in some]

    def _hearers_of(self, account: int) -> Sequence[Hearer]:
        return self._listeners.get(account, ())

    async def run(self) -> None:
        """Hand events over, and do what streams have to do beside, until cancelled."""
        async with trio.open_nursery() as self._nursery:
            await self._handing.run(lambda: self.mark)

    def start_soon(self, act: Callable[..., Awaitable[None]], *values: Any) -> None:
        """Do something for a stream, which must not raise."""
        if self._nursery is not None:
            self._nursery.start_soon(act, *values)

    async def run_clock(self) -> None:
        """Look whose token has expired and whose client does not read, until cancelled."""
        while True:
            await trio.sleep(TICK_S)
            now_s = self._now() // 1_000
            for number, listener in enumerate(self._all()):
                if number % LOOKED_AT_A_STEP == LOOKED_AT_A_STEP - 1:
                    await trio.lowlevel.checkpoint()
                if listener.expires_at <= now_s:
                    listener.end(ENDED, "the token has expired")
                else:
                    listener.check_pace()

    async def handed(self, seq: int) -> None:
        """Wait until all events up to fact `seq` have been handed over."""
        await self._handing.reached(seq)

    # Facts.

    def on_delivered(self, entry: Entry) -> None:
        """Decide who hears of a fact. Called by the rounds: never waits, never raises."""
        if self._online:
            self._end_sessions(entry.fact)
            self._decide_targets(entry)
        self.mark = entry.seq
        self._handing.delivered(entry.seq)

    def _end_sessions(self, fact: Fact) -> None:
        match fact:
            case SessionEnded(account=account, session=session):
                self._end(account, lambda one: one == session)
            case PasswordChanged(account=account, kept=kept):
                self._end(account, lambda one: one != kept)
            case AccountDeleted(account=account):
                self._end(account, lambda one: True)
            case _:
                pass

    def _end(self, account: int, has_ended: Callable[[int], bool]) -> None:
        for listener in list(self._listeners.get(account, ())):
            if has_ended(listener.asker.session):
                listener.end(ENDED, "the session has ended")

    def _decide_targets(self, entry: Entry) -> None:
        fact = entry.fact
        match fact:
            case PostPublished(author=author, post=post):
                self._tell_followers(entry, Channel.FEED, author, post)
            case StoryPublished(author=author, story=story):
                self._tell_followers(entry, Channel.STORIES, author, story)
            case _:
                pass
        for notice in notices_of(fact):
            recipient = notice.recipient or self._author_of(fact)
            if notice.told and recipient in self._online and recipient != notice.actor:
                one = BitMap((recipient,))
                told = Pending(entry.seq, entry.at, Channel.NOTIFICATIONS, notice.actor, one)
                self._put(told)

    def _tell_followers(self, entry: Entry, channel: Channel, author: int, made: int) -> None:
        state: UserState | None = self._resident(user_key(author))
        if state is None:  # quarantined in this very step: nobody here knows who follows it
            self._all_look_up()
            return
        targets = state.followers.among(self._online)
        if author in self._online:
            targets.add(author)
        if targets:
            self._put(Pending(entry.seq, entry.at, channel, author, targets, made))

    def _author_of(self, fact: Fact) -> int:
        """Whose post or comment was liked: its actor has just folded the fact."""
        match fact:
            case PostLiked(post=post):
                key = post_key(post)
            case CommentLiked(comment=comment):
                key = comment_key(comment)
            case _:
                return 0
        state = self._resident(key)
        if state is None:
            self._all_look_up()
            return 0
        return state.author

    def _put(self, pending: Pending) -> None:
        if self._handing.is_full:
            self._all_look_up()
        else:
            self._handing.put(pending)

    def _all_look_up(self) -> None:
        """Leave all that was not handed over to the rows."""
        forgotten = self._handing.give_up()
        log.warning("the streams look into the rows", forgotten=forgotten)
        since = last_id_of(self._handing.done)
        for listener in self._all():
            listener.look_up(since)

    def statistics(self) -> dict[str, int]:
        """How many listen, and how much waits."""
        return {
            "accounts": len(self._online),
            "streams": sum(map(len, self._listeners.values())),
            "waiting": sum(listener.waiting for listener in self._all()),
            **self._handing.statistics(),
        }
