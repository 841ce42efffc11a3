"""Passes: sessions that the operator opens in somebody's name, to see what their streams are told
(`run.py tail --user NAME`).

Asked for through the control socket of a running server, which only who may enter the data folder
can reach. A pass is a session like any other: its owner sees it in the list, and may end it.
"""

import hashlib
from collections.abc import Callable

import msgspec

from actors.decisions import Refused
from actors.runtime.actors import Actors
from actors.user.messages import EndSession, NewSession, OpenSession
from admin.line import Place
from admin.users import NoSuchUser
from storage.reads import GetCredentials

CLIENT = "run.py tail"
"""What the session is called in its owner's list."""

SECRET_BYTES = 32


class Pass(msgspec.Struct, frozen=True):
    """An access token of `account`, through a session of its own, for the API at `place`."""

    account: int
    session: int
    token: str
    place: Place


class Passes:
    """What a running server needs to give passes out."""

    def __init__(
        self,
        actors: Actors,
        issue: Callable[[int, int, int], str],
        now: Callable[[], int],
        chance: Callable[[int], bytes],
        place: Callable[[], Place],
    ) -> None:
        self._actors = actors
        self._issue = issue
        """The token of an account's session, from a moment (Unix seconds) on."""
        self._now = now
        self._chance = chance
        self._place = place
        """Where the server is to be found now."""

    async def open(self, username: str) -> Pass:
        """A pass in the name of `username`. Raises `NoSuchUser`."""
        found = await self._actors.read(GetCredentials(username))
        if found is None:
            raise NoSuchUser(username)
        # Nobody knows what these are hashes of: such a session can't be refreshed.
        refresh, family = (hashlib.sha256(self._chance(SECRET_BYTES)).hexdigest() for _ in range(2))
        session = NewSession(refresh, family, CLIENT)
        reply = await self._actors.ask(OpenSession(found.account, found.password_id, session))
        if isinstance(reply, Refused):  # deleted, or another password, since it was read
            raise NoSuchUser(username)
        token = self._issue(found.account, reply.session, self._now() // 1_000)
        return Pass(found.account, reply.session, token, self._place())

    async def close(self, account: int, session: int) -> None:
        """Its bearer needs it no longer."""
        await self._actors.ask(EndSession(account, session))
