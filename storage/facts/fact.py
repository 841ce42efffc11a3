"""What every fact is made of: the base of all kinds, the texts that they point to, and their places
in the journal.

The kinds are in the files beside this one. Nothing here knows any of them.
"""

from typing import ClassVar, final

import msgspec

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

    def owner(self) -> int | None:
        """The account whose texts these are, and with whom they go; None for the operator's."""
        raise NotImplementedError


def present(*texts: Text | None) -> tuple[Text, ...]:
    """Those of `texts` that are there."""
    return tuple(text for text in texts if text is not None)


class Entry(msgspec.Struct, frozen=True):
    """A fact in its place: number `seq` of the journal, decided at `at` (Unix milliseconds)."""

    seq: int
    at: int
    fact: Fact
