"""The truth, told as simply as possible: sets and lists, folded from facts by code that shares
nothing with Triptych's.

The simulated disk answers from one of these, and the checker compares everything with another.
"""

from dataclasses import dataclass, field

from storage.facts import (
    Entry,
    Followed,
    PostDeleted,
    PostLiked,
    PostPublished,
    PostUnliked,
    Registered,
    Unfollowed,
)
from storage.reads import Span


@dataclass
class Truth:
    """What is so after the facts that were told."""

    names: dict[int, str] = field(default_factory=dict)
    follows: set[tuple[int, int]] = field(default_factory=set)
    """(follower, followee)"""
    posts: dict[int, int] = field(default_factory=dict)
    """post -> author, of those that are not deleted"""
    likes: set[tuple[int, int]] = field(default_factory=set)
    """(post, account)"""

    def tell(self, entry: Entry) -> None:
        match entry.fact:
            case Registered(account=account, username=username):
                self.names[account] = username.value or ""
            case Followed(followee=followee, follower=follower):
                self.follows.add((follower, followee))
            case Unfollowed(followee=followee, follower=follower):
                self.follows.discard((follower, followee))
            case PostPublished(post=post, author=author):
                self.posts[post] = author
            case PostDeleted(post=post):
                del self.posts[post]
                self.likes = {like for like in self.likes if like[0] != post}
            case PostLiked(post=post, account=account):
                self.likes.add((post, account))
            case PostUnliked(post=post, account=account):
                self.likes.discard((post, account))
            case _:
                pass

    def feed(self, viewer: int) -> list[int]:
        """The pull, by definition: one's own posts and those of whom one follows, newest first."""
        authors = {followee for follower, followee in self.follows if follower == viewer} | {viewer}
        return sorted((p for p, author in self.posts.items() if author in authors), reverse=True)


def cut(ids: list[int], span: Span) -> list[int]:
    """What `span` takes of `ids`, which fall."""
    if span.after is not None and span.before is None:
        return [one for one in ids if one > span.after][-span.limit :]
    ids = [one for one in ids if span.after is None or one > span.after]
    return [one for one in ids if span.before is None or one < span.before][: span.limit]
