"""What a post's actor can be asked, and what it answers."""

from typing import ClassVar

import msgspec

from actors.decisions import Command
from storage.ids import post_key, user_key


class LikeReply(msgspec.Struct, frozen=True):
    """Whether the asker likes the post now, and how many do."""

    liked: bool
    likes: int


class Like(Command[LikeReply], frozen=True):
    """`account` likes a post of `author`. Refused: `NOT_FOUND` if it is gone."""

    post: int
    author: int
    account: int

    reply_type: ClassVar = LikeReply

    @property
    def actor(self) -> int:
        return post_key(self.post)

    @property
    def reads(self) -> tuple[int, ...]:
        return (user_key(self.author),)


class Unlike(Command[LikeReply], frozen=True):
    """`account` likes a post no longer. Refused: `NOT_FOUND` if it is gone."""

    post: int
    account: int

    reply_type: ClassVar = LikeReply

    @property
    def actor(self) -> int:
        return post_key(self.post)


class DeleteReply(msgspec.Struct, frozen=True):
    """The post is gone; these were the names of its blobs."""

    post: int
    blobs: tuple[str, ...]


class DeletePost(Command[DeleteReply], frozen=True):
    """Delete a post. Refused: `FORBIDDEN` to all but its author, `NOT_FOUND` if it is gone."""

    post: int
    account: int

    reply_type: ClassVar = DeleteReply

    @property
    def actor(self) -> int:
        return post_key(self.post)
