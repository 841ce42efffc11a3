"""The rules between two accounts: who may follow whom, and what a block ends.

Called by `actors.user.decide`; an edge is decided by whom it leads to, a block by the blocker.
Pure.
"""

from typing import assert_never

from actors.decisions import Accepted, Moment, Reason, Refused
from actors.user.messages import (
    Approve,
    Block,
    BlockReply,
    Deny,
    EdgeReply,
    Follow,
    RemoveFollower,
    Unblock,
    Unfollow,
)
from actors.user.state import UserState
from storage.facts import (
    Blocked,
    Fact,
    Followed,
    FollowRequested,
    FollowRequestEnded,
    Unblocked,
    Unfollowed,
)
from storage.ids import user_key

EdgeCommand = Follow | Unfollow | RemoveFollower | Approve | Deny


def decide_edge(
    state: UserState, command: EdgeCommand, moment: Moment
) -> Accepted[EdgeReply] | Refused:
    """Decide about an edge to the account of `state`."""
    edge = (state.account, command.follower)
    follows = command.follower in state.followers
    asks = command.follower in state.requests
    follow, unfollow = Followed(*edge, approved=asks), Unfollowed(*edge)
    end_request = FollowRequestEnded(*edge)
    match command:
        case Follow():
            if command.follower == state.account:
                return Refused(Reason.ONESELF)
            if not state.meets(command.follower):
                return Refused(Reason.NOT_FOUND)
            if follows or not state.private:
                return _edge(edge, following=True, fact=None if follows else follow)
            return _edge(edge, requested=True, fact=None if asks else FollowRequested(*edge))
        case Unfollow():
            return _edge(edge, fact=unfollow if follows else end_request if asks else None)
        case RemoveFollower():
            return _edge(edge, requested=asks, fact=unfollow if follows else None)
        case Approve():
            if not (follows or asks) or command.follower in moment.gone:
                return Refused(Reason.NOT_FOUND)
            return _edge(edge, following=True, fact=None if follows else follow)
        case Deny():
            if not asks:
                return Refused(Reason.NOT_FOUND)
            return _edge(edge, fact=FollowRequestEnded(*edge, denied=True))
        case _:
            assert_never(command)


def _edge(
    edge: tuple[int, int],
    *,
    following: bool = False,
    requested: bool = False,
    fact: Fact | None = None,
) -> Accepted[EdgeReply]:
    return Accepted(() if fact is None else (fact,), EdgeReply(*edge, following, requested))


def decide_block(
    state: UserState, command: Block | Unblock, moment: Moment
) -> Accepted[BlockReply] | Refused:
    """Decide whether the account of `state` blocks another."""
    edge = (state.account, command.blocked)
    blocks = command.blocked in state.blocking
    if command.blocked == state.account:
        return Refused(Reason.ONESELF)
    if isinstance(command, Unblock):
        return Accepted((Unblocked(*edge),) if blocks else (), BlockReply(*edge, False))
    blocked: UserState = moment.reads[user_key(command.blocked)]
    if not blocked.exists:
        return Refused(Reason.NOT_FOUND)
    followed, followed_by = command.blocked in state.following, command.blocked in state.followers
    facts = () if blocks else (Blocked(*edge, followed, followed_by),)
    return Accepted(facts, BlockReply(*edge, True))
