"""The starting line: feed pages and likes a second, through Hypercorn over sockets, straight into
the application, and without either.

`make bench` runs it, or `python -m bench.first --help`. It populates a folder of its own, removed
at the end. The figures are of this machine and its disk; nothing fails for being slow.
"""

import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from random import Random
from typing import IO

import click
import msgspec
import trio

import run
from bench import cells, table
from bench.house import Measured, open_house
from bench.people import Likes, Person, open_sessions
from bench.ways import Call, Wire
from server.logs import configure_logs
from server.settings import Settings
from storage.folder import open_folder
from storage.sqlite import open_memory

ROOT = Path(__file__).parent.parent
FOLLOWS_A_USER = 20
LIKES_A_POST = 4
URL = "http://bench"


class Bench:
    """One run: its folder, its lines and what is told below them."""

    def __init__(self, folder: Path, users: int, posts: int, seed: int, seconds: float) -> None:
        self.data = folder / "data"
        self.log = folder / "log"
        self.users = users
        self.posts = posts
        self.seed = seed
        self.seconds = seconds
        self.settings = Settings(data=str(self.data), rate_limits="off")
        self.lines: list[table.Line] = []
        self.notes: list[str] = []
        self._began = time.perf_counter()

    def say(self, what: str) -> None:
        click.echo(f"{time.perf_counter() - self._began:6.1f} s  {what}", err=True)

    def note(self, what: str) -> None:
        self.notes.append(what)
        self.say(what)

    def run(self) -> None:
        began = time.perf_counter()
        self.populate()
        self.note(
            f"populated {self.users:,} users, {self.users * FOLLOWS_A_USER:,} follows, "
            f"{self.posts:,} posts, {self.posts * LIKES_A_POST:,} likes "
            f"in {time.perf_counter() - began:.1f} s"
        )
        self.say("opening sessions")
        people = trio.run(self.open_sessions)
        with open_folder(self.data) as folder:
            likes = Likes(folder.database, people, Random(self.seed))
        plan = cells.Plan(people, likes, Random(self.seed), self.seconds, self.say)
        self.over_sockets(plan)
        trio.run(self.in_process, plan)
        self.say("bare commits")
        self.lines.append(cells.bare_commits(self.data, self.seconds))

    def populate(self) -> None:
        figures = {
            "users": self.users,
            "follows": self.users * FOLLOWS_A_USER,
            "posts": self.posts,
            "likes": self.posts * LIKES_A_POST,
            "seed": self.seed,
        }
        flags = [text for name, value in figures.items() for text in (f"--{name}", str(value))]
        command = [sys.executable, "run.py", "populate", "--data", str(self.data), *flags]
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)

    async def open_sessions(self) -> list[Person]:
        with open_folder(self.data) as folder:
            async with open_house(folder, self.settings, URL) as house:
                return await open_sessions(house, self.users)

    def over_sockets(self, plan: cells.Plan) -> None:
        """The server in another process, asked over loopback."""
        began = time.perf_counter()
        arguments = ["-m", "bench.served", "--data", str(self.data), "--log", str(self.log)]
        with subprocess.Popen(
            [sys.executable, *arguments], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as served:
            assert served.stdin is not None
            assert served.stdout is not None
            port = msgspec.json.decode(served.stdout.readline())["port"]
            self.note(f"a server on it is ready after {time.perf_counter() - began:.2f} s")
            trio.run(self.ask_over_sockets, plan, port, served.stdin, served.stdout)

    async def ask_over_sockets(
        self, plan: cells.Plan, port: int, asking: IO[bytes], answers: IO[bytes]
    ) -> None:
        async def take() -> Measured:
            os.write(asking.fileno(), b"\n")
            return msgspec.json.decode(answers.readline(), type=Measured)

        def memory(measured: Measured) -> str:
            return f"{measured.resident_bytes / 2**20:.0f} MiB"

        self.note(f"idle it takes {memory(await take())}")
        through = cells.Cells(plan, "Hypercorn", take, apart=True)
        first = await cells.requests(through, plan, lambda: Wire(port))
        assert first.inside is not None
        self.note(f"after {first.load.done:,} first reads of a feed, {memory(first.inside)}")
        self.note(f"in the end, {memory(await take())}")
        self.lines += through.lines

    async def in_process(self, plan: cells.Plan) -> None:
        """The application called in this process, then what is beneath it."""
        with open_folder(self.data) as folder, self.log.open("a") as log:
            configure_logs("json", self.settings.log_level, log)
            async with open_house(folder, self.settings, URL) as house:

                async def take() -> Measured:
                    return house.take()

                called = cells.Cells(plan, "ASGI", take, apart=False)
                await cells.requests(called, plan, lambda: Call(house.app))
                beneath = cells.Cells(plan, "no HTTP", take, apart=False)
                await cells.without_http(beneath, plan, house)
                self.lines += called.lines + beneath.lines

    def headline(self) -> str:
        python = f"{platform.python_implementation()} {platform.python_version()}"
        sqlite = open_memory().execute("select sqlite_version()").fetchone()[0]
        return (
            f"{python}, SQLite {sqlite}, {platform.system()} {platform.machine()}, "
            f"{os.cpu_count()} cores, {self.seconds:g} s a cell"
        )


@click.command()
@click.option("--users", type=click.IntRange(2), default=5_000, help="Accounts to populate.")
@click.option("--posts", type=click.IntRange(1), default=50_000, help="Posts to populate.")
@click.option("--seconds", type=click.FloatRange(0.1), default=3.0, help="Seconds a cell.")
@click.option("--seed", type=int, default=1, help="Of the data and of who asks for what.")
@click.option(
    "--folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Where to make the data folder: on the disk to be measured.",
)
@click.option("--markdown", type=click.Path(dir_okay=False, path_type=Path), help="Write it here.")
def main(
    users: int, posts: int, seconds: float, seed: int, folder: Path | None, markdown: Path | None
) -> None:
    """Feed pages and likes a second with 1, 16 and 64 clients."""
    sys.setswitchinterval(run.SWITCH_INTERVAL_S)
    with tempfile.TemporaryDirectory(prefix="triptych-bench-", dir=folder) as made:
        bench = Bench(Path(made), users, posts, seed, seconds)
        bench.run()
    click.echo("\n".join([bench.headline(), "", table.aligned(bench.lines), "", *bench.notes]))
    if markdown is not None:
        notes = "\n".join(f"- {note}" for note in bench.notes)
        text = f"{bench.headline()}\n\n{table.markdown(bench.lines)}\n\n{notes}\n"
        markdown.write_text(text)


if __name__ == "__main__":
    main()
