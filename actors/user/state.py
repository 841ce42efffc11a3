"""What a user's actor remembers of its account, and who may see it."""

import msgspec

from actors.members import Members, MemberSet
from actors.state import State
from storage.facts import Text


class Session(msgspec.Struct, frozen=True):
    """A session that is alive. `refresh` is the SHA-256 of the one refresh token that is good, in
    hexadecimal."""

    session: int
    refresh: Text


class RingStory(msgspec.Struct, frozen=True):
    """A story in the ring; `expires_at` is Unix milliseconds, `file` the name of its blob."""

    story: int
    expires_at: int
    file: Text


class UserState(State):
    """Changed by folding what concerns the account. `username` is None until it is registered."""

    account: int = 0
    username: Text | None = None
    password_id: int = 0
    """The id of the text of the password hash that holds now."""
    sessions: tuple[Session, ...] = ()
    """The oldest first."""
    avatar: Text | None = None
    """The name of the blob of its picture."""
    ring: tuple[RingStory, ...] = ()
    """Its stories that have not ended, the oldest first."""
    read_up_to: int = 0
    """The seq up to which notifications are read."""
    private: bool = False
    gone: bool = False
    followers: MemberSet = msgspec.field(default_factory=Members)
    following: MemberSet = msgspec.field(default_factory=Members)
    requests: MemberSet = msgspec.field(default_factory=Members)
    """Who would like to follow it."""
    requested: MemberSet = msgspec.field(default_factory=Members)
    """Whom it would like to follow."""
    blocking: MemberSet = msgspec.field(default_factory=Members)
    blocked_by: MemberSet = msgspec.field(default_factory=Members)

    @property
    def exists(self) -> bool:
        return self.username is not None and not self.gone

    def meets(self, viewer: int) -> bool:
        """Whether this account and `viewer` are there for each other: neither blocks the other."""
        return self.exists and viewer not in self.blocking and viewer not in self.blocked_by

    def shows_to(self, viewer: int) -> bool:
        """Whether `viewer` may see what this account posts."""
        if viewer == self.account:
            return self.exists
        return self.meets(viewer) and (not self.private or viewer in self.followers)
