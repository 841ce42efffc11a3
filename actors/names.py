"""Usernames and who has them, in the state of the accounts actor and as an overlay in its
drafts."""

from typing import final


@final
class Names:
    """Usernames (in lower case), one an account; a draft is an overlay over `below`."""

    __slots__ = ("_below", "_of_account", "_released", "_taken")

    def __init__(self, taken: dict[str, int], below: "Names | None" = None) -> None:
        self._taken = taken
        self._of_account = {account: name for name, account in taken.items()}
        self._below = below
        self._released: set[str] = set()
        """Names that only `below` still has."""

    def __contains__(self, name: str) -> bool:
        if name in self._taken:
            return True
        return self._below is not None and name not in self._released and name in self._below

    def __len__(self) -> int:
        below = 0 if self._below is None else len(self._below) - len(self._released)
        return len(self._taken) + below

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Names) and self.to_dict() == other.to_dict()

    def of(self, account: int) -> str | None:
        """The name of an account, if it has one."""
        name = self._of_account.get(account)
        if name is not None or self._below is None:
            return name
        name = self._below.of(account)
        return None if name in self._released else name

    def take(self, name: str, account: int) -> None:
        """Give `name`, which is free, to `account`, in place of the one that it has."""
        self.release(account)
        self._taken[name] = account
        self._of_account[account] = name

    def release(self, account: int) -> None:
        """Take its name from `account`: whoever asks next may have it."""
        name = self._of_account.pop(account, None)
        if name is not None:
            del self._taken[name]
        elif (name := self.of(account)) is not None:
            self._released.add(name)

    def draft(self) -> "Names":
        """The same names, to be changed without changing these."""
        return Names({}, self)

    def to_dict(self) -> dict[str, int]:
        """For a snapshot."""
        if self._below is None:
            return self._taken
        below = self._below.to_dict().items()
        return {name: who for name, who in below if name not in self._released} | self._taken
