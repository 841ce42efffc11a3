"""The kinds of actor, each with its state, its rules and its fold: how the runtime finds them.

A new kind is a folder beside `post/`, a number in `storage.ids.Kind` and a line here.
"""

from collections.abc import Callable
from typing import Any

import msgspec

import actors.accounts.decide
import actors.accounts.fold
import actors.comment.decide
import actors.comment.fold
import actors.post.decide
import actors.post.fold
import actors.story.decide
import actors.story.fold
import actors.user.decide
import actors.user.fold
from actors.accounts.state import FOLDS_A_SNAPSHOT_SHARE, AccountsState
from actors.comment.state import CommentState
from actors.decisions import Accepted, Moment, Refused
from actors.post.state import PostState
from actors.state import State
from actors.story.state import StoryState
from actors.user.state import UserState
from storage.facts import Fact
from storage.ids import Kind

FOLDS_A_SNAPSHOT = 512
"""Facts folded since the last snapshot that make the next one due: bounds what a load must fold."""


class Behaviour(msgspec.Struct, frozen=True):
    """How one kind of actor decides and folds. Commands and states of different kinds never
    meet."""

    state: type[State]
    decide: Callable[[Any, Any, Moment], Accepted[Any] | Refused]
    fold: Callable[[Any, int, Fact], None]
    folds_a_snapshot: Callable[[Any], int] = lambda state: FOLDS_A_SNAPSHOT


def _folds_of_accounts(state: AccountsState) -> int:
    return max(FOLDS_A_SNAPSHOT, len(state.names) // FOLDS_A_SNAPSHOT_SHARE)


def _folds_of_user(state: UserState) -> int:
    return 1 if state.gone else FOLDS_A_SNAPSHOT  # the one before still holds the name


BEHAVIOURS: dict[Kind, Behaviour] = {
    Kind.ACCOUNTS: Behaviour(
        AccountsState, actors.accounts.decide.decide, actors.accounts.fold.fold, _folds_of_accounts
    ),
    Kind.USER: Behaviour(
        UserState, actors.user.decide.decide, actors.user.fold.fold, _folds_of_user
    ),
    Kind.POST: Behaviour(PostState, actors.post.decide.decide, actors.post.fold.fold),
    Kind.STORY: Behaviour(StoryState, actors.story.decide.decide, actors.story.fold.fold),
    Kind.COMMENT: Behaviour(CommentState, actors.comment.decide.decide, actors.comment.fold.fold),
}
