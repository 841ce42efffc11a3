"""What a story's actor remembers of its story."""

import msgspec

from actors.members import Members, MemberSet
from actors.state import State


class StoryState(State):
    """Changed by folding what concerns the story. `author` is 0 until it is published."""

    story: int = 0
    author: int = 0
    expires_at: int = 0
    """Unix milliseconds."""
    gone: bool = False
    viewers: MemberSet = msgspec.field(default_factory=Members)
    """Without its author."""

    def lives_at(self, at: int) -> bool:
        """Whether it is to be seen at `at` (Unix milliseconds)."""
        return self.author != 0 and not self.gone and at < self.expires_at
