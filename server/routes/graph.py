"""Who follows, asks to follow and blocks whom."""

from actors.user.messages import (
    Approve,
    Block,
    Deny,
    EdgeReply,
    Follow,
    RemoveFollower,
    Unblock,
    Unfollow,
)
from server.http.answers import Response, json_answer
from server.http.calls import Call
from server.http.refusals import asked
from server.http.routing import API, Nothing, Section, Tier, Who
from server.problems import Problem, not_found
from server.reading.listing import people_page
from server.reading.seeing import own_account, visible_person
from server.requests import PeopleQuery
from server.wire import (
    BlockAnswer,
    Brief,
    FollowAnswer,
    FollowerAnswer,
    RequestAnswer,
    UsersPage,
)
from storage.reads import GetBlocks, GetRequests
from storage.rows import APART, BLOCKED_BY

SECTION = Section()


@SECTION.route(
    "POST",
    f"{API}/users/:user_id/follow",
    who=Who.USER,
    tier=Tier.FOLLOW,
    query=Nothing,
    body=Nothing,
    answers={200: FollowAnswer},
    idempotent=True,
    hot=True,
)
async def follow(call: Call[Nothing, Nothing]) -> Response:
    """Follow somebody, or ask to if they are private; again is the same answer."""
    command = Follow(followee=call.ids["user_id"], follower=call.account)
    return await _follow_answer(call, await asked(call, command, call.key(None)))


@SECTION.route(
    "DELETE",
    f"{API}/users/:user_id/follow",
    who=Who.USER,
    tier=Tier.FOLLOW,
    query=Nothing,
    body=Nothing,
    answers={200: FollowAnswer},
)
async def unfollow(call: Call[Nothing, Nothing]) -> Response:
    """Follow somebody no longer, or withdraw the request to; again is the same answer."""
    followee = call.ids["user_id"]
    await visible_person(call, followee)
    command = Unfollow(followee=followee, follower=call.account)
    return await _follow_answer(call, await asked(call, command))


@SECTION.route(
    "DELETE",
    f"{API}/users/:user_id/followers/:follower_id",
    who=Who.USER,
    tier=Tier.FOLLOW,
    query=Nothing,
    body=Nothing,
    answers={200: FollowerAnswer, 403: Problem},
)
async def remove_follower(call: Call[Nothing, Nothing]) -> Response:
    """Have somebody follow oneself no longer; again is the same answer."""
    await own_account(call)
    follower = call.ids["follower_id"]
    user = await _named(call, follower)
    await asked(call, RemoveFollower(followee=call.account, follower=follower))
    return json_answer(FollowerAnswer(followed_by=False, user=user))


@SECTION.route(
    "GET",
    f"{API}/follow-requests",
    who=Who.USER,
    tier=Tier.READ,
    query=PeopleQuery,
    body=Nothing,
    answers={200: UsersPage},
)
async def list_requests(call: Call[PeopleQuery, Nothing]) -> Response:
    """Who asks to follow oneself, the latest first."""
    return await people_page(call, "follow-requests", lambda span: GetRequests(call.account, span))


@SECTION.route(
    "POST",
    f"{API}/follow-requests/:user_id/approve",
    who=Who.USER,
    tier=Tier.FOLLOW,
    query=Nothing,
    body=Nothing,
    answers={200: RequestAnswer},
    idempotent=True,
)
async def approve_request(call: Call[Nothing, Nothing]) -> Response:
    """Let somebody follow who has asked to; again is the same answer."""
    command = Approve(followee=call.account, follower=call.ids["user_id"])
    reply = await asked(call, command, call.key(None))
    return json_answer(RequestAnswer(approved=True, user=await _anybody(call, reply.follower)))


@SECTION.route(
    "POST",
    f"{API}/follow-requests/:user_id/deny",
    who=Who.USER,
    tier=Tier.FOLLOW,
    query=Nothing,
    body=Nothing,
    answers={200: RequestAnswer},
    idempotent=True,
)
async def deny_request(call: Call[Nothing, Nothing]) -> Response:
    """Don't let somebody follow who has asked to."""
    command = Deny(followee=call.account, follower=call.ids["user_id"])
    reply = await asked(call, command, call.key(None))
    return json_answer(RequestAnswer(approved=False, user=await _anybody(call, reply.follower)))


@SECTION.route(
    "POST",
    f"{API}/users/:user_id/block",
    who=Who.USER,
    tier=Tier.WRITE,
    query=Nothing,
    body=Nothing,
    answers={200: BlockAnswer},
    idempotent=True,
)
async def block(call: Call[Nothing, Nothing]) -> Response:
    """Block somebody: neither is there for the other from now on; again is the same answer."""
    command = Block(blocker=call.account, blocked=call.ids["user_id"])
    reply = await asked(call, command, call.key(None))
    return json_answer(BlockAnswer(reply.blocking, await _anybody(call, reply.blocked)))


@SECTION.route(
    "DELETE",
    f"{API}/users/:user_id/block",
    who=Who.USER,
    tier=Tier.WRITE,
    query=Nothing,
    body=Nothing,
    answers={200: BlockAnswer},
)
async def unblock(call: Call[Nothing, Nothing]) -> Response:
    """Block somebody no longer; what ended does not come back, and again is the same answer."""
    command = Unblock(blocker=call.account, blocked=call.ids["user_id"])
    user = await _unblocked(call, command.blocked)
    reply = await asked(call, command)
    return json_answer(BlockAnswer(reply.blocking, user))


@SECTION.route(
    "GET",
    f"{API}/users/:user_id/blocks",
    who=Who.USER,
    tier=Tier.READ,
    query=PeopleQuery,
    body=Nothing,
    answers={200: UsersPage, 403: Problem},
)
async def list_blocks(call: Call[PeopleQuery, Nothing]) -> Response:
    """Whom one blocks oneself, the latest first."""
    await own_account(call)
    return await people_page(
        call, "blocks", lambda span: GetBlocks(call.account, span), also_apart=True
    )


async def _follow_answer(call: Call[Nothing, Nothing], reply: EdgeReply) -> Response:
    # A kept reply may be older than a block, and is the same answer all the same.
    user = await _anybody(call, reply.followee)
    return json_answer(FollowAnswer(reply.following, reply.requested, user))


async def _named(call: Call[Nothing, Nothing], account: int) -> Brief:
    return (await visible_person(call, account)).view.named()


async def _anybody(call: Call[Nothing, Nothing], account: int) -> Brief:
    """Also somebody whom a block hides. Raises a 404 for nobody."""
    view = await call.context.views.known(account)
    if view is None:
        raise not_found()
    return view.named()


async def _unblocked(call: Call[Nothing, Nothing], account: int) -> Brief:
    """Somebody whom the caller blocks, or might. Raises a 404 for nobody, and for somebody who is
    not there for the caller but by a block of their own: asking would tell the name."""
    stance = (await call.context.views.stances((account,), call.account)).get(account, 0)
    if stance & APART == BLOCKED_BY:
        raise not_found()
    return await _anybody(call, account)
