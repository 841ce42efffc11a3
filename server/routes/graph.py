"""Who follows whom."""

from quart.wrappers import Response

from actors.user.messages import Follow, FollowReply, Unfollow
from server.answers import json_answer
from server.calls import Call
from server.refusals import asked
from server.routing import API, Nothing, Section, Tier, Who
from server.wire import Brief, FollowAnswer

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
)
async def follow(call: Call[Nothing, Nothing]) -> Response:
    """Follow somebody; again is the same answer."""
    command = Follow(followee=call.ids["user_id"], follower=call.account)
    return _follow_answer(await asked(call.context.asking, command, call.key(None)))


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
    """Follow somebody no longer; again is the same answer."""
    command = Unfollow(followee=call.ids["user_id"], follower=call.account)
    return _follow_answer(await asked(call.context.asking, command))


def _follow_answer(reply: FollowReply) -> Response:
    user = Brief(str(reply.user.account), reply.user.username)
    return json_answer(FollowAnswer(reply.following, reply.requested, user))
