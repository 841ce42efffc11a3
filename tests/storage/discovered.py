"""What stories, notifications, places and hashtags there are after some facts: the part of the
plain model that follows from the rest of it.

Written from contract.md, "Stories", "Notifications" and "Search". `tests.storage.plain` tells it of
each fact, after it has taken it in itself.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from storage.facts import (
    AccountCleared,
    Blocked,
    Commented,
    CommentLiked,
    CommentUnliked,
    Entry,
    Fact,
    Followed,
    FollowRequested,
    FollowRequestEnded,
    LocationCreated,
    NotificationsRead,
    PostEdited,
    PostLiked,
    PostPublished,
    PostUnliked,
    StoryEnded,
    StoryPublished,
    StoryViewed,
    StoryViewForgotten,
    Text,
    Unfollowed,
)

if TYPE_CHECKING:
    from tests.storage.plain import Plain


@dataclass
class Story:
    author: int
    seq: int
    at: int
    expires_at: int
    duration: int
    file: Text


@dataclass
class Told:
    """A notification."""

    recipient: int
    seq: int
    type: str
    actor: int
    post: int | None
    comment: int | None
    at: int
    withdrawn: bool = False

    @property
    def key(self) -> tuple[int, str, int, int]:
        return (self.recipient, self.type, self.actor, self.comment or self.post or 0)


@dataclass
class Discovered:
    stories: dict[int, Story] = field(default_factory=dict)
    views: dict[tuple[int, int], int] = field(default_factory=dict)
    """(story, account) -> seq"""
    told: dict[tuple[int, str, int, int], Told] = field(default_factory=dict)
    read: dict[int, int] = field(default_factory=dict)
    """account -> up to which seq"""
    locations: dict[int, LocationCreated] = field(default_factory=dict)

    def tell(self, entry: Entry, plain: "Plain") -> bool:
        """Whether the fact was of a kind that only this knows."""
        fact, seq = entry.fact, entry.seq
        for told in self._notifications(entry, plain):
            known = self.told.get(told.key)
            if known is not None:
                known.withdrawn = False
            elif (
                told.recipient != told.actor
                and told.seq
                and not plain.apart(told.recipient, told.actor)
            ):
                self.told[told.key] = told
        self._withdraw(fact, plain)
        match fact:
            case StoryPublished():
                self.stories[fact.story] = Story(
                    fact.author, seq, entry.at, fact.expires_at, fact.duration, fact.file
                )
            case StoryViewed():
                self.views[fact.story, fact.account] = seq
            case StoryViewForgotten():
                del self.views[fact.story, fact.account]
            case StoryEnded():
                del self.stories[fact.story]
                self.views = {pair: at for pair, at in self.views.items() if pair[0] != fact.story}
            case LocationCreated():
                self.locations[fact.location] = fact
            case NotificationsRead():
                self.read[fact.account] = fact.up_to
            case _:
                return False
        return True

    def _notifications(self, entry: Entry, plain: "Plain") -> Iterator[Told]:
        """What a fact tells, at most one each person; seq 0 if it is not news."""
        fact, seq, at = entry.fact, entry.seq, entry.at
        match fact:
            case PostLiked(post=post, account=actor):
                author = plain.posts[post].author
                yield Told(author, seq * fact.first, "like", actor, post, None, at)
            case CommentLiked(comment=comment, account=actor):
                one = plain.comments[comment]
                news = seq * (fact.first and fact.told)
                yield Told(one.author, news, "comment_like", actor, one.post, comment, at)
            case PostPublished(author=author, post=post) | PostEdited(author=author, post=post):
                mentioned = dict.fromkeys(fact.mentions, "mention")
                tagged = {tag.account: "tag" for tag in fact.tags if tag.told}
                for who, kind in (mentioned | tagged).items():
                    yield Told(who, seq, kind, author, post, None, at)
            case Commented(author=author, post=post, comment=comment):
                people = dict.fromkeys(fact.mentions, "mention") | {fact.post_author: "comment"}
                people |= {fact.replied or fact.post_author: "reply" if fact.replied else "comment"}
                for who, kind in people.items():
                    yield Told(who, seq, kind, author, post, comment, at)
            case FollowRequested(followee=followee, follower=follower):
                yield Told(followee, seq, "follow_request", follower, None, None, at)
            case Followed(followee=followee, follower=follower, approved=approved):
                if approved:
                    yield Told(follower, seq, "follow_accepted", followee, None, None, at)
                else:
                    yield Told(followee, seq, "follow", follower, None, None, at)
            case _:
                pass

    def _withdraw(self, fact: Fact, plain: "Plain") -> None:
        def withdraw(type_: str, recipient: int, actor: int, about: int = 0) -> None:
            told = self.told.get((recipient, type_, actor, about))
            if told is not None:
                told.withdrawn = True

        match fact:
            case PostUnliked(post=post, account=actor):
                withdraw("like", plain.posts[post].author, actor, post)
            case CommentUnliked(comment=comment, account=actor):
                withdraw("comment_like", plain.comments[comment].author, actor, comment)
            case FollowRequestEnded(denied=True) | Followed(approved=True):
                self.told.pop((fact.followee, "follow_request", fact.follower, 0), None)
            case FollowRequestEnded():
                withdraw("follow_request", fact.followee, fact.follower)
            case Unfollowed(followee=followee, follower=follower):
                withdraw("follow", followee, follower)
                self.told.pop((follower, "follow_accepted", followee, 0), None)
            case Blocked(blocker=one, blocked=other):
                self.told = {k: t for k, t in self.told.items() if {one, other} != {k[0], k[2]}}
            case AccountCleared(account=account):
                self.told = {k: t for k, t in self.told.items() if account not in (k[0], k[2])}
            case _:
                pass
        self.told = {
            key: told
            for key, told in self.told.items()
            if (told.post is None or told.post in plain.posts)
            and (told.comment is None or told.comment in plain.comments)
        }

    def texts(self) -> Iterator[tuple[Text, int | None]]:
        for story in self.stories.values():
            yield story.file, story.author
        for place in self.locations.values():
            for text in (place.name, place.city, place.country):
                if text is not None:
                    yield text, None

    def tables(self, plain: "Plain") -> dict[str, set[tuple[Any, ...]]]:
        """Every row of every table that this is about, in the order of `COLUMNS`."""
        views = [story for story, _ in self.views]
        return {
            "stories": {
                (n, s.author, s.seq, s.at, s.expires_at, s.duration, s.file.value, s.file.id,
                 views.count(n))
                for n, s in self.stories.items()
            },
            "views": {(*pair, seq) for pair, seq in self.views.items()},
            "notifications": {
                (t.recipient, t.seq, t.type, t.actor, t.key[3], t.post, t.comment, t.at,
                 int(t.withdrawn))
                for t in self.told.values()
            },
            "hashtag_posts": {
                (name, post, one.author)
                for post, one in plain.posts.items() for name in one.hashtags
            },
            "hashtags": {
                (name, plain.public(lambda one, name=name: name in one.hashtags))
                for one in plain.posts.values() for name in one.hashtags
            },
            "locations": {
                (n, *(None if t is None else t.value for t in (p.name, p.city, p.country)),
                 p.lat, p.lng, 0, p.account,
                 plain.public(lambda one, n=n: one.location == n))
                for n, p in self.locations.items()
            },
            "full_names": {
                (n, one.texts["full_name"].value)
                for n, one in plain.accounts.items() if "full_name" in one.texts
            },
        }  # fmt: skip


COLUMNS = {
    "stories": "story, author, seq, at, expires_at, duration, file, file_id, views_count",
    "views": "story, account, seq",
    "notifications": "recipient, seq, type, actor, object, post, comment, at, withdrawn",
    "hashtag_posts": "name, post, author",
    "hashtags": "name, posts_count",
    "locations": "location, name, city, country, lat, lng, population, creator, posts_count",
    "full_names": "rowid, full_name",
}
