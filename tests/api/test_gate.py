"""Nobody hears what is not committed: with the writer held back, no reply, view, feed, count, list
or file of it reaches anybody; released, all of it does.

The disk is the real one behind a gate. It is held in two places: before anything is written, and
when all is on the disk already, where readers' threads could see it, but the commit has not
returned.
"""

import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any, Literal, TypeVar, cast

import httpx
import pytest
import trio
import trio.testing

from actors.runtime.asking import Asker
from server.stream import Stream
from server.streams.lines import TaskLine
from server.uploads.image_threads import ImageThreads
from storage.disk import Disk, Group
from storage.reads import Answer, Question
from tests.api.world import Person, World, open_world
from tests.sim.stream_clients import Wire

T = TypeVar("T")
Act = Callable[[], Awaitable[httpx.Response]]
Seen = dict[str, tuple[int, bytes]]
Held = Literal["before", "after"]

MOMENT_S = 0.002
"""How long nothing may have moved before we look."""


class Gate:
    """A disk whose commits can be held, `before` or `after` they are written."""

    def __init__(self, held: Held) -> None:
        self.held: Held = held
        self.disk: Disk
        self.working = 0
        """Reads and commits that a thread is at."""
        self.waiting = 0
        """Commits that stand at the gate."""
        self._opened = trio.Event()
        self._opened.set()

    def before(self, disk: Disk) -> Disk:
        self.disk = disk
        return self

    def close(self) -> None:
        self._opened = trio.Event()

    def open(self) -> None:
        self._opened.set()

    async def commit(self, group: Group) -> None:
        if self.held == "before":
            await self._pass()
        with self._at_work():
            await self.disk.commit(group)
        if self.held == "after":
            await self._pass()

    async def read(self, question: Question[T]) -> Answer[T]:
        with self._at_work():
            return await self.disk.read(question)

    @contextlib.contextmanager
    def _at_work(self) -> Iterator[None]:
        self.working += 1
        try:
            yield
        finally:
            self.working -= 1

    async def _pass(self) -> None:
        self.waiting += 1
        await self._opened.wait()
        self.waiting -= 1


class Ear:
    """A stream of somebody, in memory: the product's own, at the end of a wire."""

    def __init__(self, world: World, nursery: trio.Nursery, person: Person) -> None:
        self.wire = Wire(Random(0), direct=True)
        stream = Stream(world.context, Asker(int(person.id), 0), 2**60)
        world.context.hub.register(stream)
        line = TaskLine(stream, self.wire.extensions, cast(Any, self.wire.send))
        nursery.start_soon(line.run, self.wire.receive)
        self.wire.say(type="subscribe", channels=["feed", "stories", "notifications"])

    def heard(self) -> list[str]:
        """The types of what it was told."""
        return [json.loads(told)["type"] for told in self.wire.written]


class House:
    """Ann and her follower Bob; Cat, who is about to follow her; two old posts of hers."""

    def __init__(self, gate: Gate, world: World, people: list[Person], posts: list[str]) -> None:
        self.gate = gate
        self.world = world
        self.ann, self.bob, self.cat = people
        self.liked, self.doomed = posts

    def acts(self) -> dict[str, Act]:
        ann, bob, cat = self.ann, self.bob, self.cat
        return {
            "publish": lambda: ann.publishes("new"),
            "like": lambda: bob.post(f"/posts/{self.liked}/like"),
            "follow": lambda: cat.post(f"/users/{ann.id}/follow"),
            "delete": lambda: ann.delete(f"/posts/{self.doomed}"),
        }

    def looks(self) -> dict[str, Act]:
        """All that anybody can look at: each person, the author too, at each thing."""
        looks: dict[str, Act] = {}
        for person in (self.ann, self.bob, self.cat):
            for path in (
                "/feed",
                f"/posts/{self.liked}",
                f"/posts/{self.doomed}",
                f"/users/{self.ann.id}",
                f"/users/{self.cat.id}",
                f"/users/{self.ann.id}/posts",
                f"/users/{self.ann.id}/followers",
            ):
                looks[f"{person.name} {path}"] = lambda person=person, path=path: person.get(path)
        for file in self.files():
            looks[file] = lambda file=file: self.world.client.get(f"/media/{file}")
        return looks

    def files(self) -> set[str]:
        return {path.name for path in self.world.context.blobs.folder.rglob("*.jpg")}

    async def seen(self) -> Seen:
        seen: Seen = {}
        for what, look in self.looks().items():
            answer = await look()
            seen[what] = (answer.status_code, answer.content)
        return seen

    async def until_nothing_moves(self) -> None:
        """Every task waits for the gate, and no thread works for one."""
        context = self.world.context
        threads = trio.to_thread.current_default_thread_limiter()
        limiters = (context.image_threads, context.file_threads, threads)
        with trio.fail_after(20):
            while True:
                await trio.testing.wait_all_tasks_blocked(MOMENT_S)
                if not self.gate.working and not any(map(_is_busy, limiters)):
                    return


def _is_busy(limiter: trio.CapacityLimiter | ImageThreads) -> bool:
    return limiter.borrowed_tokens > 0


@pytest.fixture(params=["before", "after"])
async def house(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[House]:
    gate = Gate(request.param)
    async with open_world(tmp_path, gate.before) as world:
        people = [await world.person(name) for name in ("ann", "bob", "cat")]
        await people[1].follows(people[0])
        posts = [await people[0].posted(caption) for caption in ("liked", "doomed")]
        yield House(gate, world, people, posts)
        gate.open()  # however the test ended: what waits there must end, too


@pytest.mark.parametrize("first", ["publish", "like", "follow", "delete"])
async def test_nobody_hears_of_what_is_not_committed(house: House, first: str) -> None:
    before, files = await house.seen(), house.files()
    acts = house.acts()
    replies: dict[str, httpx.Response] = {}
    seen: Seen = {}

    async def perform(act: str) -> None:
        replies[act] = await acts[act]()

    async def see(what: str, look: Act) -> None:
        answer = await look()
        seen[what] = (answer.status_code, answer.content)

    async with trio.open_nursery() as nursery:
        ears = [Ear(house.world, nursery, person) for person in (house.ann, house.bob)]
        await house.until_nothing_moves()
        house.gate.close()
        nursery.start_soon(perform, first)
        await house.until_nothing_moves()
        assert house.gate.waiting == 1, "this one is in the group that is being committed"
        for act in acts.keys() - {first}:
            nursery.start_soon(perform, act)
        await house.until_nothing_moves()
        new_files = house.files() - files
        for what, look in house.looks().items():
            nursery.start_soon(see, what, look)
        await house.until_nothing_moves()

        assert replies == {}
        if house.gate.held == "before":
            assert seen.keys() == house.looks().keys(), "whoever looks is answered"
        for what, (status, content) in seen.items():
            if what in new_files:
                assert status == 404, what
            else:
                assert (status, content) == before[what], what
        assert [ear.heard() for ear in ears] == [["subscribed"]] * 2, "nor is anybody told"
        house.gate.open()
        await house.until_nothing_moves()
        of_ann, of_bob = (ear.heard() for ear in ears)
        assert sorted(of_ann) == ["new_post", "notification", "notification", "subscribed"]
        assert of_bob == ["subscribed", "new_post"]
        for ear in ears:
            ear.wire.hang_up()

    assert {reply.status_code for reply in replies.values()} == {200, 201}
    await everybody_has_heard(house, replies["publish"].json(), files)


async def everybody_has_heard(house: House, new: dict[str, object], files: set[str]) -> None:
    after = await house.seen()
    for person in (house.ann, house.bob, house.cat):
        feed = (await person.get("/feed")).json()["posts"]
        assert [post["post_id"] for post in feed] == [new["post_id"], house.liked]
        liked = (await person.get(f"/posts/{house.liked}")).json()
        assert (liked["likes_count"], liked["liked_by_user"]) == (1, person is house.bob)
        assert after[f"{person.name} /posts/{house.doomed}"][0] == 404
        profile = (await person.get(f"/users/{house.ann.id}")).json()
        assert profile["stats"] == {"followers_count": 2, "following_count": 0, "posts_count": 2}
        assert profile["following"] is (person is not house.ann)
        followers = (await person.get(f"/users/{house.ann.id}/followers")).json()["users"]
        assert [user["username"] for user in followers] == ["cat", "bob"]
    assert len(house.files() - files) == 2
    assert len(files - house.files()) == 2
    for file in house.files():
        assert after[file][0] == 200
