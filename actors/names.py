"""Usernames and who has them, in the state of the accounts actor and as an overlay in its
drafts."""

from typing import final


@final
class Names:
    """Usernames (in lower case) and their accounts; a draft is an overlay over `below`."""

    __slots__ = ("_below", "_taken")

    def __init__(self, taken: dict[str, int], below: "Names | None" = None) -> None:
        self._taken = taken
        self._below = below

    def __contains__(self, name: str) -> bool:
        return name in self._taken or (self._below is not None and name in self._below)

    def __len__(self) -> int:
        return len(self._taken) + (0 if self._below is None else len(self._below))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Names) and self.to_dict() == other.to_dict()

    def take(self, name: str, account: int) -> None:
        """Give `name` to `account`."""
        self._taken[name] = account

    def draft(self) -> "Names":
        """The same names, to be added to without changing these."""
        return Names({}, self)

    def to_dict(self) -> dict[str, int]:
        """For a snapshot."""
        return self._taken if self._below is None else self._below.to_dict() | self._taken
