"""What people think of posts: likes, and what they save. Many of one post at once."""

from typing import ClassVar

from tests.process.crowd.ledger import Thing
from tests.process.crowd.photos import Photos
from tests.process.crowd.room import Crowd, Household, Room
from tests.process.keeping import Sight, pages


class Marks(Room):
    ACTS: ClassVar = {"like": 14, "unlike": 5, "save": 5, "unsave": 3}

    def __init__(self, crowd: Crowd, photos: Photos) -> None:
        super().__init__(crowd)
        self._photos = photos

    async def like(self, household: Household) -> bool:
        return await self._mark(household, "like")

    async def unlike(self, household: Household) -> bool:
        return await self._unmark(household, "like")

    async def save(self, household: Household) -> bool:
        return await self._mark(household, "save")

    async def unsave(self, household: Household) -> bool:
        return await self._unmark(household, "save")

    async def _mark(self, household: Household, kind: str) -> bool:
        photo = self._photos.some_post()
        if photo is None or photo.post is None:
            return False
        thing = (kind, household.main.name, photo.post)
        path = f"/posts/{photo.post}/{kind}"
        # 404: its author was quicker.
        await self.write(household.main, "POST", path, {thing: True}, refused=(404,))
        return True

    async def _unmark(self, household: Household, kind: str) -> bool:
        mine = [thing for thing in self.ledger.things(kind) if thing[1] == household.main.name]
        there = {photo.post for photo in self._photos.are_there()}
        mine = [thing for thing in mine if thing[2] in there]
        if not mine:
            return False
        thing: Thing = self.random.choice(mine)
        path = f"/posts/{thing[2]}/{kind}"
        await self.write(household.main, "DELETE", path, {thing: False}, refused=(404,))
        return True

    async def check(self, sight: Sight) -> None:
        """Each post has exactly its likers, and counts them; each list is what was saved."""
        there = {photo.post for photo in self._photos.are_there()}
        for kind, flag in (("like", "liked_by_user"), ("save", "saved_by_user")):
            for _, who, post in self.ledger.things(kind):
                if post in there:
                    self.ledger.found((kind, who, post), sight.posts[who][post][flag])
        for viewed in sight.posts.values():
            for post, shown in viewed.items():
                likers = [who for who in sight.posts if sight.posts[who][post]["liked_by_user"]]
                assert shown["likes_count"] == len(likers), f"{post}: {shown}, {likers}"
                for who in likers:
                    assert self.ledger.is_sure(("like", who, post)), f"{who} never liked {post}"
        for person in self.crowd.people:
            saved = [one["post_id"] for one in await pages(person, "/users/me/saved", "posts")]
            due = [
                post
                for _, who, post in self.ledger.things("save")
                if who == person.name and post in there
                if self.ledger.is_sure(("save", who, post))
            ]
            assert sorted(saved) == sorted(due), person.name
