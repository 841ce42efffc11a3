"""Paging: one page of any list of falling numbers, with its two ways on and an exact `has_more`.

Routes hand in how to fetch a span of the list and how to show its items, and turn the places into
cursors. Knows neither what the items are nor who looks; what may not be shown is skipped, and the
page filled up.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar, cast

import msgspec

from server.reading.cursors import Place
from storage.reads import Span

FETCHED_MAX = 200
"""Items fetched at once: when much is hidden, spans grow up to here instead of asking for a few at
a time."""

MIRROR = 1 << 53
"""Above every id: what is `number` in a list that rises is `MIRROR - number` in one that falls."""

Item = TypeVar("Item")
Shown = TypeVar("Shown")

Fetch = Callable[[Span], Awaitable[Sequence[Item]]]
"""The items of a span, newest first; fewer than its limit only if there are no more."""

Show = Callable[[Sequence[Item]], Awaitable[Sequence[Shown | None]]]
"""What is shown of each item, in the same order; None for one that is gone or hidden."""

NumberOf = Callable[[Item], int]
"""An item's place: positive, and no other item's."""


class Page(msgspec.Struct, Generic[Shown], frozen=True):
    """Some items of a list, newest first.

    `next` leads to what comes after them, and is None at the end; `has_more` says the same.
    `previous` leads to what comes before them, or will come; it is None only if the list was found
    empty.
    """

    items: Sequence[Shown]
    next: Place | None
    previous: Place | None
    has_more: bool


class List(msgspec.Struct, Generic[Item, Shown], frozen=True):
    """A list that can be paged: how to fetch it, show it, and where its items stand."""

    fetch: Fetch[Item]
    show: Show[Item, Shown]
    number_of: NumberOf[Item]

    def rising(self) -> "List[Item, Shown]":
        """The same list with its oldest item first: seen in a mirror, its numbers fall."""

        async def fetch(span: Span) -> Sequence[Item]:
            if span.after is not None:
                mirrored = Span(span.limit, before=MIRROR - span.after)
            else:
                mirrored = Span(span.limit, after=MIRROR - (span.before or MIRROR))
            return list(await self.fetch(mirrored))[::-1]

        return List(fetch, self.show, lambda item: MIRROR - self.number_of(item))


Found = tuple[Sequence[Item], Sequence[Shown]]
"""Items, and what is shown of each, in the order in which they were found."""


async def read_page(list_: List[Item, Shown], place: Place | None, count: int) -> Page[Shown]:
    """The `count` visible items nearest to `place` (None: the newest), and whether more come after
    them.

    Each item is looked at afresh, so between two pages anything may be added, deleted or hidden.
    Costs one fetch and one show, and one more of each for every run of hidden items and for a page
    that was reached backwards.
    """
    if place is not None and place.direction == "newer":
        return await _page_above(list_, place.number, count)
    number_of = list_.number_of
    below = None if place is None else place.number
    items, shown = await _find(list_, count + 1, before=below)
    more = len(items) > count
    if items:
        above = Place("newer", number_of(items[0]))
    elif below is not None:
        # Nothing is left here. What stands at the place itself was on the page before.
        above = Place("newer", max(below - 1, 0))
    else:
        above = None
    return _page(
        shown[:count], above, Place("older", number_of(items[count - 1])) if more else None
    )


async def _page_above(list_: List[Item, Shown], number: int, count: int) -> Page[Shown]:
    """The `count` items nearest above `number`; an empty one can be asked for again and again."""
    items, shown = await _find(list_, count, after=number)
    lowest = list_.number_of(items[0]) if items else number + 1
    highest = list_.number_of(items[-1]) if items else number
    below, _ = await _find(list_, 1, before=lowest)
    return _page(shown[::-1], Place("newer", highest), Place("older", lowest) if below else None)


def _page(shown: Sequence[Shown], previous: Place | None, next_: Place | None) -> Page[Shown]:
    return Page(items=shown, next=next_, previous=previous, has_more=next_ is not None)


async def _find(
    list_: List[Item, Shown],
    wanted: int,
    *,
    before: int | None = None,
    after: int | None = None,
) -> Found[Item, Shown]:
    """The first `wanted` visible items below `before`, newest first, or above `after`, oldest
    first.

    With neither, from the top. Fetches on past what is hidden, until there are enough or no more.
    """
    found: list[Item] = []
    found_shown: list[Shown] = []
    limit, number_of = wanted, list_.number_of
    while True:
        items = await list_.fetch(Span(limit=limit, before=before, after=after))
        shown = await list_.show(items)
        nearest, nearest_shown = _visible(items, shown)
        if after is not None:
            nearest, nearest_shown = nearest[::-1], nearest_shown[::-1]
        found += nearest
        found_shown += nearest_shown
        if len(found) >= wanted or len(items) < limit:
            return found[:wanted], found_shown[:wanted]
        if after is None:
            before = number_of(items[-1])
        else:
            after = number_of(items[0])
        limit = min(limit * 2, max(FETCHED_MAX, wanted))


def _visible(items: Sequence[Item], shown: Sequence[Shown | None]) -> Found[Item, Shown]:
    """Those of the items of which something is shown: nearly always all of them."""
    if all(shown):
        return items, cast(Sequence[Shown], shown)
    pairs = zip(items, shown, strict=True)
    visible = [(item, one) for item, one in pairs if one is not None]
    return [item for item, _ in visible], [one for _, one in visible]
