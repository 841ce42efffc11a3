"""How far people have read their notifications.

The mark only moves on. A notification is read if it is not above the mark, whenever it was told.
"""

from typing import Any, ClassVar

from tests.process.crowd.room import Crowd, Household, Room
from tests.process.keeping import Sight, pages
from tests.process.starting import Person

PREFIX = "notif_"


class Notices(Room):
    ACTS: ClassVar = {"read_up_to": 3, "read_all": 2}

    def __init__(self, crowd: Crowd) -> None:
        super().__init__(crowd)
        self._least: dict[str, int] = {}
        """account -> everything up to this was marked as read"""
        self._most: dict[str, int | None] = {}
        """account -> nothing above this was; None if that was left to the server"""

    async def read_up_to(self, household: Household) -> bool:
        person = household.main
        listed = (await person.get("/notifications"))["notifications"]
        if not listed:
            return False
        up_to = self.random.choice(listed[:8])["notification_id"]
        number = number_of(up_to)
        most = self._most.get(person.id, 0)
        self._most[person.id] = None if most is None else max(most, number)
        path = "/notifications/read"
        await self.write(person, "POST", path, varying=True, json={"up_to": up_to})
        self._least[person.id] = max(self._least.get(person.id, 0), number)
        return True

    async def read_all(self, household: Household) -> None:
        person = household.main
        listed = (await person.get("/notifications"))["notifications"]
        self._most[person.id] = None
        await self.write(person, "POST", "/notifications/read", varying=True, json={})
        newest = number_of(listed[0]["notification_id"]) if listed else 0
        self._least[person.id] = max(self._least.get(person.id, 0), newest)

    async def check(self, sight: Sight) -> None:
        for person in self.crowd.people:
            await self._check(person)

    async def _check(self, person: Person) -> None:
        listed = await pages(person, "/notifications", "notifications")
        read = [number_of(one["notification_id"]) for one in listed if one["read"]]
        unread = [number_of(one["notification_id"]) for one in listed if not one["read"]]
        least, most = self._least.get(person.id, 0), self._most.get(person.id, 0)
        assert not unread or min(unread) > least, f"{person.name}: forgot what was read: {unread}"
        assert not read or not unread or max(read) < min(unread), f"{read}, {unread}"
        if most is not None:
            assert not read or max(read) <= most, f"{person.name}: {read} above {most}"
        told: dict[str, Any] = await person.get("/notifications")
        assert told["unread_count"] == len(unread)
        self._least[person.id] = max(least, *read, 0)


def number_of(notification: str) -> int:
    return int(notification.removeprefix(PREFIX))
