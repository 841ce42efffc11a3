"""Sets of account numbers: followers, following, likers. Used in actor states and by the fan-out
policies.

A small set is a sorted array, a large one a roaring bitmap; a draft is an overlay over either.
Nothing here knows what its numbers mean.
"""

from abc import ABC, abstractmethod
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import final

from pyroaring import BitMap

ARRAY_MEMBERS_MAX = 512
"""From here on a bitmap: 150 members take 686 bytes as an array and 1,481 as a bitmap (design.md,
"Sets"); an insertion into a larger array would also copy more than 2 KB."""

_ARRAY, _BITMAP = b"a", b"b"


class MemberSet(ABC):
    """What decisions and folds may do with a set of accounts, be it a state's or a draft's."""

    __slots__ = ()

    @abstractmethod
    def __contains__(self, account: int) -> bool: ...

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def add(self, account: int) -> None:
        """Put an account in; nothing happens if it is there."""

    @abstractmethod
    def discard(self, account: int) -> None:
        """Take an account out; nothing happens if it is not there."""

    @abstractmethod
    def among(self, accounts: BitMap) -> BitMap:
        """Those of `accounts` that are in here, at the cost of the smaller side."""

    @abstractmethod
    def first(self, most: int) -> list[int]:
        """The smallest members, at most so many, in order."""

    def draft(self) -> "MemberSet":
        """The same set, to be changed without changing this one."""
        return MembersDraft(self)


@final
class Members(MemberSet):
    """A set of account numbers (32 bits) in little memory. Changed by folds only."""

    __slots__ = ("_members",)

    def __init__(self, accounts: Iterable[int] = ()) -> None:
        chosen = BitMap(accounts)
        self._members: array[int] | BitMap | None = None
        if len(chosen) > ARRAY_MEMBERS_MAX:
            self._members = chosen
        elif chosen:
            self._members = array("I", chosen)

    def __contains__(self, account: int) -> bool:
        members = self._members
        if members is None:
            return False
        if isinstance(members, BitMap):
            return account in members
        place = bisect_left(members, account)
        return place < len(members) and members[place] == account

    def __len__(self) -> int:
        return 0 if self._members is None else len(self._members)

    def __iter__(self) -> Iterator[int]:
        return iter(self._members or ())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Members) and list(self) == list(other)

    def __repr__(self) -> str:
        return f"Members({list(self)!r})" if len(self) < 20 else f"<Members: {len(self)} accounts>"

    def add(self, account: int) -> None:
        members = self._members
        if members is None:
            self._members = array("I", (account,))
        elif isinstance(members, BitMap):
            members.add(account)
        else:
            place = bisect_left(members, account)
            if place == len(members) or members[place] != account:
                members.insert(place, account)
                if len(members) > ARRAY_MEMBERS_MAX:
                    self._members = BitMap(members)

    def discard(self, account: int) -> None:
        members = self._members
        if members is None or account not in self:
            return
        if isinstance(members, BitMap):
            members.discard(account)
            if len(members) <= ARRAY_MEMBERS_MAX // 2:
                self._members = array("I", members)
        else:
            members.pop(bisect_left(members, account))
        if not self._members:
            self._members = None

    def among(self, accounts: BitMap) -> BitMap:
        members = self._members
        if members is None:
            return BitMap()
        if isinstance(members, BitMap):
            return members & accounts
        return BitMap(account for account in members if account in accounts)

    def first(self, most: int) -> list[int]:
        return list(islice(self, most))

    def to_bytes(self) -> bytes:
        """For a snapshot: `a` and 32-bit little-endian numbers, or `b` and a portable roaring
        bitmap."""
        members = self._members
        if isinstance(members, BitMap):
            return _BITMAP + members.serialize()
        return _ARRAY + b"".join(account.to_bytes(4, "little") for account in members or ())

    @classmethod
    def from_bytes(cls, data: bytes) -> "Members":
        """What `to_bytes` made. Raises `ValueError` for anything else."""
        kind, rest = data[:1], data[1:]
        if kind == _BITMAP:
            return cls(BitMap.deserialize(rest))
        if kind != _ARRAY or len(rest) % 4:
            raise ValueError("these bytes hold no set of accounts")
        return cls(int.from_bytes(rest[at : at + 4], "little") for at in range(0, len(rest), 4))


@final
class MembersDraft(MemberSet):
    """A set and what a turn has decided to add to it and remove from it. Costs what was changed,
    not what is there."""

    __slots__ = ("_added", "_base", "_removed")

    def __init__(self, base: MemberSet) -> None:
        self._base = base
        self._added: set[int] = set()
        self._removed: set[int] = set()

    def __contains__(self, account: int) -> bool:
        if account in self._added:
            return True
        return account not in self._removed and account in self._base

    def __len__(self) -> int:
        return len(self._base) + len(self._added) - len(self._removed)

    def add(self, account: int) -> None:
        self._removed.discard(account)
        if account not in self._base:
            self._added.add(account)

    def discard(self, account: int) -> None:
        self._added.discard(account)
        if account in self._base:
            self._removed.add(account)

    def among(self, accounts: BitMap) -> BitMap:
        return (self._base.among(accounts) - BitMap(self._removed)) | (
            BitMap(self._added) & accounts
        )

    def first(self, most: int) -> list[int]:
        kept = self._base.first(most + len(self._removed))
        return sorted(({*kept} - self._removed) | self._added)[:most]
