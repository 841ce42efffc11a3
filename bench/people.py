"""Who asks for what: sessions and tokens without hashing passwords, and likes that nobody gave
before.

`bench.first` makes them from the populated folder before it is served.
"""

import secrets
from pathlib import Path
from random import Random

import msgspec
import trio

from actors.decisions import Refused
from actors.user.messages import NewSession, OpenSession
from bench.house import House
from server.access.tokens import make_refresh_token
from storage.reads import GetCredentials
from storage.sqlite import open_reader

OPENING_AT_ONCE = 64
"""Sessions asked for at once: they share commits."""

DRAWS_MAX = 1_000
"""Pairs tried for one like: when so many are taken, nearly all are."""

ACCOUNT_BITS = 32
"""A like is remembered as one number: the post's, and below it the account's."""


class Person(msgspec.Struct, frozen=True):
    """An account with an access token."""

    account: int
    token: str


async def open_sessions(house: House, users: int) -> list[Person]:
    """A session for each of `user1` … as a login would open it."""
    context, people = house.context, list[Person]()
    left = iter(range(1, users + 1))

    async def open_some() -> None:
        for number in left:
            found = await context.asking.read(GetCredentials(f"user{number}"))
            assert found is not None, f"user{number} was not populated"
            refresh = make_refresh_token(secrets.token_bytes)
            session = NewSession(refresh.hash, refresh.family)
            command = OpenSession(found.account, found.password_id, session)
            reply = await context.asking.ask(command)
            assert not isinstance(reply, Refused)
            token = context.tokens.issue(found.account, reply.session, context.now() // 1_000)
            people.append(Person(found.account, token))

    async with trio.open_nursery() as nursery:
        for _ in range(OPENING_AT_ONCE):
            nursery.start_soon(open_some)
    return people


class Likes:
    """Draws who likes which post, never twice the same."""

    def __init__(self, database: Path, people: list[Person], chance: Random) -> None:
        self._people = people
        self._chance = chance
        reader = open_reader(database)
        self.authors: dict[int, int] = dict(reader.execute("select post, author from posts"))
        self.posts = list(self.authors)
        rows = reader.execute("select post, account from likes")
        self._given = {post << ACCOUNT_BITS | account for post, account in rows}
        reader.close()

    def draw(self, posts: list[int]) -> tuple[Person, int] | None:
        """Somebody and one of `posts` that they do not like yet; None if few such pairs are
        left."""
        for _ in range(DRAWS_MAX):
            person, post = self._chance.choice(self._people), self._chance.choice(posts)
            like = post << ACCOUNT_BITS | person.account
            if like not in self._given:
                self._given.add(like)
                return person, post
        return None
