"""The two ends of a simulated stream: a socket that is slow, full, or cut at any moment, and a
reader who comes back with the last id that they have read.

The server's end is the product's own `Stream`; between the two there is no network but this.
"""

import json
from collections import deque
from random import Random
from types import SimpleNamespace
from typing import Any, cast

import trio

from actors.runtime.asking import Asker
from server.edge.crowd import Member
from server.stream import Stream
from server.streams.lines import CrowdLine, TaskLine
from tests.sim.broken import Broken

FOR_EVER = 2**60

LAST_S = 2.0
"""Virtual seconds of the last listening: hundreds of the slowest disk's delays."""

ALL = ("feed", "stories", "notifications")


class Wire:
    """One connection. What the server has written may still be lost when it is cut."""

    def __init__(self, random: Random, direct: bool) -> None:
        self.random = random
        self.cut = False
        self.code: int | None = None
        self.wants_room = False
        self.is_paused = False
        self.said: deque[str] = deque()
        self.written: deque[bytes] = deque()
        self._moved = trio.Event()
        if direct:
            self.extensions: dict[str, Any] = {"triptych.socket": self}
        else:
            self.extensions = {}

    def move(self) -> None:
        self._moved.set()
        self._moved = trio.Event()

    async def moved(self) -> None:
        await self._moved.wait()

    def say(self, **message: object) -> None:
        self.said.append(json.dumps(message))
        self.move()

    def hang_up(self) -> None:
        self.cut = True
        self.move()

    # As ASGI has it.

    async def receive(self) -> dict[str, Any]:
        while not self.said and not self.cut:
            await self.moved()
        if self.cut:
            return {"type": "websocket.disconnect", "code": 1006}
        return {"type": "websocket.receive", "text": self.said.popleft()}

    async def send(self, message: dict[str, Any]) -> None:
        await trio.sleep(self.random.expovariate(1 / 0.0005))
        if self.cut:
            raise OSError("cut")
        if message["type"] == "websocket.send":
            self.written.append(message["text"].encode())
        else:
            self.code = message["code"]
        self.move()

    # As the edge's socket has it.

    def try_send(self, frames: bytes) -> bool:
        if self.random.random() < 0.3:
            return False
        while frames:
            length, head = frames[1], 2
            if length == 126:
                length, head = int.from_bytes(frames[2:4], "big"), 4
            self.written.append(frames[head : head + length])
            frames = frames[head + length :]
        self.move()
        return True

    async def wait_sendable(self) -> None:
        await trio.sleep(self.random.expovariate(1 / 0.002))
        if self.cut:
            raise OSError("cut")

    # As the crowd has it.

    async def crowd(self, line: CrowdLine) -> None:
        """The line's client, until cancelled or cut."""
        line.begin(cast(Member, self))
        while not self.cut and self.code is None:
            if self.wants_room:
                await self.wait_sendable()
                self.wants_room = False
                line.write()
            elif self.said and not self.is_paused:
                line.take(self.said.popleft())
                await trio.lowlevel.checkpoint()
            else:
                await self.moved()

    def want_room(self) -> None:
        self.wants_room = True
        self.move()

    def pause(self, is_paused: bool) -> None:
        self.is_paused = is_paused
        self.move()

    def close(self, code: int, reason: str) -> None:
        self.code = code
        self.move()


class Reader:
    """Somebody who wants to hear everything, and whose line is bad. Outlives the process."""

    def __init__(self, random: Random, account: int, channels: tuple[str, ...] = ALL) -> None:
        self.random = random
        self.account = account
        self.channels = channels
        self.last = "0"
        self.heard: list[int] = []
        """The ids of all events on all its streams."""
        self.streams = 0

    async def live(self, context: Any, over: trio.Event) -> None:
        """Come and go until the authors are silent, then once more for all that is left."""
        while not over.is_set():
            with trio.move_on_after(self.random.expovariate(1 / self.random.choice([0.01, 0.1]))):
                await self.listen(context)
            await trio.sleep(self.random.expovariate(1 / self.random.choice([0.001, 0.05])))
        with trio.move_on_after(LAST_S):
            await self.listen(context)

    async def listen(self, context: Any) -> None:
        """One stream, until cancelled: then the line is cut."""
        wire = Wire(self.random, direct=self.random.random() < 0.5)
        stream = Stream(context, Asker(self.account, self.account), FOR_EVER)
        context.hub.register(stream)
        self.streams += 1
        try:
            async with trio.open_nursery() as nursery:
                if self.random.random() < 0.5:
                    nursery.start_soon(wire.crowd, CrowdLine(context, stream, "an id"))
                else:
                    line = TaskLine(stream, wire.extensions, cast(Any, wire.send))
                    nursery.start_soon(line.run, wire.receive)
                nursery.start_soon(self._read, wire)
                self._subscribe(wire)
        finally:
            wire.hang_up()
            context.hub.unregister(stream)

    def _subscribe(self, wire: Wire) -> None:
        wire.say(type="subscribe", channels=self.channels, since=self.last)

    async def _read(self, wire: Wire) -> None:
        while True:
            while not wire.written:
                if wire.code is not None:
                    raise Broken(f"the server closed with {wire.code}")
                await wire.moved()
            await trio.sleep(self.random.expovariate(1 / 0.001))
            self._take(json.loads(wire.written.popleft()))

    def _take(self, message: Any) -> None:
        if message["type"] == "subscribed":
            return
        if message["type"] not in ("new_post", "new_story", "notification"):
            raise Broken(f"{self.account} is told {message}")
        id = int(message["id"])
        if self.heard and id <= self.heard[-1]:
            raise Broken(f"{self.account} hears {id} after {self.heard[-1]}")
        self.heard.append(id)
        self.last = message["id"]


def context_of(asking: Any, views: Any, hub: Any, now: Any) -> Any:
    """What a stream needs of the server's context, with bounds that no history reaches."""
    settings = SimpleNamespace(stream_kept_s=604_800, stream_kept_events=10_000)
    return SimpleNamespace(asking=asking, views=views, hub=hub, now=now, settings=settings)
