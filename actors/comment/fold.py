"""How facts change what a comment's actor remembers."""

from actors.comment.state import CommentState
from actors.members import Members
from storage.facts import CommentDeleted, Commented, CommentLiked, CommentUnliked, Fact


def fold(state: CommentState, seq: int, fact: Fact) -> None:
    """Fold one fact, in seq order."""
    match fact:
        case Commented() if fact.root is not None and fact.root == state.comment:
            state.replies += 1
        case Commented():
            state.comment = fact.comment
            state.post = fact.post
            state.author = fact.author
            state.root = fact.root or 0
        case CommentLiked():
            state.likers.add(fact.account)
            state.ever_liked.add(fact.account)
        case CommentUnliked():
            state.likers.discard(fact.account)
        case CommentDeleted() if fact.root is not None and fact.root == state.comment:
            state.replies -= 1
        case CommentDeleted():
            state.gone = True
            state.replies = 0
            state.likers = Members()
            state.ever_liked = Members()
        case _:
            raise TypeError(f"{type(fact).__name__} does not concern a comment")
