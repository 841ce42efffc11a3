"""What an account says of itself: its name, its texts, whether it is private, and its picture. All
that one request changes is one thing.
"""

from typing import ClassVar

import msgspec
import trio

from tests.process.crowd.room import Crowd, Household, Json, Room
from tests.process.crowd.writing import picture_of
from tests.process.keeping import Sight, open_picture, shows, status_of
from tests.process.starting import Person, jpeg, log_in, path_of

ACCOUNT = "portrait"

EDGE = 48
"""Pixels of a picture's edge."""

CHANGED_MAX = 5


class Portrait(msgspec.Struct, frozen=True):
    username: str
    full_name: str | None = None
    bio: str | None = None
    website: str | None = None
    private_account: bool = False
    colour: tuple[int, int, int] | None = None
    """Of its picture."""


class Portraits(Room):
    NEEDS_HOME = True
    ACTS: ClassVar = {"describe": 6, "rename": 2, "set_picture": 4, "remove_picture": 2}

    def __init__(self, crowd: Crowd) -> None:
        super().__init__(crowd)
        self._pictures: dict[str, list[str]] = {}
        """account -> paths of its pictures so far"""

    async def move_in(self, household: Household) -> None:
        person = await self.register(household, f"{household.main.name}.p")
        household.others[ACCOUNT] = person
        self._pictures[person.id] = []
        self.ledger.promised({("portrait", person.id): Portrait(person.name)})

    async def describe(self, household: Household) -> None:
        """Some of everything, the username among it now and then, in one request."""
        person = household.others[ACCOUNT]
        offered: Json = {
            "full_name": self.random.choice((None, self.name())),
            "bio": self.random.choice((None, self.name())),
            "website": self.random.choice((None, f"https://{self.name()}.test/")),
            "private_account": self.random.random() < 0.5,
            "username": f"{household.main.name}.{self.name()}",
        }
        chosen = self.random.sample(list(offered), self.random.randint(1, CHANGED_MAX))
        await self._change(person, {name: offered[name] for name in chosen})

    async def rename(self, household: Household) -> None:
        """Also to a name that it has had before."""
        name = f"{household.main.name}.{self.random.choice('pqr')}"
        await self._change(household.others[ACCOUNT], {"username": name, "bio": self.name()})

    async def _change(self, person: Person, body: Json) -> None:
        after = msgspec.structs.replace(self._portrait(person), **body)
        becomes = {("portrait", person.id): after}

        def learn(answer: Json) -> None:
            person.name = answer["user"]["username"]

        await self.write(person, "PUT", "/users/me", becomes, learn=learn, json=body)

    async def set_picture(self, household: Household) -> None:
        person, colour = household.others[ACCOUNT], self.colour()
        after = msgspec.structs.replace(self._portrait(person), colour=colour)

        def learn(answer: Json) -> None:
            self._pictures[person.id].append(path_of(answer["user"]["profile_image_url"]))

        await self.write(
            person,
            "PUT",
            "/users/me/avatar",
            {("portrait", person.id): after},
            learn=learn,
            **picture_of(jpeg(EDGE, EDGE, colour)),
        )

    async def remove_picture(self, household: Household) -> None:
        person = household.others[ACCOUNT]
        after = msgspec.structs.replace(self._portrait(person), colour=None)
        await self.write(person, "DELETE", "/users/me/avatar", {("portrait", person.id): after})

    def _portrait(self, person: Person) -> Portrait:
        [portrait] = self.ledger.may_be(("portrait", person.id))
        return portrait

    async def check(self, sight: Sight) -> None:
        async with trio.open_nursery() as nursery:
            for household in self.crowd.homes:
                nursery.start_soon(self._check, household.others[ACCOUNT])

    async def _check(self, person: Person) -> None:
        thing = ("portrait", person.id)
        profile = await person.get("/users/me")
        said = {name: profile[name] for name in Portrait.__struct_fields__ if name != "colour"}
        url, colour = profile["profile_image_url"], None
        if url is not None:
            image = await open_picture(person.client, path_of(url), person.token)
            assert image.size == (EDGE, EDGE)
            offered = {may.colour for may in self.ledger.may_be(thing)} - {None}
            colour = next((one for one in offered if shows(image, one)), None)
            assert colour is not None, f"{url} is none of {offered}"
        before = [may.username for may in self.ledger.may_be(thing)]
        self.ledger.found(thing, Portrait(**said, colour=colour))
        person.name = profile["username"]
        for path in self._pictures[person.id]:
            if url is None or path != path_of(url):
                assert await status_of(person, path) == 404, f"{path} was replaced"
        for name in before:
            due = 200 if name == person.name else 404
            found = await person.call("GET", f"/users/by-username/{name}")
            assert found.status_code == due, f"{name}: {found}"
        if len(set(before)) > 1:
            assert (await log_in(person.client, person.name)).status_code == 200
