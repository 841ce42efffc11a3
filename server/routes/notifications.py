"""What others have done that concerns oneself."""

from collections.abc import Sequence

import msgspec

from actors.user.messages import ReadNotifications
from server.http.answers import Response, encoded_answer, json_answer
from server.http.calls import Call
from server.http.refusals import asked
from server.http.routing import API, Nothing, Section, Tier, Who
from server.problems import invalid
from server.reading.listing import encoded_page, place_of
from server.reading.pages import List, read_page
from server.reading.views import Seen
from server.requests import PostsQuery, ReadRequest, number_of
from server.wire import (
    COMMENT_PREFIX,
    MEDIA_PATH,
    NOTIFICATION_PREFIX,
    NotificationAnswer,
    NotificationsPage,
    NotifiedPost,
    ReadAnswer,
    rfc3339,
)
from storage.reads import GetNotifications, GetUnread, Span
from storage.rows import NotificationRow

SECTION = Section()

_encode = msgspec.json.Encoder().encode


@SECTION.route(
    "GET",
    f"{API}/notifications",
    who=Who.USER,
    tier=Tier.READ,
    query=PostsQuery,
    body=Nothing,
    answers={200: NotificationsPage},
    hot=True,
)
async def list_notifications(call: Call[PostsQuery, Nothing]) -> Response:
    """What happened to oneself and to what one made, newest first, and how much of it is unread, at
    most 1,000."""
    context, account = call.context, call.account

    async def fetch(span: Span) -> Sequence[NotificationRow]:
        return await context.asking.read(GetNotifications(account, span))

    async def show(rows: Sequence[NotificationRow]) -> Sequence[bytes | None]:
        people = await context.views.people({row.actor for row in rows}, account)
        return [
            _encode(_answer(row, people[row.actor], context.base_url))
            if row.actor in people
            else None
            for row in rows
        ]

    notifications = List(fetch=fetch, show=show, number_of=lambda row: row.seq)
    page = await read_page(notifications, place_of(call, "notifications"), call.query.count)
    more = b',"unread_count":%d' % await context.asking.read(GetUnread(account))
    return encoded_answer(encoded_page(call, "notifications", "notifications", page, more=more))


@SECTION.route(
    "POST",
    f"{API}/notifications/read",
    who=Who.USER,
    tier=Tier.WRITE,
    query=Nothing,
    body=ReadRequest,
    answers={200: ReadAnswer},
    idempotent=True,
)
async def read_notifications(call: Call[Nothing, ReadRequest]) -> Response:
    """Mark notifications as read: all, or those up to one."""
    context, named = call.context, call.body.up_to
    up_to = context.asking.delivered if named is None else number_of(named, NOTIFICATION_PREFIX)
    if up_to is None or up_to > context.asking.delivered:
        raise invalid("There is no such notification", "up_to")
    key = call.key(None if named is None else str(up_to))
    unread = await context.asking.read(GetUnread(call.account, after=up_to))
    reply = await asked(call, ReadNotifications(call.account, up_to, unread), key)
    return json_answer(ReadAnswer(reply.unread))


def _answer(row: NotificationRow, actor: Seen, base_url: str) -> NotificationAnswer:
    post = None
    if row.post is not None:
        thumbnail = None if row.thumbnail is None else f"{base_url}{MEDIA_PATH}{row.thumbnail}"
        post = NotifiedPost(str(row.post), thumbnail)
    return NotificationAnswer(
        notification_id=f"{NOTIFICATION_PREFIX}{row.seq}",
        type=row.type,
        actor=actor.view.named(),
        post=post,
        comment_id=None if row.comment is None else f"{COMMENT_PREFIX}{row.comment}",
        created_at=rfc3339(row.at),
        read=row.read,
    )
