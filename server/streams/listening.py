"""What one stream listens to, what it has been told, and what is held back while it catches up.

The fold of a stream: `server.stream` asks for each event whether it is to be written now. Pure.

Ids rise along a stream, whatever is asked on it: so the last one that its client has seen is where
it may resume. Hence nothing is told whose id is not above the last one that was.
"""

from collections.abc import Iterable
from typing import Protocol, TypeVar

from server.streams.events import Channel, Event
from storage.ids import ID_MAX

HELD_MAX = 256
"""Events held while a stream catches up. If more come, they are looked up in the rows again."""


class Placed(Protocol):
    """An event, or what one can be made of, as far as its place matters."""

    @property
    def id(self) -> int: ...
    @property
    def channel(self) -> Channel: ...


P = TypeVar("P", bound=Placed)


class Listening:
    """The channels of one stream, and how far it is."""

    __slots__ = ("_held", "_lost", "floors", "last")

    def __init__(self) -> None:
        self.floors: dict[Channel, int] = {}
        """channel -> the id above which its events are told"""
        self.last = 0
        """The id of the last event told."""
        self._held: list[Event] | None = None
        self._lost: int | None = None
        """Events with ids above this may be missing from those held."""

    def hear(self, event: Event) -> bool:
        """Whether `event` is to be told now. If not, it is held, or not for this stream."""
        if event.id <= max(self.floors.get(event.channel, ID_MAX), self.last):
            return False
        if self._held is None:
            self.last = event.id
            return True
        if self._lost is None:
            if len(self._held) < HELD_MAX:
                self._held.append(event)
            else:
                self._lost = self._held[-1].id
        return False

    def lose(self, since: int) -> None:
        """What came after event `since` was not heard. Hold all from now on."""
        self.hold()
        self._lost = since if self._lost is None else min(since, self._lost)

    def hold(self) -> None:
        """From now on hold what is heard, until `release`."""
        if self._held is None:
            self._held = []

    @property
    def has_lost(self) -> bool:
        """Whether something that was heard is not among what is held."""
        return self._lost is not None

    def listen(self, channels: Iterable[Channel], since: int) -> dict[Channel, int]:
        """Listen to what comes after event `since`. Returns up to which id each of the channels was
        not listened to before."""
        before = {channel: self.floors.get(channel, ID_MAX) for channel in channels}
        for channel, floor in before.items():
            self.floors[channel] = min(floor, since)
        return before

    def leave(self, channels: Iterable[Channel]) -> list[Channel]:
        """Listen no longer to these; returns those that were listened to."""
        return [channel for channel in channels if self.floors.pop(channel, None) is not None]

    def take_lost(self) -> dict[Channel, int]:
        """Since which event each channel must be looked up; nothing is missing after that. What is
        held now is dropped, and will be found there, too."""
        since, held = self._lost, self._held
        self._lost, self._held = None, []
        if held:
            since = held[0].id - 1 if since is None else min(since, held[0].id - 1)
        if since is None:
            return {}
        return {channel: max(since, floor) for channel, floor in self.floors.items()}

    def take_held(self) -> list[Event]:
        """What was held since it was last taken, in order."""
        held, self._held = self._held or [], []
        return held

    def tell(self, event: Placed) -> bool:
        """Whether an event that was held or looked up is to be told after all."""
        if event.id <= self.last or event.channel not in self.floors:
            return False
        self.last = event.id
        return True

    def release(self) -> bool:
        """Hold nothing any more: True if nothing was held or lost. Else there is more to take."""
        if self._held or self.has_lost:
            return False
        self._held = None
        return True


def merge(missed: Iterable[P], held: Iterable[Event]) -> list[P | Event]:
    """What was looked up and what was held, each once, in the order of ids."""
    found: dict[int, P | Event] = {event.id: event for event in held}
    found |= {place.id: place for place in missed}
    return [found[id] for id in sorted(found)]
