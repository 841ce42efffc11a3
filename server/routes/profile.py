"""What an account does with itself: describing itself, its picture, its end."""

from typing import Any

import trio
from msgspec import UNSET

from actors.accounts.messages import ChangeUsername
from actors.user.messages import ChangeProfile, DeleteAccount, SetAvatar
from server.access.proving import prove_own_password
from server.http.answers import Response, encoded_answer, json_answer
from server.http.calls import Call
from server.http.cookies import without_media_cookie
from server.http.refusals import asked, kept
from server.http.routing import API, Nothing, Section, Tier, Who
from server.problems import Problem
from server.reading.seeing import own_account, visible_person
from server.requests import DeleteAccountRequest, ProfileRequest
from server.uploads.form import AVATAR_LIMITS
from server.uploads.forms import AvatarForm
from server.uploads.pictures import delete_blobs, open_form, pictures_of, stored_blobs
from server.wire import DeletedAccountAnswer, UserAnswer

SECTION = Section()

TEXTS = ("full_name", "bio", "website")

CLEARED_WITHIN_S = 10.0
"""Seconds for which an answer waits for what follows from it in other people's lists and counts.
Ten thousand followers take some two; what takes longer goes on after the answer."""


@SECTION.route(
    "PUT",
    f"{API}/users/:user_id",
    who=Who.USER,
    tier=Tier.WRITE,
    query=Nothing,
    body=ProfileRequest,
    answers={200: UserAnswer, 403: Problem, 409: Problem},
)
async def change_profile(call: Call[Nothing, ProfileRequest]) -> Response:
    """Describe oneself otherwise. Going public approves all who have asked to follow."""
    account, body = await own_account(call), call.body
    texts = {name: value or None for name in TEXTS if (value := getattr(body, name)) is not UNSET}
    private = None if body.private_account is UNSET else body.private_account
    command = ChangeProfile(account, tuple(texts), private=private, **texts)
    if body.username is UNSET:
        reply = await asked(call, command)
    else:  # one command, or a crash could do half of what was asked
        reply = await asked(call, ChangeUsername(account, body.username.lower(), command))
    if reply.requests_left:
        with trio.move_on_after(CLEARED_WITHIN_S):
            await call.context.clearing.cleared(account)
    return await _own_profile(call)


@SECTION.route(
    "PUT",
    f"{API}/users/:user_id/avatar",
    who=Who.USER,
    tier=Tier.WRITE,
    query=Nothing,
    body=AvatarForm,
    answers={200: UserAnswer, 403: Problem},
)
async def change_avatar(call: Call[Nothing, AvatarForm]) -> Response:
    """Show another picture of oneself."""
    account, context = await own_account(call), call.context
    async with open_form(call, AVATAR_LIMITS) as form:
        (image,) = await pictures_of(form, context)
    async with stored_blobs(context, [image.thumbnail]) as stored:
        (name,) = stored.names
        reply = await asked(call, SetAvatar(account, name))
    await delete_blobs(context, reply.blobs)
    return await _own_profile(call)


@SECTION.route(
    "DELETE",
    f"{API}/users/:user_id/avatar",
    who=Who.USER,
    tier=Tier.WRITE,
    query=Nothing,
    body=Nothing,
    answers={200: UserAnswer, 403: Problem},
)
async def remove_avatar(call: Call[Nothing, Nothing]) -> Response:
    """Show no picture of oneself; again is the same answer."""
    reply = await asked(call, SetAvatar(await own_account(call), None))
    await delete_blobs(call.context, reply.blobs)
    return await _own_profile(call)


async def _delete_account(call: Call[Nothing, DeleteAccountRequest]) -> Response:
    """Delete the account and all that it made."""
    account, context = await own_account(call), call.context
    key = call.key(None)  # the password proves who asks, and says nothing of what is asked
    try:
        password_id = await prove_own_password(call, call.body.password, "password")
        picture = (await visible_person(call, account)).view.row.avatar
        await asked(call, DeleteAccount(account, password_id), key)
    except Problem:
        # A repeat finds nobody whose password it could be, and gets the first answer.
        if await kept(call, DeleteAccount, key) is None:
            raise
    else:
        # One that is set in this very moment has no row then, and is swept.
        await delete_blobs(context, [] if picture is None else [picture])
    with trio.move_on_after(CLEARED_WITHIN_S):
        await context.clearing.cleared(account)
    answer = json_answer(DeletedAccountAnswer("Account deleted", str(account)))
    return without_media_cookie(answer)


@SECTION.route(
    "POST",
    f"{API}/users/:user_id/delete",
    who=Who.USER,
    tier=Tier.WRITE,
    query=Nothing,
    body=DeleteAccountRequest,
    answers={200: DeletedAccountAnswer, 403: Problem},
    idempotent=True,
)
async def delete_account_by_post(call: Call[Nothing, DeleteAccountRequest]) -> Response:
    """Delete one's account and all that it made, for clients whose DELETE has no body."""
    return await _delete_account(call)


@SECTION.route(
    "DELETE",
    f"{API}/users/:user_id",
    who=Who.USER,
    tier=Tier.WRITE,
    query=Nothing,
    body=DeleteAccountRequest,
    answers={200: DeletedAccountAnswer, 403: Problem},
)
async def delete_account(call: Call[Nothing, DeleteAccountRequest]) -> Response:
    """Delete one's account and all that it made."""
    return await _delete_account(call)


async def _own_profile(call: Call[Any, Any]) -> Response:
    seen = await visible_person(call, call.account)
    body = b'{"user":' + seen.view.shown(seen.stance) + b"}"
    return encoded_answer(body)
