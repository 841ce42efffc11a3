"""The rules of a post: who may like, keep and comment on it, one like a person, and only its
author changes and deletes it."""

from typing import assert_never

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
    if command.parent is not None and command.root is not None:
        parent: CommentState = moment.reads[comment_key(command.parent)]
        root: CommentState = moment.reads[comment_key(command.root)]
        there = parent.exists and root.exists and parent.post == root.post == state.post
        if not there or command.root != (parent.root or parent.comment):
            return Refused(Reason.NO_SUCH_PARENT)
        if parent.author != command.account and not writer.meets(parent.author):
            return Refused(Reason.NO_SUCH_PARENT)
        replied = parent.author
    commented = Commented(
        comment=moment.next_id(),
        post=state.post,
        author=command.account,
        text=moment.text(command.text),
        root=command.root,
        replied=replied,
        mentions=_named(command.mentions, writer, moment),
    )
    reply = CommentReply(
        commented.comment, state.post, command.account, moment.at, command.text, command.root
    )
    return Accepted((commented,), reply)


def _edit(state: PostState, command: EditPost, moment: Moment) -> Accepted[PostReply]:
    if not command.changed:
        return Accepted((), DoneReply())
    author: UserState = moment.reads[user_key(command.account)]
    tags = {tag.account: tag for tag in command.tags}
    pictures = len(state.blobs) // 2
    edited = PostEdited(
        post=state.post,
        author=state.author,
        changed=command.changed,
        caption=moment.text_or_none(command.caption),
        alts=tuple(moment.text_or_none(alt) for alt in command.alts[:pictures]),
        location=command.location,
        tags=tuple(tags[account] for account in _named(tuple(tags), author, moment)),
        mentions=_named(command.mentions, author, moment),
    )
    return Accepted((edited,), DoneReply())


def _named(accounts: tuple[int, ...], by: UserState, moment: Moment) -> tuple[int, ...]:
    """Those whom no block keeps apart from whoever names them."""
    return tuple(who for who in accounts if by.meets(who) and who not in moment.gone)
