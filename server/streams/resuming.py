"""How a stream catches up: what it missed comes from the rows, what happens meanwhile is held, and
both are told in order, each once, to whom it is still for.

The stream listens before the rows are read, so nothing falls between; the rows are read up to the
mark of that moment, so nothing is told twice. Called by `server.stream`, for one stream at a time.
"""

from collections.abc import Awaitable, Callable, Sequence
from operator import itemgetter
from typing import NamedTuple

import trio

from actors.runtime.asking import Asking
from server.hub import Hub
from server.reading.views import Seen, Views
from server.streams.events import (
    Channel,
    Event,
    event_id,
    made_event,
    notification_event,
    seq_before,
)
from server.streams.listening import Listening, merge
from storage.ids import ID_MAX
from storage.reads import GetMissed
from storage.rows import FOLLOWING, MadeRow, Missed, ToldRow

MADE_A_STEP = 256
"""Events whose people are looked up together."""


class Bounds:
    """How much is kept for who was away: milliseconds, and events of one user."""

    def __init__(self, kept_ms: int, events_max: int) -> None:
        self.kept_ms = kept_ms
        self.events_max = events_max


Tell = Callable[[Event], Awaitable[None]]

Since = dict[Channel, int]
"""channel -> the id of the event after which something may have been missed"""


class Resuming:
    """The catching up of one account's streams."""

    def __init__(
        self,
        asking: Asking,
        views: Views,
        hub: Hub,
        now: Callable[[], int],
        bounds: Bounds,
        account: int,
    ) -> None:
        self._asking = asking
        self._views = views
        self._hub = hub
        self._now = now
        self._bounds = bounds
        self._account = account

    async def catch_up(
        self,
        listening: Listening,
        since: Since,
        unheard: Since,
        tell: Tell,
        resync: Callable[[], None],
    ) -> None:
        """Tell what was missed since, then what was held, then release.

        `listening` holds already. `unheard` says up to which id each channel was not listened to
        before: what lies below what the stream was told last can't be told any more, but by
        `resync`.
        """
        wanted, told_up_to = dict(since), listening.last
        while True:
            for channel, lost in listening.take_lost().items():
                wanted[channel] = min(wanted.get(channel, lost), lost)
            missed = await self._look_up(wanted)
            if listening.has_lost:
                continue  # what is held is not whole
            too_late = [
                place
                for place in missed or ()
                if place.id <= min(told_up_to, unheard.get(place.channel, 0))
            ]
            if missed is None or await self._any_is_there(too_late):
                resync()
            missed = [place for place in missed or () if place.id > told_up_to]
            await self._tell(listening, merge(missed, listening.take_held()), tell)
            while not listening.has_lost and not listening.release():
                await self._tell(listening, listening.take_held(), tell)
            if not listening.has_lost:
                return
            wanted, unheard = {}, {}

    async def _look_up(self, since: Since) -> list["Place"] | None:
        """What the rows say up to now, in order; None if not all of it is kept."""
        oldest = self._now() - self._bounds.kept_ms
        upto, nothing = self._hub.mark, ID_MAX
        after = {channel: seq_before(since.get(channel, nothing), channel) for channel in Channel}
        async with self._hub.looking_up:
            missed = await self._asking.read(
                GetMissed(
                    self._account,
                    since=min(after.values()),
                    posts_after=after[Channel.FEED],
                    stories_after=after[Channel.STORIES],
                    notifications_after=after[Channel.NOTIFICATIONS],
                    upto=upto,
                    now=self._now(),
                    oldest=oldest,
                    limit=self._bounds.events_max + 1,
                )
            )
            places = _places(missed)
        await self._hub.handed(upto)
        if any(since.values()):  # else all that is kept is asked for, however little that is
            if missed.first_at is not None and missed.first_at < oldest:
                return None
            if len(places) > self._bounds.events_max:
                return None
        return places[-self._bounds.events_max :]

    async def _any_is_there(self, places: Sequence["Place"]) -> bool:
        """Whether anybody whose act is at one of these places is there for this account."""
        return bool(await self._views.people({place.who for place in places}, self._account))

    async def _tell(
        self, listening: Listening, events: Sequence["Event | Place"], tell: Tell
    ) -> None:
        """Tell those that are still for this account, as of the moment of telling. What was looked
        up is made only now: there may be much of it, and the client may read slowly."""
        for start in range(0, len(events), MADE_A_STEP):
            await trio.lowlevel.checkpoint()
            some = events[start : start + MADE_A_STEP]
            people = await self._views.people({event.who for event in some}, self._account)
            for event in some:
                if self._may_hear(event, people) and listening.tell(event):
                    await tell(event if isinstance(event, Event) else _made(event, people))

    def _may_hear(self, event: "Event | Place", people: dict[int, Seen]) -> bool:
        seen = people.get(event.who)
        if seen is None:
            return False
        if event.channel is Channel.NOTIFICATIONS:
            return True
        return seen.own or bool(seen.stance & FOLLOWING)


class Place(NamedTuple):
    """Where an event is among the others, and the row that it is made of."""

    id: int
    channel: Channel
    who: int
    row: MadeRow | ToldRow


def _places(missed: Missed) -> list[Place]:
    """All that was missed, in the order of ids."""
    feed, stories, notifications = Channel.FEED, Channel.STORIES, Channel.NOTIFICATIONS
    places = [
        *(Place(event_id(row.seq, feed), feed, row.author, row) for row in missed.posts),
        *(Place(event_id(row.seq, stories), stories, row.author, row) for row in missed.stories),
        *(
            Place(event_id(row.seq, notifications), notifications, row.actor, row)
            for row in missed.notifications
        ),
    ]
    return sorted(places, key=itemgetter(0))


def _made(place: Place, people: dict[int, Seen]) -> Event:
    row, named = place.row, people[place.who].view.named()
    if isinstance(row, ToldRow):
        return notification_event(row.seq, row.type, row.at, named)
    return made_event(place.channel, row.seq, row.id, row.at, named)
