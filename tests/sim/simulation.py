"""One simulated history: clients that do anything at any time, a plug that is pulled, and
everything checked.

`simulate(seed, side)` raises `Broken` (or whatever broke) and is replayed exactly by the same seed:
`python -m tests.sim --seed N --side model`.
"""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any, ClassVar

import trio
import trio._core._run
from trio.testing import MockClock

from actors.accounts.messages import Register
from actors.decisions import Refused
from actors.fanout import Hybrid, Lossy, Policy, Pull, Push, Threshold
from actors.kinds import BEHAVIOURS
from actors.post.messages import DeletePost, Like, Unlike
from actors.runtime.actors import Actors, open_actors
from actors.runtime.asking import RequestKey
from actors.runtime.inboxes import Inboxes, Sizes
from actors.runtime.passivation import Residency
from actors.runtime.rounds import Clocks
from actors.state import decode_state, encode_state
from actors.user.messages import Follow, NewMedium, Publish, Unfollow
from storage.facts import Entry, PostPublished
from storage.ids import ACCOUNTS, describe_actor, kind_of, post_key, user_key
from storage.reads import GetHistories, Span
from tests.sim.disk import ModelDisk, SimulatedDisk, SqliteDisk
from tests.sim.truth import Truth, cut
from tests.sim.watched import Broken, WatchedRounds

SIDES: dict[str, Callable[[Random], SimulatedDisk]] = {
    "model": ModelDisk,
    "sqlite": SqliteDisk,
}
"""The sides of the disk that a history can be simulated on."""

START_MS = 1_770_000_000_000
"""Where virtual time begins, in Unix milliseconds."""


@dataclass(frozen=True)
class Shape:
    """How large a history is."""

    incarnations: int = 3
    """Lives of the process: all but the last end with the plug pulled, or cleanly."""
    clients: int = 6
    steps: int = 14
    """Acts of each client in each life."""


RESIDENCIES = [Residency(), Residency(1, 1.0, 1.0), Residency(5, 0.01, 0.01)]
"""What memory there is: plenty, a single cell, or little and for a short time."""

READERS = 4
"""People in a world of readers."""

ROUNDS_WAITED_MAX = 6
"""Rounds that a command which can be decided may wait at the most."""


@dataclass
class World:
    """What the clients share: the disk, and what they were told."""

    random: Random
    disk: SimulatedDisk
    policy: Policy
    readers: bool
    """Whether it is about feeds more than about anything else."""
    shape: Shape
    acknowledged: int = 0
    """The largest seq that an answer ever rested on."""
    names: int = 0
    accounts: list[int] = field(default_factory=list)
    posts: list[tuple[int, int]] = field(default_factory=list)
    """(post, author), deleted ones too"""
    replies: dict[tuple[int, str], Any] = field(default_factory=dict)
    """(account, key) -> the first reply"""
    unanswered: list[tuple[Any, RequestKey]] = field(default_factory=list)
    """Keyed commands whose asker died or left before the answer"""
    keys: int = 0
    feeds_checked: int = 0
    decided: int = 0
    longest_wait: int = 0


@contextmanager
def deterministic(seed: int) -> Any:
    """Let trio shuffle its tasks by `seed` alone, the way its own plugin for Hypothesis does it."""
    run = trio._core._run
    before = run._ALLOW_DETERMINISTIC_SCHEDULING, run._r
    run._ALLOW_DETERMINISTIC_SCHEDULING, run._r = True, Random(seed)
    try:
        yield
    finally:
        run._ALLOW_DETERMINISTIC_SCHEDULING, run._r = before


def simulate(seed: int, side: str = "model", shape: Shape = Shape()) -> World:
    """Run the history of `seed`. Raises `Broken`, or what a broken runtime raises."""
    with deterministic(seed):
        return trio.run(_history, seed, side, shape, clock=MockClock(autojump_threshold=0))


async def _history(seed: int, side: str, shape: Shape) -> World:
    random = Random(seed)
    readers = random.random() < 0.4
    policies: list[Policy] = [Hybrid(1), Hybrid(2), Threshold(), Push(), Lossy(1)]
    policy = random.choice(policies if readers else [*policies, Pull(), Lossy(2)])
    world = World(random, SIDES[side](random), policy, readers, shape)
    world.disk.slow = 0.02 if readers else random.choice([0.0005, 0.002, 0.02])
    for incarnation in range(shape.incarnations):
        await _live(world, last=incarnation == shape.incarnations - 1)
        if world.acknowledged > len(world.disk.journal):
            raise Broken(f"fact {world.acknowledged} was acknowledged and is lost")
    return world


async def _live(world: World, *, last: bool) -> None:
    """One life of the process, from its start to the plug or to its clean stop."""
    random = world.random
    watch = 0.0

    def stopwatch() -> float:
        nonlocal watch
        watch += random.random() * 0.002
        return watch

    clocks = Clocks(lambda: START_MS + int(trio.current_time() * 1000), stopwatch)
    truth = Truth()
    told: list[Entry] = []
    for entry in world.disk.journal:
        truth.tell(entry)
        told.append(entry)

    def on_delivered(entry: Entry) -> None:
        truth.tell(entry)
        told.append(entry)

    rounds: list[WatchedRounds] = []

    class Rounds(WatchedRounds):
        journal: ClassVar = list(world.disk.journal)

        def __init__(self, *args: Any) -> None:
            super().__init__(*args)
            rounds.append(self)

    crash = not last and random.random() < 0.8
    with trio.CancelScope() as plug:
        async with open_actors(
            world.disk,
            clocks,
            shards=random.choice([1, 4]),
            residency=random.choice(RESIDENCIES),
            rounds_type=Rounds,
        ) as actors:
            sizes = Sizes(
                inbox_posts=random.choice([3, 500]),
                inboxes=random.choice([2, 100]),
                push_slice=random.choice([1, 1_000]),
                handouts=random.choice([0, 1, 64]),
                unpushed_authors=random.choice([1, 1_000]),
                active_s=random.choice([0.01, 1_000.0]),
            )
            feed = SlowInboxes(actors, world.policy, clocks.stopwatch, sizes)
            feed.random = random
            actors.listen(on_delivered)
            actors.listen(feed.on_delivered)
            async with trio.open_nursery() as nursery:
                if crash:
                    plug.deadline = trio.current_time() + random.expovariate(1 / 0.3)
                nursery.start_soon(feed.run)
                nursery.start_soon(_gremlin, world, actors, rounds[0], told)
                async with trio.open_nursery() as clients:
                    for _ in range(world.shape.clients):
                        client = Client(world, actors, feed, told, rounds[0])
                        clients.start_soon(client.live)
                nursery.cancel_scope.cancel()
            if last:
                await _check_quiet(world, actors, feed, truth)
    world.decided += rounds[0].decided
    world.longest_wait = max(world.longest_wait, rounds[0].longest_wait)
    if rounds[0].longest_wait > ROUNDS_WAITED_MAX:
        raise Broken(f"a command waited {rounds[0].longest_wait} rounds")


async def _gremlin(world: World, actors: Actors, rounds: WatchedRounds, told: list[Entry]) -> None:
    """Whatever may happen to cells at any time: they leave memory, or their snapshots fall due. And
    a look at one: it must be what was delivered, no more and no less."""
    while True:
        await trio.sleep(world.random.expovariate(1 / 0.01))
        cells = sorted(actors.directory.cells.items())
        if cells:
            _, cell = world.random.choice(cells)
            if cell.state is not None:
                folded = cell.behaviour.state()
                for entry in told:
                    if cell.actor in entry.fact.concerns():
                        cell.behaviour.fold(folded, entry.seq, entry.fact)
                if _comparable(folded) != _comparable(cell.state):
                    raise Broken(f"{cell} is {cell.state}, but what was delivered is {folded}")
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


class Client:
    """Somebody with many accounts and no patience."""

    def __init__(
        self, world: World, actors: Actors, feed: Inboxes, told: list[Entry], rounds: WatchedRounds
    ) -> None:
        self.world = world
        self.random = world.random
        self.actors = actors
        self.feed = feed
        self.told = told
        self.rounds = rounds

    async def live(self) -> None:
        for _ in range(self.world.shape.steps):
            await trio.sleep(self.random.expovariate(1 / 0.01))
            if self.world.unanswered and self.random.random() < 0.5:
                command, key = self.world.unanswered.pop()
                await self.ask(command, key)
                continue
            await self.random.choice(self.acts())()

    def acts(self) -> Sequence[Callable[[], Awaitable[None]]]:
        """What may come next. A world of readers has few people, many posts and many feeds."""
        if not self.world.readers:
            some = [self.register, self.publish, self.delete]
            return some + [self.read_feed, self.follow, self.like] * 2
        if len(self.world.accounts) < READERS:
            return [self.register]
        return [self.delete, self.follow] + [self.publish] * 2 + [self.read_feed] * 4

    def account(self) -> int:
        return self.random.choice(self.world.accounts)

    async def ask(self, command: Any, key: RequestKey | None = None) -> Any:
        """Ask, and now and then leave before the answer."""
        patience = self.random.choice([0.001, 0.01, 60, 60, 60, 60])
        if key is not None:
            self.world.unanswered.append((command, key))
        with trio.move_on_after(patience):
            reply = await self.actors.ask(command, key)
            rests_on = self.rounds.shadows.last.get(command.actor, 0)
            if not isinstance(reply, Refused):
                # What the reply rests on is at most what was delivered when it came.
                self.world.acknowledged = max(
                    self.world.acknowledged, min(rests_on, self.actors.delivered)
                )
            if key is not None:
                if (command, key) in self.world.unanswered:
                    self.world.unanswered.remove((command, key))
                place = (key.account, key.key)
                if self.world.replies.setdefault(place, reply) != reply:
                    raise Broken(f"key {key.key}: {self.world.replies[place]}, then {reply}")
            return reply
        return None

    async def register(self) -> None:
        self.world.names += self.random.choice([0, 1, 1, 1])
        command = Register(f"user{self.world.names}", "hash", None, None, "refresh")
        reply = await self.ask(command)
        if reply is not None and not isinstance(reply, Refused):
            self.world.accounts.append(reply.account)

    async def publish(self) -> None:
        if not self.world.accounts:
            return
        author = self.account()
        self.world.keys += 1
        name = f"key{self.world.keys}"
        medium = NewMedium(1, 1, f"{name}.jpg", f"{name}_.jpg")
        key = RequestKey(author, "POST /posts", name, b"hash")
        if self.random.random() < 0.3:
            async with trio.open_nursery() as nursery:  # twice at once
                nursery.start_soon(self.ask, Publish(author, name, (medium,)), key)
                nursery.start_soon(self.ask, Publish(author, name, (medium,)), key)
            reply = self.world.replies.get((author, name))
        else:
            reply = await self.ask(Publish(author, name, (medium,)), key)
        if reply is not None and not isinstance(reply, Refused):
            self.world.posts.append((reply.post, author))

    async def follow(self) -> None:
        if self.world.accounts:
            act = self.random.choice([Follow, Follow, Unfollow])
            await self.ask(act(self.account(), self.account()))

    async def like(self) -> None:
        if self.world.posts:
            post, author = self.random.choice(self.world.posts[-4:])
            if self.random.random() < 0.3:
                await self.ask(Unlike(post, self.account()))
            else:
                await self.ask(Like(post, author, self.account()))

    async def delete(self) -> None:
        if self.world.posts and self.random.random() < 0.5:
            post, author = self.random.choice(self.world.posts)
            asker = author if self.random.random() < 0.8 else self.account()
            await self.ask(DeletePost(post, asker))

    async def read_feed(self) -> None:
        """A page must be what the pull was at some moment between asking and answering."""
        if not self.world.accounts:
            return
        viewer = self.account()
        span = Span(self.random.choice([1, 2, 5, 50]))
        if self.world.posts and self.random.random() < 0.5:
            place = self.random.choice(self.world.posts)[0]
            span = self.random.choice(
                [Span(span.limit, before=place), Span(span.limit, after=place)]
            )
        asked = self.actors.delivered
        shown = await self.feed.posts(viewer, span)
        dropped = _dropped(self.feed, viewer)
        truth = Truth()
        for entry in self.told[:asked]:
            truth.tell(entry)
        for entry in [None, *self.told[asked : self.actors.delivered]]:
            if entry is not None:
                truth.tell(entry)
            feed = [post for post in truth.feed(viewer) if post in shown or post not in dropped]
            if _is_page(shown, feed, span, truth):
                break
        else:
            raise Broken(
                f"feed of {viewer} in {span}: {shown}, but the pull is {truth.feed(viewer)}"
            )
        self.world.feeds_checked += 1


def _dropped(feed: Inboxes, viewer: int) -> set[int]:
    """What the viewer's inbox says that it did not keep."""
    inbox = feed.resident(viewer)
    return set() if inbox is None else set(inbox.dropped)


def _is_page(shown: list[int], feed: list[int], span: Span, truth: Truth) -> bool:
    """Whether `shown`, without what is deleted, is the stretch of `feed` that it claims to be."""
    live = [post for post in shown if post in truth.posts]
    if len(shown) < span.limit:
        return live == cut(feed, Span(10**6, span.before, span.after))
    if span.after is not None:
        return live == [
            post for post in cut(feed, Span(10**6, after=span.after)) if post <= shown[0]
        ]
    return live == [post for post in cut(feed, Span(10**6, span.before)) if post >= shown[-1]]


async def _check_quiet(world: World, actors: Actors, feed: Inboxes, truth: Truth) -> None:
    """With nobody asking: journal == live == reloaded == rows, and every feed read in pages == the
    pull."""
    await trio.sleep(60)  # what was asked by somebody who left may still be under way
    folded = Truth()
    for entry in world.disk.journal:
        folded.tell(entry)
    if not folded == truth == world.disk.relations():
        raise Broken("rows, deliveries and the journal disagree")
    published = [e.fact for e in world.disk.journal if isinstance(e.fact, PostPublished)]
    captions = [fact.caption.value for fact in published if fact.caption is not None]
    if len(captions) != len(set(captions)):
        raise Broken("a retry published twice")
    keys = [ACCOUNTS, *map(user_key, folded.names), *(post_key(fact.post) for fact in published)]
    for actor in keys:
        await _check_state(world, actors, actor)
    _check_states(actors, folded)
    for viewer in folded.names:
        count = world.random.choice([1, 2, 7])
        for backwards in (False, True):
            pages = await _read_pages(feed, viewer, count, truth, backwards=backwards)
            inbox = feed.resident(viewer)
            whole = inbox is not None and inbox.floor == 0  # then no page came from the pull
            dropped = _dropped(feed, viewer)
            pull = folded.feed(viewer)
            due = [p for p in pull if p not in dropped or (p in pages and not whole)]
            if pages != due:
                raise Broken(f"pages {pages}, but the pull is {pull}, {dropped} dropped")


async def _read_pages(
    feed: Inboxes, viewer: int, count: int, truth: Truth, *, backwards: bool
) -> list[int]:
    ids: list[int] = []
    while True:
        if backwards:
            page = await feed.posts(viewer, Span(count, after=ids[0] if ids else 0))
            ids = page + ids
        else:
            page = await feed.posts(viewer, Span(count, before=ids[-1] if ids else None))
            ids += page
        if len(page) < count:
            return [post for post in ids if post in truth.posts]


async def _check_state(world: World, actors: Actors, actor: int) -> None:
    """One actor: folded from the journal, as it lives, and loaded from what the disk holds."""
    behaviour = BEHAVIOURS[kind_of(actor)]
    folded = behaviour.state()
    for entry in world.disk.journal:
        if actor in entry.fact.concerns():
            behaviour.fold(folded, entry.seq, entry.fact)
    (history,) = (await world.disk.read(GetHistories((actor,)))).value
    loaded = behaviour.state()
    if history.snapshot is not None:
        loaded = decode_state(history.snapshot.state, behaviour.state)
    for entry in history.entries:
        behaviour.fold(loaded, entry.seq, entry.fact)
    cell = actors.directory.cells.get(actor)
    live = cell.state if cell is not None and cell.state is not None else folded
    if not _comparable(folded) == _comparable(loaded) == _comparable(live):
        raise Broken(f"{describe_actor(actor)}: folded {folded}, loaded {loaded}, live {live}")


def _comparable(state: Any) -> bytes:
    """A state as a snapshot, but for texts that may have been erased since it was folded."""
    if getattr(state, "gone", False):
        state = type(state)(post=state.post, author=state.author, gone=True)
    return encode_state(state)


def _check_states(actors: Actors, folded: Truth) -> None:
    """Sets held by resident actors == the truth's."""
    for account in folded.names:
        cell = actors.directory.cells.get(user_key(account))
        if cell is None or cell.state is None:
            continue
        followers = {who for who, whom in folded.follows if whom == account}
        following = {whom for who, whom in folded.follows if who == account}
        if (set(cell.state.followers), set(cell.state.following)) != (followers, following):
            raise Broken(f"account {account}: one side of a follow is missing")
