"""What a stream must have told somebody, by the journal alone: the oracle of the streams'
histories.

Written from contract.md, "The stream" and "Notifications"; shares no code with the product but the
types of the facts.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from storage.facts import (
    AccountDeleted,
    Blocked,
    CommentDeleted,
    Commented,
    CommentLiked,
    CommentUnliked,
    Entry,
    Fact,
    Followed,
    FollowRequested,
    FollowRequestEnded,
    PostDeleted,
    PostLiked,
    PostPublished,
    PostUnliked,
    PrivacyChanged,
    StoryEnded,
    StoryPublished,
    Unblocked,
    Unfollowed,
)

Subject = tuple[str, int, int]
"""(type, actor, object): what makes a notification the same."""

News = tuple[Subject, int, int, bool]
"""(subject, post, comment, whether it is told for the first time)"""


@dataclass
class Told:
    """An event that was due once: what must hold for it to stay so."""

    id: int
    kind: str
    who: int
    """Whose act it was."""
    thing: int = 0
    """The post or story that it tells of."""
    subject: Subject | None = None
    post: int = 0
    comment: int = 0


@dataclass
class Due:
    """The events that one account was to be told at their moment, and those of them that were no
    longer to be told at some later moment."""

    reader: int
    events: dict[int, Told] = field(default_factory=dict)
    void: set[int] = field(default_factory=set)
    follows: set[tuple[int, int]] = field(default_factory=set)
    """(follower, followee)"""
    apart: set[tuple[int, int]] = field(default_factory=set)
    """(blocker, blocked)"""
    private: set[int] = field(default_factory=set)
    gone: set[int] = field(default_factory=set)
    posts: dict[int, int] = field(default_factory=dict)
    stories: dict[int, int] = field(default_factory=dict)
    comments: dict[int, tuple[int, int, int | None]] = field(default_factory=dict)
    """comment -> (author, post, root)"""
    known: dict[Subject, int] = field(default_factory=dict)
    """The notification of each act that has one -> its event"""
    withdrawn: set[Subject] = field(default_factory=set)

    def standing(self) -> set[int]:
        """The ids of the events that have stayed due ever since."""
        return self.events.keys() - self.void

    def tell(self, entry: Entry) -> None:
        fact, first = entry.fact, 4 * entry.seq
        self._remember(fact)
        for told in self._made(fact, first):
            self.events[told.id] = told
        for subject, post, comment, is_new in self._notified(fact):
            self._notify(first + 2, subject, post, comment, is_new)
        self.void |= {id for id, told in self.events.items() if not self._stands(told)}

    # What is so.

    def _remember(self, fact: Fact) -> None:
        match fact:
            case Followed():
                self.follows.add((fact.follower, fact.followee))
            case Unfollowed():
                self.follows.discard((fact.follower, fact.followee))
            case Blocked(blocker=one, blocked=other):
                self.apart.add((one, other))
                self.follows -= {(one, other), (other, one)}
                for subject in [s for s in self.known if {s[1], self.reader} == {one, other}]:
                    del self.known[subject]
            case Unblocked():
                self.apart.discard((fact.blocker, fact.blocked))
            case PrivacyChanged(account=account, private=private):
                (self.private.add if private else self.private.discard)(account)
            case AccountDeleted(account=account):
                self.gone.add(account)
                self.private.discard(account)
                for subject in [s for s in self.known if s[1] == account]:
                    del self.known[subject]
            case _:
                self._remember_things(fact)

    def _remember_things(self, fact: Fact) -> None:
        match fact:
            case PostPublished():
                self.posts[fact.post] = fact.author
            case PostDeleted(post=post):
                del self.posts[post]
                self._drop({c for c, (_, of, _) in self.comments.items() if of == post})
            case StoryPublished():
                self.stories[fact.story] = fact.author
            case StoryEnded(story=story):
                del self.stories[story]
            case Commented():
                self.comments[fact.comment] = (fact.author, fact.post, fact.root)
            case CommentDeleted(comment=comment):
                self._drop({c for c, (_, _, root) in self.comments.items() if comment in (c, root)})
            case _:
                pass

    def _drop(self, comments: set[int]) -> None:
        for comment in comments:
            del self.comments[comment]

    # What is told.

    def _made(self, fact: Fact, first: int) -> Iterator[Told]:
        match fact:
            case PostPublished(author=author, post=thing):
                told = Told(first, "post", author, thing)
            case StoryPublished(author=author, story=thing):
                told = Told(first + 1, "story", author, thing)
            case _:
                return
        if author == self.reader or (self.reader, author) in self.follows:
            yield told

    def _notified(self, fact: Fact) -> Iterator[News]:
        """What is told, or brought back; what is withdrawn is noted."""
        me = self.reader
        match fact:
            case PostLiked(post=post, account=actor, first=first):
                if self.posts.get(post) == me != actor:
                    yield ("like", actor, post), post, 0, first
            case CommentLiked(comment=comment, account=actor, first=first, told=told):
                if self.comments[comment][0] == me != actor and told:
                    subject = ("comment_like", actor, comment)
                    yield subject, self.comments[comment][1], comment, first
            case PostUnliked(post=post, account=actor):
                self.withdrawn.add(("like", actor, post))
            case CommentUnliked(comment=comment, account=actor):
                self.withdrawn.add(("comment_like", actor, comment))
            case PostPublished() | Commented():
                yield from self._named(fact)
            case _:
                yield from self._notified_of_edges(fact)

    def _named(self, fact: PostPublished | Commented) -> Iterator[News]:
        """Of one act each person is told once, by what is closest to them."""
        me, actor, post = self.reader, fact.author, fact.post
        if actor == me:
            return
        match fact:
            case PostPublished():
                if me in {tag.account for tag in fact.tags if tag.told}:
                    yield ("tag", actor, post), post, 0, True
                elif me in fact.mentions:
                    yield ("mention", actor, post), post, 0, True
            case Commented(comment=comment):
                if fact.replied == me:
                    yield ("reply", actor, comment), post, comment, True
                elif fact.post_author == me:
                    yield ("comment", actor, comment), post, comment, True
                elif me in fact.mentions:
                    yield ("mention", actor, comment), post, comment, True

    def _notified_of_edges(self, fact: Fact) -> Iterator[News]:
        me = self.reader
        match fact:
            case FollowRequested(follower=actor) if fact.followee == me:
                yield ("follow_request", actor, 0), 0, 0, True
            case FollowRequestEnded(follower=actor, denied=denied) if fact.followee == me:
                if denied:
                    self.known.pop(("follow_request", actor, 0), None)
                else:
                    self.withdrawn.add(("follow_request", actor, 0))
            case Followed(follower=actor, approved=approved) if fact.followee == me:
                if approved:
                    self.known.pop(("follow_request", actor, 0), None)
                else:
                    yield ("follow", actor, 0), 0, 0, True
            case Followed(followee=actor, approved=True) if fact.follower == me:
                yield ("follow_accepted", actor, 0), 0, 0, True
            case Unfollowed(follower=actor) if fact.followee == me:
                self.withdrawn.add(("follow", actor, 0))
            case Unfollowed(followee=actor) if fact.follower == me:
                self.known.pop(("follow_accepted", actor, 0), None)
            case _:
                pass

    def _notify(self, id: int, subject: Subject, post: int, comment: int, is_new: bool) -> None:
        self.withdrawn.discard(subject)
        if subject not in self.known and is_new:
            self.known[subject] = id
            self.events[id] = Told(id, subject[0], subject[1], 0, subject, post, comment)

    # What stays so.

    def _stands(self, told: Told) -> bool:
        if told.who in self.gone or self._are_apart(told.who):
            return False
        if told.subject is None:
            there = told.thing in (self.posts if told.kind == "post" else self.stories)
            mine = told.who == self.reader
            return there and (mine or (self.reader, told.who) in self.follows)
        if self.known.get(told.subject) != told.id or told.subject in self.withdrawn:
            return False
        if told.comment and told.comment not in self.comments:
            return False
        return not told.post or self._sees(told.post)

    def _sees(self, post: int) -> bool:
        author = self.posts.get(post)
        if author is None or author in self.gone or self._are_apart(author):
            return False
        followed = (self.reader, author) in self.follows
        return author == self.reader or author not in self.private or followed

    def _are_apart(self, other: int) -> bool:
        return bool({(self.reader, other), (other, self.reader)} & self.apart)


def due_to(reader: int, journal: Iterable[Entry]) -> Due:
    """All that was due to `reader` up to now."""
    due = Due(reader)
    for entry in journal:
        due.tell(entry)
    return due
