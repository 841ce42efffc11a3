"""Comments, replies, likes on comments, and deletions that take replies along."""

from typing import ClassVar

import msgspec

from tests.process.crowd.ledger import Thing
from tests.process.crowd.photos import Photos
from tests.process.crowd.room import Crowd, Household, Json, Room
from tests.process.keeping import Sight, pages
from tests.process.starting import Person


class Remark(msgspec.Struct):
    """A comment, by its text, which no other has. `root` is the text of the comment that it is in
    the thread of."""

    text: str
    author: str
    post: str
    root: str | None
    id: str | None = None

    @property
    def there(self) -> Thing:
        return ("comment", self.text)

    def learn(self, answer: Json) -> None:
        comment = answer["comment_id"]
        assert self.id in (None, comment), f"{self.text} was {self.id}, now is {comment}"
        self.id = comment


class Threads(Room):
    ACTS: ClassVar = {"comment": 7, "reply": 7, "delete": 4, "like": 6, "unlike": 2}

    def __init__(self, crowd: Crowd, photos: Photos) -> None:
        super().__init__(crowd)
        self._photos = photos
        self._remarks: dict[str, Remark] = {}

    async def comment(self, household: Household) -> bool:
        photo = self._photos.some_post()
        if photo is None or photo.post is None:
            return False
        await self._say(household.main, photo.post, None, {})
        return True

    async def reply(self, household: Household) -> bool:
        parent = self._some()
        if parent is None:
            return False
        root = parent.root or parent.text
        await self._say(household.main, parent.post, root, {"parent_comment_id": parent.id})
        return True

    async def _say(self, who: Person, post: str, root: str | None, more: Json) -> None:
        remark = Remark(f"remark {self.name()}", who.name, post, root)
        self._remarks[remark.text] = remark
        becomes, body = {remark.there: True}, {"text": remark.text, **more}
        # 404: the post was deleted meanwhile; 400: the comment that it answers.
        await self.write(
            who,
            "POST",
            f"/posts/{post}/comments",
            becomes,
            refused=(404, 400),
            learn=remark.learn,
            json=body,
        )

    async def delete(self, household: Household) -> bool:
        who = household.main
        posts = self._photos.known()
        if not self._are_there():
            await self.comment(household)
        mine = [
            one for one in self._are_there() if who.name in (one.author, posts[one.post].author)
        ]
        if not mine:
            return False
        remark = self.random.choice(mine)
        gone = {remark.there: False}
        await self.write(who, "DELETE", f"/comments/{remark.id}", gone, refused=(404,), then=gone)
        return True

    async def like(self, household: Household) -> bool:
        remark = self._some()
        if remark is None:
            return False
        becomes = {("heart", household.main.name, remark.text): True}
        path = f"/comments/{remark.id}/like"
        await self.write(household.main, "POST", path, becomes, refused=(404,))
        return True

    async def unlike(self, household: Household) -> bool:
        there = {one.text for one in self._are_there()}
        mine = [
            thing
            for thing in self.ledger.things("heart")
            if thing[1] == household.main.name and thing[2] in there
        ]
        if not mine:
            return False
        thing = self.random.choice(mine)
        path = f"/comments/{self._remarks[thing[2]].id}/like"
        await self.write(household.main, "DELETE", path, {thing: False}, refused=(404,))
        return True

    def _are_there(self) -> list[Remark]:
        """Those that are there for sure, as far as one knows of their posts and threads."""
        posts = {photo.post for photo in self._photos.are_there()}

        def holds(remark: Remark) -> bool:
            return remark.id is not None and self.ledger.is_sure(remark.there)

        return [
            one
            for one in self._remarks.values()
            if holds(one)
            and one.post in posts
            and (one.root is None or holds(self._remarks[one.root]))
        ]

    def _some(self) -> Remark | None:
        there = self._are_there()
        chosen = there[-6:] if self.random.random() < 0.5 else there
        return self.random.choice(chosen) if chosen else None

    async def check(self, sight: Sight) -> None:
        """Under each post is exactly what was said and not deleted, with its likes and counts."""
        looker = self.random.choice(self.crowd.people)
        shown = sight.posts[looker.name]
        for post in shown:
            listed = await pages(looker, f"/posts/{post}/comments", "comments")
            assert shown[post]["comments_count"] == len(listed), f"{post} counts wrongly"
            self._check_under(post, {one["text"]: one for one in listed}, len(listed))
            await self._check_hearts(post, looker, listed)

    def _check_under(self, post: str, listed: dict[str, Json], count: int) -> None:
        assert len(listed) == count, "a text twice: something was said twice"
        said = [one for one in self._remarks.values() if one.post == post]
        assert listed.keys() <= {one.text for one in said}, "a comment that nobody wrote"
        for remark in sorted(said, key=lambda one: one.root is not None):
            answer = listed.get(remark.text)
            if remark.root is not None and remark.root not in listed:
                assert answer is None, f"{remark} outlived its thread"
                self.ledger.promised({remark.there: False})
                continue
            self.ledger.found(remark.there, answer is not None)
            if answer is not None:
                remark.learn(answer)
                root = None if remark.root is None else self._remarks[remark.root].id
                assert answer["parent_comment_id"] == root
                assert answer["user"]["username"] == remark.author
                replies = [one for one in said if one.root == remark.text and one.text in listed]
                assert answer["replies_count"] == len(replies), remark

    async def _check_hearts(self, post: str, looker: Person, listed: list[Json]) -> None:
        """Who likes a comment only they are told: each one who may or may not is asked."""
        texts = {one["text"] for one in listed}
        hearts = [thing for thing in self.ledger.things("heart") if thing[2] in texts]
        unsure = {
            who for _, who, text in hearts if len(self.ledger.may_be(("heart", who, text))) > 1
        }
        for name in {looker.name, *unsure}:
            seen = listed
            if name != looker.name:
                seen = await pages(self.crowd.person(name), f"/posts/{post}/comments", "comments")
            for one in seen:
                self.ledger.found(("heart", name, one["text"]), one["liked_by_user"])
        for one in listed:
            likers = [
                who
                for _, who, text in hearts
                if text == one["text"] and self.ledger.is_sure(("heart", who, text))
            ]
            assert one["likes_count"] == len(likers), f"{one}: {likers}"
