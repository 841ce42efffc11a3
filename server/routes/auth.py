"""Registering and logging in."""

from functools import partial

from quart.wrappers import Response

from actors.accounts.messages import Register
from actors.user.messages import OpenSession
from server.answers import json_answer
from server.calls import Call
from server.context import Context
from server.passwords import BadPassword
from server.problems import invalid, unauthorized
from server.refusals import asked
from server.routing import API, Nothing, Section, Tier, Who
from server.tokens import ACCESS_TOKEN_S, RefreshToken, make_refresh_token
from server.wire import Brief, LoginAnswer, LoginRequest, RegisterRequest
from storage.reads import GetCredentials

SECTION = Section()


@SECTION.route(
    "POST",
    f"{API}/auth/register",
    who=Who.PUBLIC,
    tier=Tier.AUTH,
    query=Nothing,
    body=RegisterRequest,
    answers={201: LoginAnswer},
)
async def register(call: Call[Nothing, RegisterRequest]) -> Response:
    """Make an account, and log in with it."""
    context, body = call.context, call.body
    try:
        password = await context.passwords.hash(body.password)
    except BadPassword as error:
        raise invalid(error.message, error.field, **error.details) from None
    refresh = make_refresh_token(context.chance)
    command = Register(
        username=body.username.lower(),
        password=password,
        email=body.email,
        full_name=body.full_name or None,
        refresh=refresh.hash,
    )
    reply = await asked(context.asking, command)
    context.throttle.remember(body.username, call.address)
    return _logged_in(context, reply.account, reply.username, reply.session, refresh, 201)


@SECTION.route(
    "POST",
    f"{API}/auth/login",
    who=Who.PUBLIC,
    tier=Tier.AUTH,
    query=Nothing,
    body=LoginRequest,
    answers={200: LoginAnswer},
)
async def log_in(call: Call[Nothing, LoginRequest]) -> Response:
    """Open a session. An unknown user and a wrong password are the same answer in the same time."""
    context, body = call.context, call.body
    found = await context.asking.read(GetCredentials(body.username.lower()))
    known = None if found is None else found.password
    check = partial(context.passwords.verify, known, body.password)
    if not await context.throttle.guard(body.username, call.address, check) or found is None:
        raise unauthorized("Wrong username or password")
    refresh = make_refresh_token(context.chance)
    command = OpenSession(found.account, found.password_id, refresh.hash)
    reply = await asked(context.asking, command)
    return _logged_in(context, found.account, found.username, reply.session, refresh, 200)


def _logged_in(
    context: Context,
    account: int,
    username: str,
    session: int,
    refresh: RefreshToken,
    status: int,
) -> Response:
    access = context.tokens.issue(account, session, context.now() // 1_000)
    user = Brief(str(account), username)
    return json_answer(LoginAnswer(access, refresh.text, ACCESS_TOKEN_S, user), status)
