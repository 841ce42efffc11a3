"""What happens to stories: their author's actor publishes and ends them, their own decides who has
seen them."""

from storage.facts.fact import Fact, Text
from storage.ids import story_key, user_key


class StoryPublished(Fact, frozen=True, array_like=True):
    """An author published a story: one picture, shown for `duration` seconds, until `expires_at`
    (Unix milliseconds)."""

    author: int
    story: int
    file: Text
    duration: int
    expires_at: int

    def concerns(self) -> tuple[int, ...]:
        return (user_key(self.author), story_key(self.story))

    def texts(self) -> tuple[Text, ...]:
        return (self.file,)

    def owner(self) -> int | None:
        return self.author


class StoryViewed(Fact, frozen=True, array_like=True):
    """`account`, who is not its author, has seen a story."""

    story: int
    account: int

    def concerns(self) -> tuple[int, ...]:
        return (story_key(self.story),)

    def owner(self) -> int | None:
        return self.account


class StoryViewForgotten(Fact, frozen=True, array_like=True):
    """`account`, who is deleted, counts no longer among those who have seen a story."""

    story: int
    account: int

    def concerns(self) -> tuple[int, ...]:
        return (story_key(self.story),)

    def owner(self) -> int | None:
        return self.account


class StoryEnded(Fact, frozen=True, array_like=True):
    """A story is gone, and who has seen it: its time was over (`expired`), or its author deleted
    it."""

    story: int
    author: int
    expired: bool

    def concerns(self) -> tuple[int, ...]:
        return (story_key(self.story), user_key(self.author))

    def owner(self) -> int | None:
        return self.author
