"""What a caller may look at: a person, what they post, one's own, a post. Each raises the problem
that answers it.

Called by routes before anything else is read. The rule itself is the actors' and the views'.
"""

from typing import Any

from server.http.calls import Call
from server.problems import forbidden, not_found
from server.reading.shown import PostView
from server.reading.views import Seen


async def visible_person(call: Call[Any, Any], account: int) -> Seen:
    """Somebody who is there for the caller. Raises a 404: nobody, deleted, or apart by a block."""
    viewer = None if call.viewer is None else call.viewer.account
    seen = await call.context.views.person(account, viewer)
    if seen is None:
        raise not_found()
    return seen


async def open_person(call: Call[Any, Any], account: int) -> Seen:
    """Somebody whose lists the caller may see. Raises a 404 as `visible_person`, a 403 for a
    private account that the caller does not follow."""
    seen = await visible_person(call, account)
    if not seen.shows_posts:
        raise forbidden("This account is private")
    return seen


async def own_account(call: Call[Any, Any]) -> int:
    """The account of the path, which must be the caller's. Raises a 404 for one that is not there,
    a 403 for anybody else's."""
    account = call.ids["user_id"]
    if account != call.account:
        await visible_person(call, account)
        raise forbidden()
    return account


async def visible_post(call: Call[Any, Any]) -> PostView:
    """The post of the path. Raises a 404 if it is gone or not for the caller's eyes."""
    view = await call.context.views.post(call.ids["post_id"], call.account)
    if view is None:
        raise not_found()
    return view
