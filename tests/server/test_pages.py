"""Pages put together are the list, whatever happens to it meanwhile (contract.md, "Pages")."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from server.reading.cursors import Place
from server.reading.pages import FETCHED_MAX, Page
from tests.server.list_model import Model, walk

numbers = st.sets(st.integers(1, 60), max_size=40)
counts = st.integers(1, 7)


@given(visible=numbers, hidden=numbers, count=counts)
def test_pages_put_together_are_the_list_both_ways(visible: set[int], hidden: set[int], count: int):
    model = Model(visible, hidden)
    forwards = walk(model, None, count, "next")
    assert [item for page in forwards for item in page.items] == model.visible
    assert all(len(page.items) == count for page in forwards[:-1])
    for page in forwards[:-1]:
        assert page.has_more
        assert page.next is not None
    assert not forwards[-1].has_more
    assert forwards[-1].next is None

    backwards = walk(model, Place("newer", 0), count, "previous")
    assert [item for page in backwards[::-1] for item in page.items] == model.visible
    assert all(page.items for page in backwards[:-1])


@given(visible=numbers, hidden=numbers, count=counts, turn=st.integers(0, 10))
def test_the_previous_page_is_the_one_that_one_came_from(
    visible: set[int], hidden: set[int], count: int, turn: int
):
    model = Model(visible, hidden)
    pages = walk(model, None, count, "next")
    for before, page in list(pairwise(pages))[: turn + 1]:
        again = model.read(page.previous, count)
        assert again.items == before.items
        assert again.next == before.next


@given(
    visible=numbers,
    hidden=numbers,
    place=st.builds(Place, st.sampled_from(["newer", "older"]), st.integers(0, 70)),
    count=counts,
)
def test_at_any_place_a_page_holds_what_is_nearest(
    visible: set[int], hidden: set[int], place: Place, count: int
):
    model = Model(visible, hidden)
    page = model.read(place, count)
    if place.direction == "older":
        expected = [number for number in model.visible if number < place.number][:count]
        rest = [number for number in model.visible if number < place.number][count:]
    else:
        expected = [number for number in model.visible if number > place.number][-count:]
        lowest = expected[-1] if expected else place.number + 1
        rest = [number for number in model.visible if number < lowest]
    assert page.items == expected
    assert page.has_more == (page.next is not None) == bool(rest)
    if page.next is not None:
        assert model.read(page.next, count).items == rest[:count]
    assert page.previous is not None or not model.visible


class ReadingWhileTheListChanges(RuleBasedStateMachine):
    """One client walks forwards, another polls for what is new, a third walks to and fro; the list
    changes all the while."""

    def __init__(self) -> None:
        super().__init__()
        self.model = Model(range(1, 30))
        self.newest = 29
        self.count = 3
        self.steady = set(self.model.visible)
        """Visible since the walk began."""
        self.walk_place: Place | None = None
        self.walk_over = False
        self.walked: list[int] = []
        first = self.model.read(None, self.count)
        self.poll_place = first.previous
        self.polled: list[int] = []
        self.unpolled: set[int] = set()
        """Added since polling began and visible ever since."""
        self.strolling = first

    @rule(skip=st.integers(1, 3), more=st.integers(0, 6), hidden=st.booleans())
    def something_is_added(self, skip: int, more: int, hidden: bool) -> None:
        for _ in range(more + 1):
            self.newest += skip
            self.model.numbers.add(self.newest)
            if hidden:
                self.model.hidden.add(self.newest)
            else:
                self.unpolled.add(self.newest)

    @rule(pick=st.integers(0, 1_000))
    def something_is_deleted(self, pick: int) -> None:
        number = sorted(self.model.numbers)[pick % len(self.model.numbers)]
        if len(self.model.numbers) > 1:
            self.model.numbers.discard(number)
            self._is_not_steady(number)

    @rule(pick=st.integers(0, 1_000))
    def something_is_hidden(self, pick: int) -> None:
        number = sorted(self.model.numbers)[pick % len(self.model.numbers)]
        self.model.hidden.add(number)
        self._is_not_steady(number)

    @rule()
    def what_was_hidden_is_shown(self) -> None:
        self.model.hidden.clear()

    def _is_not_steady(self, number: int) -> None:
        self.steady.discard(number)
        self.unpolled.discard(number)

    @precondition(lambda self: not self.walk_over)
    @rule()
    def the_walker_turns_the_page(self) -> None:
        page = self._read(self.walk_place)
        self.walked += page.items
        self.walk_place, self.walk_over = page.next, page.next is None
        if self.walk_over:
            assert self.steady <= set(self.walked)

    @precondition(lambda self: self.poll_place is not None)
    @rule()
    def the_poller_asks_until_there_is_nothing_new(self) -> None:
        while True:
            page = self._read(self.poll_place)
            self.polled += page.items[::-1]
            assert page.previous is not None
            self.poll_place = page.previous
            if not page.items:
                break
        assert self.unpolled <= set(self.polled)

    @rule(forwards=st.booleans())
    def the_stroller_goes_either_way(self, forwards: bool) -> None:
        place = self.strolling.next if forwards else self.strolling.previous
        if place is None:
            return
        page = self._read(place)
        if page.items and self.strolling.items:
            if forwards:
                assert page.items[0] < self.strolling.items[-1]
            else:
                assert page.items[-1] > self.strolling.items[0]
        self.strolling = page

    def _read(self, place: Place | None) -> Page[int]:
        page = self.model.read(place, self.count)
        assert page.has_more == (page.next is not None)
        if page.items:
            assert page.has_more == bool(self.model.after(page))
        return page

    @invariant()
    def nothing_comes_twice_and_all_in_order(self) -> None:
        assert self.walked == sorted(set(self.walked), reverse=True)
        assert self.polled == sorted(set(self.polled))


TestReadingWhileTheListChanges = ReadingWhileTheListChanges.TestCase


def test_an_empty_list_leads_nowhere():
    assert Model().read(None, 5) == Page(items=[], next=None, previous=None, has_more=False)
    assert Model(hidden=[1, 2]).read(None, 5).previous is None


def test_an_empty_poll_can_be_repeated_and_leads_down_again():
    model = Model([1, 2, 3])
    poll = model.read(None, 2).previous
    empty = model.read(poll, 2)
    assert (empty.items, empty.previous, empty.has_more) == ([], poll, True)
    assert model.read(empty.next, 2).items == [3, 2]
    model.numbers.add(4)
    assert model.read(empty.previous, 2).items == [4]


def test_a_poll_survives_the_deletion_of_what_it_began_at():
    model = Model([1, 2, 3])
    poll = model.read(None, 2).previous
    model.numbers = {5}
    assert model.read(poll, 2).items == [5]


def test_when_the_rest_was_deleted_the_way_back_is_still_there():
    model = Model([1, 2, 3, 4])
    first = model.read(None, 2)
    model.numbers -= {1, 2}
    page = model.read(first.next, 2)
    assert (page.items, page.next, page.has_more) == ([], None, False)
    assert model.read(page.previous, 2).items == [4, 3]


def test_has_more_does_not_count_what_is_hidden():
    assert not Model([9, 8], hidden=[1, 2, 3]).read(None, 2).has_more
    assert Model([9, 8, 1], hidden=[2, 3]).read(None, 2).has_more
    assert not Model([9, 8], hidden=[1, 2, 3]).read(Place("newer", 7), 2).has_more


def test_many_hidden_items_cost_few_fetches():
    model = Model([1, 2_001], hidden=range(2, 2_001))
    assert model.read(None, 2).items == [2_001, 1]
    assert len(model.fetches) <= 6 + 2_000 // FETCHED_MAX
    assert max(span.limit for span in model.fetches) == FETCHED_MAX


@pytest.mark.parametrize("place", [None, Place("older", 50)])
def test_a_page_with_nothing_hidden_costs_one_fetch(place: Place | None):
    model = Model(range(1, 100))
    model.read(place, 20)
    assert [span.limit for span in model.fetches] == [21]
