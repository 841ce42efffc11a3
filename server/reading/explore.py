"""The explore feed: a ranking of public posts, made anew in the background, and kept for as long as
somebody may page through it.

`run.py` starts `run`, the route reads from `Rankings`. Which posts a viewer may see is settled when
a page is shown.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence

import trio

from actors.runtime.asking import Asking
from storage.facts import Entry
from storage.reads import GetExplore, Span

RANKED_MAX = 1_000
"""Posts in a ranking: twenty of the longest pages."""

CANDIDATES_MAX = 10_000
"""The newest posts, of which a ranking is made: reading them takes a reader some 20 ms, whatever
the history."""

PERIOD_S = 10.0
"""Seconds between two rankings while there is anything new: a new post is there within 15
(contract.md, "Feeds")."""

RANKINGS_KEPT = 180
"""Rankings that can be paged through: those of the last half hour, 8 KB each."""

RANKING_BITS = 32
"""A cursor names two rankings in 64 bits; at one in ten seconds, these last a thousand years."""


class Rankings:
    """The newest ranking and those before it, by number."""

    def __init__(self, asking: Asking, now: Callable[[], int]) -> None:
        self._asking = asking
        self._now = now
        self._kept: OrderedDict[int, list[int]] = OrderedDict()
        self._number = 0
        self._changed = trio.Event()
        self._changed.set()
        self._ranking = trio.Lock()
        """One is made after the other: what was read later must be kept later."""

    def on_delivered(self, entry: Entry) -> None:
        """Listen to the delivery of one fact: a ranking is due."""
        self._changed.set()

    async def run(self) -> None:
        """Rank when something has changed, until cancelled."""
        while True:
            await self._changed.wait()
            self._changed = trio.Event()
            await self.rank()
            await trio.sleep(PERIOD_S)

    async def rank(self) -> None:
        """Make a new ranking."""
        async with self._ranking:
            question = GetExplore(self._now(), CANDIDATES_MAX, RANKED_MAX)
            posts = await self._asking.read(question)
            if self._kept and next(reversed(self._kept.values())) == posts:
                return
            self._number += 1
            self._kept[self._number] = posts
            if len(self._kept) > RANKINGS_KEPT:
                self._kept.popitem(last=False)

    async def newest(self) -> int:
        """The newest ranking, as `posts` wants it named."""
        if not self._kept:
            await self.rank()
        return _pages(self._number, self._number)

    def since(self, pages: int) -> int:
        """The ranking at the front of `pages`, and before it what has come since."""
        return _pages(self._number, pages >> RANKING_BITS)

    def posts(self, pages: int, span: Span) -> Sequence[tuple[int, int]]:
        """(place, post) of `pages` in `span`, the best first: the places of a ranking fall from
        `RANKED_MAX`, what has come since is above. An unknown ranking is the newest."""
        newest = self._kept[self._number] if self._kept else []
        front, ranked = (self._kept.get(one, newest) for one in divmod(pages, 1 << RANKING_BITS))
        came: list[int] = []
        if front is not ranked:
            known = set(ranked)
            came = [post for post in front if post not in known]
        top = RANKED_MAX + len(came)
        placed = [(top - rank, post) for rank, post in enumerate(came + ranked)]
        if span.after is not None and span.before is None:
            return [one for one in placed if one[0] > span.after][-span.limit :]
        before = top + 1 if span.before is None else span.before
        return [one for one in placed if one[0] < before][: span.limit]

    def statistics(self) -> dict[str, int]:
        return {"rankings": len(self._kept), "newest": self._number}


def _pages(front: int, ranking: int) -> int:
    """Pages of a ranking, and before them of what only the ranking `front` has."""
    return front << RANKING_BITS | ranking
