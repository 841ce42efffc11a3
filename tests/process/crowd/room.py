"""What a room is: one kind of write, the promises of it, and how they are looked at.

A room's *acts* are its methods; each says which share of all cards it has. An act returns False if
there was nothing to do. What rooms share is the `Crowd`.
"""

from random import Random
from typing import Any, ClassVar

from tests.process.crowd.ledger import Ledger
from tests.process.crowd.writing import GOOD, Writing
from tests.process.keeping import Sight
from tests.process.starting import PASSWORD, Person


class Household:
    """The accounts of one client, which sends one request at a time: what its accounts do among
    themselves has one writer."""

    def __init__(self, main: Person) -> None:
        self.main = main
        """Public; writes where others do, too."""
        self.others: dict[str, Person] = {}
        """Accounts of its rooms, by what they are there for."""

    def all(self) -> list[Person]:
        return [self.main, *self.others.values()]


class Crowd:
    """Everybody, and what they were promised."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.ledger = Ledger()
        self.writing = Writing(self.ledger, random)
        self.households: list[Household] = []

    @property
    def homes(self) -> list[Household]:
        """Those with more accounts than one."""
        return [household for household in self.households if household.others]

    @property
    def people(self) -> list[Person]:
        """The main account of each client."""
        return [household.main for household in self.households]

    def person(self, name: str) -> Person:
        """Whoever is called `name`."""
        return next(
            one for household in self.households for one in household.all() if one.name == name
        )


class Room:
    """One kind of write."""

    ACTS: ClassVar[dict[str, int]] = {}
    """The methods that write, and their cards in a deck."""

    NEEDS_HOME: ClassVar[bool] = False
    """Whether only households with more than one account can do it."""

    def __init__(self, crowd: Crowd) -> None:
        self.crowd = crowd
        self.random = crowd.random
        self.ledger = crowd.ledger
        self.write = crowd.writing.write

    async def move_in(self, household: Household) -> None:
        """Make the accounts that this room needs."""

    async def check(self, sight: Sight) -> None:
        """Raises `AssertionError` for whatever was promised and is not so, or is there by half."""

    async def settle(self) -> None:
        """What a client does after it has lost its connection, before it writes again."""

    async def register(self, household: Household, name: str) -> Person:
        """A new account of `household`."""
        body = {"username": name, "password": PASSWORD}
        client = household.main.client
        answer = await client.post("/api/v1/auth/register", json=body)
        assert answer.status_code in GOOD, answer.text
        return Person(client, answer.json())

    def name(self) -> str:
        """A word that nobody has said before."""
        return f"{self.random.getrandbits(56):x}"

    def colour(self) -> tuple[int, int, int]:
        random = self.random
        return (random.randrange(256), random.randrange(256), random.randrange(256))


Json = dict[str, Any]
