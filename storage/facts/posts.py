"""What happens to posts and to the comments under them.

A post is published by its author's actor; everything after that is decided by the post's own
actor, or by the comment's.
"""

import msgspec

from storage.facts.fact import Fact, Text, present
from storage.ids import comment_key, post_key, user_key


class Medium(msgspec.Struct, frozen=True, array_like=True):
    """One picture of a post. `file` and `thumbnail` are the names of its blobs, which nobody can
    guess; `alt` says in words what is to be seen."""

    media: int
    width: int
    height: int
    file: Text
    thumbnail: Text
    alt: Text | None = None


class Tag(msgspec.Struct, frozen=True, array_like=True):
    """Who is to be seen in a post, and where: shares of its width and height, from 0 to 1. Only
    who may see the post is `told`."""

    account: int
    x: float | None = None
    y: float | None = None
    told: bool = True


class PostPublished(Fact, frozen=True, array_like=True):
    """An author published a post. `mentions` are the accounts that its caption names and that may
    see it."""

    author: int
    post: int
    caption: Text | None
    media: tuple[Medium, ...]
    location: int | None = None
    tags: tuple[Tag, ...] = ()
    mentions: tuple[int, ...] = ()

    def concerns(self) -> tuple[int, ...]:
        return (user_key(self.author), post_key(self.post))

    def texts(self) -> tuple[Text, ...]:
        return present(self.caption) + tuple(
            text
            for medium in self.media
            for text in present(medium.file, medium.thumbnail, medium.alt)
        )

    def owner(self) -> int | None:
        return self.author


class PostEdited(Fact, frozen=True, array_like=True):
    """An author changed a post. Only what is named in `changed` says anything; `alts` are one a
    picture. Of those whom the post names, only who was not told of it before is among `mentions`,
    or is `told` of a tag."""

    post: int
    author: int
    changed: tuple[str, ...]
    caption: Text | None = None
    alts: tuple[Text | None, ...] = ()
    location: int | None = None
    tags: tuple[Tag, ...] = ()
    mentions: tuple[int, ...] = ()

    def concerns(self) -> tuple[int, ...]:
        return (post_key(self.post),)

    def texts(self) -> tuple[Text, ...]:
        caption = (self.caption,) if "caption" in self.changed else ()
        alts = self.alts if "alts" in self.changed else ()
        return present(*caption, *alts)

    def owner(self) -> int | None:
        return self.author


class PostDeleted(Fact, frozen=True, array_like=True):
    """A post is gone, and with it its likes, its comments, and that it was saved."""

    post: int
    author: int

    def concerns(self) -> tuple[int, ...]:
        return (post_key(self.post), user_key(self.author))

    def owner(self) -> int | None:
        return self.author


class OfPost(Fact, frozen=True, array_like=True):
    """What `account` thinks of a post."""

    post: int
    account: int

    def concerns(self) -> tuple[int, ...]:
        return (post_key(self.post),)

    def owner(self) -> int | None:
        return self.account


class PostLiked(OfPost, frozen=True, array_like=True):
    """`account` likes a post; `first` says whether it had never liked it before."""

    first: bool


class PostUnliked(OfPost, frozen=True, array_like=True):
    """`account` likes a post no longer."""


class PostSaved(OfPost, frozen=True, array_like=True):
    """`account` keeps a post among what it has saved."""


class PostUnsaved(OfPost, frozen=True, array_like=True):
    """`account` keeps a post no longer."""


class Commented(Fact, frozen=True, array_like=True):
    """`author` commented on a post. `root` is the comment whose thread it joins, `replied` whom it
    answers; they and the `mentions` are named only if they may see it."""

    comment: int
    post: int
    author: int
    text: Text
    root: int | None = None
    replied: int | None = None
    mentions: tuple[int, ...] = ()
    post_author: int = 0
    """0 in the oldest facts."""

    def concerns(self) -> tuple[int, ...]:
        root = () if self.root is None else (comment_key(self.root),)
        return (post_key(self.post), comment_key(self.comment), *root)

    def texts(self) -> tuple[Text, ...]:
        return (self.text,)

    def owner(self) -> int | None:
        return self.author


class CommentDeleted(Fact, frozen=True, array_like=True):
    """A comment is gone, and with it its replies: `removed` comments in all."""

    comment: int
    post: int
    author: int
    removed: int
    root: int | None = None

    def concerns(self) -> tuple[int, ...]:
        root = () if self.root is None else (comment_key(self.root),)
        return (comment_key(self.comment), post_key(self.post), *root)

    def owner(self) -> int | None:
        return self.author


class OfComment(Fact, frozen=True, array_like=True):
    """What `account` thinks of a comment."""

    comment: int
    account: int

    def concerns(self) -> tuple[int, ...]:
        return (comment_key(self.comment),)

    def owner(self) -> int | None:
        return self.account


class CommentLiked(OfComment, frozen=True, array_like=True):
    """`account` likes a comment; `first` says whether it had never liked it before, `told` whether
    the comment's author may still see it."""

    first: bool
    told: bool = True


class CommentUnliked(OfComment, frozen=True, array_like=True):
    """`account` likes a comment no longer."""
