"""Figures of the runtime itself, for docs/performance.md: memory, activations, fan-out, starting,
churn.

`python -m bench.depth [--facts N] [--markdown FILE]`. No HTTP; folders are temporary. It stops by
itself.
"""

import argparse
import gc
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any

import trio
from pyroaring import BitMap

from actors.fanout import POLICIES
from actors.members import Members
from actors.post.messages import Like
from actors.post.state import PostState
from actors.runtime.actors import Actors, open_actors
from actors.runtime.cell import Cell
from actors.runtime.inboxes import Inboxes, Sizes, Slot
from actors.runtime.passivation import Residency
from actors.runtime.rounds import Clocks
from actors.state import encode_state
from actors.user.messages import Follow, NewMedium, Publish, Unfollow
from actors.user.state import UserState
from admin.verify import verify_folder
from bench.house import PAGE_BYTES, RESIDENT_PAGES, LoopSteps
from storage.disk import Group
from storage.facts import Entry, Followed, Text
from storage.folder import DATABASE_NAME
from storage.ids import post_key, user_key
from storage.journal import open_disk
from storage.projection import write_group
from storage.queries import answer
from storage.reads import GetBeginning, GetFeed, Snapshot
from storage.sqlite import open_reader, open_writer

ROOT = Path(__file__).parent.parent
CELLS = 20_000
FOLLOWERS, LIKERS = 150, 150
CHURNED_USERS = 100_000
CHURN_CAP = 1_000
FOLLOWEES = 2_000
ASKERS = 64

Row = tuple[str, str]


def resident_bytes() -> int:
    return int(RESIDENT_PAGES.read_text().split()[1]) * PAGE_BYTES


def clocks() -> Clocks:
    return Clocks(lambda: time.time_ns() // 1_000_000, time.perf_counter)


def populated(folder: Path, **plan: int) -> None:
    arguments = [part for name, n in plan.items() for part in (f"--{name}", str(n))]
    command = [sys.executable, "run.py", "populate", "--data", str(folder), "--seed", "1"]
    subprocess.run([*command, *arguments], cwd=ROOT, check=True, capture_output=True)


def cells_in_memory() -> list[Row]:
    """Bytes a cell with sets of ordinary size."""
    rows: list[Row] = []
    people = range(1, 1_000_000, 5_000)

    def user(n: int) -> Any:
        followers, following = (Members(p + n for p in people[:FOLLOWERS]) for _ in range(2))
        name = Text(n, f"user{n}")
        return UserState(n, name, n, followers=followers, following=following)

    def post(n: int) -> Any:
        likers = [Members(p + n for p in people[:LIKERS]) for _ in range(2)]
        return PostState(n, 1, False, (Text(n, "f" * 36), Text(n, "t" * 36)), *likers)

    for what, key, state in (
        (f"a user with {FOLLOWERS} followers and as many followed", user_key, user),
        (f"a post with {LIKERS} likers", post_key, post),
    ):
        gc.collect()
        before = resident_bytes()
        kept: list[Cell] = []
        for n in range(1, CELLS + 1):
            cell = Cell(key(n))
            cell.state = state(n)
            kept.append(cell)
        rows.append((f"memory of {what}", f"{(resident_bytes() - before) / CELLS:,.0f} bytes"))
        del kept
    return rows


async def with_actors(
    folder: Path, do: Callable[[Actors], Awaitable[list[Row]]], residency: Residency
) -> list[Row]:
    async with (
        open_disk(folder / DATABASE_NAME) as disk,
        open_actors(disk, clocks(), residency=residency) as actors,
    ):
        return await do(actors)


async def asked_by_many(asks: Iterable[Callable[[], Awaitable[Any]]]) -> float:
    """Seconds that it takes `ASKERS` tasks to do all of them."""
    began = time.perf_counter()
    waiting = iter(asks)

    async def ask_some() -> None:
        for ask in waiting:
            await ask()

    async with trio.open_nursery() as nursery:
        for _ in range(ASKERS):
            nursery.start_soon(ask_some)
    return time.perf_counter() - began


async def activations(actors: Actors) -> list[Row]:
    """Cold actors asked for something that is so already: each is loaded from the rows."""
    asks = [
        lambda n=n: actors.ask(Unfollow(n, n))
        for n in random.Random(1).sample(range(1, 5_001), 5_000)
    ]
    took = await asked_by_many(asks)
    return [("activations, 20 follows each", f"{5_000 / took:,.0f}/s")]


async def fan_out(folder: Path, followers: int) -> list[Row]:
    """One post to so many resident inboxes, while others are served."""
    connection = open_writer(folder / DATABASE_NAME)
    seq = answer(connection, GetBeginning()).value.seq
    state = UserState(1, Text(1, "user1"), 1, followers=Members(range(2, followers + 2)))
    write_group(connection, Group(snapshots=[Snapshot(user_key(1), seq, encode_state(state))]))
    connection.close()

    async def publish(actors: Actors) -> list[Row]:
        feed = Inboxes(actors, POLICIES["push"], time.perf_counter, Sizes(inboxes=10**6))
        for owner in range(2, followers + 2):  # as if each had just read its feed
            slot = feed._slots[owner] = Slot(owner, 500)
            slot.inbox.fill([1], [], True, seq)
        feed._resident = BitMap(range(2, followers + 2))
        actors.listen(feed.on_delivered)
        steps, served = LoopSteps(), 0

        async def others() -> None:
            nonlocal served
            while True:
                await actors.ask(Unfollow(2, 2))
                served += 1

        async with trio.open_nursery() as nursery:
            nursery.start_soon(feed.run)
            nursery.start_soon(others)
            await trio.sleep(0.2)
            gc.collect()
            trio.lowlevel.add_instrument(steps)
            served, began = 0, time.perf_counter()
            await actors.ask(Publish(1, None, (NewMedium(1, 1, f"f{followers}", f"t{followers}"),)))
            while feed.statistics()["handouts"]:
                await trio.lowlevel.checkpoint()
            took = time.perf_counter() - began
            trio.lowlevel.remove_instrument(steps)
            nursery.cancel_scope.cancel()
        return [
            (
                f"fan-out to {followers:,} resident inboxes",
                f"{followers / took:,.0f}/s, {took * 1e3:.1f} ms in all, worst step "
                f"{steps.worst_s * 1e3:.1f} ms ({steps.worst_task}), "
                f"{served} others served meanwhile",
            )
        ]

    return await with_actors(folder, publish, Residency())


def feed_rebuilt(folder: Path) -> list[Row]:
    """The fill of an inbox for somebody who follows very many."""
    connection = open_writer(folder / DATABASE_NAME)
    beginning = answer(connection, GetBeginning()).value
    followed = {f for (f,) in connection.execute("select followee from follows where follower = 1")}
    new = [n for n in range(2, FOLLOWEES + 100) if n not in followed][: FOLLOWEES - len(followed)]
    entries = [Entry(beginning.seq + n, beginning.at, Followed(f, 1)) for n, f in enumerate(new, 1)]
    write_group(connection, Group(entries=entries))
    connection.close()
    reader = open_reader(folder / DATABASE_NAME)
    times: list[float] = []
    for _ in range(20):
        began = time.perf_counter()
        answer(reader, GetFeed(1, 500))
        times.append(time.perf_counter() - began)
    reader.close()
    return [
        (f"feed rebuilt, {FOLLOWEES:,} followees, 500 posts", f"{sorted(times)[10] * 1e3:.1f} ms")
    ]


def start_time(folder: Path, facts: int) -> list[Row]:
    """From the command to the first 200."""
    command = [sys.executable, "run.py", "serve", "--data", str(folder), "--port", "0"]
    began = time.perf_counter()
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as served:
        assert served.stdout is not None
        served.stdout.readline()
        took = time.perf_counter() - began
        served.terminate()
    return [(f"start with {facts:,} facts, interpreter and imports included", f"{took:.2f} s")]


async def churn(folder: Path) -> list[Row]:
    """Many users through a small cap; then everything is verified."""
    marks: list[int] = []

    async def all_of_them(actors: Actors) -> list[Row]:
        chance = random.Random(2)
        people = list(range(1, CHURNED_USERS + 1))
        chance.shuffle(people)
        step = CHURNED_USERS // 10
        largest = 0
        began = time.perf_counter()
        for start in range(0, CHURNED_USERS, step):
            asks = [
                lambda n=n: actors.ask(Follow(n, n % CHURNED_USERS + 1))
                for n in people[start : start + step]
            ]
            await asked_by_many(asks)
            largest = max(largest, actors.directory.statistics()["cells"])
            gc.collect()
            marks.append(resident_bytes())
        took = time.perf_counter() - began
        shown = ", ".join(f"{mark / 2**20:.0f}" for mark in marks)
        return [
            (
                f"{CHURNED_USERS:,} users through a cap of {CHURN_CAP:,}",
                f"{CHURNED_USERS / took:,.0f} durable follows of cold users/s, at most {largest:,} "
                f"cells, MB after each tenth: {shown}",
            )
        ]

    rows = await with_actors(folder, all_of_them, Residency(cells_max=CHURN_CAP))
    report = verify_folder(folder, lambda done, of: None, now=0)
    rows.append(("differences after the churn, by verify", str(len(report.differences))))
    return rows


async def hot_post(folder: Path) -> list[Row]:
    """Everybody likes one post."""
    connection = open_reader(folder / DATABASE_NAME)
    (post, author) = connection.execute("select post, author from posts limit 1").fetchone()
    connection.close()

    async def like(actors: Actors) -> list[Row]:
        asks = [lambda n=n: actors.ask(Like(post, author, n)) for n in range(1, 5_001)]
        took = await asked_by_many(asks)
        return [("likes of one post, 64 askers", f"{5_000 / took:,.0f} durable/s")]

    return await with_actors(folder, like, Residency())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--facts", type=int, default=1_000_000, help="journal for the start")
    parser.add_argument("--markdown", type=Path)
    chosen = parser.parse_args()
    place = Path(tempfile.mkdtemp(prefix="triptych-depth-"))
    rows: list[Row] = []

    def told(more: list[Row]) -> None:
        for what, figure in more:
            print(f"{what}: {figure}", flush=True)
        rows.extend(more)

    try:
        told(cells_in_memory())
        some = place / "some"
        populated(some, users=5_000, follows=100_000, posts=20_000, likes=20_000)
        told(trio.run(with_actors, some, activations, Residency()))
        told(trio.run(hot_post, some))
        told(feed_rebuilt(some))
        for followers in (1_000, 10_000, 100_000):
            told(trio.run(fan_out, some, followers))
        shutil.rmtree(some)
        churned = place / "churned"
        populated(churned, users=CHURNED_USERS, follows=0, posts=0, likes=0)
        told(trio.run(churn, churned))
        shutil.rmtree(churned)
        many = place / "many"
        share = chosen.facts // 10
        populated(many, users=share // 2, posts=share // 2, follows=4 * share, likes=5 * share)
        told(start_time(many, chosen.facts))
    finally:
        shutil.rmtree(place, ignore_errors=True)
    if chosen.markdown is not None:
        table = ["| what | figure |", "| --- | --- |", *(f"| {what} | {f} |" for what, f in rows)]
        chosen.markdown.write_text("\n".join(table) + "\n")


if __name__ == "__main__":
    main()
