"""A list in plain Python, as pages are read from it, and walks through its pages: what the tests of
paging compare with.
"""

from collections.abc import Coroutine, Iterable, Sequence
from typing import Any, TypeVar

from server.reading.cursors import Place
from server.reading.pages import List, Page, read_page
from storage.reads import Span

T = TypeVar("T")


def finished(waiting: Coroutine[Any, Any, T]) -> T:
    """The result of what never really waits."""
    try:
        waiting.send(None)
    except StopIteration as stop:
        return stop.value
    raise AssertionError("it waited")


class Model:
    """A list of numbers, some of them hidden; an item is `(number, name)`, as followers are. The
    newest comes first, or last if it is `rising`."""

    def __init__(
        self, visible: Iterable[int] = (), hidden: Iterable[int] = (), *, rising: bool = False
    ) -> None:
        self.rising = rising
        self.hidden = set(hidden)
        self.numbers = set(visible) | self.hidden
        self.fetches: list[Span] = []

    @property
    def visible(self) -> list[int]:
        """What a viewer should find, in the list's order."""
        return sorted(self.numbers - self.hidden, reverse=not self.rising)

    async def fetch(self, span: Span) -> Sequence[tuple[int, str]]:
        self.fetches.append(span)
        falling = sorted(self.numbers, reverse=True)
        if span.after is not None:
            above = [number for number in falling if number > span.after]
            chosen = above[-span.limit :]
        else:
            below = [number for number in falling if span.before is None or number < span.before]
            chosen = below[: span.limit]
        return [(number, f"item {number}") for number in chosen]

    async def show(self, items: Sequence[tuple[int, str]]) -> Sequence[int | None]:
        return [None if number in self.hidden else number for number, _ in items]

    def read(self, place: Place | None, count: int) -> Page[int]:
        falling = List(fetch=self.fetch, show=self.show, number_of=lambda item: item[0])
        return finished(read_page(falling.rising() if self.rising else falling, place, count))

    def after(self, page: Page[int]) -> list[int]:
        """What really comes after a page that isn't empty."""
        last = page.items[-1]
        return [one for one in self.visible if (one > last if self.rising else one < last)]


def walk(model: Model, place: Place | None, count: int, way: str) -> list[Page[int]]:
    """All pages from `place` on, one way, up to the first that leads no further or is empty."""
    pages: list[Page[int]] = []
    while True:
        page = model.read(place, count)
        pages.append(page)
        place = page.next if way == "next" else page.previous
        if place is None or not page.items:
            return pages
