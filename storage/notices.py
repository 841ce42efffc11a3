"""Who is told of what: the notifications that follow from facts, before any SQL runs.

`storage.changes` asks for each fact. What is told, to whom, and when it is withdrawn is decided
here alone; who may see what it is about, the deciders of the facts have seen to. Pure.
"""

from collections.abc import Iterator

import msgspec

from storage.facts import (
    Commented,
    CommentLiked,
    CommentUnliked,
    Fact,
    Followed,
    FollowRequested,
    FollowRequestEnded,
    PostEdited,
    PostLiked,
    PostPublished,
    PostUnliked,
    Unfollowed,
)


class Notice(msgspec.Struct, frozen=True):
    """Something to tell `recipient` (None: the author of the post, or of the comment that is
    liked), or to tell no longer.

    One of the same type, actor and object is the same notification, told once and withdrawn and
    brought back in its place, until it is `over`: then the next is another one. `told`: it may be
    new.
    """

    recipient: int | None
    type: str
    actor: int
    post: int | None = None
    comment: int | None = None
    told: bool = True
    withdrawn: bool = False
    over: bool = False

    @property
    def key(self) -> tuple[int | None, str, int, int]:
        """What it is the same by."""
        return (self.recipient, self.type, self.actor, self.comment or self.post or 0)

    def row(self, seq: int, at: int) -> tuple[int | str | None, ...]:
        """As `storage.statements.NOTICES` reads it, of a fact with that number and time."""
        return (
            self.recipient,
            seq,
            at,
            self.type,
            self.actor,
            self.post,
            self.comment,
            int(self.withdrawn),
        )


def notices_of(fact: Fact) -> Iterator[Notice]:
    """What follows from one fact. For one act each person gets one notice at most, the closest to
    them: tag, reply, comment, mention in that order."""
    match fact:
        case PostLiked(post=post, account=actor, first=first):
            yield Notice(None, "like", actor, post, told=first)
        case PostUnliked(post=post, account=actor):
            yield Notice(None, "like", actor, post, told=False, withdrawn=True)
        case CommentLiked(comment=comment, account=actor, first=first, told=told):
            # Brought back even if it is not told: whether it is shown, is seen when it is read.
            yield Notice(None, "comment_like", actor, comment=comment, told=first and told)
        case CommentUnliked(comment=comment, account=actor):
            yield Notice(None, "comment_like", actor, comment=comment, told=False, withdrawn=True)
        case PostPublished() | PostEdited():
            yield from _of_post(fact)
        case Commented():
            yield from _of_comment(fact)
        case _:
            yield from _of_edge(fact)


def _of_edge(fact: Fact) -> Iterator[Notice]:
    match fact:
        case FollowRequested(followee=followee, follower=follower):
            yield Notice(followee, "follow_request", follower)
        case FollowRequestEnded(followee=followee, follower=follower, denied=denied):
            # Asked again after an answer, it wants another one; taken back and asked again, not.
            yield Notice(
                followee,
                "follow_request",
                follower,
                told=False,
                withdrawn=not denied,
                over=denied,
            )
        case Followed(followee=followee, follower=follower, approved=approved):
            if approved:
                yield Notice(followee, "follow_request", follower, told=False, over=True)
                yield Notice(follower, "follow_accepted", followee)
            else:
                yield Notice(followee, "follow", follower)
        case Unfollowed(followee=followee, follower=follower):
            yield Notice(followee, "follow", follower, told=False, withdrawn=True)
            yield Notice(follower, "follow_accepted", followee, told=False, over=True)
        case _:
            pass


def _of_post(fact: PostPublished | PostEdited) -> Iterator[Notice]:
    told = {fact.author}
    for tag in fact.tags:
        if tag.told and tag.account not in told:
            told.add(tag.account)
            yield Notice(tag.account, "tag", fact.author, fact.post)
    for account in fact.mentions:
        if account not in told:
            told.add(account)
            yield Notice(account, "mention", fact.author, fact.post)


def _of_comment(fact: Commented) -> Iterator[Notice]:
    told = {fact.author}
    closest = [(fact.replied, "reply"), (fact.post_author, "comment")]
    closest += [(account, "mention") for account in fact.mentions]
    for account, kind in closest:
        if account and account not in told:
            told.add(account)
            yield Notice(account, kind, fact.author, fact.post, fact.comment)
