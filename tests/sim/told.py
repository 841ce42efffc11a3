"""Notifications, recomputed: what one person is told after a history, by contract.md,
"Notifications".

Nothing is kept from one question to the next: the history is gone through from its beginning, and
what was told is shown if it stands. Shares no code with the product.
"""

from collections.abc import Iterator
from typing import NamedTuple

from storage.facts import (
    Blocked,
    Commented,
    CommentLiked,
    Entry,
    Fact,
    Followed,
    FollowRequested,
    FollowRequestEnded,
    PostEdited,
    PostLiked,
    PostPublished,
    Unblocked,
    Unfollowed,
)
from tests.sim.truth import Truth


class Told(NamedTuple):
    """A notification, in the place of the fact `seq`."""

    seq: int
    type: str
    actor: int
    post: int | None = None
    comment: int | None = None


class Telling:
    """What a history tells `recipient`."""

    def __init__(self, recipient: int) -> None:
        self._recipient = recipient
        self._told: dict[tuple[str, int, int], Told] = {}
        self._blocks: set[tuple[int, int]] = set()
        self._approved: dict[tuple[int, int], bool] = {}
        """(follower, followee) -> whether the last follow was approved"""
        self._posts: dict[int, int] = {}
        """post -> author"""
        self._comments: dict[int, tuple[int, int]] = {}
        """comment -> (post, author)"""

    def hear(self, entry: Entry) -> None:
        """Go one fact on."""
        fact, recipient = entry.fact, self._recipient
        match fact:
            case PostPublished(post=post, author=author):
                self._posts[post] = author
            case Commented(comment=comment, post=post, author=author):
                self._comments[comment] = (post, author)
            case Followed(follower=follower, followee=followee, approved=approved):
                self._approved[follower, followee] = approved
                if approved:
                    self._end("follow_request", followee, follower)
            case FollowRequestEnded(follower=follower, followee=followee, denied=True):
                self._end("follow_request", followee, follower)
            case Unfollowed(follower=follower, followee=followee):
                self._end("follow_accepted", follower, followee)
            case Blocked(blocker=one, blocked=other):
                self._blocks.add((one, other))
                if recipient in (one, other):  # for good: what a block withdraws stays away
                    apart = other if recipient == one else one
                    self._told = {key: t for key, t in self._told.items() if t.actor != apart}
            case Unblocked(blocker=one, blocked=other):
                self._blocks.discard((one, other))
            case _:
                pass
        for who, told in self._acts(entry.seq, fact):
            apart = {(who, told.actor), (told.actor, who)} & self._blocks
            if who == recipient != told.actor and not apart:
                self._told.setdefault((told.type, told.actor, told.comment or told.post or 0), told)

    def _end(self, kind: str, recipient: int, actor: int) -> None:
        """What has been answered is over: the next is another one."""
        if recipient == self._recipient:
            self._told.pop((kind, actor, 0), None)

    def _acts(self, seq: int, fact: Fact) -> Iterator[tuple[int, Told]]:
        """Whom a fact tells something that is new."""
        match fact:
            case PostLiked(post=post, account=actor, first=True):
                yield self._posts[post], Told(seq, "like", actor, post)
            case CommentLiked(comment=comment, account=actor, first=True, told=True):
                post, author = self._comments[comment]
                yield author, Told(seq, "comment_like", actor, post, comment)
            case PostPublished(post=post, author=actor) | PostEdited(post=post, author=actor):
                tagged = [tag.account for tag in fact.tags if tag.told]
                for who in tagged:
                    yield who, Told(seq, "tag", actor, post)
                for who in set(fact.mentions).difference(tagged):
                    yield who, Told(seq, "mention", actor, post)
            case Commented(post=post, comment=comment, author=actor):
                closest = dict.fromkeys(fact.mentions, "mention")
                closest[self._posts[post]] = "comment"
                if fact.replied is not None:
                    closest[fact.replied] = "reply"
                for who, kind in closest.items():
                    yield who, Told(seq, kind, actor, post, comment)
            case FollowRequested(follower=follower, followee=followee):
                yield followee, Told(seq, "follow_request", follower)
            case Followed(follower=follower, followee=followee, approved=True):
                yield follower, Told(seq, "follow_accepted", followee)
            case Followed(follower=follower, followee=followee):
                yield followee, Told(seq, "follow", follower)
            case _:
                pass

    def shown(self, truth: Truth) -> list[Told]:
        """What of it stands in the truth after that history, the latest first."""
        return sorted((t for t in self._told.values() if self._stands(t, truth)), reverse=True)

    def _stands(self, told: Told, truth: Truth) -> bool:
        recipient, actor, post = self._recipient, told.actor, told.post
        if not truth.meet(recipient, actor):
            return False
        if post is not None and not truth.sees(recipient, truth.posts.get(post, 0)):
            return False
        if told.comment is not None and told.comment not in truth.comments:
            return False
        match told.type:
            case "like":
                return (post, actor) in truth.likes
            case "comment_like":
                return (told.comment, actor) in truth.comment_likes
            case "follow_request":
                return (actor, recipient) in truth.requests
            case "follow":
                edge = (actor, recipient)
                return edge in truth.follows and not self._approved[edge]
            case "follow_accepted":
                edge = (recipient, actor)
                return edge in truth.follows and self._approved[edge]
            case _:
                return True


def told_to(recipient: int, entries: list[Entry], truth: Truth) -> list[Told]:
    """What `recipient` is told after `entries`, of which `truth` is what holds; the latest
    first."""
    telling = Telling(recipient)
    for entry in entries:
        telling.hear(entry)
    return telling.shown(truth)
