"""Pages as answers: a cursor read, a page put together, its pieces joined into JSON, its ways on
signed.

Called by the routes that list posts, people or comments. What is in a list is theirs to say, and
whether the viewer may look at it; who and what is in it that the viewer may not see is left out
here.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec

from server.http.answers import Response, encoded_answer
from server.http.calls import Call
from server.problems import invalid
from server.reading.cursors import BadCursor, Place
from server.reading.pages import List, Page, read_page
from server.requests import CommentsQuery, PeopleQuery, PostsQuery, RingsQuery, UsersQuery
from storage.reads import Numbered, Question, Span

_encode = msgspec.json.Encoder().encode

PageCall = (
    Call[PostsQuery, Any]
    | Call[UsersQuery, Any]
    | Call[PeopleQuery, Any]
    | Call[CommentsQuery, Any]
    | Call[RingsQuery, Any]
)
Ids = Callable[[Span], Awaitable[Sequence[int]]]


async def posts_page(call: Call[PostsQuery, Any], list_name: str, fetch: Ids) -> Response:
    """A page of posts, of which `fetch` gives the ids. `list_name` is what its cursors are good
    for.
    """

    async def show(ids: Sequence[int]) -> Sequence[bytes | None]:
        return await call.context.views.posts(ids, call.account)

    posts = List(fetch=fetch, show=show, number_of=lambda post: post)
    return await list_answer(call, "posts", list_name, posts)


async def numbered_posts_page(
    call: Call[PostsQuery, Any], list_name: str, question: Callable[[Span], Question[Numbered]]
) -> Response:
    """A page of the posts in a relation, the latest pair first."""

    async def fetch(span: Span) -> Numbered:
        return await call.context.asking.read(question(span))

    async def show(pairs: Sequence[tuple[int, int]]) -> Sequence[bytes | None]:
        return await call.context.views.posts([post for _, post in pairs], call.account)

    posts = List(fetch=fetch, show=show, number_of=lambda pair: pair[0])
    return await list_answer(call, "posts", list_name, posts)


async def people_page(
    call: Call[UsersQuery, Any] | Call[PeopleQuery, Any],
    list_name: str,
    question: Callable[[Span], Question[Numbered]],
    *,
    also_apart: bool = False,
) -> Response:
    """A page of the people in a relation, the latest pair first; `also_apart` shows those whom the
    viewer blocks."""

    async def fetch(span: Span) -> Numbered:
        return await call.context.asking.read(question(span))

    async def show(pairs: Sequence[tuple[int, int]]) -> Sequence[bytes | None]:
        accounts = [account for _, account in pairs]
        if also_apart:
            known = [await call.context.views.known(account) for account in accounts]
            return [None if view is None else view.listed(0) for view in known]
        people = await call.context.views.people(accounts, call.account)
        return [people[one].listed() if one in people else None for one in accounts]

    people = List(fetch=fetch, show=show, number_of=lambda pair: pair[0])
    return await list_answer(call, "users", list_name, people)


async def list_answer(
    call: PageCall, field: str, list_name: str, list_: List[Any, bytes]
) -> Response:
    """The page of `list_` that the call's query asks for, its items under `field`. Raises a 400 for
    a bad cursor.
    """
    page = await read_page(list_, place_of(call, list_name), call.query.count)
    return encoded_answer(encoded_page(call, field, list_name, page))


def place_of(call: PageCall, list_name: str) -> Place | None:
    """Where the call's query asks to go on; None at the beginning. Raises a 400 for a bad
    cursor."""
    if call.query.cursor is None:
        return None
    try:
        return call.context.cursors.read(call.query.cursor, list_name, call.account)
    except BadCursor as error:
        raise invalid(error.message, error.field) from None


def encoded_page(
    call: PageCall,
    field: str,
    list_name: str,
    page: Page[bytes],
    *,
    as_of: int = 0,
    more: bytes = b"",
) -> bytes:
    """A page as JSON, with the signed ways on. `as_of` goes into the cursor to the next page,
    `more` after the fields that every page has."""

    def cursor_to(place: Place | None) -> bytes:
        if place is None:
            return b"null"
        if as_of:
            place = Place(place.direction, place.number, as_of)
        return b'"%b"' % call.context.cursors.make(list_name, call.account, place).encode()

    return b'{"%s":[%s],"next_cursor":%s,"previous_cursor":%s,"has_more":%s%s}' % (
        field.encode(),
        b",".join(page.items),
        cursor_to(page.next),
        cursor_to(page.previous),
        _encode(page.has_more),
        more,
    )
