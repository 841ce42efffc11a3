"""An inbox: the newest posts of one home feed, a cache of the pull and never more.

`actors.runtime.inboxes` changes it at deliveries and fills, and reads it. Pure.
"""

from array import array
from bisect import bisect_left
from collections.abc import Collection, Iterable

from actors.members import Members, MemberSet
from storage.reads import Span

DROPPED_SHARE_MAX = 4
"""Posts remembered as dropped, for each that an inbox may hold: 8 KB."""


class Inbox:
    """Complete above its `floor` but for what its owner must pull, and for what was `dropped`.

    An id in it may have been deleted, or be of somebody whom its owner follows no longer: that is
    settled at reading.
    """

    __slots__ = (
        "_authors",
        "_left",
        "_most",
        "_posts",
        "dropped",
        "filled_id",
        "filled_seq",
        "floor",
        "following",
        "marked",
        "owner",
    )

    def __init__(self, owner: int, most: int) -> None:
        self.owner = owner
        self.following: MemberSet = Members()
        self.marked = True
        """It lacks something: fill it before the next read."""
        self.floor = 0
        """The smallest id from which on it is complete; 0 if nothing older exists."""
        self.filled_seq = 0
        """What had happened up to this fact was in it when it was filled."""
        self.filled_id = 0
        """The newest post that the fill brought: what is younger was pushed."""
        self.dropped: dict[int, int] = {}
        """Posts above the floor that a lossy policy did not keep, and their authors."""
        self._left: set[int] = set()
        """Those followed no longer since the fill: the only ones whose posts may be here and belong
        here no more."""
        self._most = most
        self._posts = array("Q")
        self._authors = array("I")

    def __len__(self) -> int:
        return len(self._posts)

    def __contains__(self, post: int) -> bool:
        place = bisect_left(self._posts, post)
        return place < len(self._posts) and self._posts[place] == post

    def fill(
        self, following: Iterable[int], posts: list[tuple[int, int]], complete: bool, seq: int
    ) -> None:
        """Replace everything by what the pull said as of fact `seq`.

        `posts` are (post, author), the newest first; `complete` says that there are no older ones.
        """
        self.following = Members(following)
        self._left = set()
        self.marked = False
        self._posts = array("Q", (post for post, _ in reversed(posts)))
        self._authors = array("I", (author for _, author in reversed(posts)))
        self.floor = 0 if complete else self._posts[0]
        self.filled_seq = seq
        self.filled_id = self._posts[-1] if posts else 0
        self.dropped = {}

    def push(self, post: int, author: int) -> None:
        """A new post. Pushes in slices may come late or after a fill: each post is in here once.

        Past the most it may hold, the oldest goes.
        """
        place = bisect_left(self._posts, post)
        if post < self.floor or (place < len(self._posts) and self._posts[place] == post):
            return
        self._posts.insert(place, post)
        self._authors.insert(place, author)
        if len(self._posts) > self._most:
            self._posts.pop(0)
            self._authors.pop(0)
            self.floor = self._posts[0]
            while self.dropped and (oldest := next(iter(self.dropped))) < self.floor:
                del self.dropped[oldest]

    def drop(self, post: int, author: int) -> None:
        """A new post that the policy does not keep."""
        if post >= self.floor and post not in self:
            self.dropped[post] = author
            if len(self.dropped) > self._most * DROPPED_SHARE_MAX:
                self.marked = True  # it lacks too much to remember: better filled anew

    def follow(self, author: int) -> None:
        """Its owner follows `author` from now on, whose earlier posts are missing."""
        self.following.add(author)
        self.marked = True

    def unfollow(self, author: int) -> None:
        """Its owner follows `author` no longer; the posts are skipped at reading."""
        self.following.discard(author)
        self._left.add(author)

    def found(self, pulled: Collection[int]) -> None:
        """What was dropped and is pulled after all has been seen, so it is kept from now on."""
        for post in pulled if self.dropped else ():
            author = self.dropped.pop(post, None)
            if author is not None:
                self.push(post, author)

    def read(self, span: Span, pulled: Collection[int] = ()) -> list[int] | None:
        """The ids of the feed in `span`, newest first; None where only the pull knows.

        `pulled` are further ids of the feed in `span`: as many as the span takes, or all there are
        above the floor.
        """
        self.found(pulled)
        if span.after is not None:
            if span.after + 1 < self.floor:
                return None
            first = bisect_left(self._posts, span.after + 1)
            shown = self._shown(range(first, len(self._posts)), span.limit)
            return sorted({*shown, *pulled})[: span.limit][::-1]
        end = len(self._posts) if span.before is None else bisect_left(self._posts, span.before)
        shown = self._shown(range(end - 1, -1, -1), span.limit)
        shown = sorted({*shown, *pulled}, reverse=True)[: span.limit] if pulled else shown
        if len(shown) < span.limit and self.floor > 0:
            return None
        return shown

    def _shown(self, places: range, limit: int) -> list[int]:
        posts, authors, left = self._posts, self._authors, self._left
        if not left:
            return [posts[place] for place in places[:limit]]
        shown: list[int] = []
        for place in places:
            if authors[place] not in left:
                shown.append(posts[place])
                if len(shown) == limit:
                    break
        return shown
