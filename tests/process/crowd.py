"""A crowd that writes at once: posts, likes, unlikes, follows, unfollows, deletions, registrations.

Each client has an account, chance of its own and one request under way, and notes in the ledger
what was acknowledged, until its server is gone. Only its own account writes about what it writes
about, so that it knows what must hold.
"""

from collections.abc import Callable
from random import Random

import httpx
import msgspec
import trio

from tests.process.promises import Answer, Ledger, Request, Upload
from tests.process.starting import PASSWORD, Person, jpeg, path_of

SHARES = {
    "publish": 24,
    "like": 30,
    "unlike": 12,
    "follow": 12,
    "unfollow": 8,
    "delete": 8,
    "register": 6,
}
"""How often each is done, in hundredths."""


class Client:
    """One of the crowd. `on_answer` is called after each answer."""

    def __init__(
        self,
        person: Person,
        ledger: Ledger,
        random: Random,
        others: list[str],
        on_answer: Callable[[], None],
    ) -> None:
        self._person = person
        self._name = person.name
        self._ledger = ledger
        self._random = random
        self._others = others
        """Ids of the other accounts."""
        self._on_answer = on_answer

    async def write_until_lost(self) -> None:
        """Write and write, until an answer does not come."""
        kinds, weights = list(SHARES), list(SHARES.values())
        try:
            while True:
                [kind] = self._random.choices(kinds, weights)
                await getattr(self, kind)()
                self._on_answer()
                await trio.lowlevel.checkpoint()
        except httpx.TransportError:
            pass

    async def publish(self) -> None:
        random, name = self._random, self._name
        upload = Upload(
            author=name,
            caption=f"{name} {random.getrandbits(64):x}",
            width=random.randint(40, 90),
            height=random.randint(40, 90),
            colour=(random.randrange(256), random.randrange(256), random.randrange(256)),
        )
        self._ledger.uploads[upload.caption] = upload
        await self._ask("/posts", caption=upload.caption)

    async def like(self) -> None:
        post = self._some_post()
        if post is not None:
            await self._ask(f"/posts/{post}/like", likes=(self._name, post))

    async def unlike(self) -> None:
        mine = [post for (who, post), there in self._ledger.likes.items() if who == self._name]
        if mine:
            post = self._random.choice(mine)
            await self._undo(f"/posts/{post}/like", self._ledger.likes, (self._name, post))

    async def follow(self) -> None:
        whom = self._random.choice(self._others)
        await self._ask(f"/users/{whom}/follow", follows=(self._name, whom))

    async def unfollow(self) -> None:
        whom = self._random.choice(self._others)
        if (self._name, whom) in self._ledger.follows:
            await self._undo(f"/users/{whom}/follow", self._ledger.follows, (self._name, whom))

    async def delete(self) -> None:
        mine = [
            one for one in self._ledger.posts().values() if one.author == self._name and one.there
        ]
        if mine:
            upload = self._random.choice(mine)
            upload.there = None
            answer = await self._person.call("DELETE", f"/posts/{upload.post}")
            assert answer.status_code == 200, answer.text
            upload.there = False
            self._ledger.acknowledged += 1

    async def register(self) -> None:
        name = f"new.{self._random.getrandbits(48):x}"
        self._ledger.registered[name] = None
        body = {"username": name, "password": PASSWORD}
        answer = await self._person.client.post("/api/v1/auth/register", json=body)
        assert answer.status_code == 201, answer.text
        self._ledger.registered[name] = True
        self._ledger.acknowledged += 1

    def _some_post(self) -> str | None:
        there = [post for post, upload in self._ledger.posts().items() if upload.there]
        # The newest few get most of the likes, so that one actor has many at once.
        chosen = there[-5:] if self._random.random() < 0.5 else there
        return self._random.choice(chosen) if chosen else None

    async def _ask(
        self,
        path: str,
        *,
        caption: str | None = None,
        likes: tuple[str, str] | None = None,
        follows: tuple[str, str] | None = None,
    ) -> None:
        """Send a POST under a key of its own, and note what becomes of it."""
        key = f"{self._random.getrandbits(128):x}"
        request = Request(self._name, path, key, caption)
        for place, states in ((likes, self._ledger.likes), (follows, self._ledger.follows)):
            if place is not None:
                states[place] = None
        self._ledger.lost.append(request)
        answer = await send(self._person, request, self._ledger)
        self._ledger.lost.remove(request)
        note(request, answer, self._ledger)

    async def _undo(
        self, path: str, states: dict[tuple[str, str], bool | None], place: tuple[str, str]
    ) -> None:
        states[place] = None
        answer = await self._person.call("DELETE", path)
        # The post may be gone; then so is every like of it.
        assert answer.status_code in (200, 404), answer.text
        states[place] = False
        self._ledger.acknowledged += 1


async def send(person: Person, request: Request, ledger: Ledger) -> Answer:
    """Send `request`, for the first time or again."""
    if request.caption is None:
        answer = await person.call("POST", request.path, key=request.key)
    else:
        upload = ledger.uploads[request.caption]
        picture = jpeg(upload.width, upload.height, upload.colour)
        answer = await person.publish(upload.caption, picture, key=request.key)
    return Answer(answer.status_code, answer.content)


def note(request: Request, answer: Answer, ledger: Ledger) -> None:
    """Write down what `answer` promises. Raises `AssertionError` if it is none to expect."""
    section, _, of = request.path.strip("/").partition("/")
    of = of.partition("/")[0]
    if answer.status == 404:
        assert request.path.endswith("/like"), answer
        ledger.likes[request.person, of] = False  # the post was deleted meanwhile
        return
    if request.caption is not None:
        assert answer.status == 201, answer
        post = msgspec.json.decode(answer.content)
        [medium] = post["media"]
        paths = (path_of(medium["url"]), path_of(medium["thumbnail_url"]))
        ledger.published(ledger.uploads[request.caption], post["post_id"], paths)
    else:
        assert answer.status == 200, answer
        states = ledger.likes if section == "posts" else ledger.follows
        states[request.person, of] = True
    ledger.keep(request, answer)
