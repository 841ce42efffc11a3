"""What a post's actor can be asked, and what it answers.

Whatever needs the post is refused with `NOT_FOUND` if it is gone, or not for the asker's eyes; the
command names the author, whose state says that.
"""

from typing import ClassVar

import msgspec

from actors.decisions import Command, DoneReply
from storage.facts import Tag
from storage.ids import comment_key, post_key, user_key


class LikeReply(msgspec.Struct, frozen=True):
    """Whether the asker likes the post, or the comment, now, and how many do."""

    liked: bool
    likes: int


class SaveReply(msgspec.Struct, frozen=True):
    """Whether the asker keeps the post now."""

    post: int
    saved: bool


class Like(Command[LikeReply], frozen=True):
    """`account` likes a post of `author`."""

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
    """`account` likes a post no longer, whoever may see it."""

    post: int
    account: int

    reply_type: ClassVar = LikeReply

    @property
    def actor(self) -> int:
        return post_key(self.post)


class Save(Command[SaveReply], frozen=True):
    """`account` keeps a post of `author` among what it has saved."""

    post: int
    author: int
    account: int

    reply_type: ClassVar = SaveReply

    @property
    def actor(self) -> int:
        return post_key(self.post)

    @property
    def reads(self) -> tuple[int, ...]:
        return (user_key(self.author),)


class Unsave(Command[SaveReply], frozen=True):
    """`account` keeps a post no longer, whoever may see it."""

    post: int
    account: int

    reply_type: ClassVar = SaveReply

    @property
    def actor(self) -> int:
        return post_key(self.post)


class EditPost(Command[DoneReply], frozen=True):
    """Change what is named in `changed` of a post: `caption`, `alts` (one a picture), `location`,
    `tags`. `mentions` go with the caption. Refused: `FORBIDDEN` to all but its author."""

    post: int
    account: int
    changed: tuple[str, ...]
    caption: str | None = None
    alts: tuple[str | None, ...] = ()
    location: int | None = None
    tags: tuple[Tag, ...] = ()
    mentions: tuple[int, ...] = ()

    reply_type: ClassVar = DoneReply

    @property
    def actor(self) -> int:
        return post_key(self.post)

    @property
    def reads(self) -> tuple[int, ...]:
        return (user_key(self.account),)


class DeleteReply(msgspec.Struct, frozen=True):
    """The post is gone; these were the names of its blobs."""

    post: int
    blobs: tuple[str, ...]


class DeletePost(Command[DeleteReply], frozen=True):
    """Delete a post. Refused: `FORBIDDEN` to all but its author."""

    post: int
    account: int

    reply_type: ClassVar = DeleteReply

    @property
    def actor(self) -> int:
        return post_key(self.post)


class CommentReply(msgspec.Struct, frozen=True):
    """The comment as it was at its beginning, at `at` (Unix milliseconds)."""

    comment: int
    post: int
    account: int
    at: int
    text: str
    root: int | None


class Comment(Command[CommentReply], frozen=True):
    """`account` comments on a post of `author`. `parent` is the comment that it answers and `root`
    the one whose thread that is in, the same if it is no reply itself.

    Refused: `NO_SUCH_PARENT` if the parent is gone or under another post.
    """

    post: int
    author: int
    account: int
    text: str
    parent: int | None = None
    root: int | None = None
    mentions: tuple[int, ...] = ()

    reply_type: ClassVar = CommentReply

    @property
    def actor(self) -> int:
        return post_key(self.post)

    @property
    def reads(self) -> tuple[int, ...]:
        people = {user_key(self.author), user_key(self.account)}
        comments = {comment_key(one) for one in (self.parent, self.root) if one is not None}
        return (*sorted(people), *sorted(comments))
