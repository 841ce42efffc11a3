"""Histories of streams: authors act, readers come and go, the plug is pulled, and in the end each
reader has heard what the journal says it should, in order, exactly once.

`simulate_streams(seed)` raises `Broken` and is replayed exactly by the same seed:
`python -m tests.sim.streams N`.
"""

import sys
from collections.abc import Callable
from random import Random
from typing import Any

import trio
from trio.testing import MockClock

import server.streams.handing
import server.streams.listening
from actors.accounts.messages import Register
from actors.decisions import Refused
from actors.runtime.actors import Actors, open_actors
from actors.runtime.clearing import Clearing
from actors.runtime.rounds import Clocks
from server.hub import Hub
from server.reading.views import Views
from storage.facts import Entry
from tests.sim.broken import Broken
from tests.sim.simulation import RESIDENCIES, Limit, deterministic, drawn
from tests.sim.sqlite_side import SqliteDisk
from tests.sim.stream_acts import ACTS, TALK, People
from tests.sim.stream_clients import Reader, context_of
from tests.sim.stream_due import due_to
from tests.sim.world import START_MS

LIVES = 3
AUTHORS = 4
STEPS = 6
"""Acts of each author in each life."""

SMALL: list[Limit] = [
    (server.streams.listening, "HELD_MAX", (1, 3, 256)),
    (server.streams.handing, "PENDING_MAX", (1, 4, 1_024)),
    (server.streams.handing, "HANDED_A_STEP", (1, 100)),
]
VIEWS_MAX = (1, 3, 1_000)
"""Limits that no history would reach: each life draws its own."""


class History:
    """Outlives the process."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.disk = SqliteDisk(self.random)
        self.disk.slow = self.random.choice([0.0005, 0.002, 0.02])
        self.people = People(self.random)
        self.calm = self.random.random() < 0.4
        """Nothing is ever taken back: then each must hear all, without exception."""
        self.readers: list[Reader] = []

    @property
    def heard(self) -> int:
        return sum(len(reader.heard) for reader in self.readers)


def simulate_streams(seed: int) -> History:
    """Run the history of `seed`. Raises `Broken`, or what a broken product raises."""
    with deterministic(seed):
        return trio.run(_history, seed, clock=MockClock(autojump_threshold=0))


async def _history(seed: int) -> History:
    history = History(seed)
    for life in range(LIVES):
        with drawn(history.random, SMALL):
            await _live(history, last=life == LIVES - 1)
    for reader in history.readers:
        _check(reader, history)
    return history


def _check(reader: Reader, history: History) -> None:
    due = due_to(reader.account, history.disk.journal)
    kinds = {"feed": 0, "stories": 1, "notifications": 2}
    wanted = {kinds[channel] for channel in reader.channels}
    may = {id for id in due.events if id % 4 in wanted}
    heard = set(reader.heard)
    if history.calm and due.void:
        raise Broken(f"in a calm history {due.void} is void")
    if heard - may:
        raise Broken(f"{reader.account} heard {sorted(heard - may)}, which was never due")
    if may - due.void - heard:
        missed = [due.events[id] for id in sorted(may - due.void - heard)]
        raise Broken(f"{reader.account} missed {missed}")


async def _live(history: History, *, last: bool) -> None:
    """One life of the process, from its start to the plug or to its end."""
    random = history.random
    watch = 0.0

    def stopwatch() -> float:
        nonlocal watch
        watch += random.random() * 0.002
        return watch

    def now() -> int:
        return START_MS + int(trio.current_time() * 1000)

    crash = not last and random.random() < 0.8
    with trio.CancelScope() as plug:
        async with open_actors(
            history.disk,
            Clocks(now, stopwatch),
            shards=random.choice([1, 4]),
            residency=random.choice(RESIDENCIES),
        ) as actors:
            size = random.choice(VIEWS_MAX)
            views = Views(actors, "http://sim", size, size, size)
            hub = Hub(actors, views, actors.resident, now)
            clearing = Clearing(actors)
            for listener in _shuffled(random, views, hub, clearing):
                actors.listen(listener)
            context = context_of(actors, views, hub, now)
            over = trio.Event()
            if not history.people.accounts:
                await _settle(history, actors)
            async with trio.open_nursery() as nursery:
                if crash:
                    plug.deadline = trio.current_time() + random.expovariate(1 / 0.2)
                for task in (hub.run, hub.run_clock):
                    nursery.start_soon(task)
                nursery.start_soon(clearing.run, _forget_blobs)
                async with trio.open_nursery() as readers:
                    for reader in history.readers:
                        readers.start_soon(reader.live, context, over)
                    async with trio.open_nursery() as authors:
                        for _ in range(AUTHORS):
                            authors.start_soon(_act, history, actors)
                    over.set()
                nursery.cancel_scope.cancel()


def _shuffled(random: Random, views: Views, hub: Hub, clearing: Clearing) -> list[Any]:
    """The listeners of the rounds in any order: the hub must not rest on it."""
    listeners: list[Callable[[Entry], None]] = [
        views.on_delivered,
        hub.on_delivered,
        clearing.on_delivered,
    ]
    random.shuffle(listeners)
    return listeners


async def _settle(history: History, actors: Actors) -> None:
    """The people of this history, and those of them who listen."""
    random = history.random
    for number in range(random.choice([3, 5])):
        reply: Any = await actors.ask(Register(f"user{number}", "hash", None, None, None))
        history.people.accounts.append(reply.account)
    for account in random.choices(history.people.accounts, k=3):
        channels = ("feed", "stories", "notifications")
        if random.random() < 0.2:
            channels = tuple(random.sample(channels, 2))
        history.readers.append(Reader(random, account, channels))


async def _act(history: History, actors: Actors) -> None:
    random = history.random
    acts = TALK if history.calm else ACTS
    for _ in range(STEPS):
        await trio.sleep(random.expovariate(1 / 0.01))
        act: Callable[[People], Any] = random.choices(list(acts), list(acts.values()))[0]
        command = act(history.people)
        if command is None:
            continue
        with trio.move_on_after(random.choice([0.01, 60, 60])):
            reply = await actors.ask(command)
            if not isinstance(reply, Refused):
                history.people.note(command, reply)


async def _forget_blobs(names: object) -> None:
    """There are no files here."""


if __name__ == "__main__":
    for number in sys.argv[1:]:
        print(number, simulate_streams(int(number)).heard, "events heard")
