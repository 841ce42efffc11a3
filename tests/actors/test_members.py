"""Sets of accounts behave as sets, whatever their size and form."""

from hypothesis import given
from hypothesis import strategies as st
from pyroaring import BitMap

from actors.members import ARRAY_MEMBERS_MAX, Members, MemberSet

accounts = st.integers(1, 2**32 - 1) | st.integers(1, 40)
changes = st.lists(st.tuples(st.booleans(), accounts))


def change(members: MemberSet | set[int], what: list[tuple[bool, int]]) -> None:
    for add, account in what:
        if add:
            members.add(account)
        else:
            members.discard(account)


@given(st.sets(accounts), changes)
def test_members_are_a_set(start: set[int], what: list[tuple[bool, int]]) -> None:
    members, model = Members(start), set(start)
    change(members, what)
    change(model, what)
    assert list(members) == sorted(model)
    assert len(members) == len(model)
    assert all((account in members) == (account in model) for _, account in what)
    assert members == Members(model)


@given(st.sets(accounts), changes, changes)
def test_a_draft_is_the_set_with_its_changes_and_leaves_the_set_alone(
    start: set[int], first: list[tuple[bool, int]], second: list[tuple[bool, int]]
) -> None:
    members, model = Members(start), set(start)
    draft = members.draft()
    for step in (first, second):
        change(draft, step)
        change(model, step)
        draft = draft.draft()
        assert len(draft) == len(model)
        assert all((account in draft) == (account in model) for _, account in first + second)
    assert list(members) == sorted(start)


def test_a_set_survives_growing_into_a_bitmap_and_shrinking_back() -> None:
    members = Members()
    for account in range(1, 2 * ARRAY_MEMBERS_MAX):
        members.add(account)
        assert len(members) == account
    for account in range(1, 2 * ARRAY_MEMBERS_MAX):
        assert account in members
        members.discard(account)
        assert account not in members
    assert list(members) == []


@given(st.sets(accounts) | st.integers(600, 2_000).map(lambda most: set(range(1, most))))
def test_a_set_survives_a_snapshot(start: set[int]) -> None:
    assert Members.from_bytes(Members(start).to_bytes()) == Members(start)


@given(st.sets(accounts), st.sets(accounts))
def test_among_is_the_intersection(start: set[int], others: set[int]) -> None:
    assert set(Members(start).among(BitMap(others))) == start & others
