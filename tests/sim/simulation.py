"""One simulated history: clients that do anything at any time, a plug that is pulled, and
everything checked.

`simulate(seed, side)` raises `Broken` (or whatever broke) and is replayed exactly by the same seed:
`python -m tests.sim --seed N --side model`.
"""

from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from random import Random
from types import ModuleType
from typing import Any, ClassVar

import trio
import trio._core._run
from trio.testing import MockClock

import actors.runtime.clearing
import actors.runtime.expiry
import actors.user.profile
import actors.user.sessions
import actors.user.stories
from actors.fanout import Hybrid, Lossy, Policy, Pull, Push, Threshold
from actors.runtime.actors import Actors, open_actors
from actors.runtime.clearing import Clearing
from actors.runtime.expiry import Expiry
from actors.runtime.inboxes import Inboxes, Sizes
from actors.runtime.passivation import Residency
from actors.runtime.rounds import Clocks
from actors.user.stories import STORY_MS
from tests.sim.acts import next_act
from tests.sim.broken import Broken
from tests.sim.clients import Client
from tests.sim.disk import SimulatedDisk
from tests.sim.everybody import check_everybody
from tests.sim.model import ModelDisk
from tests.sim.quiet import check_erased, check_names, check_quiet, quiet
from tests.sim.sqlite_side import SqliteDisk
from tests.sim.watched import WatchedRounds
from tests.sim.world import Shape, World

SIDES: dict[str, Callable[[Random], SimulatedDisk]] = {
    "model": ModelDisk,
    "sqlite": SqliteDisk,
}
"""The sides of the disk that a history can be simulated on."""

SORTS_DRAWN = [
    *["everything"] * 2, *["readers"] * 5, *["neighbours"] * 2, *["talkers"] * 3, *["finders"] * 3,
]  # fmt: skip
"""How often each sort of world comes, out of fifteen."""

SLOW_S = (0.0005, 0.002, 0.02, 0.02)
"""Virtual seconds that a disk may take: a slow one makes races wide."""

RESIDENCIES = [Residency(), Residency(1, 1.0, 1.0), Residency(5, 0.01, 0.01)]
"""What memory there is: plenty, a single cell, or little and for a short time."""

ROUNDS_WAITED_MAX = 6
"""Rounds that a command which can be decided may wait at the most."""

Limit = tuple[ModuleType, str, tuple[float, ...]]
"""Where a limit is, and what it may be."""

SMALL: list[Limit] = [
    (actors.runtime.clearing, "CLEARED_AT_ONCE", (1, 1, 100)),
    (actors.user.profile, "APPROVED_A_TURN", (1, 100)),
    (actors.user.sessions, "SESSIONS_MAX", (2, 100)),
    (actors.user.stories, "ENDED_A_TURN", (1, 100)),
    (actors.runtime.expiry, "EXPIRED_AT_ONCE", (1, 100)),
    (actors.runtime.expiry, "EXPIRY_PERIOD_S", (0.05, 5.0)),
]
"""Limits that no history would reach: each life draws its own."""

ALL_ROWS_SHARE = 0.02
"""Of the moments at which a cell is looked at, those at which all rows are, too."""

STORIES_LAST_MS = (50, 300, STORY_MS)
"""How long stories may last, the same for all of a history."""

CLOCK_MOVES_MS = (0, 0, 0, 300, STORY_MS, -100)
"""What the wall clock may be moved by between two lives: a process that was not there for a while,
or a clock that was set back."""


@contextmanager
def deterministic(seed: int) -> Generator[None]:
    """Let trio shuffle its tasks by `seed` alone, the way its own plugin for Hypothesis does it."""
    run = trio._core._run
    before = run._ALLOW_DETERMINISTIC_SCHEDULING, run._r
    run._ALLOW_DETERMINISTIC_SCHEDULING, run._r = True, Random(seed)
    try:
        yield
    finally:
        run._ALLOW_DETERMINISTIC_SCHEDULING, run._r = before


@contextmanager
def drawn(random: Random, limits: Iterable[Limit]) -> Generator[None]:
    """Let chance say what limits are."""
    limits = list(limits)
    before = [(module, name, getattr(module, name)) for module, name, _ in limits]
    for module, name, choices in limits:
        setattr(module, name, random.choice(choices))
    try:
        yield
    finally:
        for module, name, value in before:
            setattr(module, name, value)


def simulate(seed: int, side: str = "model", shape: Shape = Shape()) -> World:  # noqa: B008  # frozen
    """Run the history of `seed`. Raises `Broken`, or what a broken runtime raises."""
    with deterministic(seed):
        return trio.run(_history, seed, side, shape, clock=MockClock(autojump_threshold=0))


async def _history(seed: int, side: str, shape: Shape) -> World:
    random = Random(seed)
    sort = random.choice(SORTS_DRAWN)
    policies: list[Policy] = [Hybrid(1), Hybrid(2), Threshold(), Push(), Lossy(1)]
    policy = random.choice(policies if sort == "readers" else [*policies, Pull(), Lossy(2)])
    world = World(random, SIDES[side](random), policy, sort, shape)
    world.disk.slow = SLOW_S[-1] if sort == "readers" else random.choice(SLOW_S)
    with drawn(random, [(actors.user.stories, "STORY_MS", STORIES_LAST_MS)]):
        await _lives(world)
    return world


async def _lives(world: World) -> None:
    lives = world.shape.incarnations
    for life in range(lives):
        with drawn(world.random, SMALL):
            await _live(world, last=life == lives - 1)
        if world.acknowledged > len(world.disk.journal):
            raise Broken(f"fact {world.acknowledged} was acknowledged and is lost")
        if moved := world.random.choice(CLOCK_MOVES_MS):
            world.clock_moved_ms += moved
            world.unanswered.clear()  # nobody tries again after a day


async def _live(world: World, *, last: bool) -> None:
    """One life of the process, from its start to the plug or to its clean stop."""
    random = world.random
    watch = 0.0

    def stopwatch() -> float:
        nonlocal watch
        watch += random.random() * 0.002
        return watch

    clocks = Clocks(world.now, stopwatch)
    told = list(world.disk.journal)
    made: list[WatchedRounds] = []

    class Rounds(WatchedRounds):
        journal: ClassVar = list(world.disk.journal)

        def __init__(self, *args: Any) -> None:
            super().__init__(*args)
            made.append(self)

    crash = not last and random.random() < 0.8
    nobody_asks = last and random.random() < 0.2
    stopped = False
    with trio.CancelScope() as plug:
        async with open_actors(
            world.disk,
            clocks,
            shards=random.choice([1, 4]),
            residency=random.choice(RESIDENCIES),
            rounds_type=Rounds,
        ) as actors:
            rounds = made[0]
            feed = SlowInboxes(actors, world.policy, clocks.stopwatch, _sizes(random))
            feed.random = random
            clearing, expiry = Clearing(actors), Expiry(actors, world.now)
            for listener in (told.append, feed.on_delivered, clearing.on_delivered):
                actors.listen(listener)
            async with trio.open_nursery() as nursery:
                if crash:
                    plug.deadline = trio.current_time() + random.expovariate(1 / 0.3)
                nursery.start_soon(feed.run)
                nursery.start_soon(clearing.run, _forget_blobs)
                nursery.start_soon(expiry.run, _forget_blobs)
                async with trio.open_nursery() as gremlins:
                    gremlins.start_soon(_gremlin, world, actors, rounds)
                    async with trio.open_nursery() as clients:
                        for _ in range(0 if nobody_asks else world.shape.clients):
                            client = Client(world, actors, feed, told, rounds)
                            clients.start_soon(client.live, next_act)
                    gremlins.cancel_scope.cancel()
                if last:
                    await quiet(actors, clearing)
                    if not nobody_asks:
                        await check_names(actors, rounds.delivered.truth)
                    await check_quiet(world, actors, feed, rounds)
                nursery.cancel_scope.cancel()
        stopped = True
    if stopped:
        check_erased(world)
    world.decided += rounds.decided
    world.longest_wait = max(world.longest_wait, rounds.longest_wait)
    if rounds.longest_wait > ROUNDS_WAITED_MAX:
        raise Broken(f"a command waited {rounds.longest_wait} rounds")


def _sizes(random: Random) -> Sizes:
    return Sizes(
        inbox_posts=random.choice([3, 500]),
        inboxes=random.choice([2, 100]),
        push_slice=random.choice([1, 1_000]),
        handouts=random.choice([0, 1, 64]),
        unpushed_authors=random.choice([1, 1_000]),
        active_s=random.choice([0.01, 1_000.0]),
    )


async def _forget_blobs(names: Iterable[str]) -> None:
    """There are no files here."""


async def _gremlin(world: World, actors: Actors, rounds: WatchedRounds) -> None:
    """Whatever may happen to cells at any time: they leave memory, or their snapshots fall due. And
    a look at one: it must be what was delivered, no more and no less. Now and then a look at all
    rows."""
    while True:
        await trio.sleep(world.random.expovariate(1 / 0.01))
        if world.random.random() < ALL_ROWS_SHARE:
            check_everybody(world)
        cells = sorted(actors.directory.cells.items())
        if cells:
            _, cell = world.random.choice(cells)
            due = rounds.delivered.state(cell.actor)
            if cell.state is not None and cell.state != due:
                raise Broken(f"{cell} is {cell.state}, but what was delivered is {due}")
            chance = world.random.random()
            if cell.idle and chance < 0.5:
                rounds.passivate(cell)
            elif cell.idle and chance < 0.6:
                actors.directory.reload(cell)
            elif cell.state is not None:
                cell.folds = 10**6


class SlowInboxes(Inboxes):
    """Whose long pushes take their time."""

    random: Random

    async def _pause(self) -> None:
        await trio.sleep(self.random.expovariate(1 / 0.02))
