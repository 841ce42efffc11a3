"""The people whom a request names: those it tags, those its text mentions.

Called by the routes of posts and comments.
"""

from collections.abc import Sequence
from typing import Any

from actors.post.mentions import mentions_in
from server.http.calls import Call
from server.problems import invalid
from server.requests import TagRequest, number_of
from storage.facts import Tag
from storage.reads import GetAccounts

USER_TAGS = "user_tags"


async def tags_of(call: Call[Any, Any], given: Sequence[int | str | TagRequest]) -> tuple[Tag, ...]:
    """Those whom a request tags, once each. Raises a 400 for one who is not there for the
    caller."""
    tags: dict[int, Tag] = {}
    for one in given:
        tag = one if isinstance(one, TagRequest) else TagRequest(one)
        account = number_of(tag.user_id)
        if account is None:
            raise invalid("A tag names nobody", USER_TAGS)
        if (tag.x is None) != (tag.y is None):
            raise invalid("x and y of a tag come together", USER_TAGS)
        tags.setdefault(account, Tag(account, tag.x, tag.y))
    people = await call.context.views.people(tags, call.account)
    for account in tags:
        if account not in people:
            raise invalid("A tag names nobody", USER_TAGS, user_id=str(account))
    return tuple(tags.values())


async def mentioned(call: Call[Any, Any], text: str | None) -> tuple[int, ...]:
    """The accounts that a text names."""
    names = mentions_in(text)
    if not names:
        return ()
    return tuple(account for _, account in await call.context.asking.read(GetAccounts(names)))
