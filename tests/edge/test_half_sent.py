"""Requests of which only half comes, by the hundred, on real sockets: everybody else is served."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
import trio
from trio.testing import MockClock

from server.app import Triptych, make_app
from server.http.bounds import BODIES_AWAITED_MAX
from server.settings import Settings
from tests.api.world import PASSWORD, Person, World, open_world
from tests.edge.serving import Client, House, get, served

LOGIN = msgspec.json.encode({"username": "ann", "password": PASSWORD})
BESIDE = 20

RATE = 0.1
"""Of the tests' clock, against the one on the wall: whoever is half-sent must stay so until all are
there, however busy the machine is."""

COUNTED_S = 30.0
"""By that clock: five minutes, for what takes a second."""


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    settings = Settings(rate_limits="off", requests_max=3, uploads_max=3)
    async with open_world(tmp_path, settings=settings) as world:
        yield world


@pytest.fixture
def slow_clock() -> MockClock:
    return MockClock(rate=RATE)


@pytest.fixture
def app(world: World) -> Triptych:
    return make_app(world.context)


@pytest.fixture
async def house(app: Triptych) -> AsyncIterator[House]:
    async with served(app) as house:
        yield house


def login(length: int = len(LOGIN)) -> bytes:
    return get("/api/v1/auth/login", f"Content-Length: {length}", method="POST")


def upload(person: Person) -> bytes:
    return get(
        "/api/v1/posts",
        f"Authorization: Bearer {person.token}",
        "Content-Type: multipart/form-data; boundary=x",
        "Content-Length: 1000",
        method="POST",
    )


class Crowd:
    """Clients that send part of a request each. Trio starts the tasks of one turn in any order, so
    whoever has to be before somebody else is waited for by what the application counts."""

    def __init__(self, app: Triptych, house: House, stack: contextlib.AsyncExitStack) -> None:
        self._app = app
        self._house = house
        self._stack = stack

    async def join(self, sent: bytes, count: int) -> list[Client]:
        """`count` clients that have sent it, and nothing that follows."""
        clients: list[Client] = []
        for _ in range(count):
            client = await self._stack.enter_async_context(await self._house.connect())
            client.send_now(sent)
            clients.append(client)
        return clients

    async def counted(self, what: str, count: int) -> None:
        """Until the application counts as many."""
        with trio.fail_after(COUNTED_S):
            while self._app.bounds.statistics()[what] != count:
                await trio.lowlevel.checkpoint()


async def status_of(house: House, *pieces: bytes) -> int:
    """The answer to a request that comes in pieces."""
    async with await house.connect() as client:
        for piece in pieces:
            await client.send(piece)
            await trio.testing.wait_all_tasks_blocked(0.01)
        return (await client.answer())[0]


async def test_half_sent_logins_keep_nobody_out(
    slow_clock: MockClock, world: World, app: Triptych, house: House
):
    ann = await world.person("ann")
    async with contextlib.AsyncExitStack() as stack:
        crowd = Crowd(app, house, stack)
        half = login() + LOGIN[:5]
        oldest = await crowd.join(half, BESIDE)
        await crowd.counted("bodies_awaited", BESIDE)
        others = await crowd.join(half, BODIES_AWAITED_MAX - BESIDE)
        await crowd.counted("bodies_awaited", BODIES_AWAITED_MAX)
        newest = await crowd.join(half, BESIDE)
        for client in oldest:  # who was waited for longest gives way
            status, headers, _ = await client.answer()
            assert (status, headers["retry-after"], headers["connection"]) == (503, "1", "close")
        feed = get("/api/v1/feed", f"Authorization: Bearer {ann.token}")
        assert await status_of(house, feed) == 200
        assert await status_of(house, login() + LOGIN) == 200
        assert await status_of(house, login(), LOGIN) == 200
        for client in (others[-1], newest[-1]):
            await client.send(LOGIN[5:])
            assert (await client.answer())[0] == 200


async def test_half_sent_uploads_keep_only_uploads_out(
    slow_clock: MockClock, world: World, app: Triptych, house: House
):
    ann = await world.person("ann")
    async with contextlib.AsyncExitStack() as stack:
        crowd = Crowd(app, house, stack)
        kept = await crowd.join(upload(ann), 3)
        await crowd.counted("uploads", 3)
        assert await status_of(house, upload(ann)) == 503
        feed = get("/api/v1/feed", f"Authorization: Bearer {ann.token}")
        assert await status_of(house, feed) == 200
        assert await status_of(house, login() + LOGIN) == 200
        await kept[0].stream.aclose()
        await crowd.counted("uploads", 2)
        async with await house.connect() as client:
            client.send_now(upload(ann) + b"--x--\r\n" + b" " * 993)
            assert (await client.answer())[0] == 400
