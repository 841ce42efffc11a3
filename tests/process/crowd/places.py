"""Places that people add. Each has a word in its name that no other has, by which it is found."""

from typing import ClassVar

from tests.process.crowd.room import Crowd, Household, Json, Room
from tests.process.keeping import Sight, pages


class Places(Room):
    ACTS: ClassVar = {"create": 3}

    def __init__(self, crowd: Crowd) -> None:
        super().__init__(crowd)
        self._asked: dict[str, Json] = {}
        """by name: what the request said"""
        self._ids: dict[str, int] = {}

    def some(self) -> int | None:
        """The id of a place that is there for sure."""
        return self.random.choice(list(self._ids.values())) if self._ids else None

    async def create(self, household: Household) -> None:
        name = f"place{self.name()}"
        body: Json = {
            "name": name,
            "city": self.random.choice((None, f"city{self.name()}")),
            "country": self.random.choice((None, f"country{self.name()}")),
            "lat": self.random.randint(-90, 90) / 2,
            "lng": self.random.randint(-180, 180) / 2,
        }
        self._asked[name] = body
        becomes = {("place", name): True}

        def learn(answer: Json) -> None:
            location = answer["location_id"]
            assert self._ids.setdefault(name, location) == location, f"{name} is two places"

        await self.write(household.main, "POST", "/locations", becomes, learn=learn, json=body)

    async def check(self, sight: Sight) -> None:
        looker = self.crowd.people[0]
        for name, body in self._asked.items():
            found = (await looker.get("/search/locations", q=name))["locations"]
            self.ledger.found(("place", name), bool(found))
            if found:
                [place] = found
                assert {key: place[key] for key in body} == body
                assert self._ids.setdefault(name, place["location_id"]) == place["location_id"]
        by_place: dict[int, set[str]] = {}
        for post, shown in sight.posts[looker.name].items():
            if shown["location"] is not None:
                by_place.setdefault(shown["location"]["location_id"], set()).add(post)
        for location in self._ids.values():
            listed = await pages(looker, f"/locations/{location}/posts", "posts")
            due = by_place.get(location, set())
            assert {post["post_id"] for post in listed} == due, location
            counted = (await looker.get(f"/locations/{location}"))["post_count"]
            assert counted == len(listed) == len(due), location
