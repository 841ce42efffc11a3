"""The real application behind the real edge: what its hottest routes cost the scheduler, and how
its files leave."""

import io
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random

import pytest
import trio
from PIL import Image

from server.app import make_app
from server.edge.limits import SENT_AT_ONCE_BYTES
from tests.api.world import BASE_URL, Person, World, open_world
from tests.edge.serving import House, get, served

ASKED = 20

THREADS_WORD = "run_sync_soon task>"
"""Trio's task that brings what a thread has to say."""


class Steps(trio.abc.Instrument):
    """Counts steps by the name of their task, but for the test's own, and tasks that are
    started."""

    def __init__(self) -> None:
        self.steps: Counter[str] = Counter()
        self.spawned = 0
        self._mine = trio.lowlevel.current_task()

    def before_task_step(self, task: trio.lowlevel.Task) -> None:
        if task is not self._mine:
            self.steps[task.name.rpartition(".")[2]] += 1

    def task_spawned(self, task: trio.lowlevel.Task) -> None:
        self.spawned += 1

    @property
    def of_connections(self) -> int:
        return self.steps["_keep"]


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(tmp_path) as world:
        yield world


@pytest.fixture
async def house(world: World) -> AsyncIterator[House]:
    async with served(make_app(world.context)) as house:
        yield house


def asked(person: Person, path: str, *fields: str, method: str = "GET") -> bytes:
    return get(path, f"Authorization: Bearer {person.token}", *fields, method=method)


async def steps_of(house: House, requests: list[bytes]) -> Steps:
    """What one after the other of them costs, all of whose actors and views are in memory."""
    async with await house.connect() as client:
        await client.send(requests[0])
        await client.answer()
        steps = Steps()
        trio.lowlevel.add_instrument(steps)
        for request in requests:
            await client.send(request)
            assert (await client.answer())[0] == 200
        trio.lowlevel.remove_instrument(steps)
    return steps


async def test_a_feed_page_is_one_step(world: World, house: House):
    ann = await world.person("ann")
    for _ in range(3):
        await ann.posted()
    steps = await steps_of(house, [asked(ann, "/api/v1/feed")] * ASKED)
    assert (steps.of_connections, steps.spawned) == (ASKED, 0)
    # Nothing else has happened for it: what is left is clocks, which tick on a slow machine, and
    # one of them has a thread rank explore.
    assert steps.steps.keys() <= {"_keep", "run", "run_clock", THREADS_WORD}
    assert steps.steps[THREADS_WORD] <= 1


async def test_a_like_is_two_steps_and_those_of_its_commit(world: World, house: House):
    ann = await world.person("ann")
    bob = await world.person("bob")
    post = await ann.posted()
    path = f"/api/v1/posts/{post}/like"
    unlike, like = asked(bob, path, method="DELETE"), asked(bob, path, method="POST")
    await bob.likes(post)
    steps = await steps_of(house, [unlike, like] * (ASKED // 2))
    assert steps.of_connections <= 2 * ASKED
    # The shard that decides, the round that commits, and what brings a thread's word to the loop.
    assert steps.steps.total() <= 8 * ASKED
    assert steps.spawned == 0


async def test_a_picture_is_five_steps_two_threads_included(world: World, house: House):
    ann = await world.person("ann")
    media = (await ann.publishes()).json()["media"][0]
    steps = await steps_of(house, [asked(ann, path_of(media["thumbnail_url"]))] * ASKED)
    assert steps.of_connections <= 5 * ASKED  # a question to the database, and the file
    assert steps.spawned == 0


async def test_a_large_picture_leaves_whole_and_in_parts(world: World, house: House):
    ann = await world.person("ann")
    media = (await ann.publishes(None, noise(1_400))).json()["media"][0]
    path = path_of(media["url"])
    whole = (await world.client.get(media["url"])).content
    assert len(whole) > 2 * SENT_AT_ONCE_BYTES
    async with await house.connect() as client:
        await client.send(get(path) + get(path, method="HEAD"))
        status, headers, body = await client.answer()
        assert (status, body) == (200, whole)
        status, of_head, _ = await client.answer(of_head=True)
        assert (status, of_head["content-length"]) == (200, headers["content-length"])
        await client.send(get(path, "Range: bytes=1000-299999") + get(path, "Range: bytes=-70000"))
        assert (await client.answer())[2] == whole[1_000:300_000]
        assert (await client.answer())[2] == whole[-70_000:]
        await client.send(get(path, f"If-None-Match: {headers['etag']}"))
        status, headers, _ = await client.answer()
        assert status == 304
        assert "content-length" not in headers


def noise(edge: int) -> bytes:
    """A picture that stays large as a JPEG."""
    encoded = io.BytesIO()
    Image.frombytes("L", (edge, edge), Random(1).randbytes(edge * edge)).save(encoded, "JPEG")
    return encoded.getvalue()


def path_of(url: str) -> str:
    return url.removeprefix(BASE_URL)
