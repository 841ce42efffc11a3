"""Histories for the tests of storage: facts in their places, made in one line, and the same facts
at random.

A `History` numbers what it is told and gives out ids and texts. It keeps no rules, but
`random_history` makes only what the actors would decide: nobody follows twice, and nobody likes a
post that is gone.
"""

import random

from storage.disk import Group
from storage.facts import (
    Entry,
    Fact,
    Followed,
    Medium,
    PasswordChanged,
    PostDeleted,
    PostLiked,
    PostPublished,
    PostUnliked,
    Registered,
    SessionOpened,
    Text,
    Unfollowed,
    Verified,
)
from storage.ids import IdClock
from storage.schema import ensure_schema
from storage.sqlite import Connection, open_memory

BEGAN_AT = 1_760_000_000_000
"""Unix milliseconds of the first fact; each later one comes a second after."""

NAUGHTY = "NUL \x00 quote ' \" back\\slash emoji 😍 \u202e override \u0301 { } [ ] %s ; --"


def empty_database() -> Connection:
    """A database in memory with all tables and no rows; whoever asks for it closes it."""
    connection = open_memory()
    ensure_schema(connection)
    return connection


class History:
    """Facts as they come to be."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.ids = IdClock()
        self.accounts = 0

    def say(self, fact: Fact) -> Entry:
        seq = len(self.entries) + 1
        entry = Entry(seq, BEGAN_AT + 1_000 * seq, fact)
        self.entries.append(entry)
        return entry

    def text(self, value: str) -> Text:
        return Text(self.id(), value)

    def id(self) -> int:
        return self.ids.next_id(BEGAN_AT + 1_000 * len(self.entries))

    def register(self, name: str | None = None, full_name: str | None = None) -> int:
        self.accounts += 1
        account = self.accounts
        username = self.text(name or f"user{account}")
        full = None if full_name is None else self.text(full_name)
        password = self.text(f"argon2 of {account}")
        self.say(Registered(account, username, password, self.text("a@example.org"), full))
        return account

    def log_in(self, account: int) -> int:
        session = self.id()
        self.say(SessionOpened(account, session, self.text(f"refresh of {session}")))
        return session

    def change_password(self, account: int, kept: int | None = None) -> None:
        self.say(PasswordChanged(account, self.text("another argon2"), kept))

    def verify(self, account: int, verified: bool = True) -> None:
        self.say(Verified(account, verified))

    def follow(self, follower: int, followee: int) -> None:
        self.say(Followed(followee, follower))

    def unfollow(self, follower: int, followee: int) -> None:
        self.say(Unfollowed(followee, follower))

    def publish(self, author: int, caption: str | None = None, pictures: int = 1) -> int:
        post = self.id()
        media = tuple(
            Medium(self.id(), 1440, 1080, self.text(f"{post}-{n}.jpg"), self.text(f"{post}-{n}t"))
            for n in range(pictures)
        )
        words = None if caption is None else self.text(caption)
        self.say(PostPublished(author, post, words, media))
        return post

    def delete(self, post: int, author: int) -> None:
        self.say(PostDeleted(post, author))

    def like(self, account: int, post: int) -> int:
        return self.say(PostLiked(post, account, True)).seq

    def unlike(self, account: int, post: int) -> None:
        self.say(PostUnliked(post, account))

    def group(self) -> Group:
        """All of it as one commit."""
        return Group(entries=list(self.entries))


def random_history(seed: int, steps: int, accounts: int = 5) -> History:
    """What `accounts` people might do in `steps` steps; the same seed gives the same history."""
    chance = random.Random(seed)
    history = History()
    people = [history.register() for _ in range(accounts)]
    follows: set[tuple[int, int]] = set()
    likes: set[tuple[int, int]] = set()
    posts: dict[int, int] = {}
    sessions: dict[int, int] = {}
    for _ in range(steps):
        one, other = chance.choice(people), chance.choice(people)
        post = chance.choice(list(posts)) if posts else None
        match chance.randrange(9):
            case 0 | 1:
                caption = NAUGHTY if chance.random() < 0.5 else None
                posts[history.publish(one, caption, chance.randint(1, 2))] = one
            case 2 if post is not None:
                history.delete(post, posts.pop(post))
                likes = {pair for pair in likes if pair[1] != post}
            case 3 | 4 if post is not None:
                pair = (one, post)
                (history.unlike if pair in likes else history.like)(*pair)
                likes ^= {pair}
            case 5 | 6 if one != other:
                pair = (one, other)
                (history.unfollow if pair in follows else history.follow)(*pair)
                follows ^= {pair}
            case 7:
                sessions[history.log_in(one)] = one
            case 8 if chance.random() < 0.5:
                kept = chance.choice([*(s for s, who in sessions.items() if who == one), None])
                history.change_password(one, kept)
                sessions = {s: who for s, who in sessions.items() if who != one or s == kept}
            case _:
                history.verify(one, chance.random() < 0.5)
    return history
