"""Guessing passwords is slow: so many wrong ones an account and an address, then nobody is let try,
but those who have logged in from there before.

Every route that checks a password does it through `Throttle.guard`. It knows neither passwords nor
accounts, and asks nobody but its clock. All it remembers is in memory and bounded: a restart
forgives.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, Generic, TypeVar

import trio

from server.access.windows import Windows
from server.problems import rate_limited
from server.settings import Settings

WINDOW_MS = 900_000
"""15 minutes, from the first wrong password (contract.md, "Accounts")."""

NAME_LENGTH_MAX = 32
"""Characters of a username by which it is told from others: no account's is longer, and what is
kept of those that nobody can have is bounded."""

WRONG_WINDOWS_MAX = 65_536
"""Windows of each kind, some 300 bytes each. To push one out, as many wrong passwords must be
checked within 15 minutes: all that two hashing threads do in eleven."""

FAMILIAR_NAMES_MAX = 65_536
"""Accounts whose addresses are remembered, 230 bytes each and up to 800 with all of them."""

FAMILIAR_ADDRESSES_MAX = 8
"""Addresses remembered for each: home, work, the phone's networks. One account can't push out
another's."""

REFUSAL = "Too many wrong passwords, try again later"

K = TypeVar("K", bound=Hashable)


class Guesses(Generic[K]):
    """The wrong passwords under each key, and those that are being checked: together never more
    than `wrong_max` a window, however many come at once."""

    def __init__(self, wrong_max: int, now: Callable[[], int]) -> None:
        self._wrong_max = wrong_max
        self._now = now
        self._wrong: Windows[K] = Windows(WINDOW_MS, WRONG_WINDOWS_MAX)
        self._checking: dict[K, Checking] = {}

    def __len__(self) -> int:
        return len(self._wrong)

    def are_used_up(self, key: K) -> bool:
        """Whether nothing more may be tried under `key` for now."""
        return self._wrong.counted(key, self._now()) >= self._wrong_max

    def refuse(self, key: K) -> Exception:
        """The 429 that says when something may be tried again."""
        now = self._now()
        return rate_limited(REFUSAL, self._wrong.ends_at(key, now), now)

    async def begin(self, key: K) -> None:
        """Wait until one more may be checked; `settle` must follow. Raises a 429 if none may."""
        while not self.are_used_up(key):
            checking = self._checking.setdefault(key, Checking())
            if self._room(key, checking) > 0:
                checking.number += 1
                return
            # Those under way may all be right; whoever settles wakes us.
            await checking.waiting.park()
        raise self.refuse(key)

    def settle(self, key: K, *, wrong: bool) -> None:
        """One that was begun has been checked."""
        self._checking[key].number -= 1
        if wrong:
            self._wrong.count(key, self._now())
        self._wake(key)

    def count_wrong(self, key: K) -> None:
        """One that was not begun here was wrong."""
        self._wrong.count(key, self._now())
        self._wake(key)

    def _wake(self, key: K) -> None:
        """Let those who wait try again, as many as may begin now; all, if none may any more.

        Nobody is left waiting: they only wait for somebody under way, whose end comes here, as does
        every wrong one.
        """
        checking = self._checking.get(key)
        if checking is None:
            return
        if self.are_used_up(key):
            checking.waiting.unpark_all()
        else:
            checking.waiting.unpark(count=max(0, self._room(key, checking)))
        if checking.number == 0 and not checking.waiting:
            del self._checking[key]

    def _room(self, key: K, checking: "Checking") -> int:
        return self._wrong_max - self._wrong.counted(key, self._now()) - checking.number


class Checking:
    """How many passwords are being checked under one key, and who waits for them."""

    def __init__(self) -> None:
        self.number = 0
        self.waiting = trio.lowlevel.ParkingLot()


class Throttle:
    """Who may try a password. `now` is the clock, in Unix milliseconds."""

    def __init__(self, settings: Settings, now: Callable[[], int]) -> None:
        self._on = settings.rate_limits == "on"
        self._accounts: Guesses[str] = Guesses(settings.limit_wrong_passwords_account, now)
        self._addresses: Guesses[str] = Guesses(settings.limit_wrong_passwords_address, now)
        self._familiar: Guesses[tuple[str, str]] = Guesses(
            settings.limit_wrong_passwords_address, now
        )
        self._addresses_of: OrderedDict[str, tuple[str, ...]] = OrderedDict()

    async def guard(
        self, username: str, address: str, check: Callable[[], Awaitable[bool]]
    ) -> bool:
        """What `check` says: whether the password that was given is the one of `username`.

        `username` is as it was given, whether there is such an account or not; `address` comes from
        `server.access.addresses`. Raises a 429, without calling `check`, when this account or this
        address has had too many wrong ones; but from where the account has logged in before it is
        checked all the same, up to a bound of its own, and only a wrong one is refused.
        """
        if not self._on:
            return await check()
        name = _name(username)
        if address in self._addresses_of.get(name, ()):
            return await self._guard_familiar(name, address, check)
        right = await self._checked(((self._accounts, name), (self._addresses, address)), check)
        if right:
            self.remember(username, address)
        return right

    def remember(self, username: str, address: str) -> None:
        """The owner of an account has just shown to be at `address`: by the right password, or by
        registering."""
        if not self._on:
            return
        name = _name(username)
        others = [known for known in self._addresses_of.get(name, ()) if known != address]
        self._addresses_of[name] = (address, *others[: FAMILIAR_ADDRESSES_MAX - 1])
        self._addresses_of.move_to_end(name)
        if len(self._addresses_of) > FAMILIAR_NAMES_MAX:
            self._addresses_of.popitem(last=False)

    def statistics(self) -> dict[str, int]:
        """How many accounts and addresses have wrong passwords, and how many accounts' addresses
        are remembered."""
        return {
            "accounts": len(self._accounts),
            "addresses": len(self._addresses),
            "familiar": len(self._addresses_of),
        }

    async def _guard_familiar(
        self, name: str, address: str, check: Callable[[], Awaitable[bool]]
    ) -> bool:
        locked = self._refusal(name, address)
        right = await self._checked(((self._familiar, (name, address)),), check)
        if right:
            self.remember(name, address)
            return True
        self._accounts.count_wrong(name)
        self._addresses.count_wrong(address)
        if locked is not None:
            raise locked
        return False

    def _refusal(self, name: str, address: str) -> Exception | None:
        """What a stranger at `address` would be told without a look at the password."""
        if self._accounts.are_used_up(name):
            return self._accounts.refuse(name)
        if self._addresses.are_used_up(address):
            return self._addresses.refuse(address)
        return None

    async def _checked(
        self,
        guesses_by_key: tuple[tuple[Guesses[Any], Hashable], ...],
        check: Callable[[], Awaitable[bool]],
    ) -> bool:
        begun: list[tuple[Guesses[Any], Hashable]] = []
        wrong = False
        try:
            for guesses, key in guesses_by_key:
                await guesses.begin(key)
                begun.append((guesses, key))
            wrong = not await check()
        finally:
            for guesses, key in begun:
                guesses.settle(key, wrong=wrong)
        return not wrong


def _name(username: str) -> str:
    """Two spellings of one account are one; so are some that no account can have."""
    return username.lower()[:NAME_LENGTH_MAX]
