"""`run.py user …`: what the operator does with accounts, by the same commands that clients'
requests become.

Called by `admin.commands` with the actors of a folder that no server is running on.
"""

from collections.abc import AsyncIterator

from actors.accounts.messages import Register
from actors.decisions import Refused
from actors.runtime.actors import Actors
from actors.user.messages import ChangePassword, SetVerified
from storage.reads import GetCredentials, GetUsers
from storage.rows import UserRow

USERS_A_READ = 500


class NoSuchUser(Exception):
    """Nobody has that username."""

    def __init__(self, username: str) -> None:
        super().__init__(f"nobody is called {username}: `run.py user list` shows everybody")


class UsernameTaken(Exception):
    """Somebody has it already."""

    def __init__(self, username: str) -> None:
        super().__init__(f"{username} is taken: choose another username")


async def create_user(
    actors: Actors, username: str, password_hash: str, full_name: str | None
) -> int:
    """Register `username` (checked and in lower case); its account number. Raises
    `UsernameTaken`."""
    command = Register(username, password_hash, None, full_name, session=None)
    reply = await actors.ask(command)
    if isinstance(reply, Refused):
        raise UsernameTaken(username)
    return reply.account


async def list_users(actors: Actors) -> AsyncIterator[UserRow]:
    """Every account in order of registration."""
    after = 0
    while users := await actors.read(GetUsers(after, USERS_A_READ)):
        for user in users:
            yield user
        after = users[-1].account


async def reset_password(actors: Actors, username: str, password_hash: str) -> None:
    """Set a new password and end every session. Raises `NoSuchUser`."""
    await _do(actors, ChangePassword(await _account(actors, username), password_hash, kept=None))


async def set_verified(actors: Actors, username: str, *, verified: bool) -> None:
    """Give the badge, or take it away. Raises `NoSuchUser`."""
    await _do(actors, SetVerified(await _account(actors, username), verified))


async def _account(actors: Actors, username: str) -> int:
    found = await actors.read(GetCredentials(username))
    if found is None:
        raise NoSuchUser(username)
    return found.account


async def _do(actors: Actors, command: ChangePassword | SetVerified) -> None:
    if isinstance(await actors.ask(command), Refused):
        raise NoSuchUser(str(command.account))
