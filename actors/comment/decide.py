"""The rules of a comment: one like a person, and its author or the post's deletes it."""

from typing import assert_never

from actors.comment.messages import DeleteComment, DeleteCommentReply, LikeComment, UnlikeComment
from actors.comment.state import CommentState
from actors.decisions import Accepted, Moment, Reason, Refused
from actors.post.messages import LikeReply
from actors.post.state import PostState
from actors.user.state import UserState
from storage.facts import CommentDeleted, CommentLiked, CommentUnliked
from storage.ids import comment_key, post_key, user_key

CommentCommand = LikeComment | UnlikeComment | DeleteComment
CommentReply = LikeReply | DeleteCommentReply


def decide(
    state: CommentState, command: CommentCommand, moment: Moment
) -> Accepted[CommentReply] | Refused:
    """Decide `command`. Pure; see `actors.decisions`."""
    if not _stands(state, command, moment):
        return Refused(Reason.NOT_FOUND)
    account, likes = command.account, len(state.likers)
    match command:
        case LikeComment():
            if not _is_shown(state, command, moment):
                return Refused(Reason.NOT_FOUND)
            if account in state.likers:
                return Accepted((), LikeReply(liked=True, likes=likes))
            first = account not in state.ever_liked
            author: UserState = moment.reads[user_key(command.place.author)]
            told = author.shows_to(state.author)
            liked = CommentLiked(state.comment, account, first, told)
            return Accepted((liked,), LikeReply(liked=True, likes=likes + 1))
        case UnlikeComment():
            if account not in state.likers:
                return Accepted((), LikeReply(liked=False, likes=likes))
            unliked = CommentUnliked(state.comment, account)
            return Accepted((unliked,), LikeReply(liked=False, likes=likes - 1))
        case DeleteComment():
            if account not in (state.author, command.place.author):
                return Refused(Reason.FORBIDDEN)
            deleted = CommentDeleted(
                state.comment, state.post, state.author, 1 + state.replies, state.root or None
            )
            return Accepted((deleted,), DeleteCommentReply(state.comment))
        case _:
            assert_never(command)


def _is_shown(state: CommentState, command: LikeComment, moment: Moment) -> bool:
    """Whether the asker may see the post, and the comment's author and the asker each other."""
    post_author: UserState = moment.reads[user_key(command.place.author)]
    liker: UserState = moment.reads[user_key(command.account)]
    met = liker.meets(state.author) and state.author not in moment.gone
    return met and post_author.shows_to(command.account)


def _stands(state: CommentState, command: CommentCommand, moment: Moment) -> bool:
    """Whether the comment is there, and where the command says."""
    place = command.place
    post: PostState = moment.reads[post_key(place.post)]
    root: CommentState | None = None
    if place.root is not None:
        root = moment.reads[comment_key(place.root)]
    return (
        state.exists
        and post.exists
        and (state.post, state.root) == (place.post, place.root or 0)
        and post.author == place.author
        and (root is None or root.exists)
    )
