"""The rules of a post: one like a person, and only its author deletes it."""

from typing import assert_never

from actors.decisions import Accepted, Moment, Reason, Refused
from actors.post.messages import DeletePost, DeleteReply, Like, LikeReply, Unlike
from actors.post.state import PostState
from actors.user.state import UserState
from storage.facts import PostDeleted, PostLiked, PostUnliked
from storage.ids import user_key

PostCommand = Like | Unlike | DeletePost
PostReply = LikeReply | DeleteReply


def decide(state: PostState, command: PostCommand, moment: Moment) -> Accepted[PostReply] | Refused:
    """Decide `command`. Pure; see `actors.decisions`."""
    if not state.exists:
        return Refused(Reason.NOT_FOUND)
    likes = len(state.likers)
    match command:
        case Like():
            author: UserState = moment.reads[user_key(command.author)]
            if command.author != state.author or author.username is None:
                return Refused(Reason.NOT_FOUND)
            if command.account in state.likers:
                return Accepted((), LikeReply(liked=True, likes=likes))
            first = command.account not in state.ever_liked
            liked = PostLiked(state.post, command.account, first)
            return Accepted((liked,), LikeReply(liked=True, likes=likes + 1))
        case Unlike():
            if command.account not in state.likers:
                return Accepted((), LikeReply(liked=False, likes=likes))
            unliked = PostUnliked(state.post, command.account)
            return Accepted((unliked,), LikeReply(liked=False, likes=likes - 1))
        case DeletePost():
            if command.account != state.author:
                return Refused(Reason.FORBIDDEN)
            blobs = tuple(name.value for name in state.blobs if name.value is not None)
            return Accepted(
                (PostDeleted(state.post, state.author),), DeleteReply(state.post, blobs)
            )
        case _:
            assert_never(command)
