"""The rules of an account's story ring: what is in it, and for how long.

Called by `actors.user.decide`; an ending also for an account that is deleted. Pure.
"""

from actors.decisions import Accepted, Moment, Reason, Refused
from actors.user.messages import (
    BlobsReply,
    DeleteStory,
    EndExpiredStories,
    PublishStory,
    StoryReply,
)
from actors.user.state import RingStory, UserState
from storage.facts import StoryEnded, StoryPublished

STORY_MS = 24 * 3_600 * 1_000
"""For how long a story is to be seen, in milliseconds (contract.md, "Stories")."""

ENDED_A_TURN = 100
"""Stories that one decision ends: each is a fact, and a round must stay short."""


def publish_story(state: UserState, command: PublishStory, moment: Moment) -> Accepted[StoryReply]:
    published = StoryPublished(
        author=state.account,
        story=moment.next_id(),
        file=moment.text(command.file),
        duration=command.duration,
        expires_at=moment.at + STORY_MS,
    )
    reply = StoryReply(
        published.story,
        state.account,
        command.file,
        command.duration,
        moment.at,
        published.expires_at,
    )
    return Accepted((published,), reply)


def delete_story(
    state: UserState, command: DeleteStory, moment: Moment
) -> Accepted[BlobsReply] | Refused:
    ended = [one for one in state.ring if one.story == command.story]
    if not ended or ended[0].expires_at <= moment.at:
        return Refused(Reason.NOT_FOUND)
    return _end(state, ended, moment)


def end_expired(
    state: UserState, command: EndExpiredStories, moment: Moment
) -> Accepted[BlobsReply]:
    """The ring is in order of time, so those whose time is over come first. Of a deleted account
    all end."""
    over = [one for one in state.ring if state.gone or one.expires_at <= moment.at]
    return _end(state, over[:ENDED_A_TURN], moment)


def _end(state: UserState, ended: list[RingStory], moment: Moment) -> Accepted[BlobsReply]:
    facts = tuple(
        StoryEnded(one.story, state.account, expired=one.expires_at <= moment.at) for one in ended
    )
    blobs = tuple(one.file.value for one in ended if one.file.value is not None)
    return Accepted(facts, BlobsReply(blobs))
