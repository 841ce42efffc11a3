"""Requests of which only half comes, by the hundred, on real sockets: everybody else is served."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
import trio

from server.app import make_app
from server.http.bounds import BODIES_AWAITED_MAX
from server.settings import Settings
from tests.api.world import PASSWORD, Person, World, open_world
from tests.edge.serving import Client, House, get, served

LOGIN = msgspec.json.encode({"username": "ann", "password": PASSWORD})
BESIDE = 20


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    settings = Settings(rate_limits="off", requests_max=3, uploads_max=3)
    async with open_world(tmp_path, settings=settings) as world:
        yield world


@pytest.fixture
async def house(world: World) -> AsyncIterator[House]:
    async with served(make_app(world.context)) as house:
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


async def crowd_of(
    house: House, stack: contextlib.AsyncExitStack, sent: list[bytes]
) -> list[Client]:
    """A client for each that sends it, and what nothing will follow; all are being waited for."""
    clients: list[Client] = []
    for request in sent:
        client = await stack.enter_async_context(await house.connect())
        client.send_now(request)
        clients.append(client)
    await trio.testing.wait_all_tasks_blocked(0.01)
    return clients


async def status_of(house: House, *pieces: bytes) -> int:
    """The answer to a request that comes in pieces."""
    async with await house.connect() as client:
        for piece in pieces:
            await client.send(piece)
            await trio.testing.wait_all_tasks_blocked(0.01)
        return (await client.answer())[0]


async def test_half_sent_logins_keep_nobody_out(world: World, house: House):
    ann = await world.person("ann")
    async with contextlib.AsyncExitStack() as stack:
        half = login() + LOGIN[:5]
        clients = await crowd_of(house, stack, [half] * (BODIES_AWAITED_MAX + BESIDE))
        for client in clients[:BESIDE]:  # who was waited for longest gives way
            status, headers, _ = await client.answer()
            assert (status, headers["retry-after"], headers["connection"]) == (503, "1", "close")
        feed = get("/api/v1/feed", f"Authorization: Bearer {ann.token}")
        assert await status_of(house, feed) == 200
        assert await status_of(house, login() + LOGIN) == 200
        assert await status_of(house, login(), LOGIN) == 200
        await clients[-1].send(LOGIN[5:])
        assert (await clients[-1].answer())[0] == 200


async def test_half_sent_uploads_keep_only_uploads_out(world: World, house: House):
    ann = await world.person("ann")
    async with contextlib.AsyncExitStack() as stack:
        clients = await crowd_of(house, stack, [upload(ann)] * 4)
        assert (await clients[-1].answer())[0] == 503
        feed = get("/api/v1/feed", f"Authorization: Bearer {ann.token}")
        assert await status_of(house, feed) == 200
        assert await status_of(house, login() + LOGIN) == 200
        await clients[0].stream.aclose()
        await trio.testing.wait_all_tasks_blocked(0.01)
        async with await house.connect() as client:
            client.send_now(upload(ann) + b"--x--\r\n" + b" " * 993)
            assert (await client.answer())[0] == 400
