"""What a comment's actor can be asked, and what it answers.

All are refused with `NOT_FOUND` if the comment, its thread or its post is gone or not for the
asker's eyes. The command says where the comment stands: whose post, which post, and the root of its
thread (None if it is one itself).
"""

from typing import ClassVar, Generic, TypeVar

import msgspec

from actors.decisions import Command
from actors.post.messages import LikeReply
from storage.ids import comment_key, post_key, user_key


class Place(msgspec.Struct, frozen=True):
    """Where a comment stands. `author` is the post's."""

    comment: int
    post: int
    author: int
    root: int | None

    @property
    def reads(self) -> tuple[int, ...]:
        root = () if self.root is None else (comment_key(self.root),)
        return (post_key(self.post), user_key(self.author), *root)

    @property
    def settled(self) -> tuple[int, ...]:
        """What takes the comment along when it is deleted."""
        return (post_key(self.post), *(() if self.root is None else (comment_key(self.root),)))


R = TypeVar("R")


class OfComment(Command[R], Generic[R], frozen=True):
    """Something that `account` does to a comment."""

    place: Place
    account: int

    @property
    def actor(self) -> int:
        return comment_key(self.place.comment)

    @property
    def reads(self) -> tuple[int, ...]:
        return self.place.reads

    @property
    def settled(self) -> tuple[int, ...]:
        return self.place.settled


class LikeComment(OfComment[LikeReply], frozen=True):
    """`account` likes a comment. Refused also under a block between it and the comment's author."""

    reply_type: ClassVar = LikeReply

    @property
    def reads(self) -> tuple[int, ...]:
        return tuple(sorted({*self.place.reads, user_key(self.account)}))


class UnlikeComment(OfComment[LikeReply], frozen=True):
    """`account` likes a comment no longer."""

    reply_type: ClassVar = LikeReply


class DeleteCommentReply(msgspec.Struct, frozen=True):
    """The comment is gone, with its replies."""

    comment: int


class DeleteComment(OfComment[DeleteCommentReply], frozen=True):
    """Delete a comment and its replies. Refused: `FORBIDDEN` to all but its author and the
    post's."""

    reply_type: ClassVar = DeleteCommentReply
