"""The part of the truth that is to be discovered: stories and who has seen them, hashtags and
places of posts, and how far notifications are read.

Told fact by fact by `tests.sim.truth`, after it has taken the fact in itself; as strict as that.
"""

import re
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from storage.facts import (
    AccountDeleted,
    Entry,
    LocationCreated,
    NotificationsRead,
    PostDeleted,
    PostEdited,
    PostPublished,
    StoryEnded,
    StoryPublished,
    StoryViewed,
    StoryViewForgotten,
    Text,
)
from tests.sim.broken import due

HASHTAG = re.compile(r"#(\w+)")
"""As captions in histories have them."""


class Story(NamedTuple):
    """A story that has not ended."""

    author: int
    seq: int
    at: int
    expires_at: int


@dataclass
class Found:
    """What is so after the facts that were told."""

    stories: dict[int, Story] = field(default_factory=dict)
    views: dict[tuple[int, int], int] = field(default_factory=dict)
    """(story, account) -> seq"""
    places: set[int] = field(default_factory=set)
    located: dict[int, int] = field(default_factory=dict)
    """post -> place"""
    hashtags: set[tuple[str, int]] = field(default_factory=set)
    """(name, post)"""
    read: dict[int, int] = field(default_factory=dict)
    """account -> up to which fact"""

    def copy(self) -> "Found":
        """The same, to be told other things."""
        return Found(**{name: value.copy() for name, value in vars(self).items()})

    def relations(self) -> dict[str, Any]:
        """What the disk has rows of, by name."""
        return {
            "stories": {story: one.author for story, one in self.stories.items()},
            "views": set(self.views),
            "places": self.places,
            "located": self.located,
            "hashtags": self.hashtags,
        }

    def live(self, author: int, now: int) -> list[int]:
        """An author's stories that are to be seen at `now`, the oldest first."""
        stories = sorted(self.stories.items())
        return [n for n, one in stories if one.author == author and now < one.expires_at]

    def viewers(self, story: int) -> list[tuple[int, int]]:
        """(seq, account) of who has seen it, the latest first."""
        seen = [(seq, who) for (seen, who), seq in self.views.items() if seen == story]
        return sorted(seen, reverse=True)

    def tell(self, entry: Entry, names: dict[int, str]) -> bool:
        """Whether the fact was of a kind that only this knows. `names` has whoever is not deleted.

        Raises `Broken` for one that can't follow upon those before it.
        """
        fact = entry.fact
        match fact:
            case StoryPublished() | StoryViewed() | StoryViewForgotten() | StoryEnded():
                self._tell_of_story(entry, names)
            case LocationCreated(account=account, location=location):
                due(fact, account in names, "who is gone adds no place")
                due(fact, location not in self.places, "each place has its number")
                self.places.add(location)
            case NotificationsRead(account=account, up_to=up_to):
                due(fact, account in names, "who is gone reads nothing")
                due(fact, up_to > self.read.get(account, 0), "it was so before")
                self.read[account] = up_to
            case _:
                self._tell_of_post(fact)
                return False
        return True

    def _tell_of_story(self, entry: Entry, names: dict[int, str]) -> None:
        fact: Any = entry.fact
        story, view = fact.story, (fact.story, getattr(fact, "account", 0))
        if isinstance(fact, StoryPublished):
            due(fact, story > max(self.stories, default=0), "ids grow")
            due(fact, fact.author in names, "who is gone tells no story")
            due(fact, fact.expires_at > entry.at, "it is to be seen for a while")
            self.stories[story] = Story(fact.author, entry.seq, entry.at, fact.expires_at)
        due(fact, story in self.stories, "the story is gone")
        one = self.stories[story]
        match fact:
            case StoryViewed(account=account):
                due(fact, view not in self.views, "it was so before")
                due(fact, account != one.author, "one's own views don't count")
                due(fact, entry.at < one.expires_at, "its time is over")
                self.views[view] = entry.seq
            case StoryViewForgotten():
                due(fact, view in self.views, "it was not so before")
                due(fact, fact.account not in names, "only who is gone is forgotten")
                del self.views[view]
            case StoryEnded(author=author, expired=expired):
                due(fact, author == one.author, "only its author ends it")
                due(fact, expired == (one.expires_at <= entry.at), "it says why")
                del self.stories[story]
                self.views = {pair: seq for pair, seq in self.views.items() if pair[0] != story}
            case _:
                pass

    def _tell_of_post(self, fact: Any) -> None:
        match fact:
            case PostPublished(post=post):
                self._caption(post, fact.caption)
                self._place(post, fact.location)
            case PostEdited(post=post, changed=changed):
                if "caption" in changed:
                    self._caption(post, fact.caption)
                if "location" in changed:
                    self._place(post, fact.location)
            case PostDeleted(post=post):
                self._caption(post, None)
                self._place(post, None)
            case AccountDeleted(account=account):
                self.read.pop(account, None)
            case _:
                pass

    def _caption(self, post: int, caption: Text | None) -> None:
        self.hashtags = {pair for pair in self.hashtags if pair[1] != post}
        text = (caption and caption.value) or ""
        self.hashtags |= {(name, post) for name in HASHTAG.findall(text)}

    def _place(self, post: int, location: int | None) -> None:
        self.located.pop(post, None)
        if location is not None:
            self.located[post] = location
