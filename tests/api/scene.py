"""The scene of the role matrix: a private and a public author who have made everything there is to
make, and people who stand to both in every way there is.

It is made once, in a folder of its own. Whoever plays in it opens a copy, so that whatever is
played finds the same scene. What is asked of it is in `tests/api/asking.py`, what is expected in
`tests/api/roles.py`.
"""

import contextlib
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec

from server.access.tokens import ACCESS_TOKEN_S
from tests.api.world import PASSWORD, Person, World, jpeg, open_world, told

STANDING = ("stranger", "requested", "blocked", "blocking", "follower", "deleted")
"""Roles that are people of their own, by the same names."""

OWN = ("owner", "other")
INSIDERS = (*OWN, "follower")
APART = ("blocked", "blocking")


class Login(msgspec.Struct, frozen=True):
    """A session as somebody got it, whatever became of it since."""

    account: str
    name: str
    session: str
    token: str
    refresh: str


class Author(msgspec.Struct, frozen=True):
    """An author, the sessions that the author has or had, by roles, and what the author made, by
    the parameters of paths and the variants of rows."""

    name: str
    logins: dict[str, Login]
    things: dict[str, str]
    names: tuple[str, ...]
    """What tells of the author."""
    works: tuple[str, ...]
    """What tells of what the author posts."""
    secrets: tuple[str, ...]
    """What is for the author alone."""


class Scene(msgspec.Struct, frozen=True):
    """Where it is kept, who is in it, and what a third person made."""

    folder: Path
    private: Author
    public: Author
    people: dict[str, Login]
    third: dict[str, str]
    posts: dict[str, str]
    """By whoever made them."""

    def login(self, author: Author, role: str) -> Login | None:
        """The session that somebody in `role` towards `author` has or had."""
        return author.logins.get(role) or self.people.get(role)

    def kept_from(self, role: str) -> list[str]:
        """Every text, name and id that no answer to `role` may contain."""
        kept: list[str] = []
        for author in (self.private, self.public):
            if role not in OWN:
                kept.extend(author.secrets)
            if role in APART:
                kept.extend((*author.names, *author.works))
            elif role not in INSIDERS and author is self.private:
                kept.extend(author.works)
        return kept

    @contextlib.asynccontextmanager
    async def opened(self, folder: Path) -> AsyncIterator[World]:
        """A world that is a copy of the scene."""
        shutil.copytree(self.folder, folder)
        async with open_world(folder) as world:
            yield world


async def make_scene(folder: Path) -> Scene:
    """Make it in `folder`."""
    async with open_world(folder) as world:
        names = (*STANDING, "dora")
        entered = {name: await _registered(world, name) for name in names}
        people = {name: person for name, (person, _) in entered.items()}
        dora = people.pop("dora")
        posts = {name: await people[name].posted("mine") for name in STANDING}
        third_post = await dora.posted("of all")
        for person in people.values():
            await person.follows(dora)
        private, public = [
            await _make_author(world, name, people, dora, (third_post, *posts.values()))
            for name in ("quiet", "loud")
        ]
        await people["deleted"].ends_account()
        return Scene(
            folder,
            private,
            public,
            {name: _login_of(world, *entered[name]) for name in STANDING},
            {
                "user_id": dora.id,
                "post_id": third_post,
                "comment_id": private.things["comment elsewhere"],
                "location_id": private.things["location_id"],
            },
            posts,
        )


async def _make_author(
    world: World,
    name: str,
    people: dict[str, Person],
    dora: Person,
    posts: tuple[str, ...],
) -> Author:
    """An author named after `name`, with which everything begins that tells of them; private if it
    is quiet. Has been at all of `posts`, of which the first is Dora's."""
    logins: dict[str, Login] = {}

    async def enters(role: str) -> Person:
        person, answer = await world.login(f"{name}one", client=f"{name}phone")
        logins[role] = _login_of(world, person, answer["refresh_token"])
        return person

    registered = await _registered(world, f"{name}one", email=f"{name}mail@photos.test")
    logins["ended"] = _login_of(world, *registered)
    owner = await enters("owner")
    proof = {"old_password": PASSWORD, "new_password": PASSWORD}
    told(await owner.post("/auth/password", json=proof))
    told(await (await enters("logged out")).post("/auth/logout"))
    await enters("expired")
    await enters("other")
    logins["expired"] = _expired(world, logins["expired"])

    await owner.describes(
        full_name=f"{name}name", bio=f"{name}bio", private_account=name == "quiet"
    )
    things, works = await _make_works(owner, name, people, dora)
    things["session_id"] = logins["other"].session
    things["avatar"] = _file_of(await owner.shows_face())
    await owner.follows(dora)
    await dora.follows(owner)
    await owner.saves(posts[0])
    await dora.posted(f"with somebody {name}", user_tags=[owner.id])
    visits: list[str] = []
    for post in posts:
        await owner.likes(post)
        visits.append(await owner.commented(post, f"{name}visit"))
    things["comment elsewhere"] = visits[0]
    await _part(owner, people)

    return Author(
        name=owner.name,
        logins=logins,
        things={"user_id": owner.id, "name": owner.name, **things},
        names=(
            *(f"{name}{word}" for word in ("one", "name", "bio", "visit")),
            f'"user_id":"{owner.id}"',
            things["avatar"],
        ),
        works=works,
        secrets=(f"{name}phone", f"{name}mail"),
    )


async def _make_works(
    owner: Person, name: str, people: dict[str, Person], dora: Person
) -> tuple[dict[str, str], tuple[str, ...]]:
    """What an author makes while all but the stranger may see it, and what they do about it: the
    things, and the texts and names that tell of them."""
    followers = [person for role, person in people.items() if role != "stranger"]
    for person in followers:
        await person.follows(owner)
        if name == "quiet":
            await owner.lets_in(person)
    place = {"name": f"Place of {name}", "lat": 1, "lng": 1}
    location = told(await owner.post("/locations", json=place), 201)["location_id"]
    answer = await owner.publishes(
        f"{name}caption #{name}tag @stranger",
        jpeg(64, 48, "teal" if name == "quiet" else "plum"),
        alt_texts=[f"{name}alt"],
        user_tags=[dora.id, *(person.id for person in people.values())],
        location_id=location,
    )
    post = told(answer, 201)
    comment = await owner.commented(post["post_id"], f"{name}comment @stranger")
    guest = await people["follower"].commented(post["post_id"], f"{name}guest", comment)
    files = {"media": ("x.jpg", jpeg(48, 64), "image/jpeg")}
    story = told(await owner.post("/stories", files=files), 201)
    for person in followers:
        await person.likes(post["post_id"])
        await person.saves(post["post_id"])
        told(await person.post(f"/comments/{comment}/like"))
        told(await person.post(f"/stories/{story['story_id']}/view"))
    things = {
        "post_id": post["post_id"],
        "comment_id": comment,
        "guest": guest,
        "story_id": story["story_id"],
        "location_id": str(location),
        "photo": _file_of(post["media"][0]["url"]),
        "thumbnail": _file_of(post["media"][0]["thumbnail_url"]),
        "story": _file_of(story["media_url"]),
        "hashtag": f"{name}tag",
        "asking": people["requested"].id,
        "follower": people["follower"].id,
    }
    texts = tuple(f"{name}{word}" for word in ("caption", "tag", "alt", "comment", "guest"))
    told_of = ("post_id", "comment_id", "guest", "story_id", "photo", "thumbnail", "story")
    return things, (*texts, *(things[thing] for thing in told_of))


async def _part(owner: Person, people: dict[str, Person]) -> None:
    """From here on each stands to the author as their role says."""
    requested = people["requested"]
    told(await owner.delete(f"/users/me/followers/{requested.id}"))
    if (await requested.sees(owner))["private_account"]:
        await requested.follows(owner)
    await owner.blocks(people["blocked"])
    await people["blocking"].blocks(owner)


async def _registered(world: World, name: str, **more: str) -> tuple[Person, str]:
    """Somebody new, and their refresh token."""
    body = {"username": name, "password": PASSWORD, **more}
    answer = told(await world.client.post("/api/v1/auth/register", json=body), 201)
    return Person(world.client, answer), answer["refresh_token"]


def _login_of(world: World, person: Person, refresh: str) -> Login:
    claims = world.context.tokens.verify(person.token, world.clock.now() // 1_000)
    assert claims is not None
    return Login(person.id, person.name, str(claims.session), person.token, refresh)


def _expired(world: World, login: Login) -> Login:
    """The same session with a token whose hour has just passed."""
    issued = world.clock.now() // 1_000 - ACCESS_TOKEN_S - 1
    token = world.context.tokens.issue(int(login.account), int(login.session), issued)
    return msgspec.structs.replace(login, token=token)


def _file_of(url: str) -> str:
    return url.rpartition("/")[2]
