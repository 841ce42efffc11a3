"""The rate limits: how many requests an hour each class of endpoints takes from one user, or from
one address where there is no token.

Routes declare their `Tier`; `server.http.answering` counts each request before its body is read.
The figures are settings. Nothing here reads a clock, knows a route or answers anything.
"""

from collections.abc import Mapping
from enum import Enum, auto

import msgspec

from server.access.windows import Windows
from server.settings import Settings

HOUR_MS = 3_600_000
"""The length of every window (contract.md, "Rate limits"), in milliseconds."""

USER_WINDOWS_MAX = 131_072
"""Windows of users, one a user and tier, some 300 bytes each: an hour of 20,000 busy people in 39
MB."""

ADDRESS_WINDOWS_MAX = 65_536
"""Windows of addresses, kept apart, so that no crowd of strangers makes room by forgetting a
user's."""


class Tier(Enum):
    """Which limit of requests an hour counts a route."""

    POST_UPLOAD = auto()
    STORY_UPLOAD = auto()
    FEED = auto()
    SEARCH = auto()
    FOLLOW = auto()
    USER_LOOKUP = auto()
    WRITE = auto()
    """Whatever else changes something."""
    READ = auto()
    """Whatever else is read."""
    AUTH = auto()
    """Logging in, registering, refreshing: without a token by nature."""
    NONE = auto()
    """Not counted: pictures, since one page shows dozens, and probes."""


class Figures(msgspec.Struct, frozen=True):
    """Requests an hour of one tier: of a user, and of an address without a token."""

    user: int
    address: int


class Allowance(msgspec.Struct, frozen=True):
    """What one request has used up, itself included."""

    limit: int
    used: int
    resets_at: int
    """When the window is over, in Unix milliseconds."""

    @property
    def is_refused(self) -> bool:
        return self.used > self.limit

    def headers(self) -> dict[str, str]:
        """What each answer of a limited endpoint carries; the reset in Unix seconds, rounded up so
        that the window is over by then."""
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(max(0, self.limit - self.used)),
            "X-RateLimit-Reset": str(-(-self.resets_at // 1_000)),
        }


def figures_of(settings: Settings) -> Mapping[Tier, Figures]:
    """The figures that `settings` give each tier; none if they turn the limits off."""
    if settings.rate_limits == "off":
        return {}

    def both(figure: int) -> Figures:
        return Figures(figure, figure)

    return {
        Tier.POST_UPLOAD: both(settings.limit_post_upload),
        Tier.STORY_UPLOAD: both(settings.limit_story_upload),
        Tier.FEED: both(settings.limit_feed),
        Tier.SEARCH: Figures(settings.limit_search, settings.limit_search_address),
        Tier.FOLLOW: both(settings.limit_follow),
        Tier.USER_LOOKUP: Figures(settings.limit_read, settings.limit_user_lookup_address),
        Tier.WRITE: both(settings.limit_write),
        Tier.READ: both(settings.limit_read),
        Tier.AUTH: both(settings.limit_auth),
    }


class RateLimits:
    """Counts requests against `figures`; a tier without a figure is not limited."""

    def __init__(
        self,
        figures: Mapping[Tier, Figures],
        user_windows_max: int = USER_WINDOWS_MAX,
        address_windows_max: int = ADDRESS_WINDOWS_MAX,
    ) -> None:
        self._figures = figures
        self._users: Windows[tuple[int, Tier]] = Windows(HOUR_MS, user_windows_max)
        self._addresses: Windows[tuple[str, Tier]] = Windows(HOUR_MS, address_windows_max)

    def cover(self, tier: Tier) -> bool:
        """Whether requests of `tier` are counted at all."""
        return tier in self._figures

    def count_user(self, tier: Tier, account: int, now: int) -> Allowance:
        """Count a request of a user at `now` (Unix milliseconds). `tier` is one that is limited."""
        limit, key = self._figures[tier].user, (account, tier)
        return Allowance(limit, self._users.count(key, now), self._users.ends_at(key, now))

    def count_address(self, tier: Tier, address: str, now: int) -> Allowance:
        """Count a request without a token, by its address."""
        limit, key = self._figures[tier].address, (address, tier)
        return Allowance(limit, self._addresses.count(key, now), self._addresses.ends_at(key, now))

    def statistics(self) -> dict[str, int]:
        """How many windows are kept."""
        return {"users": len(self._users), "addresses": len(self._addresses)}
