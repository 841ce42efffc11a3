"""Numbers that name things: actors, accounts, and the time-ordered ids of all that accounts make.

Every layer uses these. Nothing here reads a clock: whoever makes an id hands the time in.
"""

from enum import IntEnum

KIND_BITS = 3
"""Bits of an actor key that say its kind: room for eight kinds."""

ID_EPOCH_MS = 1_704_067_200_000
"""2024-01-01T00:00:00Z in Unix milliseconds: the zero of time-ordered ids."""

ID_SEQUENCE_BITS = 12
"""4,096 ids a millisecond before the clock runs ahead. 41 bits of time and these 12 make 53: an id
survives a client that reads it into a double, and an actor key still fits SQLite's 64 bits."""


ID_MAX = 2**63 - 1
"""Above every id and seq: the largest integer that SQLite keeps."""


class Kind(IntEnum):
    """The kinds of actor. The numbers are stored: never change one."""

    ACCOUNTS = 0
    USER = 1
    POST = 2
    COMMENT = 3
    STORY = 4


def actor_key(kind: Kind, number: int) -> int:
    """The key of an actor in the directory and in the table `concerns`."""
    return number << KIND_BITS | kind


def kind_of(actor: int) -> Kind:
    """The kind that an actor key names."""
    return Kind(actor & (1 << KIND_BITS) - 1)


def number_of(actor: int) -> int:
    """The account number or id that an actor key names."""
    return actor >> KIND_BITS


ACCOUNTS = actor_key(Kind.ACCOUNTS, 0)
"""The one actor that registers."""


def user_key(account: int) -> int:
    """The key of the actor of an account."""
    return actor_key(Kind.USER, account)


def post_key(post: int) -> int:
    """The key of the actor of a post."""
    return actor_key(Kind.POST, post)


def comment_key(comment: int) -> int:
    """The key of the actor of a comment."""
    return actor_key(Kind.COMMENT, comment)


def story_key(story: int) -> int:
    """The key of the actor of a story."""
    return actor_key(Kind.STORY, story)


def describe_actor(actor: int) -> str:
    """An actor's name for people, as logs and the command line show it: `post:123`."""
    if not is_actor(actor):
        return f"nothing:{actor}"
    return f"{kind_of(actor).name.lower()}:{number_of(actor)}"


def is_actor(key: int) -> bool:
    """Whether a number that was stored as an actor's key is one: a broken database may hold any."""
    return key & (1 << KIND_BITS) - 1 in list(Kind)


def actor_of(text: str) -> int:
    """The key of the actor that `describe_actor` describes so. Raises `ValueError` for anything
    else."""
    kind, _, number = text.partition(":")
    if kind.upper() not in Kind.__members__ or not number.isdecimal():
        raise ValueError(f"{text!r} names no actor: it should look like post:123 or user:7")
    return actor_key(Kind[kind.upper()], int(number))


class IdClock:
    """Gives out ids that grow, whatever the wall clock does. Owned by the rounds, used in
    decisions."""

    def __init__(self, last: int = 0) -> None:
        self.last = last

    def next_id(self, at: int) -> int:
        """A new id for something made at `at` (Unix milliseconds), above every id before it."""
        self.last = max(self.last + 1, id_at(at))
        return self.last


def id_at(at: int) -> int:
    """The smallest id that something made at `at` (Unix milliseconds) or later may have."""
    return max(at - ID_EPOCH_MS, 0) << ID_SEQUENCE_BITS
