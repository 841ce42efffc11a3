"""Registering, logging in and out, and the sessions of an account."""

from typing import Any

from actors.accounts.messages import Register, hash_of_invite
from actors.decisions import Refused
from actors.user.messages import ChangePassword, EndSession, NewSession, OpenSession, Refresh
from server.access.passwords import BadPassword
from server.access.proving import prove_own_password, prove_password
from server.access.tokens import (
    ACCESS_TOKEN_S,
    RefreshToken,
    make_refresh_token,
    next_refresh_token,
    read_refresh_token,
)
from server.http.answers import Response, json_answer
from server.http.calls import Call
from server.http.cookies import with_media_cookie, without_media_cookie
from server.http.refusals import asked
from server.http.routing import API, Nothing, Section, Tier, Who
from server.problems import Problem, forbidden, invalid, unauthorized
from server.requests import LoginRequest, PasswordRequest, RefreshRequest, RegisterRequest
from server.wire import (
    Brief,
    EndedSessionAnswer,
    LoginAnswer,
    MessageAnswer,
    SessionAnswer,
    SessionsAnswer,
    rfc3339,
)
from storage.reads import GetCredentials, GetSessionOfFamily, GetSessions

SECTION = Section()

TOKEN_TYPE = "Bearer"

CLIENT_LENGTH_MAX = 200
"""Characters of a User-Agent that the list of sessions shows: browsers' have about 120."""


@SECTION.route(
    "POST",
    f"{API}/auth/register",
    who=Who.PUBLIC,
    tier=Tier.AUTH,
    query=Nothing,
    body=RegisterRequest,
    answers={201: LoginAnswer, 403: Problem, 409: Problem},
)
async def register(call: Call[Nothing, RegisterRequest]) -> Response:
    """Make an account, and log in with it."""
    context, body = call.context, call.body
    registration = context.settings.registration
    if registration == "closed":
        raise forbidden("Registration is closed")
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
        session=_new_session(call, refresh),
        invite=None if body.invite is None else hash_of_invite(body.invite),
        invite_needed=registration == "invite",
    )
    reply = await asked(call, command)
    context.throttle.remember(body.username, call.address)
    user = Brief(str(reply.account), reply.username)
    return _logged_in(call, reply.account, reply.session, refresh, user, 201)


@SECTION.route(
    "POST",
    f"{API}/auth/login",
    who=Who.PUBLIC,
    tier=Tier.AUTH,
    query=Nothing,
    body=LoginRequest,
    answers={200: LoginAnswer, 401: Problem},
)
async def log_in(call: Call[Nothing, LoginRequest]) -> Response:
    """Open a session. An unknown user and a wrong password are the same answer in the same time."""
    context, body = call.context, call.body
    username = body.username.lower()
    found = await context.asking.read(GetCredentials(username))
    if not await prove_password(call, username, found, body.password) or found is None:
        raise unauthorized("Wrong username or password")
    refresh = make_refresh_token(context.chance)
    command = OpenSession(found.account, found.password_id, _new_session(call, refresh))
    reply = await context.asking.ask(command)
    if isinstance(reply, Refused):  # changed or deleted since we read it
        raise unauthorized("Wrong username or password")
    return await _logged_in_again(call, found.account, reply.session, refresh)


@SECTION.route(
    "POST",
    f"{API}/auth/refresh",
    who=Who.PUBLIC,
    tier=Tier.AUTH,
    query=Nothing,
    body=RefreshRequest,
    answers={200: LoginAnswer, 401: Problem},
)
async def refresh_session(call: Call[Nothing, RefreshRequest]) -> Response:
    """Exchange a refresh token for new tokens. One that was used before ends its session."""
    context = call.context
    problem = unauthorized("The refresh token is invalid, was used, or its session has ended")
    presented = read_refresh_token(call.body.refresh_token)
    found = (
        None
        if presented is None
        else await context.asking.read(GetSessionOfFamily(presented.family))
    )
    if presented is None or found is None:
        raise problem
    account, session = found
    refresh = next_refresh_token(presented, context.chance)
    reply = await context.asking.ask(Refresh(account, session, presented.hash, refresh.hash))
    if isinstance(reply, Refused) or not reply.refreshed:
        raise problem
    return await _logged_in_again(call, account, session, refresh)


@SECTION.route(
    "POST",
    f"{API}/auth/logout",
    who=Who.USER,
    tier=Tier.WRITE,
    query=Nothing,
    body=Nothing,
    answers={200: MessageAnswer},
)
async def log_out(call: Call[Nothing, Nothing]) -> Response:
    """End the session that asks: its access token, its refresh token and its streams."""
    await asked(call, EndSession(call.account, call.session))
    return without_media_cookie(json_answer(MessageAnswer("Logged out")))


@SECTION.route(
    "GET",
    f"{API}/auth/sessions",
    who=Who.USER,
    tier=Tier.READ,
    query=Nothing,
    body=Nothing,
    answers={200: SessionsAnswer},
)
async def list_sessions(call: Call[Nothing, Nothing]) -> Response:
    """The account's sessions, the newest first."""
    sessions = [
        SessionAnswer(
            session_id=str(one.session),
            created_at=rfc3339(one.opened_at),
            last_used_at=rfc3339(one.used_at),
            client=one.client,
            current=one.session == call.session,
        )
        for one in await call.context.asking.read(GetSessions(call.account))
    ]
    return json_answer(SessionsAnswer(sessions))


@SECTION.route(
    "DELETE",
    f"{API}/auth/sessions/:session_id",
    who=Who.USER,
    tier=Tier.WRITE,
    query=Nothing,
    body=Nothing,
    answers={200: EndedSessionAnswer},
)
async def end_session(call: Call[Nothing, Nothing]) -> Response:
    """End one of the account's sessions."""
    session = call.ids["session_id"]
    await asked(call, EndSession(call.account, session))
    answer = json_answer(EndedSessionAnswer("Session ended", str(session)))
    return without_media_cookie(answer) if session == call.session else answer


@SECTION.route(
    "POST",
    f"{API}/auth/password",
    who=Who.USER,
    tier=Tier.WRITE,
    query=Nothing,
    body=PasswordRequest,
    answers={200: MessageAnswer, 403: Problem},
)
async def change_password(call: Call[Nothing, PasswordRequest]) -> Response:
    """Set another password, which ends all other sessions."""
    context, body = call.context, call.body
    try:
        password = await context.passwords.hash(body.new_password)
    except BadPassword as error:
        raise invalid(error.message, "new_password", **error.details) from None
    password_id = await prove_own_password(call, body.old_password, "old_password")
    await asked(call, ChangePassword(call.account, password, call.session, password_id))
    return json_answer(MessageAnswer("Password changed"))


def _new_session(call: Call[Any, Any], refresh: RefreshToken) -> NewSession:
    client = call.request.headers.get("User-Agent", "")[:CLIENT_LENGTH_MAX]
    return NewSession(refresh.hash, refresh.family, client or None)


async def _logged_in_again(
    call: Call[Any, Any], account: int, session: int, refresh: RefreshToken
) -> Response:
    view = await call.context.views.known(account)
    if view is None:  # deleted since
        raise unauthorized("This session has ended")
    return _logged_in(call, account, session, refresh, view.named(), 200)


def _logged_in(
    call: Call[Any, Any],
    account: int,
    session: int,
    refresh: RefreshToken,
    user: Brief,
    status: int,
) -> Response:
    context, now_s = call.context, call.context.now() // 1_000
    access = context.tokens.issue(account, session, now_s)
    login = LoginAnswer(access, refresh.text, TOKEN_TYPE, ACCESS_TOKEN_S, user)
    return with_media_cookie(json_answer(login, status), context, account, session)
