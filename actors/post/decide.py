"""The rules of a post: who may like, keep and comment on it, one like a person, and only its
author changes and deletes it."""

from typing import Any, assert_never

import msgspec

from actors.comment.state import CommentState
from actors.decisions import Accepted, DoneReply, Moment, Reason, Refused
from actors.post.messages import (
    Comment,
    CommentReply,
    DeletePost,
    DeleteReply,
    EditPost,
    Like,
    LikeReply,
    Save,
    SaveReply,
    Unlike,
    Unsave,
)
from actors.post.state import PostState
from actors.user.naming import tagged, told
from actors.user.state import UserState
from storage.facts import (
    Commented,
    PostDeleted,
    PostEdited,
    PostLiked,
    PostSaved,
    PostUnliked,
    PostUnsaved,
)
from storage.ids import comment_key, user_key

PostCommand = Like | Unlike | Save | Unsave | EditPost | DeletePost | Comment
PostReply = LikeReply | SaveReply | DoneReply | DeleteReply | CommentReply


def decide(state: PostState, command: PostCommand, moment: Moment) -> Accepted[PostReply] | Refused:
    """Decide `command`. Pure; see `actors.decisions`."""
    if not state.exists:
        return Refused(Reason.NOT_FOUND)
    match command:
        case Like() | Save() | Comment():
            author: UserState = moment.reads[user_key(command.author)]
            if command.author != state.author or not author.shows_to(command.account):
                return Refused(Reason.NOT_FOUND)
            return _decide_of_viewer(state, command, moment)
        case Unlike():
            likes = len(state.likers)
            if command.account not in state.likers:
                return Accepted((), LikeReply(liked=False, likes=likes))
            unliked = PostUnliked(state.post, command.account)
            return Accepted((unliked,), LikeReply(liked=False, likes=likes - 1))
        case Unsave():
            saved = command.account in state.savers
            unsaved = (PostUnsaved(state.post, command.account),) if saved else ()
            return Accepted(unsaved, SaveReply(state.post, saved=False))
        case EditPost():
            if command.account != state.author:
                return Refused(Reason.FORBIDDEN)
            return _edit(state, command, moment)
        case DeletePost():
            if command.account != state.author:
                return Refused(Reason.FORBIDDEN)
            blobs = tuple(name.value for name in state.blobs if name.value is not None)
            return Accepted(
                (PostDeleted(state.post, state.author),), DeleteReply(state.post, blobs)
            )
        case _:
            assert_never(command)


def _decide_of_viewer(
    state: PostState, command: Like | Save | Comment, moment: Moment
) -> Accepted[PostReply] | Refused:
    """What only those may do who may see the post."""
    match command:
        case Like():
            likes = len(state.likers)
            if command.account in state.likers:
                return Accepted((), LikeReply(liked=True, likes=likes))
            first = command.account not in state.ever_liked
            liked = PostLiked(state.post, command.account, first)
            return Accepted((liked,), LikeReply(liked=True, likes=likes + 1))
        case Save():
            saved = PostSaved(state.post, command.account)
            facts = () if command.account in state.savers else (saved,)
            return Accepted(facts, SaveReply(state.post, saved=True))
        case Comment():
            return _comment(state, command, moment)
        case _:
            assert_never(command)


def _comment(state: PostState, command: Comment, moment: Moment) -> Accepted[PostReply] | Refused:
    """Replies are one level deep: one to a reply joins its thread."""
    replied = None
    writer: UserState = moment.reads[user_key(command.account)]
    if command.parent is not None or command.root is not None:
        replied = _answered(state, command, writer, moment)
        if replied is None:
            return Refused(Reason.NO_SUCH_PARENT)
    author: UserState = moment.reads[user_key(command.author)]
    if replied is not None and not author.shows_to(replied):
        replied = None  # who may not see the post any more is not told
    commented = Commented(
        comment=moment.next_id(),
        post=state.post,
        author=command.account,
        text=moment.text(command.text),
        root=command.root,
        replied=replied,
        mentions=told(command.mentions, writer, author, moment),
        post_author=state.author,
    )
    reply = CommentReply(
        commented.comment, state.post, command.account, moment.at, command.text, command.root
    )
    return Accepted((commented,), reply)


def _answered(state: PostState, command: Comment, writer: UserState, moment: Moment) -> int | None:
    """Whom a reply answers; None if what it answers is not there, or not for the writer."""
    if command.parent is None or command.root is None:
        return None
    parent: CommentState = moment.reads[comment_key(command.parent)]
    root: CommentState = moment.reads[comment_key(command.root)]
    there = parent.exists and root.exists and parent.post == root.post == state.post
    if not there or command.root != (parent.root or parent.comment):
        return None
    hidden = parent.author in moment.gone or root.author in moment.gone
    return parent.author if writer.meets(parent.author) and not hidden else None


def _edit(state: PostState, command: EditPost, moment: Moment) -> Accepted[PostReply]:
    """Only whom the post has not told before is told that it names them."""
    if not command.changed:
        return Accepted((), DoneReply())
    author: UserState = moment.reads[user_key(command.account)]
    changes: dict[str, Any] = {}
    if "caption" in command.changed:
        changes["caption"] = moment.text_or_none(command.caption)
        changes["mentions"] = tuple(
            who
            for who in told(command.mentions, author, author, moment)
            if who not in state.ever_tagged and who not in state.ever_mentioned
        )
    if "alts" in command.changed:
        pictures = len(state.blobs) // 2  # a file and a thumbnail each
        changes["alts"] = tuple(map(moment.text_or_none, command.alts[:pictures]))
    if "location" in command.changed:
        changes["location"] = command.location
    if "tags" in command.changed:
        changes["tags"] = tuple(
            msgspec.structs.replace(tag, told=tag.told and tag.account not in state.ever_tagged)
            for tag in tagged(command.tags, author, moment)
        )
    edited = PostEdited(state.post, state.author, command.changed, **changes)
    return Accepted((edited,), DoneReply())
