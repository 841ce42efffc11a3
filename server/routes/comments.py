"""Comments: reading, writing, liking and deleting them."""

from collections.abc import Sequence
from typing import Any

import msgspec

from actors.comment.messages import DeleteComment, LikeComment, Place, UnlikeComment
from actors.post.messages import Comment, CommentReply
from server.http.answers import Response, json_answer
from server.http.calls import Call
from server.http.refusals import asked, asked_once
from server.http.routing import API, Nothing, Section, Tier, Who
from server.problems import Problem, invalid, not_found
from server.reading.listing import list_answer
from server.reading.naming import mentioned
from server.reading.pages import List
from server.reading.seeing import visible_person, visible_post
from server.requests import COMMENT_LENGTH_MAX, CommentRequest, CommentsQuery, number_of
from server.wire import (
    COMMENT_PREFIX,
    Brief,
    CommentAnswer,
    CommentsPage,
    DeletedCommentAnswer,
    LikeAnswer,
    rfc3339,
)
from storage.reads import GetComment, GetComments, GetReplies, Span
from storage.rows import CommentRow

SECTION = Section()

PARENT = "parent_comment_id"

_encode = msgspec.json.Encoder().encode


@SECTION.route(
    "POST",
    f"{API}/posts/:post_id/comments",
    who=Who.USER,
    tier=Tier.WRITE,
    query=Nothing,
    body=CommentRequest,
    answers={201: CommentAnswer},
    idempotent=True,
)
async def comment(call: Call[Nothing, CommentRequest]) -> Response:
    """Comment on a post, or reply to a comment; a reply to a reply joins its thread."""
    body, post = call.body, call.ids["post_id"]
    text = body.text.strip()
    if not 1 <= len(text) <= COMMENT_LENGTH_MAX:
        limits = {"min_length": 1, "max_length": COMMENT_LENGTH_MAX}
        raise invalid("A comment has 1 to 1,000 characters", "text", **limits)

    async def prepared() -> Comment:
        view = await visible_post(call)
        named = body.parent_comment_id
        parent = None if named is None else await _parent(call, named, post)
        return Comment(
            post=post,
            author=view.author,
            account=call.account,
            text=text,
            parent=None if parent is None else parent.comment,
            root=None if parent is None else parent.root or parent.comment,
            mentions=await mentioned(call, text),
        )

    key = call.key((text, _spelt(body.parent_comment_id)))
    return await _new_comment(call, await asked_once(call, Comment, key, prepared))


@SECTION.route(
    "GET",
    f"{API}/posts/:post_id/comments",
    who=Who.USER,
    tier=Tier.READ,
    query=CommentsQuery,
    body=Nothing,
    answers={200: CommentsPage},
)
async def list_comments(call: Call[CommentsQuery, Nothing]) -> Response:
    """The comments on a post, the oldest first, replies included, or those of one thread."""
    post, asking, name = call.ids["post_id"], call.context.asking, f"posts/{call.ids['post_id']}/c"
    await visible_post(call)
    root: int | None = None
    if call.query.parent_comment_id is not None:
        parent = await _parent(call, call.query.parent_comment_id, post)
        root = parent.root or parent.comment
        name = f"{name}/{root}"

    async def fetch(span: Span) -> Sequence[CommentRow]:
        if root is None:
            return await asking.read(GetComments(post, call.account, span))
        return await asking.read(GetReplies(root, call.account, span))

    async def show(rows: Sequence[CommentRow]) -> Sequence[bytes | None]:
        people = await call.context.views.people({row.author for row in rows}, call.account)
        return [
            _encode(_comment_answer(row, people[row.author].view.named()))
            if row.author in people
            else None
            for row in rows
        ]

    comments = List(fetch=fetch, show=show, number_of=lambda row: row.comment)
    return await list_answer(call, "comments", name, comments.rising())


@SECTION.route(
    "POST",
    f"{API}/comments/:comment_id/like",
    who=Who.USER,
    tier=Tier.WRITE,
    query=Nothing,
    body=Nothing,
    answers={200: LikeAnswer},
    idempotent=True,
)
async def like_comment(call: Call[Nothing, Nothing]) -> Response:
    """Like a comment; again is the same answer."""

    async def like() -> LikeComment:
        return LikeComment(await _place(call), call.account)

    reply = await asked_once(call, LikeComment, call.key(None), like)
    return json_answer(LikeAnswer(reply.liked, reply.likes))


@SECTION.route(
    "DELETE",
    f"{API}/comments/:comment_id/like",
    who=Who.USER,
    tier=Tier.WRITE,
    query=Nothing,
    body=Nothing,
    answers={200: LikeAnswer},
)
async def unlike_comment(call: Call[Nothing, Nothing]) -> Response:
    """Like a comment no longer; again is the same answer."""
    reply = await asked(call, UnlikeComment(await _place(call), call.account))
    return json_answer(LikeAnswer(reply.liked, reply.likes))


@SECTION.route(
    "DELETE",
    f"{API}/comments/:comment_id",
    who=Who.USER,
    tier=Tier.WRITE,
    query=Nothing,
    body=Nothing,
    answers={200: DeletedCommentAnswer, 403: Problem},
)
async def delete_comment(call: Call[Nothing, Nothing]) -> Response:
    """Delete a comment of one's own, or one under a post of one's own, and its replies, whatever
    has come between the two since."""
    row = await _found(call)
    if call.account not in (row.author, row.post_author):
        await _check_seen(call, row)
    reply = await asked(call, DeleteComment(_place_of(row), call.account))
    return json_answer(DeletedCommentAnswer("Comment deleted", f"{COMMENT_PREFIX}{reply.comment}"))


async def _place(call: Call[Nothing, Nothing]) -> Place:
    """Where the comment of the path stands. Raises a 404 if it, its post or its author is not for
    the caller's eyes."""
    row = await _found(call)
    await _check_seen(call, row)
    return _place_of(row)


async def _found(call: Call[Nothing, Nothing]) -> CommentRow:
    """The comment of the path, whoever may see it. Raises a 404."""
    row = await call.context.asking.read(GetComment(call.ids["comment_id"], call.account))
    if row is None:
        raise not_found()
    return row


async def _check_seen(call: Call[Nothing, Nothing], row: CommentRow) -> None:
    """Raises a 404 if the comment's post or author is not for the caller's eyes."""
    if await call.context.views.post(row.post, call.account) is None:
        raise not_found()
    await visible_person(call, row.author)


def _place_of(row: CommentRow) -> Place:
    return Place(row.comment, row.post, row.post_author, row.root)


def _spelt(named: int | str | None) -> str:
    """The same for a comment however a request names it."""
    number = None if named is None else number_of(named, COMMENT_PREFIX)
    return str(named) if number is None else f"{COMMENT_PREFIX}{number}"


async def _parent(call: Call[Any, Any], named: int | str, post: int) -> CommentRow:
    """The comment under `post` that a request names as a parent. Raises a 400."""
    context, number = call.context, number_of(named, COMMENT_PREFIX)
    row = None
    if number is not None:
        row = await context.asking.read(GetComment(number, call.account))
    if (
        row is None
        or row.post != post
        or await context.views.person(row.author, call.account) is None
    ):
        raise invalid("There is no such comment under this post", PARENT)
    return row


async def _new_comment(call: Call[Nothing, CommentRequest], reply: CommentReply) -> Response:
    """The comment at its beginning."""
    row = CommentRow(
        reply.comment, reply.post, 0, reply.account, reply.root, reply.at, reply.text, 0, 0, False
    )
    writer = await visible_person(call, call.account)
    return json_answer(_comment_answer(row, writer.view.named()), 201)


def _comment_answer(row: CommentRow, author: Brief) -> CommentAnswer:
    return CommentAnswer(
        comment_id=f"{COMMENT_PREFIX}{row.comment}",
        post_id=str(row.post),
        user=author,
        text=row.text,
        created_at=rfc3339(row.at),
        parent_comment_id=None if row.root is None else f"{COMMENT_PREFIX}{row.root}",
        likes_count=row.likes,
        liked_by_user=row.liked,
        replies_count=row.replies,
    )
