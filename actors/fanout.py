"""Who gets a post, when, and at what cost: the policies of fan-out, pure functions over numbers and
bitmaps.

The server and the lab run the same ones. At publish a policy says whose inboxes get the post;
whoever is left out learns at reading that the author has posts to be pulled. `actors.inbox` is
what gets them, `actors.runtime.inboxes` keeps the inboxes and carries the policy out.
"""

from typing import Protocol

from pyroaring import BitMap

from actors.members import MemberSet

HYBRID_FOLLOWERS_MAX = 10_000
"""Followers up to which `hybrid` pushes. A push to that many resident inboxes takes some 15 ms in
all, in slices; above it, each of their readers pulls from one author more."""

LOSSY_FOLLOWING_MAX = 2_000
"""Following up to which `lossy` drops nothing: the figure that Bluesky published for its own
timelines (Jaz, "When imperfect systems are good", 2025)."""

_MIX_POST, _MIX_OWNER = 0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F
"""Odd 64-bit constants (of the golden ratio and of xxHash): they spread the bits of what they
multiply."""


class Policy(Protocol):
    """One way of fan-out."""

    name: str
    reads_inboxes: bool
    """False: a feed is always pulled, and no inbox is kept."""

    def push_to(self, followers: MemberSet, resident: BitMap, active: BitMap) -> BitMap:
        """At publish: whose inboxes get the post. `resident` are the accounts that have one,
        `active` those of them that were read lately."""
        ...

    def keeps(self, post: int, owner: int, following: int) -> bool:
        """Whether the inbox of `owner`, who follows `following` accounts, keeps a post pushed to
        it."""
        ...


class Push:
    """Every follower with a resident inbox gets the post at once; the others' are filled when they
    come back."""

    name = "push"
    reads_inboxes = True

    def push_to(self, followers: MemberSet, resident: BitMap, active: BitMap) -> BitMap:
        return followers.among(resident)

    def keeps(self, post: int, owner: int, following: int) -> bool:
        return True


class Pull:
    """Nobody gets it: each feed is put together when it is read."""

    name = "pull"
    reads_inboxes = False

    def push_to(self, followers: MemberSet, resident: BitMap, active: BitMap) -> BitMap:
        return BitMap()

    def keeps(self, post: int, owner: int, following: int) -> bool:
        return True


class Hybrid(Push):
    """Push while the author has few followers, pull from those who have many."""

    name = "hybrid"

    def __init__(self, followers_max: int = HYBRID_FOLLOWERS_MAX) -> None:
        self.followers_max = followers_max

    def push_to(self, followers: MemberSet, resident: BitMap, active: BitMap) -> BitMap:
        if len(followers) > self.followers_max:
            return BitMap()
        return followers.among(resident)


class Threshold(Push):
    """Push to those who have read their feed lately; whoever comes back later pulls."""

    name = "threshold"

    def push_to(self, followers: MemberSet, resident: BitMap, active: BitMap) -> BitMap:
        return followers.among(active)


class Lossy(Push):
    """Push, but an inbox whose owner follows very many keeps only a share of what it gets.

    The share is min(cap / following, 1). Which posts are kept is fixed by post and owner, so that
    a history can be replayed.
    """

    name = "lossy"

    def __init__(self, following_max: int = LOSSY_FOLLOWING_MAX) -> None:
        self.following_max = following_max

    def keeps(self, post: int, owner: int, following: int) -> bool:
        if following <= self.following_max:
            return True
        mixed = (post * _MIX_POST ^ owner * _MIX_OWNER) * _MIX_POST & 0xFFFF_FFFF_FFFF_FFFF
        return (mixed >> 32) * following < self.following_max << 32


POLICIES: dict[str, Policy] = {
    policy.name: policy for policy in (Hybrid(), Push(), Pull(), Threshold(), Lossy())
}
"""Every policy by the name that the setting `fan_out` gives it."""
