"""Who gets a post, when, and what an inbox remembers: pure functions over numbers and bitmaps.

The server and the lab run the same policies. At publish a policy says whom to push to; at read,
whether inboxes are read at all or all is pulled. `actors.runtime.inboxes` keeps the inboxes and
fills them.
"""

from array import array
from bisect import bisect_left
from collections.abc import Iterable
from typing import Protocol

from pyroaring import BitMap

from actors.members import Members, MemberSet
from storage.reads import Span


class Policy(Protocol):
    """One way of fan-out."""

    name: str
    reads_inboxes: bool
    """False: a feed is always pulled, and no inbox is kept."""

    def push_to(self, followers: MemberSet, resident: BitMap) -> BitMap:
        """At publish: which accounts' inboxes get the post. `resident` are the accounts that have
        one."""
        ...


class Push:
    """Every follower with a resident inbox gets the post at once; the others' are filled when they
    come back."""

    name = "push"
    reads_inboxes = True

    def push_to(self, followers: MemberSet, resident: BitMap) -> BitMap:
        return followers.among(resident)


class Pull:
    """Nobody gets it: each feed is put together when it is read."""

    name = "pull"
    reads_inboxes = False

    def push_to(self, followers: MemberSet, resident: BitMap) -> BitMap:
        return BitMap()


POLICIES: dict[str, Policy] = {policy.name: policy for policy in (Push(), Pull())}
"""Every policy by the name that the setting `fan_out` gives it."""


class Inbox:
    """The newest posts of one home feed, complete above its `floor`: a cache of the pull, never
    more.

    Changed by deliveries (`push`, `follow`, `unfollow`) and by fills. An id may have been deleted
    since.
    """

    __slots__ = ("_authors", "_most", "_posts", "floor", "following", "marked", "owner")

    def __init__(self, owner: int, most: int) -> None:
        self.owner = owner
        self.following: MemberSet = Members()
        self.marked = True
        """It lacks something: fill it before the next read."""
        self.floor = 0
        """The smallest id from which on it is complete; 0 if nothing older exists."""
        self._most = most
        self._posts = array("Q")
        self._authors = array("I")

    def __len__(self) -> int:
        return len(self._posts)

    def fill(self, following: Iterable[int], posts: list[tuple[int, int]], complete: bool) -> None:
        """Replace everything by what the pull says: (post, author) newest first, `complete` if it
        has all."""
        self.following = Members(following)
        self.marked = False
        self._posts = array("Q", (post for post, _ in reversed(posts)))
        self._authors = array("I", (author for _, author in reversed(posts)))
        self.floor = 0 if complete else self._posts[0]

    def push(self, post: int, author: int) -> None:
        """A new post, younger than all before it. Past the most it may hold, the oldest goes."""
        self._posts.append(post)
        self._authors.append(author)
        if len(self._posts) > self._most:
            self._posts.pop(0)
            self._authors.pop(0)
            self.floor = self._posts[0]

    def follow(self, author: int) -> None:
        """Its owner follows `author` from now on, whose earlier posts are missing."""
        self.following.add(author)
        self.marked = True

    def unfollow(self, author: int) -> None:
        """Its owner follows `author` no longer; the posts are skipped at reading."""
        self.following.discard(author)

    def read(self, span: Span) -> list[int] | None:
        """The ids of the feed in `span`, newest first; None where only the pull knows."""
        if span.after is not None:
            if span.after + 1 < self.floor:
                return None
            first = bisect_left(self._posts, span.after + 1)
            return self._shown(range(first, len(self._posts)), span.limit)[::-1]
        end = len(self._posts) if span.before is None else bisect_left(self._posts, span.before)
        shown = self._shown(range(end - 1, -1, -1), span.limit)
        if len(shown) < span.limit and self.floor > 0:
            return None
        return shown

    def _shown(self, places: Iterable[int], limit: int) -> list[int]:
        shown: list[int] = []
        for place in places:
            author = self._authors[place]
            if author == self.owner or author in self.following:
                shown.append(self._posts[place])
                if len(shown) == limit:
                    break
        return shown
