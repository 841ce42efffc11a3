"""What a post's actor remembers of its post."""

import msgspec

from actors.members import Members, MemberSet
from actors.state import State
from storage.facts import Text


class PostState(State):
    """Changed by folding what concerns the post. `author` is 0 until it is published."""

    post: int = 0
    author: int = 0
    gone: bool = False
    blobs: tuple[Text, ...] = ()
    """Names of its files and thumbnails."""
    likers: MemberSet = msgspec.field(default_factory=Members)
    ever_liked: MemberSet = msgspec.field(default_factory=Members)
    """Who has liked it at any time: only a first like notifies."""
    savers: MemberSet = msgspec.field(default_factory=Members)
    ever_tagged: MemberSet = msgspec.field(default_factory=Members)
    """Who was ever told of being tagged: an edit tells only whom it newly names."""
    ever_mentioned: MemberSet = msgspec.field(default_factory=Members)
    """Who was ever told of being mentioned in its caption."""

    @property
    def exists(self) -> bool:
        return self.author != 0 and not self.gone
