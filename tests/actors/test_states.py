"""States survive a snapshot, and a draft never touches the state that it is of."""

import pytest

from actors.accounts.state import AccountsState
from actors.members import Members
from actors.names import Names
from actors.post.state import PostState
from actors.state import State, decode_state, encode_state
from actors.user.state import UserState
from storage.facts import Text

STATES = [
    AccountsState(3, Names({"ann": 1, "bob": 2, "cleo": 3})),
    UserState(1, Text(7, "ann"), 9, Members([2, 3]), Members(range(1, 2_000))),
    PostState(5, 1, False, (Text(8, "a.jpg"), Text(9, None)), Members([1]), Members([1, 2])),
]


@pytest.mark.parametrize("state", STATES)
def test_a_state_survives_a_snapshot(state: State) -> None:
    assert decode_state(encode_state(state), type(state)) == state


def test_a_draft_leaves_its_state_alone() -> None:
    accounts = AccountsState(1, Names({"ann": 1}))
    draft = accounts.draft()
    draft.names.take("bob", 2)
    draft.last = 2
    assert ("bob" in draft.names, "ann" in draft.names, len(draft.names)) == (True, True, 2)
    assert accounts == AccountsState(1, Names({"ann": 1}))
    post = PostState(5, 1)
    liked = post.draft()
    liked.likers.add(3)
    assert (3 in liked.likers, 3 in post.likers) == (True, False)
