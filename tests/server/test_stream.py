"""One stream with real actors, rows, views and hub, in virtual time: how it ends, how it paces, and
the races that are too rare for the histories of `tests.sim.streams`."""

import json
from collections.abc import AsyncIterator
from random import Random
from types import SimpleNamespace
from typing import Any, cast

import pytest
import trio
import trio.testing
from trio.testing import MockClock

import server.streams.handing
import server.streams.listening
import server.streams.resuming
from actors.accounts.messages import Register
from actors.runtime.actors import Actors, open_actors
from actors.runtime.asking import Asker
from actors.runtime.rounds import Clocks
from actors.user.messages import (
    Follow,
    NewMedium,
    Publish,
    PublishStory,
    Unfollow,
)
from server.hub import LOOKED_UP_AT_ONCE, Hub
from server.reading.views import Views
from server.stream import SAID_MAX, Stream
from server.streams.lines import CLOSING_S, TaskLine
from storage.facts import (
    AccountDeleted,
    Entry,
    PasswordChanged,
    PostPublished,
    SessionEnded,
    Text,
)
from storage.reads import GetMissed, Question
from tests.sim.sqlite_side import SqliteDisk
from tests.sim.stream_clients import context_of
from tests.sim.world import START_MS


class Line:
    """A connection whose client reads when the test lets it."""

    def __init__(self) -> None:
        self.told: list[Any] = []
        self.code: int | None = None
        self.reads = trio.Event()
        self.reads.set()
        self.aborted = trio.Event()
        self.to_say, self._said = trio.open_memory_channel[str](100)

    async def receive(self) -> dict[str, Any]:
        try:
            return {"type": "websocket.receive", "text": await self._said.receive()}
        except trio.EndOfChannel:
            return {"type": "websocket.disconnect", "code": 1006}

    async def send(self, message: dict[str, Any]) -> None:
        await trio.lowlevel.checkpoint()
        await self.reads.wait()
        if message["type"] == "websocket.close":
            self.code = message["code"]
        else:
            self.told.append(json.loads(message["text"]))

    async def abort(self) -> None:
        self.aborted.set()

    def say(self, *channels: str, **more: Any) -> None:
        message = {"type": "subscribe", "channels": channels, **more}
        self.to_say.send_nowait(json.dumps(message))

    @property
    def ids(self) -> list[int]:
        return [int(one["id"]) for one in self.told if "id" in one]

    @property
    def types(self) -> list[str]:
        return [one["type"] for one in self.told]


class Stage:
    """Ann and Bob, who follows her; a hub that runs."""

    def __init__(self, actors: Actors, nursery: trio.Nursery, disk: SqliteDisk) -> None:
        self.actors = actors
        self.nursery = nursery
        self.disk = disk
        self.ahead_ms = 0
        self.views = Views(actors, "http://test")
        self.hub = Hub(actors, self.views, actors.resident, self.now)
        self.context = context_of(actors, self.views, self.hub, self.now)
        for listener in (self.views.on_delivered, self.hub.on_delivered):
            actors.listen(listener)
        self.posts = 0

    def now(self) -> int:
        return START_MS + int(trio.current_time() * 1_000) + self.ahead_ms

    async def posted(self, author: int = 1) -> int:
        self.posts += 1
        file = f"file{self.posts}"
        reply: Any = await self.actors.ask(
            Publish(author, None, (NewMedium(1, 1, file, f"thumb{self.posts}"),))
        )
        return reply.post

    async def storied(self, author: int = 1) -> int:
        self.posts += 1
        reply: Any = await self.actors.ask(PublishStory(author, f"story{self.posts}", 5))
        return reply.story

    async def opened(self, account: int = 2, session: int = 50, expires_in_s: int = 3_600) -> Line:
        """A line that somebody has opened."""
        line = Line()
        expires_at = self.now() // 1_000 + expires_in_s
        stream = Stream(self.context, Asker(account, session), expires_at)
        self.hub.register(stream)
        served = TaskLine(stream, {"triptych.abort": line.abort}, cast(Any, line.send))

        async def live() -> None:
            await served.run(line.receive)
            self.hub.unregister(stream)

        self.nursery.start_soon(live)
        await self.settled()
        return line

    async def deaf(self) -> Line:
        """A line that listens to the feed and reads no further."""
        line = await self.opened()
        line.say("feed")
        await self.settled()
        line.reads = trio.Event()
        return line

    async def settled(self) -> None:
        """All that follows from what was done has been done."""
        await trio.testing.wait_all_tasks_blocked()
        await trio.sleep(0.5)


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    disk = SqliteDisk(Random(0))
    clocks = Clocks(lambda: START_MS + int(trio.current_time() * 1_000), trio.current_time)
    async with open_actors(disk, clocks) as actors, trio.open_nursery() as nursery:
        stage = Stage(actors, nursery, disk)
        nursery.start_soon(stage.hub.run)
        nursery.start_soon(stage.hub.run_clock)
        for name in ("ann", "bob"):
            await actors.ask(Register(name, "hash", None, None, None))
        await actors.ask(Follow(1, 2))
        yield stage
        nursery.cancel_scope.cancel()


# How it ends.


async def test_it_ends_with_its_token(autojump_clock: MockClock, stage: Stage) -> None:
    line = await stage.opened(expires_in_s=60)
    line.say("feed")
    await trio.sleep(55)
    assert line.code is None
    await trio.sleep(6)
    assert line.code == 4001


async def test_it_ends_with_its_token_by_the_wall_clock(
    autojump_clock: MockClock, stage: Stage
) -> None:
    line = await stage.opened(expires_in_s=3_600)
    stage.ahead_ms = 3_601_000
    await trio.sleep(2)
    assert line.code == 4001


@pytest.mark.parametrize("kind", ["session", "another session", "password", "kept", "account"])
async def test_it_ends_with_its_session_in_the_step_that_ends_it(
    autojump_clock: MockClock, stage: Stage, kind: str
) -> None:
    line = await stage.opened(session=50)
    stage.hub.on_delivered(_ending(kind))
    await stage.settled()
    assert line.code == (None if kind in ("another session", "kept") else 4001)


def _ending(kind: str) -> Entry:
    fact = {
        "session": SessionEnded(2, 50),
        "another session": SessionEnded(2, 51),
        "password": PasswordChanged(2, Text(99, "hash"), None),
        "kept": PasswordChanged(2, Text(99, "hash"), 50),
        "account": AccountDeleted(2),
    }[kind]
    return Entry(1_000, START_MS, fact)


async def test_it_ends_when_the_server_stops_also_if_it_comes_later(
    autojump_clock: MockClock, stage: Stage
) -> None:
    line = await stage.opened()
    stage.hub.stop()
    late = await stage.opened()
    assert (line.code, late.code) == (1001, 1001)
    assert stage.hub.statistics()["streams"] == 0


async def test_nothing_is_told_once_it_has_ended(autojump_clock: MockClock, stage: Stage) -> None:
    line = await stage.opened()
    line.say("feed")
    await stage.settled()
    stage.hub.on_delivered(_ending("session"))
    await stage.posted()
    await stage.settled()
    assert line.types == ["subscribed"]


# How it paces.


async def test_who_does_not_read_is_closed_in_ten_seconds_and_dropped(
    autojump_clock: MockClock, stage: Stage
) -> None:
    line, other = await stage.opened(), await stage.opened(session=51)
    for one in (line, other):
        one.say("feed")
    await stage.settled()
    line.reads = trio.Event()
    began = trio.current_time()
    for _ in range(3):
        await stage.posted()
    await stage.settled()
    assert len(other.ids) == 3, "nobody else waits"
    await line.aborted.wait()
    assert trio.current_time() - began < 10.5
    await stage.settled()
    assert stage.hub.statistics()["streams"] == 1


async def test_who_reads_again_in_time_hears_why(autojump_clock: MockClock, stage: Stage) -> None:
    line = await stage.deaf()
    await stage.posted()
    await trio.sleep(8.5)
    line.reads.set()
    await trio.sleep(CLOSING_S / 2)
    assert line.code == 4008
    assert not line.aborted.is_set()


async def test_what_waits_is_bounded(autojump_clock: MockClock, stage: Stage) -> None:
    line = await stage.deaf()
    for _ in range(258):
        await stage.posted()
    await stage.settled()
    await trio.sleep(6)
    line.reads.set()
    await stage.settled()
    assert line.code == 4008, "there is as much time to hear it as for who is slow by the clock"
    assert len(line.ids) <= 2
    assert not line.aborted.is_set()


async def test_who_lets_it_fill_and_reads_nothing_is_dropped_in_ten_seconds(
    autojump_clock: MockClock, stage: Stage
) -> None:
    line = await stage.deaf()
    began = trio.current_time()
    for _ in range(258):
        await stage.posted()
    await line.aborted.wait()
    assert 8 < trio.current_time() - began < 9.5


async def test_a_slow_but_steady_reader_gets_all_that_it_missed(
    autojump_clock: MockClock, stage: Stage
) -> None:
    posts = 200
    for _ in range(posts):
        await stage.posted()
    line = await stage.opened()
    line.say("feed", since="0")
    while len(line.ids) < posts and line.code is None:
        line.reads.set()
        await trio.lowlevel.checkpoint()
        line.reads = trio.Event()
        await trio.sleep(0.02)
    assert line.code is None
    assert line.ids == sorted(set(line.ids))


async def test_a_client_that_talks_and_does_not_read_is_not_read_either(
    autojump_clock: MockClock, stage: Stage
) -> None:
    line = await stage.opened()
    line.reads = trio.Event()
    for _ in range(100):
        line.to_say.send_nowait("x")
    await stage.settled()
    line.reads.set()
    await stage.settled()
    assert line.types == ["error"] * 100
    assert SAID_MAX < 100


async def test_what_was_told_before_is_not_made_again(
    autojump_clock: MockClock, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A few bytes ask for ten thousand events, again and again: who does that may take little."""
    made = 0
    make = server.streams.resuming.made_event

    def made_and_counted(*of: Any) -> Any:
        nonlocal made
        made += 1
        return make(*of)

    monkeypatch.setattr(server.streams.resuming, "made_event", made_and_counted)
    posts = 50
    for _ in range(posts):
        await stage.posted()
    line = await stage.opened()
    for _ in range(10):
        line.say("feed", since="0")
    await stage.settled()
    assert len(line.ids) == posts
    assert line.types.count("subscribed") == 10
    assert made == posts


async def test_few_streams_look_into_the_rows_at_once(
    autojump_clock: MockClock, stage: Stage
) -> None:
    await stage.posted()
    held = Held(stage)
    lines = [await stage.opened() for _ in range(10)]
    for line in lines:
        line.say("feed", since="0")
    await stage.settled()
    assert held.waiting == LOOKED_UP_AT_ONCE
    held.gate.set()
    await stage.settled()
    assert [len(line.ids) for line in lines] == [1] * 10


# Races.


class Held:
    """Holds the reading of what was missed."""

    def __init__(self, stage: Stage) -> None:
        self.gate = trio.Event()
        self.waiting = 0
        self._read = stage.actors.read
        stage.context.asking = SimpleNamespace(read=self.read)

    async def read(self, question: Question[Any]) -> Any:
        answer = await self._read(question)
        if isinstance(question, GetMissed):
            self.waiting += 1
            await self.gate.wait()
        return answer


async def test_what_happens_while_the_rows_are_read_is_told_after_them(
    autojump_clock: MockClock, stage: Stage
) -> None:
    missed = await stage.posted()
    held = Held(stage)
    line = await stage.opened()
    line.say("feed", since="0")
    await stage.settled()
    live = await stage.posted()
    await stage.settled()
    assert line.types == ["subscribed"]
    held.gate.set()
    await stage.settled()
    assert [one["data"]["post_id"] for one in line.told[1:]] == [str(missed), str(live)]


async def test_what_is_held_is_authorised_again(autojump_clock: MockClock, stage: Stage) -> None:
    await stage.posted()
    held = Held(stage)
    line = await stage.opened()
    line.say("feed", since="0")
    await stage.settled()
    await stage.posted()
    await stage.actors.ask(Unfollow(1, 2))
    await stage.settled()
    held.gate.set()
    await stage.settled()
    assert line.types == ["subscribed"]


async def test_a_live_channel_loses_nothing_while_another_catches_up(
    autojump_clock: MockClock, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The post is decided, but not handed over yet, when the rows with the story are read."""
    line = await stage.opened()
    line.say("feed")
    await stage.settled()
    gate = trio.Event()
    known = stage.views.known

    async def held(account: int) -> Any:
        await gate.wait()
        return await known(account)

    monkeypatch.setattr(stage.views, "known", held)
    await stage.posted()
    await stage.storied()
    line.say("stories", since="0")
    await stage.settled()
    gate.set()
    await stage.settled()
    assert line.types == ["subscribed", "subscribed", "new_post", "new_story"]


async def test_more_than_can_be_held_is_looked_up(
    autojump_clock: MockClock, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server.streams.listening, "HELD_MAX", 2)
    held = Held(stage)
    line = await stage.opened()
    line.say("feed", since="0")
    await stage.settled()
    posts = [await stage.posted() for _ in range(5)]
    held.gate.set()
    await stage.settled()
    assert [one["data"]["post_id"] for one in line.told[1:]] == [str(post) for post in posts]


async def test_more_than_can_wait_is_looked_up(
    autojump_clock: MockClock, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server.streams.handing, "PENDING_MAX", 2)
    lines = [await stage.opened(session=session) for session in (50, 51)]
    for line in lines:
        line.say("feed", "stories")
    await stage.settled()
    gate = trio.Event()
    known = stage.views.known

    async def held(account: int) -> Any:
        await gate.wait()
        return await known(account)

    monkeypatch.setattr(stage.views, "known", held)
    for _ in range(4):
        await stage.posted()
        await stage.storied()
    gate.set()
    await stage.settled()
    for line in lines:
        assert line.types == ["subscribed", *["new_post", "new_story"] * 4]
        assert line.ids == sorted(set(line.ids))


async def test_two_authors_are_heard_in_the_order_of_their_facts(
    autojump_clock: MockClock, stage: Stage
) -> None:
    """Also when they are decided by actors of different shards at once."""
    for name in ("cat", "dan", "eve"):
        await stage.actors.ask(Register(name, "hash", None, None, None))
    for author in (3, 4, 5):
        await stage.actors.ask(Follow(author, 2))
    line = await stage.opened()
    line.say("feed")
    await stage.settled()
    async with trio.open_nursery() as authors:
        for _ in range(10):
            for author in (1, 3, 4, 5):
                authors.start_soon(stage.posted, author)
    await stage.settled()
    facts = [entry for entry in stage.disk.journal if isinstance(entry.fact, PostPublished)]
    assert line.ids == [4 * entry.seq for entry in facts]
    assert len(line.ids) == 40
