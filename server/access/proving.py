"""Proving to know a password: for a login, and before what only the owner of an account may do.

Called by the routes of accounts. Guessing is slowed down here, for all of them together.
"""

from functools import partial
from typing import Any

from server.http.calls import Call
from server.problems import forbidden, unauthorized
from storage.reads import GetPassword
from storage.rows import Credentials


async def prove_password(
    call: Call[Any, Any], username: str, found: Credentials | None, password: str
) -> bool:
    """Whether `password` is that of the account `found` under `username`. Takes the same time for
    nobody's. Raises the 429 of too many wrong ones."""
    known = None if found is None else found.password
    check = partial(call.context.passwords.verify, known, password)
    return await call.context.throttle.guard(username, call.address, check)


async def prove_own_password(call: Call[Any, Any], password: str, field: str) -> int:
    """The id of the text of the caller's password, which `password` must be. Raises a 403 that
    names `field`, a 401 if the caller's account has just been deleted."""
    found = await call.context.asking.read(GetPassword(call.account))
    if found is None:
        raise unauthorized("This session has ended")
    if not await prove_password(call, found.username, found, password):
        raise forbidden("This is not your password", field)
    return found.password_id
