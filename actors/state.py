"""How an actor's state is drafted for a turn, and kept in a snapshot: the same way for every kind.

The runtime and `verify` call this; the kinds declare the states. Pure.
"""

from typing import Any, Self, TypeVar, cast

import msgspec

from actors.members import Members, MemberSet
from actors.names import Names
from storage.facts import Text


class State(msgspec.Struct):
    """An actor's state: the fold of the facts that concern it. Only `fold` changes it."""

    def draft(self) -> Self:
        """A copy for a turn to fold its own decisions into: what is large becomes an overlay."""
        copy = msgspec.structs.replace(self)
        for name in self.__struct_fields__:
            value = getattr(copy, name)
            if isinstance(value, (MemberSet, Names)):
                setattr(copy, name, value.draft())
        return copy


S = TypeVar("S", bound=State)


def _to_plain(value: object) -> object:
    if isinstance(value, Members):
        return value.to_bytes()
    if isinstance(value, Names):
        return value.to_dict()
    if isinstance(value, Text):
        return (value.id, value.value)
    raise TypeError(f"a snapshot can't hold a {type(value).__name__}")


def _from_plain(kind: type, value: Any) -> object:
    if kind is Text:
        return Text(*value)
    if kind is Names:
        return Names(value)
    if kind is MemberSet:
        return Members.from_bytes(cast(bytes, value))
    raise TypeError(f"a snapshot holds no {kind.__name__}")


_encoder = msgspec.msgpack.Encoder(enc_hook=_to_plain)


def encode_state(state: State) -> bytes:
    """A state as a snapshot keeps it."""
    return _encoder.encode(state)


def decode_state(data: bytes, kind: type[S]) -> S:
    """What `encode_state` made. Raises `msgspec.MsgspecError` or `ValueError` for bytes that it
    did not make."""
    return msgspec.msgpack.decode(data, type=kind, dec_hook=_from_plain)
