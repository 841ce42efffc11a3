"""What a comment's actor remembers of its comment."""

import msgspec

from actors.members import Members, MemberSet
from actors.state import State


class CommentState(State):
    """Changed by folding what concerns the comment. `author` is 0 until it is there; `root` is 0
    for a comment that is no reply.

    A reply that went with its root, or a comment that went with its post, does not know it: whoever
    asks reads those too.
    """

    comment: int = 0
    post: int = 0
    author: int = 0
    root: int = 0
    gone: bool = False
    replies: int = 0
    likers: MemberSet = msgspec.field(default_factory=Members)
    ever_liked: MemberSet = msgspec.field(default_factory=Members)
    """Who has liked it at any time: only a first like notifies."""

    @property
    def exists(self) -> bool:
        return self.author != 0 and not self.gone
