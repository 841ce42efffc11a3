"""The rules of a story: who may see it, until when, and who has."""

from typing import assert_never

from actors.decisions import Accepted, Moment, Reason, Refused
from actors.story.messages import ForgetView, ViewReply, ViewStory
from actors.story.state import StoryState
from actors.user.state import UserState
from storage.facts import StoryViewed, StoryViewForgotten
from storage.ids import user_key

StoryCommand = ViewStory | ForgetView


def decide(
    state: StoryState, command: StoryCommand, moment: Moment
) -> Accepted[ViewReply] | Refused:
    """Decide `command`. Pure; see `actors.decisions`."""
    views = len(state.viewers)
    match command:
        case ViewStory():
            author: UserState = moment.reads[user_key(command.author)]
            if (
                not state.lives_at(moment.at)
                or command.author != state.author
                or not author.shows_to(command.account)
            ):
                return Refused(Reason.NOT_FOUND)
            if command.account == state.author or command.account in state.viewers:
                return Accepted((), ViewReply(state.story, views))
            viewed = StoryViewed(state.story, command.account)
            return Accepted((viewed,), ViewReply(state.story, views + 1))
        case ForgetView():
            if command.account not in state.viewers:
                return Accepted((), ViewReply(state.story, views))
            forgotten = StoryViewForgotten(state.story, command.account)
            return Accepted((forgotten,), ViewReply(state.story, views - 1))
        case _:
            assert_never(command)
