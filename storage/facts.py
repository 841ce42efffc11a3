"""Everything that can happen, as types: a fact is frozen, small, and carries ids only.

Actors make facts in decisions and fold them; the journal encodes and stores them; the projection
turns them into rows. A fact never holds a text, a name, an address or a secret: it holds a `Text`,
whose id goes into the journal and whose value is a row of `contents` that can be erased.

Changing a fact: raise its `version`, and give `UPGRADES` the step from the version before.
"""

from collections.abc import Callable
from typing import Any, ClassVar, cast, final

import msgspec

from storage.ids import ACCOUNTS, post_key, user_key

CONCERNS_MAX = 1_000
"""Actors that one fact may concern: what spreads wider is split into several facts."""


@final
class Text:
    """A text that a fact speaks of without carrying it: `id` is journalled, `value` lies in
    `contents`.

    `value` is None once the text has been erased. Never changed after it was made.
    """

    __slots__ = ("id", "value")

    def __init__(self, id: int, value: str | None) -> None:
        self.id = id
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Text) and (self.id, self.value) == (other.id, other.value)

    def __hash__(self) -> int:
        return hash((self.id, self.value))

    def __repr__(self) -> str:
        return f"Text({self.id}, …)"


class Fact(msgspec.Struct, frozen=True, array_like=True):
    """What happened. Each kind of fact is one subclass of this."""

    version: ClassVar[int] = 1

    def concerns(self) -> tuple[int, ...]:
        """The actors that fold this fact, the one that decided it first."""
        raise NotImplementedError

    def texts(self) -> tuple[Text, ...]:
        """The texts that this fact brings into `contents`."""
        return ()

    def owner(self) -> int:
        """The account whose texts these are, and with whom they go."""
        raise NotImplementedError


class Registered(Fact, frozen=True, array_like=True):
    """An account came to be."""

    account: int
    username: Text
    password: Text
    email: Text | None
    full_name: Text | None

    def concerns(self) -> tuple[int, ...]:
        return (ACCOUNTS, user_key(self.account))

    def texts(self) -> tuple[Text, ...]:
        optional = (self.email, self.full_name)
        return (self.username, self.password, *(text for text in optional if text is not None))

    def owner(self) -> int:
        return self.account


class SessionOpened(Fact, frozen=True, array_like=True):
    """A client logged in. `refresh` is the SHA-256 of its refresh token, in hexadecimal."""

    account: int
    session: int
    refresh: Text

    def concerns(self) -> tuple[int, ...]:
        return (user_key(self.account),)

    def texts(self) -> tuple[Text, ...]:
        return (self.refresh,)

    def owner(self) -> int:
        return self.account


class PasswordChanged(Fact, frozen=True, array_like=True):
    """An account has a new password; every session but `kept` ended with the old one."""

    account: int
    password: Text
    kept: int | None

    def concerns(self) -> tuple[int, ...]:
        return (user_key(self.account),)

    def texts(self) -> tuple[Text, ...]:
        return (self.password,)

    def owner(self) -> int:
        return self.account


class Verified(Fact, frozen=True, array_like=True):
    """The operator gave an account its badge, or took it away."""

    account: int
    verified: bool

    def concerns(self) -> tuple[int, ...]:
        return (user_key(self.account),)

    def owner(self) -> int:
        return self.account


class Followed(Fact, frozen=True, array_like=True):
    """`follower` follows `followee`, who decided it."""

    followee: int
    follower: int

    def concerns(self) -> tuple[int, ...]:
        return (user_key(self.followee), user_key(self.follower))

    def owner(self) -> int:
        return self.follower


class Unfollowed(Fact, frozen=True, array_like=True):
    """`follower` follows `followee` no longer."""

    followee: int
    follower: int

    def concerns(self) -> tuple[int, ...]:
        return (user_key(self.followee), user_key(self.follower))

    def owner(self) -> int:
        return self.follower


class Medium(msgspec.Struct, frozen=True, array_like=True):
    """One picture of a post. `file` and `thumbnail` are the names of its blobs, which nobody can
    guess."""

    media: int
    width: int
    height: int
    file: Text
    thumbnail: Text


class PostPublished(Fact, frozen=True, array_like=True):
    """An author published a post."""

    author: int
    post: int
    caption: Text | None
    media: tuple[Medium, ...]

    def concerns(self) -> tuple[int, ...]:
        return (user_key(self.author), post_key(self.post))

    def texts(self) -> tuple[Text, ...]:
        caption = () if self.caption is None else (self.caption,)
        return caption + tuple(
            text for medium in self.media for text in (medium.file, medium.thumbnail)
        )

    def owner(self) -> int:
        return self.author


class PostDeleted(Fact, frozen=True, array_like=True):
    """A post is gone, and its likes with it."""

    post: int
    author: int

    def concerns(self) -> tuple[int, ...]:
        return (post_key(self.post), user_key(self.author))

    def owner(self) -> int:
        return self.author


class PostLiked(Fact, frozen=True, array_like=True):
    """`account` likes a post; `first` says whether it had never liked it before."""

    post: int
    account: int
    first: bool

    def concerns(self) -> tuple[int, ...]:
        return (post_key(self.post),)

    def owner(self) -> int:
        return self.account


class PostUnliked(Fact, frozen=True, array_like=True):
    """`account` likes a post no longer."""

    post: int
    account: int

    def concerns(self) -> tuple[int, ...]:
        return (post_key(self.post),)

    def owner(self) -> int:
        return self.account


class Entry(msgspec.Struct, frozen=True):
    """A fact in its place: number `seq` of the journal, decided at `at` (Unix milliseconds)."""

    seq: int
    at: int
    fact: Fact


FACTS: dict[str, type[Fact]] = {
    fact.__name__: fact
    for fact in (
        Registered,
        SessionOpened,
        PasswordChanged,
        Verified,
        Followed,
        Unfollowed,
        PostPublished,
        PostDeleted,
        PostLiked,
        PostUnliked,
    )
}
"""Every kind of fact by the name under which it is stored: never rename one."""

Upgrade = Callable[[list[Any]], list[Any]]
"""From the fields of one version to those of the next."""

UPGRADES: dict[tuple[str, int], Upgrade] = {}
"""(name, version) -> how the fields of that version become those of the next. Empty while all are
first versions."""


class UnknownFact(Exception):
    """The journal holds a fact that this version of Triptych can't read."""


def _text_to_id(value: object) -> int:
    if isinstance(value, Text):
        return value.id
    raise TypeError(f"a fact can't hold a {type(value).__name__}")


def _id_to_text(kind: type, value: object) -> object:
    if kind is Text and isinstance(value, int):
        return Text(value, None)
    raise TypeError(f"{value!r} is no {kind.__name__}")


_encoder = msgspec.msgpack.Encoder(enc_hook=_text_to_id)
_envelope = msgspec.msgpack.Decoder(tuple[str, int, msgspec.Raw])
_decoders = {
    name: msgspec.msgpack.Decoder(kind, dec_hook=_id_to_text) for name, kind in FACTS.items()
}


def encode_fact(fact: Fact) -> bytes:
    """A fact as the journal keeps it: msgpack of `[name, version, [field, …]]`, texts as their
    ids."""
    return _encoder.encode((type(fact).__name__, fact.version, fact))


def decode_fact(
    data: bytes,
    facts: dict[str, type[Fact]] = FACTS,
    upgrades: dict[tuple[str, int], Upgrade] = UPGRADES,
) -> Fact:
    """The fact that `encode_fact` made, upgraded step by step if an older version wrote it.

    Its texts have no value yet: the journal fills them in from `contents` (see `with_texts`).

    Raises `UnknownFact` for a kind or a version that this code does not know.
    """
    name, version, raw = _envelope.decode(data)
    kind = facts.get(name)
    if kind is None or version > kind.version:
        raise UnknownFact(
            f"{name} version {version}: written by a newer Triptych; upgrade to read it"
        )
    if version == kind.version and facts is FACTS:
        return _decoders[name].decode(raw)
    fields = msgspec.msgpack.decode(raw, type=list[Any])
    while version < kind.version:
        upgrade = upgrades.get((name, version))
        if upgrade is None:
            raise UnknownFact(f"{name} version {version}: no upgrade to version {version + 1}")
        fields, version = upgrade(fields), version + 1
    return msgspec.convert(fields, kind, dec_hook=_id_to_text)


def with_texts(fact: Fact, values: dict[int, str]) -> Fact:
    """`fact` with the values of its texts filled in; a text that is not in `values` was erased."""
    if not fact.texts():
        return fact

    def filled(value: object) -> object:
        match value:
            case Text():
                return Text(value.id, values.get(value.id))
            case tuple():
                return tuple(filled(item) for item in cast(tuple[object, ...], value))
            case msgspec.Struct():
                fields = {name: filled(getattr(value, name)) for name in value.__struct_fields__}
                return type(value)(**fields)
            case _:
                return value

    return cast(Fact, filled(fact))
