"""Stories: publishing, viewing, deleting. A story is known by its colour and seconds until its id
is."""

from typing import ClassVar

import msgspec

from tests.process.crowd.ledger import Thing
from tests.process.crowd.room import Crowd, Household, Json, Room
from tests.process.crowd.writing import picture_of
from tests.process.keeping import Sight, ids_in, open_picture, shows, status_of
from tests.process.starting import jpeg, path_of

SECONDS_MAX = 15


class Story(msgspec.Struct):
    word: str
    author: str
    size: tuple[int, int]
    colour: tuple[int, int, int]
    seconds: int
    id: str | None = None
    path: str | None = None
    opened: bool = False

    @property
    def there(self) -> Thing:
        return ("story", self.word)

    def learn(self, answer: Json) -> None:
        assert self.id in (None, answer["story_id"]), f"{self} now is {answer}"
        assert answer["duration"] == self.seconds
        self.id, self.path = answer["story_id"], path_of(answer["media_url"])


class Stories(Room):
    ACTS: ClassVar = {"publish": 5, "view": 7, "delete": 2}

    def __init__(self, crowd: Crowd) -> None:
        super().__init__(crowd)
        self._stories: dict[str, Story] = {}

    async def publish(self, household: Household) -> None:
        random = self.random
        size = (random.randint(40, 90), random.randint(40, 90))
        seconds = random.randint(1, SECONDS_MAX)
        story = Story(self.name(), household.main.name, size, self.colour(), seconds)
        self._stories[story.word] = story
        await self.write(
            household.main,
            "POST",
            "/stories",
            {story.there: True},
            learn=story.learn,
            data={"duration": str(seconds)},
            **picture_of(jpeg(*story.size, story.colour)),
        )

    async def view(self, household: Household) -> bool:
        """One's own, too, which is answered and counts for nothing."""
        story = self._some(None)
        if story is None:
            return False
        viewer = household.main.name
        becomes = {} if viewer == story.author else {("view", viewer, story.word): True}
        path = f"/stories/{story.id}/view"
        await self.write(household.main, "POST", path, becomes, refused=(404,))
        return True

    async def delete(self, household: Household) -> bool:
        if self._some(household.main.name) is None:
            await self.publish(household)
        story = self._some(household.main.name)
        if story is None:
            return False
        path = f"/stories/{story.id}"
        await self.write(household.main, "DELETE", path, {story.there: False})
        return True

    def _some(self, author: str | None) -> Story | None:
        there = [
            one
            for one in self._stories.values()
            if one.id is not None
            and author in (None, one.author)
            and self.ledger.is_sure(one.there)
        ]
        return self.random.choice(there[-6:]) if there else None

    async def check(self, sight: Sight) -> None:
        for person in self.crowd.people:
            ring = (await person.get(f"/users/{person.id}/stories"))["stories"]
            mine = [one for one in self._stories.values() if one.author == person.name]
            for answer in ring:
                await self._recognise(person.name, answer, mine)
            listed = {answer["story_id"]: answer for answer in ring}
            assert len(listed) == len(ring), "a story twice"
            for story in mine:
                self.ledger.found(story.there, story.id in listed)
                if story.id in listed:
                    await self._check_there(story, listed[story.id])
                elif story.path is not None:
                    assert await status_of(person, story.path) == 404, f"{story} has left its file"

    async def _recognise(self, author: str, answer: Json, mine: list[Story]) -> None:
        """Which story it is, the first time that anybody sees it."""
        if any(one.id == answer["story_id"] for one in mine):
            return
        person = self.crowd.person(author)
        image = await open_picture(person.client, path_of(answer["media_url"]), person.token)
        [story] = [
            one
            for one in mine
            if one.id is None and one.size == image.size and one.seconds == answer["duration"]
        ]
        story.learn(answer)

    async def _check_there(self, story: Story, answer: Json) -> None:
        author = self.crowd.person(story.author)
        story.learn(answer)
        if not story.opened and story.path is not None:
            image = await open_picture(author.client, story.path, author.token)
            assert image.size == story.size
            assert shows(image, story.colour), f"{story} shows something else"
            story.opened = True
        viewers = await ids_in(author, f"/stories/{story.id}/viewers")
        assert answer["views_count"] == len(viewers), story
        for viewer in self.crowd.people:
            self.ledger.found(("view", viewer.name, story.word), viewer.id in viewers)
            viewers.discard(viewer.id)
        assert not viewers, f"strangers have seen {story}: {viewers}"
