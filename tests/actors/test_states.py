"""States survive a snapshot, and a draft never touches the state that it is of."""

import pytest

from actors.accounts.state import AccountsState, Invite
from actors.comment.state import CommentState
from actors.members import Members
from actors.names import Names
from actors.post.state import PostState
from actors.state import State, decode_state, encode_state
from actors.story.state import StoryState
from actors.user.state import RingStory, Session, UserState
from storage.facts import Text

STATES = [
    AccountsState(3, Names({"ann": 1, "bob": 2, "cleo": 3}), (Invite(8, Text(9, "ef")),)),
    UserState(
        account=1,
        username=Text(7, "ann"),
        password_id=9,
        sessions=(Session(11, Text(12, "ab")), Session(13, Text(14, "cd"))),
        ring=(RingStory(21, 1_770_000_000_000, Text(22, "s.jpg")),),
        private=True,
        followers=Members([2, 3]),
        following=Members(range(1, 2_000)),
        requests=Members([4]),
        blocking=Members([5]),
    ),
    PostState(5, 1, False, (Text(8, "a.jpg"), Text(9, None)), Members([1]), Members([1, 2])),
    CommentState(6, 5, 1, 4, replies=2, likers=Members([3])),
    StoryState(7, 1, 1_770_000_000_000, viewers=Members([2])),
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


def test_a_draft_of_names_gives_back_and_takes_without_touching_its_state() -> None:
    names = Names({"ann": 1, "bob": 2})
    draft = names.draft()
    draft.take("cleo", 1)
    assert ("ann" in draft, "cleo" in draft, draft.of(1), len(draft)) == (False, True, "cleo", 2)
    draft.release(2)
    assert (draft.of(2), draft.to_dict()) == (None, {"cleo": 1})
    draft.take("ann", 3)
    assert draft.to_dict() == {"cleo": 1, "ann": 3}
    assert names == Names({"ann": 1, "bob": 2})


def test_a_name_that_is_erased_leaves_the_one_before_free() -> None:
    names = Names({"ann": 1})
    names.take("cleo", 1)
    assert ("ann" in names, names.of(1)) == (False, "cleo")
    names.release(1)
    names.release(1)
    assert (len(names), names.of(1)) == (0, None)
