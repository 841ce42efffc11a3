"""What happens between two accounts. A fact concerns both, so that each side knows its half before
it decides anything else.
"""

from storage.facts.fact import Fact
from storage.ids import user_key


class OfTwo(Fact, frozen=True, array_like=True):
    """An edge from `follower` to `followee`, who decides it."""

    followee: int
    follower: int

    def concerns(self) -> tuple[int, ...]:
        return (user_key(self.followee), user_key(self.follower))

    def owner(self) -> int | None:
        return self.follower


class FollowRequested(OfTwo, frozen=True, array_like=True):
    """`follower` would like to follow `followee`, who is private."""


class FollowRequestEnded(OfTwo, frozen=True, array_like=True):
    """A request is no more: withdrawn, or `denied`."""

    denied: bool = False


class Followed(OfTwo, frozen=True, array_like=True):
    """`follower` follows `followee`. `approved`: after a request, which is no more."""

    approved: bool = False


class Unfollowed(OfTwo, frozen=True, array_like=True):
    """`follower` follows `followee` no longer."""


class Block(Fact, frozen=True, array_like=True):
    """An edge from `blocker`, who decides it, to `blocked`."""

    blocker: int
    blocked: int

    def concerns(self) -> tuple[int, ...]:
        return (user_key(self.blocker), user_key(self.blocked))

    def owner(self) -> int | None:
        return self.blocker


class Blocked(Block, frozen=True, array_like=True):
    """`blocker` blocks `blocked`: follows and requests between them end, both ways. `followed` says
    whether the blocker followed the other until now, `followed_by` the reverse."""

    followed: bool = False
    followed_by: bool = False


class Unblocked(Block, frozen=True, array_like=True):
    """`blocker` blocks `blocked` no longer. What ended does not come back."""
