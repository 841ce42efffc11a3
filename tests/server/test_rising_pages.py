"""Lists whose oldest item comes first, as comments do: the same promises as of those that fall
(`test_pages`), whatever is added and deleted between two pages."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from server.reading.cursors import Place
from server.reading.pages import MIRROR, Page
from tests.server.list_model import Model, walk

numbers = st.sets(st.integers(1, 60), max_size=40)
counts = st.integers(1, 7)

END = Place("newer", 0)
"""Beyond the last item: `previous` leads back from there."""


@given(visible=numbers, hidden=numbers, count=counts)
def test_pages_put_together_are_the_list_both_ways(
    visible: set[int], hidden: set[int], count: int
) -> None:
    model = Model(visible, hidden, rising=True)
    forwards = walk(model, None, count, "next")
    assert [item for page in forwards for item in page.items] == sorted(visible - hidden)
    assert all(len(page.items) == count for page in forwards[:-1])
    assert all(page.has_more and page.next is not None for page in forwards[:-1])
    assert not forwards[-1].has_more
    assert forwards[-1].next is None

    backwards = walk(model, END, count, "previous")
    assert [item for page in backwards[::-1] for item in page.items] == sorted(visible - hidden)
    assert all(page.items for page in backwards[:-1])


@given(visible=numbers, hidden=numbers, count=counts)
def test_the_previous_page_is_the_one_that_one_came_from(
    visible: set[int], hidden: set[int], count: int
) -> None:
    model = Model(visible, hidden, rising=True)
    for before, page in pairwise(walk(model, None, count, "next")):
        again = model.read(page.previous, count)
        assert again.items == before.items
        assert again.next == before.next


@given(
    visible=numbers,
    hidden=numbers,
    number=st.integers(1, 70),
    onwards=st.booleans(),
    count=counts,
)
def test_at_any_place_a_page_holds_what_is_nearest(
    visible: set[int], hidden: set[int], number: int, onwards: bool, count: int
) -> None:
    model = Model(visible, hidden, rising=True)
    place = Place("older" if onwards else "newer", MIRROR - number)
    page = model.read(place, count)
    if onwards:
        expected = [one for one in model.visible if one > number][:count]
        rest = [one for one in model.visible if one > number][count:]
    else:
        expected = [one for one in model.visible if one < number][-count:]
        highest = expected[-1] if expected else number - 1
        rest = [one for one in model.visible if one > highest]
    assert page.items == expected
    assert page.has_more == (page.next is not None) == bool(rest)
    if page.next is not None:
        assert model.read(page.next, count).items == rest[:count]
    assert page.previous is not None or not model.visible


def test_the_mirror_is_above_every_id() -> None:
    largest = MIRROR - 1
    model = Model([1, largest], rising=True)
    page = model.read(None, 1)
    assert page.items == [1]
    assert model.read(page.next, 1).items == [largest]
    assert model.read(model.read(page.next, 1).previous, 1).items == [1]


class ReadingWhileTheThreadChanges(RuleBasedStateMachine):
    """One client walks to the end, another to and fro; comments are added, deleted, hidden and
    shown all the while, at the end and, as rows of a longer list may, anywhere."""

    def __init__(self) -> None:
        super().__init__()
        self.model = Model(range(10, 300, 10), rising=True)
        self.newest = 290
        self.count = 3
        self.steady = set(self.model.visible)
        """Visible since before the walk came past them."""
        self.place: Place | None = None
        self.over = False
        self.walked: list[int] = []
        self.strolling = self.model.read(None, self.count)

    @rule(skip=st.integers(1, 3), more=st.integers(0, 6), hidden=st.booleans())
    def something_is_added(self, skip: int, more: int, hidden: bool) -> None:
        for _ in range(more + 1):
            self.newest += skip
            self._add(self.newest, hidden=hidden)

    @rule(number=st.integers(1, 289), hidden=st.booleans())
    def something_comes_in_between(self, number: int, hidden: bool) -> None:
        if number not in self.model.numbers:
            self._add(number, hidden=hidden)

    def _add(self, number: int, *, hidden: bool) -> None:
        self.model.numbers.add(number)
        if hidden:
            self.model.hidden.add(number)
        elif not self.over and (not self.walked or number > self.walked[-1]):
            self.steady.add(number)

    @rule(pick=st.integers(0, 1_000))
    def something_is_deleted(self, pick: int) -> None:
        if len(self.model.numbers) > 1:
            number = sorted(self.model.numbers)[pick % len(self.model.numbers)]
            self.model.numbers.discard(number)
            self.model.hidden.discard(number)
            self.steady.discard(number)

    @rule(pick=st.integers(0, 1_000))
    def something_is_hidden(self, pick: int) -> None:
        number = sorted(self.model.numbers)[pick % len(self.model.numbers)]
        self.model.hidden.add(number)
        self.steady.discard(number)

    @rule()
    def what_was_hidden_is_shown(self) -> None:
        self.model.hidden.clear()

    @precondition(lambda self: not self.over)
    @rule()
    def the_walker_turns_the_page(self) -> None:
        page = self._read(self.place)
        self.walked += page.items
        self.place, self.over = page.next, page.next is None
        if self.over:
            assert self.steady <= set(self.walked)

    @rule(forwards=st.booleans())
    def the_stroller_goes_either_way(self, forwards: bool) -> None:
        place = self.strolling.next if forwards else self.strolling.previous
        if place is None:
            return
        page = self._read(place)
        if page.items and self.strolling.items:
            if forwards:
                assert page.items[0] > self.strolling.items[-1]
            else:
                assert page.items[-1] < self.strolling.items[0]
        self.strolling = page

    def _read(self, place: Place | None) -> Page[int]:
        page = self.model.read(place, self.count)
        assert page.has_more == (page.next is not None)
        if page.items:
            assert page.has_more == bool(self.model.after(page))
        return page

    @invariant()
    def nothing_comes_twice_and_all_in_order(self) -> None:
        assert self.walked == sorted(set(self.walked))


TestReadingWhileTheThreadChanges = ReadingWhileTheThreadChanges.TestCase


def test_an_empty_thread_leads_nowhere() -> None:
    nothing = Page(items=[], next=None, previous=None, has_more=False)
    assert Model(rising=True).read(None, 5) == nothing
    assert Model(hidden=[1, 2], rising=True).read(None, 5) == nothing


def test_what_was_written_after_the_last_page_is_found_by_going_back_and_on() -> None:
    model = Model([1, 2, 3], rising=True)
    last = model.read(None, 5)
    assert (last.items, last.has_more) == ([1, 2, 3], False)
    model.numbers |= {4, 5}
    back = model.read(last.previous, 5)
    assert (back.items, back.has_more) == ([], True)
    assert model.read(back.next, 5).items == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("place", [None, Place("older", MIRROR - 50)])
def test_a_page_with_nothing_hidden_costs_one_fetch(place: Place | None) -> None:
    model = Model(range(1, 100), rising=True)
    model.read(place, 20)
    assert [span.limit for span in model.fetches] == [21]
