"""How facts change what a story's actor remembers."""

from actors.members import Members
from actors.story.state import StoryState
from storage.facts import Fact, StoryEnded, StoryPublished, StoryViewed, StoryViewForgotten


def fold(state: StoryState, seq: int, fact: Fact) -> None:
    """Fold one fact, in seq order."""
    match fact:
        case StoryPublished():
            state.story = fact.story
            state.author = fact.author
            state.expires_at = fact.expires_at
        case StoryViewed(account=account):
            state.viewers.add(account)
        case StoryViewForgotten(account=account):
            state.viewers.discard(account)
        case StoryEnded():
            state.gone = True
            state.viewers = Members()
        case _:
            raise TypeError(f"{type(fact).__name__} does not concern a story")
