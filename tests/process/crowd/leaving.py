"""Accounts that come and go: registered, busy for a moment, deleted.

What they did is on the wall, a post of an account of the household that nobody else knows; what is
left of whom is there or not there as a whole.
"""

from typing import ClassVar

import trio

from tests.process.crowd.room import Crowd, Household, Room
from tests.process.crowd.writing import picture_of
from tests.process.keeping import Sight, pages, status_of
from tests.process.starting import PASSWORD, Person, jpeg, log_in, path_of

HOST = "host"

CLEARED_S = 120.0
"""For clearing up after a deletion, which a kill has interrupted: a second, and many more on a
machine that is busy."""

TRACES = ("like", "remark", "follow", "post", "save")


Counts = tuple[int, int, int]
"""Likes and comments of a wall, followers of its host."""


class Leaving(Room):
    NEEDS_HOME = True
    ACTS: ClassVar = {"come": 3, "leave": 5}

    def __init__(self, crowd: Crowd) -> None:
        super().__init__(crowd)
        self._walls: dict[str, str] = {}
        """household -> the post that is its wall"""
        self._guests: dict[str, list[Person]] = {}
        """household -> those with an account, as far as is known"""
        self._names: list[str] = []
        """usernames that were asked for"""
        self._logged_in: set[str] = set()
        """who was seen to be able to"""
        self._media: dict[str, str] = {}
        """guest -> the path of their picture"""

    async def move_in(self, household: Household) -> None:
        main = household.main.name
        host = await self.register(household, f"{main}.h")
        household.others[HOST] = host
        answer = await host.publish("wall", jpeg(40, 40))
        assert answer.status_code == 201, answer
        self._walls[main] = answer.json()["post_id"]
        self._guests[main] = []

    async def come(self, household: Household) -> None:
        await self._come(household)

    async def _come(self, household: Household) -> Person:
        name = f"new.{self.random.getrandbits(48):x}"
        self._names.append(name)
        anybody = household.main
        body = {"username": name, "password": PASSWORD}
        becomes = {("account", name): True}
        answer = await self.write(anybody, "POST", "/auth/register", becomes, json=body)
        guest = Person(anybody.client, answer.json())
        self._guests[household.main.name].append(guest)
        household.others[name] = guest
        return guest

    async def leave(self, household: Household) -> None:
        """Somebody comes, does this and that, and goes; or somebody from before goes."""
        guests = self._guests[household.main.name]
        there = [one for one in guests if self.ledger.is_sure(("account", one.name))]
        if there and self.random.random() < 0.5:
            guest = self.random.choice(there)
        else:
            guest = await self._come(household)
            for trace in self.random.sample(TRACES, self.random.randint(1, len(TRACES))):
                await self._act(household, guest, trace)
        method, path = self.random.choice((("POST", "/users/me/delete"), ("DELETE", "/users/me")))
        gone = {("account", guest.name): False}
        await self.write(guest, method, path, gone, json={"password": PASSWORD})

    async def _act(self, household: Household, guest: Person, trace: str) -> None:
        wall, host = self._walls[household.main.name], household.others[HOST]
        becomes = {(trace, guest.name, "wall"): True}
        match trace:
            case "like" | "save":
                await self.write(guest, "POST", f"/posts/{wall}/{trace}", becomes)
            case "remark":
                body = {"text": f"{guest.name} was here"}
                path = f"/posts/{wall}/comments"
                await self.write(guest, "POST", path, becomes, json=body)
            case "follow":
                await self.write(guest, "POST", f"/users/{host.id}/follow", becomes)
            case _:
                await self.write(
                    guest,
                    "POST",
                    "/posts",
                    becomes,
                    learn=lambda answer: self._media.update(
                        {guest.name: path_of(answer["media"][0]["url"])}
                    ),
                    data={"caption": guest.name},
                    **picture_of(jpeg(40, 40)),
                )

    async def check(self, sight: Sight) -> None:
        """Who may log in is there with all that they did, and nobody else with anything."""
        client = self.crowd.people[0].client
        for name in self._names:
            seen = await client.get(f"/api/v1/users/by-username/{name}")
            assert seen.status_code in (200, 404), seen
            self.ledger.found(("account", name), seen.is_success)
            if not seen.is_success:
                self.ledger.has_left(name)
            if name not in self._logged_in:  # once, since each login is a session more
                assert (await log_in(client, name)).status_code == (401, 200)[seen.is_success]
                self._logged_in |= {name} if seen.is_success else set()
        async with trio.open_nursery() as nursery:
            for household in self.crowd.homes:
                nursery.start_soon(self._check_wall, household)

    async def _check_wall(self, household: Household) -> None:
        host, wall = household.others[HOST], self._walls[household.main.name]
        path = f"/posts/{wall}"
        remarks = await pages(host, f"{path}/comments", "comments")
        followers = await pages(host, f"/users/{host.id}/followers", "users")
        found = {
            "like": {one["username"] for one in await pages(host, f"{path}/likes", "users")},
            "remark": {one["user"]["username"] for one in remarks},
            "follow": {one["username"] for one in followers},
        }
        assert len(found["remark"]) == len(remarks), "a remark twice"
        counts = (len(found["like"]), len(found["remark"]), len(found["follow"]))
        for guest in self._guests[household.main.name]:
            there = self.ledger.is_sure(("account", guest.name))
            for trace, names in found.items():
                if there:
                    self.ledger.found((trace, guest.name, "wall"), guest.name in names)
                else:
                    assert guest.name not in names, f"{guest.name} is gone"
                names.discard(guest.name)
            if not there and guest.name in self._media:
                assert await status_of(host, self._media[guest.name]) == 404, guest.name
        assert not any(found.values()), f"traces of nobody: {found}"
        # What a killed server has not cleared away, the next one does while it serves.
        with trio.fail_after(CLEARED_S):
            while await self._counts(host, wall) != counts:
                pass

    async def _counts(self, host: Person, wall: str) -> Counts:
        post = await host.get(f"/posts/{wall}")
        stats = (await host.get("/users/me"))["stats"]
        return post["likes_count"], post["comments_count"], stats["followers_count"]
