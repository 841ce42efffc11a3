"""Facts as bytes: how the journal keeps them, and how an older version's become today's.

Changing a fact: raise its `version`, and give `UPGRADES` the step from the version before. A field
with a default may be added at the end of one without that: what was written before reads as the
default.
"""

from collections.abc import Callable
from typing import Any, cast

import msgspec

from storage.facts import accounts, graph, places, posts, stories
from storage.facts.fact import Fact, Text

FACTS: dict[str, type[Fact]] = {
    fact.__name__: fact
    for fact in (
        accounts.Registered,
        accounts.UsernameChanged,
        accounts.SessionOpened,
        accounts.SessionRefreshed,
        accounts.SessionEnded,
        accounts.PasswordChanged,
        accounts.Verified,
        accounts.ProfileChanged,
        accounts.AvatarChanged,
        accounts.PrivacyChanged,
        accounts.InviteCreated,
        accounts.InviteUsed,
        accounts.AccountDeleted,
        accounts.AccountCleared,
        graph.FollowRequested,
        graph.FollowRequestEnded,
        graph.Followed,
        graph.Unfollowed,
        graph.Blocked,
        graph.Unblocked,
        posts.PostPublished,
        posts.PostEdited,
        posts.PostDeleted,
        posts.PostLiked,
        posts.PostUnliked,
        posts.PostSaved,
        posts.PostUnsaved,
        posts.Commented,
        posts.CommentDeleted,
        posts.CommentLiked,
        posts.CommentUnliked,
        stories.StoryPublished,
        stories.StoryViewed,
        stories.StoryViewForgotten,
        stories.StoryEnded,
        places.LocationCreated,
        places.NotificationsRead,
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
    return cast(Fact, _filled(fact, values)) if fact.texts() else fact


def _filled(value: object, values: dict[int, str]) -> object:
    """No function within the other: one that calls itself is a circle, left to the garbage
    collector at each fact."""
    match value:
        case Text():
            return Text(value.id, values.get(value.id))
        case tuple():
            return tuple(_filled(item, values) for item in cast(tuple[object, ...], value))
        case msgspec.Struct():
            names = value.__struct_fields__
            return type(value)(**{name: _filled(getattr(value, name), values) for name in names})
        case _:
            return value
