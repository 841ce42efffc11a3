"""What a story's actor can be asked, and what it answers."""

from typing import ClassVar

import msgspec

from actors.decisions import Command
from storage.ids import story_key, user_key


class ViewReply(msgspec.Struct, frozen=True):
    """The story was seen by the asker; `views` are those of others than its author."""

    story: int
    views: int


class ViewStory(Command[ViewReply], frozen=True):
    """`account` sees a story of `author`. Refused: `NOT_FOUND` if its time is over, or if it is not
    for the asker's eyes."""

    story: int
    author: int
    account: int

    reply_type: ClassVar = ViewReply

    @property
    def actor(self) -> int:
        return story_key(self.story)

    @property
    def reads(self) -> tuple[int, ...]:
        return (user_key(self.author),)


class ForgetView(Command[ViewReply], frozen=True):
    """Take `account`, who is deleted, out of those who have seen a story."""

    story: int
    account: int

    reply_type: ClassVar = ViewReply

    @property
    def actor(self) -> int:
        return story_key(self.story)
