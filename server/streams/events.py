"""What the stream tells: channels, ids of events, and each event's JSON and frame, encoded once for
everybody who gets it.

Made by `server.streams.handing` of what was delivered and by `server.streams.resuming` from rows;
the forms are contract.md's, "The stream". Pure.
"""

from collections.abc import Iterable
from enum import Enum
from typing import Literal

import msgspec

from server.edge.frames import text_frame
from server.wire import NOTIFICATION_PREFIX, STORY_PREFIX, Brief, rfc3339
from storage.ids import ID_MAX

_encode = msgspec.json.Encoder().encode

KIND_BITS = 2
"""An event's id is 4 · seq + k: one fact may tell one person two things."""


class Channel(Enum):
    """What a stream may listen to. The value is the k of the ids of its events."""

    FEED = 0
    STORIES = 1
    NOTIFICATIONS = 2

    @property
    def wire_name(self) -> str:
        return self.name.lower()


CHANNELS = {channel.wire_name: channel for channel in Channel}


class NewPost(msgspec.Struct, frozen=True):
    post_id: str
    user: Brief
    created_at: str


class NewStory(msgspec.Struct, frozen=True):
    story_id: str
    user: Brief
    created_at: str


class Notified(msgspec.Struct, frozen=True):
    notification_id: str
    type: str
    actor: Brief
    created_at: str


class NewPostEvent(msgspec.Struct, frozen=True, tag="new_post"):
    id: str
    data: NewPost


class NewStoryEvent(msgspec.Struct, frozen=True, tag="new_story"):
    id: str
    data: NewStory


class NotificationEvent(msgspec.Struct, frozen=True, tag="notification"):
    id: str
    data: Notified


class Subscribed(msgspec.Struct, frozen=True):
    type: Literal["subscribed", "unsubscribed"]
    channels: list[str]


RESYNC = b'{"type":"resync"}'
"""What was missed is not kept any more: the client must look by itself."""


def event_id(seq: int, channel: Channel) -> int:
    """The id of what fact `seq` tells on `channel`."""
    return seq << KIND_BITS | channel.value


def last_id_of(seq: int) -> int:
    """The largest id that an event of fact `seq`, or of one before it, can have."""
    return (seq << KIND_BITS) + (1 << KIND_BITS) - 1


def seq_before(since: int, channel: Channel) -> int:
    """The largest seq whose event on `channel` has an id of `since` or less."""
    return (min(since, ID_MAX) - channel.value) >> KIND_BITS


class Event:
    """Something to tell. `who` is whose act it is. Shared by all who get it."""

    __slots__ = ("channel", "frame", "id", "payload", "who")

    def __init__(self, id: int, channel: Channel, who: int, payload: bytes) -> None:
        self.id = id
        self.channel = channel
        self.who = who
        self.payload = payload
        """Its JSON."""
        self.frame = text_frame(payload)
        """The same as a WebSocket's message, ready for the socket."""

    def __repr__(self) -> str:
        return f"<Event {self.id}: {self.channel.wire_name} of {self.who}>"


def made_event(channel: Channel, seq: int, made: int, at: int, author: Brief) -> Event:
    """A post or a story, `made` by `author` at `at` (Unix milliseconds)."""
    id, when = event_id(seq, channel), rfc3339(at)
    if channel is Channel.FEED:
        told = _encode(NewPostEvent(str(id), NewPost(str(made), author, when)))
    else:
        story = f"{STORY_PREFIX}{made}"
        told = _encode(NewStoryEvent(str(id), NewStory(story, author, when)))
    return Event(id, channel, int(author.user_id), told)


def notification_event(seq: int, type: str, at: int, actor: Brief) -> Event:
    """A notification that fact `seq` brought."""
    id = event_id(seq, Channel.NOTIFICATIONS)
    told = Notified(f"{NOTIFICATION_PREFIX}{seq}", type, actor, rfc3339(at))
    payload = _encode(NotificationEvent(str(id), told))
    return Event(id, Channel.NOTIFICATIONS, int(actor.user_id), payload)


def answer_about(type: Literal["subscribed", "unsubscribed"], channels: Iterable[Channel]) -> bytes:
    """The answer to a message about channels, which names them."""
    return _encode(Subscribed(type, [channel.wire_name for channel in channels]))
