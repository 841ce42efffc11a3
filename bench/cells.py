"""What is measured: requests by whatever way, and beneath them the same without HTTP, without
actors, without anything but the disk.

`bench.first` says in which order, and shows the lines that gather here.
"""

import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from random import Random
from typing import TypeVar

import msgspec
import trio

from actors.decisions import Refused
from actors.post.messages import Like
from bench.house import House, Measured
from bench.load import Act, Load, load
from bench.people import Likes, Person
from bench.table import Line
from bench.ways import Asked, BadAnswer, Way
from storage.reads import Span
from storage.sqlite import open_writer

CLIENTS = (1, 16, 64)
PAGE_POSTS = 20
WARM_READERS = 200
"""Readers whose pages stay in memory, whatever the caches' bounds."""
HOT_POSTS = 100
"""Posts whose actors stay in memory. Each can be liked once by everybody."""
FIRST_READS_CLIENTS = 16
FIRST_READS_CELLS = 4
"""Reading everybody's feed for the first time may take as long as four cells."""

T = TypeVar("T")


class Plan(msgspec.Struct, frozen=True):
    """Who and what all cells draw from."""

    people: list[Person]
    likes: Likes
    chance: Random
    seconds: float
    say: Callable[[str], None]
    """Shows progress."""

    @property
    def warm(self) -> list[Person]:
        return self.people[:WARM_READERS]

    @property
    def hot(self) -> list[int]:
        return self.likes.posts[:: max(1, len(self.likes.posts) // HOT_POSTS)][:HOT_POSTS]


class Cells:
    """One house, looked at in one way: runs cells and keeps their lines."""

    def __init__(
        self, plan: Plan, through: str, take: Callable[[], Awaitable[Measured]], apart: bool
    ) -> None:
        self._plan = plan
        self._through = through
        self._take = take
        self._apart = apart
        self.lines: list[Line] = []

    async def run(
        self, what: str, act: Act, clients: int, *, cells: int = 1, fact_each: bool = False
    ) -> Line:
        """One cell. With `fact_each`, what was done must be in as many facts: no more, no less."""
        self._plan.say(f"{what}, {self._through}, clients: {clients}")
        await self._take()
        came = await load(act, clients, self._plan.seconds * cells)
        line = Line(what, self._through, clients, came, await self._take(), self._apart)
        if fact_each and line.inside is not None and line.inside.facts != came.done:
            raise BadAnswer(f"{came.done} answers, but {line.inside.facts} facts")
        self.lines.append(line)
        return line


async def requests(cells: Cells, plan: Plan, make_way: Callable[[], Way]) -> Line:
    """Feeds and likes as requests. Returns the line of everybody's first read."""
    everybody = plan.chance.sample(plan.people, len(plan.people))
    reads = ways_of(make_way, feed_reads(iter(everybody)))
    first = await cells.run("feed, first read", reads, FIRST_READS_CLIENTS, cells=FIRST_READS_CELLS)
    for what, readers in (
        ("feed, anybody's", plan.people),
        (f"feed, {WARM_READERS} readers'", plan.warm),
    ):
        for clients in CLIENTS:
            act = ways_of(make_way, feed_reads(any_of(plan.chance, readers)))
            await cells.run(what, act, clients)
    for what, posts in (
        ("like, any post", plan.likes.posts),
        (f"like, {HOT_POSTS} posts", plan.hot),
    ):
        for clients in CLIENTS:
            act = ways_of(make_way, like_requests(plan.likes, posts))
            await cells.run(what, act, clients, fact_each=True)
    return first


def any_of(chance: Random, some: list[T]) -> Iterator[T]:
    while True:
        yield chance.choice(some)


Request = tuple[Asked, bytes]
"""What is asked, and how the body of the right answer begins."""


def feed_reads(readers: Iterator[Person]) -> Iterator[Request]:
    for reader in readers:
        asked = Asked("GET", "/api/v1/feed", f"count={PAGE_POSTS}", reader.token)
        yield asked, b'{"posts":['


def like_requests(likes: Likes, posts: list[int]) -> Iterator[Request]:
    while (drawn := likes.draw(posts)) is not None:
        person, post = drawn
        yield Asked("POST", f"/api/v1/posts/{post}/like", "", person.token), b'{"liked":true'


def ways_of(make_way: Callable[[], Way], some: Iterator[Request]) -> Act:
    """Each client takes the next request, in a way of its own."""
    ways: dict[int, Way] = {}

    async def act(client: int) -> bool:
        request = next(some, None)
        if request is None:
            return False
        if client not in ways:
            ways[client] = make_way()
        asked, beginning = request
        status, body = await ways[client].ask(asked)
        if status != 200 or not body.startswith(beginning):
            raise BadAnswer(f"{asked.method} {asked.path}: {status} {body[:200]!r}")
        return True

    return act


async def without_http(cells: Cells, plan: Plan, house: House) -> None:
    """The work beneath the routes."""
    context = house.context

    async def page(person: Person) -> bytes:
        ids = await context.feed.posts(person.account, Span(PAGE_POSTS + 1))
        shown = await context.views.posts(ids, person.account)
        return b",".join(filter(None, shown))

    async def read_page(client: int) -> bool:
        await page(plan.chance.choice(plan.warm))
        await trio.lowlevel.checkpoint()
        return True

    ids = {
        person.account: await context.feed.posts(person.account, Span(PAGE_POSTS + 1))
        for person in plan.warm
    }

    async def join_views(client: int) -> bool:
        account = plan.chance.choice(plan.warm).account
        b",".join(filter(None, await context.views.posts(ids[account], account)))
        await trio.lowlevel.checkpoint()
        return True

    await cells.run("feed ids and views joined", read_page, 1)
    await cells.run("views joined", join_views, 1)
    for clients in CLIENTS:
        await cells.run("Like asked", asks(house, plan.likes, plan.hot), clients, fact_each=True)


def asks(house: House, likes: Likes, posts: list[int]) -> Act:
    async def act(client: int) -> bool:
        drawn = likes.draw(posts)
        if drawn is None:
            return False
        person, post = drawn
        command = Like(post, likes.authors[post], person.account)
        reply = await house.context.asking.ask(command)
        if isinstance(reply, Refused) or not reply.liked:
            raise BadAnswer(f"{command}: {reply}")
        return True

    return act


def bare_commits(folder: Path, seconds: float) -> Line:
    """One row a transaction, `synchronous=FULL`, in a file of its own: what this disk allows."""
    took = list[float]()
    writer = open_writer(folder / "bare.db")
    writer.execute("create table rows (number integer primary key, text text)")
    began, cpu_began = time.perf_counter(), time.process_time()
    while (now := time.perf_counter()) - began < seconds:
        writer.execute("insert into rows (text) values ('as long as a small fact')")
        took.append(time.perf_counter() - now)
    writer.close()
    elapsed = time.perf_counter() - began
    return Line("bare commit", "SQLite", 1, Load.of(took, elapsed, time.process_time() - cpu_began))
