"""Pages as answers: a cursor read, a page put together, its pieces joined into JSON, its ways on
signed.

Called by the routes that list posts or users. What is in a list and who may see it is theirs to
say.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec
from quart.wrappers import Response

from server.answers import encoded_answer
from server.calls import Call
from server.cursors import BadCursor, Cursors, Place
from server.pages import List, Page, read_page
from server.problems import invalid
from server.wire import PostsQuery, UsersQuery
from storage.reads import Span

_encode = msgspec.json.Encoder().encode


async def posts_page(
    call: Call[PostsQuery, Any], list_name: str, fetch: Callable[[Span], Awaitable[Sequence[int]]]
) -> Response:
    """A page of posts, of which `fetch` gives the ids. `list_name` is what its cursors are good
    for.
    """

    async def show(ids: Sequence[int]) -> Sequence[bytes | None]:
        shown = await call.context.views.posts(ids, call.account)
        return [shown.get(post) for post in ids]

    posts = List(fetch=fetch, show=show, number_of=lambda post: post)
    return await list_answer(call, "posts", list_name, posts)


async def list_answer(
    call: Call[PostsQuery, Any] | Call[UsersQuery, Any],
    field: str,
    list_name: str,
    list_: List[Any, bytes],
) -> Response:
    """The page of `list_` that the call's query asks for, its items under `field`. Raises a 400 for
    a bad cursor.
    """
    cursors, viewer = call.context.cursors, call.account
    place: Place | None = None
    if call.query.cursor is not None:
        try:
            place = cursors.read(call.query.cursor, list_name, viewer)
        except BadCursor as error:
            raise invalid(error.message, error.field) from None
    page = await read_page(list_, place, call.query.count)
    return encoded_answer(_encoded_page(field, page, cursors, list_name, viewer))


def _encoded_page(
    field: str, page: Page[bytes], cursors: Cursors, list_name: str, viewer: int
) -> bytes:
    def cursor_to(place: Place | None) -> bytes:
        return _encode(None if place is None else cursors.make(list_name, viewer, place))

    return b'{"%s":[%s],"next_cursor":%s,"previous_cursor":%s,"has_more":%s}' % (
        field.encode(),
        b",".join(page.items),
        cursor_to(page.next),
        cursor_to(page.previous),
        _encode(page.has_more),
    )
