"""Posts: publishing, editing, deleting. Everything that is said of one is one thing, so that an
edit happens whole or not at all.
"""

from typing import ClassVar

import msgspec

from tests.process.crowd.ledger import Thing
from tests.process.crowd.places import Places
from tests.process.crowd.room import Crowd, Household, Json, Room
from tests.process.crowd.writing import picture_of
from tests.process.keeping import Sight, open_picture, pages, shows, status_of
from tests.process.starting import Person, jpeg, path_of

HASHTAGS = ("dawn", "noon", "dusk")


class Said(msgspec.Struct, frozen=True):
    """What an author says of a post. Its caption begins with the post's own word."""

    caption: str
    alt: str | None
    tagged: tuple[str, ...]
    location: int | None


class Photo(msgspec.Struct):
    """A post, by the first word of its caption."""

    word: str
    author: str
    size: tuple[int, int]
    colour: tuple[int, int, int]
    post: str | None = None
    media: tuple[str, ...] = ()
    """Paths of its picture and its thumbnail, once it was answered."""
    opened: bool = False
    """Its pictures were looked at after a restart."""

    @property
    def there(self) -> Thing:
        return ("post", self.word)

    @property
    def said(self) -> Thing:
        return ("said", self.word)

    def learn(self, answer: Json) -> None:
        """It was answered."""
        post = answer["post_id"]
        assert self.post in (None, post), f"{self.word} was {self.post}, now is {post}"
        [medium] = answer["media"]
        self.post = post
        self.media = (path_of(medium["url"]), path_of(medium["thumbnail_url"]))


class Photos(Room):
    ACTS: ClassVar = {"publish": 12, "edit": 4, "delete": 5}

    def __init__(self, crowd: Crowd, places: Places) -> None:
        super().__init__(crowd)
        self._places = places
        self.photos: dict[str, Photo] = {}
        """by word"""

    def known(self) -> dict[str, Photo]:
        """Those whose post is known, by its id."""
        return {one.post: one for one in self.photos.values() if one.post is not None}

    def are_there(self) -> list[Photo]:
        """Those that are there for sure, oldest first."""
        return [one for one in self.known().values() if self.ledger.is_sure(one.there)]

    def some_post(self) -> Photo | None:
        """One of them. The newest few get most, so that one actor has many at once."""
        there = self.are_there()
        chosen = there[-5:] if self.random.random() < 0.5 else there
        return self.random.choice(chosen) if chosen else None

    async def publish(self, household: Household) -> None:
        author, size = household.main, (self.random.randint(40, 90), self.random.randint(40, 90))
        photo = Photo(self.name(), author.name, size, self.colour())
        said = self._something(photo)
        self.photos[photo.word] = photo
        form = {"caption": said.caption, "user_tags": msgspec.json.encode(said.tagged).decode()}
        if said.alt is not None:
            form["alt_texts"] = msgspec.json.encode([said.alt]).decode()
        if said.location is not None:
            form["location_id"] = str(said.location)
        picture = picture_of(jpeg(*photo.size, photo.colour))
        becomes = {photo.there: True, photo.said: said}
        await self.write(author, "POST", "/posts", becomes, learn=photo.learn, data=form, **picture)

    async def edit(self, household: Household) -> bool:
        photo = self._own(household)
        if photo is None:
            return False
        [before] = self.ledger.may_be(photo.said)
        other = self._something(photo)
        bodies: Json = {
            "caption": other.caption,
            "alt_texts": None if other.alt is None else [other.alt],
            "user_tags": list(other.tagged),
            "location_id": other.location,
        }
        fields = dict(zip(bodies, ("caption", "alt", "tagged", "location"), strict=True))
        chosen = self.random.sample(list(bodies), self.random.randint(1, len(bodies)))
        after = msgspec.structs.replace(
            before, **{fields[name]: getattr(other, fields[name]) for name in chosen}
        )
        body = {name: bodies[name] for name in chosen}
        path = f"/posts/{photo.post}"
        await self.write(household.main, "PUT", path, {photo.said: after}, json=body)
        return True

    async def delete(self, household: Household) -> bool:
        if self._own(household) is None:
            await self.publish(household)
        photo = self._own(household)
        if photo is None:
            return False
        await self.write(household.main, "DELETE", f"/posts/{photo.post}", {photo.there: False})
        return True

    def _own(self, household: Household) -> Photo | None:
        mine = [one for one in self.are_there() if one.author == household.main.name]
        return self.random.choice(mine) if mine else None

    def _something(self, photo: Photo) -> Said:
        random = self.random
        others = [one.id for one in self.crowd.people if one.name != photo.author]
        return Said(
            f"{photo.word} {self.name()} #{random.choice(HASHTAGS)}",
            random.choice((None, self.name())),
            tuple(random.sample(others, random.randint(0, 2))),
            random.choice((None, self._places.some())),
        )

    async def check(self, sight: Sight) -> None:
        """Each post is there once, whole, with its pictures; or gone with them."""
        looker = self.crowd.people[0]
        found = sight.posts[looker.name]
        by_word = {post["caption"].partition(" ")[0]: post for post in found.values()}
        assert len(by_word) == len(found), "a word twice: something was published twice"
        assert by_word.keys() <= self.photos.keys(), "a post that nobody published"
        for word, photo in self.photos.items():
            post = by_word.get(word)
            self.ledger.found(photo.there, post is not None)
            if post is not None:
                await self._check_there(looker, photo, post)
            elif photo.post is not None:
                for path in (f"/api/v1/posts/{photo.post}", *photo.media):
                    assert await status_of(looker, path) == 404, f"deleted, but {path} is there"
        await self._check_lists(looker, found)

    async def _check_there(self, looker: Person, photo: Photo, post: Json) -> None:
        assert post["user"]["username"] == photo.author
        [medium] = post["media"]
        place = post["location"]
        said = Said(
            post["caption"],
            medium["alt_text"],
            tuple(tag["user_id"] for tag in post["user_tags"]),
            None if place is None else place["location_id"],
        )
        self.ledger.found(photo.said, said)
        assert [f"#{name}" for name in post["hashtags"]] == said.caption.split()[2:]
        photo.learn(post)
        assert (medium["width"], medium["height"]) == photo.size
        if not photo.opened:
            for path in photo.media:
                image = await open_picture(looker.client, path, looker.token)
                assert image.size == photo.size
                assert shows(image, photo.colour), f"{path} of {photo} shows something else"
            photo.opened = True

    async def _check_lists(self, looker: Person, found: dict[str, Json]) -> None:
        """Who looks a post up by what is said of it finds it, and none else."""
        for name in HASHTAGS:
            listed = await pages(looker, f"/hashtags/{name}/posts", "posts")
            due = [post for post, shown in found.items() if name in shown["hashtags"]]
            assert sorted(post["post_id"] for post in listed) == sorted(due), name
        for person in self.crowd.people:
            listed = await pages(looker, f"/users/{person.id}/tagged", "posts")
            due = [
                post
                for post, shown in found.items()
                if person.id in {tag["user_id"] for tag in shown["user_tags"]}
            ]
            assert sorted(post["post_id"] for post in listed) == sorted(due), person.name
