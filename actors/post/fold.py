"""How facts change what a post's actor remembers."""

from actors.members import Members
from actors.post.state import PostState
from storage.facts import (
    CommentDeleted,
    Commented,
    Fact,
    PostDeleted,
    PostEdited,
    PostLiked,
    PostPublished,
    PostSaved,
    PostUnliked,
    PostUnsaved,
)


def fold(state: PostState, seq: int, fact: Fact) -> None:
    """Fold one fact, in seq order."""
    match fact:
        case PostPublished():
            state.post = fact.post
            state.author = fact.author
            state.blobs = tuple(
                name for medium in fact.media for name in (medium.file, medium.thumbnail)
            )
            _remember_told(state, fact)
        case PostEdited():
            _remember_told(state, fact)
        case PostLiked():
            state.likers.add(fact.account)
            state.ever_liked.add(fact.account)
        case PostUnliked():
            state.likers.discard(fact.account)
        case PostSaved():
            state.savers.add(fact.account)
        case PostUnsaved():
            state.savers.discard(fact.account)
        case PostDeleted():
            state.gone = True
            state.blobs = ()
            state.likers = Members()
            state.ever_liked = Members()
            state.savers = Members()
            state.ever_tagged = Members()
            state.ever_mentioned = Members()
        case Commented() | CommentDeleted():
            pass  # rows hold these; they concern the post so that nothing is decided beside them
        case _:
            raise TypeError(f"{type(fact).__name__} does not concern a post")


def _remember_told(state: PostState, fact: PostPublished | PostEdited) -> None:
    for tag in fact.tags:
        if tag.told:
            state.ever_tagged.add(tag.account)
    for account in fact.mentions:
        state.ever_mentioned.add(account)
