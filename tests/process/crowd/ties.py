"""How the three accounts of a household stand to each other: private and public, requests, follows,
blocks. All of it together is one thing, so that half of an act is no state that it may be in.

The rules are written down here once more, as sets: `Ties` is what holds, each act makes another.
"""

from typing import ClassVar

import msgspec
import trio

from tests.process.crowd.room import Household, Json, Room
from tests.process.keeping import Sight, ids_in
from tests.process.starting import Person

NAMES = ("x", "y", "z")

Edge = tuple[str, str]
"""(who, whom)"""


class Ties(msgspec.Struct, frozen=True):
    """Who is private, and who follows, asks to follow and blocks whom."""

    private: frozenset[str] = frozenset()
    follows: frozenset[Edge] = frozenset()
    asks: frozenset[Edge] = frozenset()
    blocks: frozenset[Edge] = frozenset()

    def follow(self, who: str, whom: str) -> "Ties":
        edge = frozenset({(who, whom)})
        if edge <= self.follows:
            return self
        if whom in self.private:
            return msgspec.structs.replace(self, asks=self.asks | edge)
        return msgspec.structs.replace(self, follows=self.follows | edge)

    def part(self, who: str, whom: str) -> "Ties":
        edge = {(who, whom)}
        return msgspec.structs.replace(self, follows=self.follows - edge, asks=self.asks - edge)

    def approve(self, who: str, whom: str) -> "Ties":
        edge = {(who, whom)}
        return msgspec.structs.replace(self, follows=self.follows | edge, asks=self.asks - edge)

    def close(self, who: str) -> "Ties":
        return msgspec.structs.replace(self, private=self.private | {who})

    def open(self, who: str) -> "Ties":
        asked = frozenset(edge for edge in self.asks if edge[1] == who)
        return msgspec.structs.replace(
            self,
            private=self.private - {who},
            follows=self.follows | asked,
            asks=self.asks - asked,
        )

    def block(self, who: str, whom: str) -> "Ties":
        apart = self.part(who, whom).part(whom, who)
        return msgspec.structs.replace(apart, blocks=self.blocks | {(who, whom)})

    def unblock(self, who: str, whom: str) -> "Ties":
        return msgspec.structs.replace(self, blocks=self.blocks - {(who, whom)})

    def apart(self, one: str, other: str) -> bool:
        return not self.blocks.isdisjoint({(one, other), (other, one)})


class Relations(Room):
    NEEDS_HOME = True
    ACTS: ClassVar = {
        "tie": 8,
        "withdraw": 2,
        "answer": 6,
        "remove": 2,
        "turn": 4,
        "block": 2,
        "unblock": 2,
    }

    async def move_in(self, household: Household) -> None:
        main = household.main.name
        for name in NAMES:
            household.others[name] = await self.register(household, f"{main}.{name}")
        self.ledger.promised({("ties", main): Ties()})

    async def tie(self, household: Household) -> bool:
        who, whom = self._two()
        if self._ties(household).apart(who, whom):
            who, whom = next(
                (edge for edge in self._pairs() if not self._ties(household).apart(*edge)), ("", "")
            )
        if not who:
            return False
        await self._do(household, "follow", who, whom, "POST", "/users/{whom}/follow")
        return True

    async def withdraw(self, household: Household) -> bool:
        ties = self._ties(household)
        edges = sorted(ties.asks) or sorted(ties.follows)
        if not edges:
            return False
        who, whom = self.random.choice(edges)
        await self._do(household, "part", who, whom, "DELETE", "/users/{whom}/follow")
        return True

    async def answer(self, household: Household) -> bool:
        """Approve or deny one who asks; if nobody does, have somebody ask first."""
        if not self._ties(household).asks:
            edge = self._stranger(household)
            if edge is None:
                return False
            await self._turn(household, edge[1], private=True)
            await self._do(household, "follow", *edge, "POST", "/users/{whom}/follow")
        who, whom = self.random.choice(sorted(self._ties(household).asks))
        act, verb = self.random.choice((("approve", "approve"), ("part", "deny")))
        await self._do(household, act, who, whom, "POST", f"/follow-requests/{{who}}/{verb}", whom)
        return True

    async def remove(self, household: Household) -> bool:
        if not self._ties(household).follows:
            edge = self._stranger(household)
            if edge is None:
                return False
            await self._turn(household, edge[1], private=False)
            await self._do(household, "follow", *edge, "POST", "/users/{whom}/follow")
        who, whom = self.random.choice(sorted(self._ties(household).follows))
        path = "/users/me/followers/{who}"
        await self._do(household, "part", who, whom, "DELETE", path, whom)
        return True

    async def turn(self, household: Household) -> None:
        who = self.random.choice(NAMES)
        await self._turn(household, who, private=who not in self._ties(household).private)

    async def block(self, household: Household) -> None:
        await self._do(household, "block", *self._two(), "POST", "/users/{whom}/block")

    async def unblock(self, household: Household) -> bool:
        if not self._ties(household).blocks:
            await self.block(household)
        who, whom = self.random.choice(sorted(self._ties(household).blocks))
        await self._do(household, "unblock", who, whom, "DELETE", "/users/{whom}/block")
        return True

    async def _turn(self, household: Household, who: str, *, private: bool) -> None:
        ties = self._ties(household)
        after = ties.close(who) if private else ties.open(who)
        await self.write(
            household.others[who],
            "PUT",
            "/users/me",
            {("ties", household.main.name): after},
            json={"private_account": private},
        )

    async def _do(
        self,
        household: Household,
        act: str,
        who: str,
        whom: str,
        method: str,
        path: str,
        actor: str | None = None,
    ) -> None:
        after = getattr(self._ties(household), act)(who, whom)
        others = household.others
        path = path.format(who=others[who].id, whom=others[whom].id)
        becomes = {("ties", household.main.name): after}
        await self.write(others[actor or who], method, path, becomes)

    def _ties(self, household: Household) -> Ties:
        [ties] = self.ledger.may_be(("ties", household.main.name))
        return ties

    def _pairs(self) -> list[Edge]:
        return [(who, whom) for who in NAMES for whom in NAMES if who != whom]

    def _two(self) -> Edge:
        return self.random.choice(self._pairs())

    def _stranger(self, household: Household) -> Edge | None:
        ties = self._ties(household)
        edges = [
            edge
            for edge in self._pairs()
            if not ties.apart(*edge) and edge not in ties.follows | ties.asks
        ]
        return self.random.choice(edges) if edges else None

    async def check(self, sight: Sight) -> None:
        async with trio.open_nursery() as nursery:
            for household in self.crowd.homes:
                nursery.start_soon(self._check, household)

    async def _check(self, household: Household) -> None:
        accounts = {name: household.others[name] for name in NAMES}
        self.ledger.found(("ties", household.main.name), await self._look(accounts))

    async def _look(self, accounts: dict[str, Person]) -> Ties:
        """What each says of itself; each tie from both its sides."""
        names = {person.id: name for name, person in accounts.items()}
        sides = {side: set[Edge]() for side in ("following", "followed_by", "requested")}
        private, blocks, counted = set[str](), set[Edge](), dict[str, Json]()
        ids = ",".join(names)
        for name, person in accounts.items():
            profile = await person.get("/users/me")
            private |= {name} if profile["private_account"] else set()
            # Who blocks back is not there to stand to: only the list of blocks has them.
            blocks |= {(name, names[one]) for one in await ids_in(person, "/users/me/blocks")}
            for other in (await person.get("/users/relationships", ids=ids))["relationships"]:
                for side, edges in sides.items():
                    if other[side]:
                        edge = (name, names[other["user_id"]])
                        edges.add((edge[1], edge[0]) if side == "followed_by" else edge)
            counted[name] = profile["stats"]
        follows = sides["following"]
        assert follows == sides["followed_by"], "a follow with one side"
        ties = Ties(
            private=frozenset(private),
            follows=frozenset(follows),
            asks=frozenset(sides["requested"]),
            blocks=frozenset(blocks),
        )
        for name, stats in counted.items():
            assert stats["followers_count"] == sum(whom == name for _, whom in follows), name
            assert stats["following_count"] == sum(who == name for who, _ in follows), name
        name = self.random.choice(NAMES)
        await self._check_lists(name, accounts[name], names, ties)
        return ties

    async def _check_lists(
        self, name: str, person: Person, names: dict[str, str], ties: Ties
    ) -> None:
        """The lists of one of them say the same."""
        for path, due in (
            ("/users/me/followers", {who for who, whom in ties.follows if whom == name}),
            ("/users/me/following", {whom for who, whom in ties.follows if who == name}),
            ("/follow-requests", {who for who, whom in ties.asks if whom == name}),
        ):
            assert {names[one] for one in await ids_in(person, path)} == due, f"{path} of {name}"
