"""What a user's actor remembers of its account."""

import msgspec

from actors.members import Members, MemberSet
from actors.state import State
from storage.facts import Text


class UserState(State):
    """Changed by folding what concerns the account. `username` is None until it is registered."""

    account: int = 0
    username: Text | None = None
    password_id: int = 0
    """The id of the text of the password hash that holds now."""
    followers: MemberSet = msgspec.field(default_factory=Members)
    following: MemberSet = msgspec.field(default_factory=Members)
