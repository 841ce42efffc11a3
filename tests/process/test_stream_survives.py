"""Streams of a real server that is killed again and again under its authors: readers whose lines
break come back with the last id that they have read, and in the end each has heard what the journal
says, in order, exactly once (the oracle is that of `tests.sim.streams`).
"""

import json
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest
import trio
import trio_websocket

from storage.facts import Entry, decode_fact
from storage.queries import JOURNAL
from storage.sqlite import open_writer
from tests.process.starting import Person, Server, jpeg, kept_port, make_user, started
from tests.sim.stream_due import due_to

NAMES = ("ann", "bob", "cat", "dan")
AUTHORS = 4
ACTS = 12
"""Of each author in each life of the server."""

LAST_S = 60.0
"""For the last events to come; a busy machine may need long."""

CHANNELS = ["feed", "stories", "notifications"]


WHAT = ["post", "like", "comment"] * 3 + ["follow"] * 2
WHAT += ["story", "unfollow", "unlike", "delete", "block", "unblock"]


class Reader:
    """Somebody who wants to hear everything, and hangs up at random."""

    def __init__(self, random: Random, account: int, token: str) -> None:
        self.random = random
        self.account = account
        self.token = token
        self.last = "0"
        self.heard: list[int] = []
        self.streams = 0
        self.moved = trio.Event()

    async def live(self, url: str) -> None:
        """Come and go, whatever happens, until cancelled."""
        while True:
            try:
                await self.listen(url, self.random.randint(1, 12))
            except* (OSError, trio_websocket.HandshakeError, trio_websocket.ConnectionClosed):
                await trio.lowlevel.checkpoint()

    async def listen(self, url: str, count: int) -> None:
        """One stream, for so many events."""
        headers = [(b"Authorization", b"Bearer " + self.token.encode())]
        host, port = "127.0.0.1", int(url.rpartition(":")[2])
        line = await trio.open_tcp_stream(host, port)
        # The library's own opening would leave the socket open when a handshake breaks off.
        async with line, trio.open_nursery() as nursery:
            stream = await trio_websocket.wrap_client_stream(
                nursery, line, f"{host}:{port}", "/v1/stream", extra_headers=headers
            )
            self.streams += 1
            message = {"type": "subscribe", "channels": CHANNELS, "since": self.last}
            await stream.send_message(json.dumps(message))
            while count:
                told = json.loads(await stream.get_message())
                assert told["type"] != "resync"
                if "id" in told:
                    self.take(told["id"])
                    count -= 1
            nursery.cancel_scope.cancel()  # and hangs up

    def take(self, id: str) -> None:
        assert not self.heard or int(id) > self.heard[-1], "in order, each once"
        self.heard.append(int(id))
        self.last = id
        self.moved.set()
        self.moved = trio.Event()


class History:
    """A folder, its people, and what they have made. Outlives every process."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder = folder
        self.random = Random(seed)
        self.logins: list[dict[str, Any]] = []
        self.posts: list[str] = []
        self.readers: list[Reader] = []
        self._left = 0
        """Acts until the server is killed."""
        self._enough = trio.Event()

    async def settle(self, server: Server) -> None:
        """Everybody registers and follows everybody; half of them listen."""
        async with server.client() as client:
            people: list[Person] = []
            for name in NAMES:
                person = await make_user(client, name)
                people.append(person)
                self.logins.append(
                    {
                        "access_token": person.token,
                        "user": {"user_id": person.id, "username": person.name},
                    }
                )
            for person in people:
                for other in people:
                    await person.call("POST", f"/users/{other.id}/follow")
        for login in self.logins[:2] * 2:
            account = int(login["user"]["user_id"])
            self.readers.append(Reader(self.random, account, login["access_token"]))

    async def act(self, server: Server) -> None:
        """Somebody does some things; some of them meet a server that is gone."""
        async with server.client() as client:
            for _ in range(ACTS):
                person = Person(client, self.random.choice(self.logins))
                try:
                    await self._one(person)
                except httpx.TransportError:
                    return
                self._left -= 1
                if self._left == 0:
                    self._enough.set()

    async def _one(self, person: Person) -> None:
        other = self.random.choice(self.logins)["user"]["user_id"]
        post = self.random.choice(self.posts[-4:]) if self.posts else None
        what = self.random.choice(WHAT)
        picture = [("media", ("x.jpg", jpeg(16, 16), "image/jpeg"))]
        match what:
            case "post":
                answer = await person.call("POST", "/posts", files=picture)
                if answer.status_code == 201:
                    self.posts.append(answer.json()["post_id"])
            case "story":
                await person.call("POST", "/stories", files=picture)
            case "follow":
                await person.call("POST", f"/users/{other}/follow")
            case "unfollow":
                await person.call("DELETE", f"/users/{other}/follow")
            case "block":
                await person.call("POST", f"/users/{other}/block")
            case "unblock":
                await person.call("DELETE", f"/users/{other}/block")
            case "like" if post is not None:
                await person.call("POST", f"/posts/{post}/like")
            case "unlike" if post is not None:
                await person.call("DELETE", f"/posts/{post}/like")
            case "delete" if post is not None:
                await person.call("DELETE", f"/posts/{post}")
            case "comment" if post is not None:
                body = {"text": f"hello @{self.random.choice(NAMES)}"}
                await person.call("POST", f"/posts/{post}/comments", json=body)
            case _:
                pass

    async def live(self, server: Server, *, killed: bool) -> None:
        """One life of the server: killed while its authors act, or not."""
        async with trio.open_nursery() as nursery:
            for reader in self.readers:
                nursery.start_soon(reader.live, server.url)
            async with trio.open_nursery() as authors:
                for _ in range(AUTHORS):
                    authors.start_soon(self.act, server)
                if killed:
                    self._left = self.random.randint(AUTHORS, AUTHORS * ACTS)
                    self._enough = trio.Event()
                    await self._enough.wait()
                    await server.kill9()
            if not killed:
                with trio.fail_after(LAST_S):
                    await self._all_is_heard()
            nursery.cancel_scope.cancel()

    async def _all_is_heard(self) -> None:
        due = {reader.account: self._due(reader.account) for reader in self.readers}
        for reader in self.readers:
            while due[reader.account].standing() - set(reader.heard):
                await reader.moved.wait()

    def _due(self, account: int) -> Any:
        return due_to(account, self.journal())

    def journal(self) -> list[Entry]:
        """All facts on the disk, without their texts."""
        connection = open_writer(self.folder / "triptych.db")
        try:
            rows = connection.execute(JOURNAL).fetchall()
        finally:
            connection.close()
        return [Entry(seq, at, decode_fact(fact)) for seq, at, fact in rows]

    def check(self) -> None:
        for reader in self.readers:
            due = self._due(reader.account)
            assert set(reader.heard) <= due.events.keys(), "nothing that was not due"
            assert due.standing() <= set(reader.heard), "and all that was"


async def tell(folder: Path, lives: int, seed: int) -> History:
    history = History(folder, seed)
    with kept_port() as port:
        for life in range(lives):
            async with started(folder, port=port) as server:
                if not life:
                    await history.settle(server)
                await history.live(server, killed=life < lives - 1)
                if life == lives - 1:
                    assert await server.stop() == 0, server.logged
    history.check()
    return history


async def test_streams_miss_nothing_over_a_kill(tmp_path: Path) -> None:
    history = await tell(tmp_path / "data", lives=2, seed=1)
    assert sum(len(reader.heard) for reader in history.readers) > 20


@pytest.mark.survive
@pytest.mark.parametrize("seed", [2, 3])
async def test_streams_miss_nothing_over_many_kills(tmp_path: Path, seed: int) -> None:
    """About a minute each."""
    history = await tell(tmp_path / "data", lives=24, seed=seed)
    heard = [len(reader.heard) for reader in history.readers]
    print(f"{heard} events heard on {[reader.streams for reader in history.readers]} streams")
    assert sum(heard) > 200
