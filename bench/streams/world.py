"""Who publishes and who listens in `bench.streams`: a populated folder in which user 1 is followed
by everybody and user 2 by the first of them, and tokens for those who listen."""

import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
import trio

from bench.hammer import ROOT
from bench.house import open_house
from bench.people import open_sessions
from bench.streams.ours import FIRST_LISTENER
from server.settings import Settings
from storage.folder import open_folder

URL = "http://bench"


class World(msgspec.Struct, frozen=True):
    """A folder, and the tokens of user 1 and of all listeners, in the order of their accounts."""

    folder: Path
    author_token: str
    tokens: list[str]

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def copy(self, name: str) -> Path:
        """A data folder for a server of its own."""
        copy = self.folder / name.replace(" ", "-")
        shutil.copytree(self.data, copy)
        copy.chmod(0o700)
        return copy


def make_world(folder: Path, listeners: int, some: int) -> World:
    """`some` of the `listeners` follow user 2, too."""
    data, graph = folder / "data", folder / "graph"
    users = FIRST_LISTENER + listeners - 1
    ties = [f"1 {account}" for account in range(FIRST_LISTENER, users + 1)]
    ties += [f"2 {account}" for account in range(FIRST_LISTENER, FIRST_LISTENER + some)]
    graph.write_text("\n".join(ties))
    command = [sys.executable, "run.py", "populate", "--data", str(data), "--graph", str(graph)]
    figures = {"users": users, "follows": 2 * len(ties), "posts": 0, "likes": 0, "comments": 0}
    flags = [text for name, value in figures.items() for text in (f"--{name}", str(value))]
    subprocess.run([*command, *flags], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    tokens = trio.run(_tokens, data, users)
    listening = [tokens[account] for account in range(FIRST_LISTENER, users + 1)]
    return World(folder, tokens[1], listening)


async def _tokens(data: Path, users: int) -> dict[int, str]:
    with open_folder(data) as folder:
        async with open_house(folder, Settings(data=str(data), rate_limits="off"), URL) as house:
            return {person.account: person.token for person in await open_sessions(house, users)}
