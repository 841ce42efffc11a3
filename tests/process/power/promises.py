"""What clients were told, and when: people who write at once, and whether a database has all that
was answered with 2xx by some moment.
"""

import shutil
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import httpx
import trio

from storage import audit
from storage.sqlite import SqliteError, open_reader, open_writer
from tests.process.starting import Person, Server, jpeg, make_user

WRITERS = 16

ACTS = ("comment",) * 5 + ("like",) * 4 + ("follow",) * 2 + ("post",)

Thing = tuple[str, ...]

QUERIES = {
    "user": "select account from users",
    "post": "select post from posts",
    "comment": "select comment from comments",
    "like": "select post, account from likes",
    "follow": "select followee, follower from follows",
    "key": "select account, key from replies",
}


class Promise(NamedTuple):
    """Something is so, from the moment on that its client was told, in Unix seconds."""

    at: float
    things: tuple[Thing, ...]


class Promises:
    """All that was told, in order."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        self.all: list[Promise] = []
        self._posts: list[str] = []
        self._people: list[Person] = []
        """Of this life of the server."""
        self._lives = 0
        self._done: set[Thing] = set()

    def told(self, *things: Thing) -> None:
        self.all.append(Promise(time.time(), things))

    def until(self, moment: float) -> Iterable[Thing]:
        """What was told before `moment`."""
        return (thing for told in self.all if told.at < moment for thing in told.things)

    async def write(self, server: Server, count: int) -> None:
        """Have people write, until so much was acknowledged."""
        async with server.client() as client:
            self._people = []
            for number in range(WRITERS):
                person = await make_user(client, f"writer{self._lives * WRITERS + number}")
                self._people.append(person)
                self.told(("user", person.id))
            self._lives += 1
            async with trio.open_nursery() as nursery:
                for person in self._people:
                    nursery.start_soon(self._write_some, person, count)

    async def _write_some(self, person: Person, count: int) -> None:
        while len(self.all) < count:
            await self._one(person, self._random.choice(ACTS) if self._posts else "post")

    async def _one(self, person: Person, act: str) -> None:
        key = f"{self._random.getrandbits(64):x}"
        promised = ("key", person.id, key)
        post = self._random.choice(self._posts or [""])
        other = self._random.choice(self._people)
        match act:
            case "post":
                made = _good(await person.publish("x", jpeg(16, 16), key=key))
                self.told(("post", made["post_id"]), promised)
                self._posts.append(made["post_id"])
            case "comment":
                path, body = f"/posts/{post}/comments", {"text": f"said {key}"}
                made = _good(await person.call("POST", path, key=key, json=body))
                number = made["comment_id"].removeprefix("comment_")
                self.told(("comment", number), promised)
            case "like" if ("like", post, person.id) not in self._done:
                self._done.add(("like", post, person.id))
                _good(await person.call("POST", f"/posts/{post}/like", key=key))
                self.told(("like", post, person.id), promised)
            case "follow" if other is not person:
                _good(await person.call("POST", f"/users/{other.id}/follow", key=key))
                self.told(("follow", other.id, person.id), promised)
            case _:
                await trio.lowlevel.checkpoint()


def _good(answer: httpx.Response) -> Any:
    assert answer.is_success, answer.text
    return answer.json()


class Left(NamedTuple):
    """What is in a database."""

    things: set[Thing]
    media: set[str]
    """Files that its rows name."""


def left_in(folder: Path, *, whole: bool = False) -> Left:
    """What a database has, opened as after a power cut; `whole`: and it is sound."""
    database = folder / "triptych.db"
    Path(f"{database}-shm").unlink(missing_ok=True)
    if not database.exists() or not database.stat().st_size:
        return Left(set(), set())
    try:
        connection = open_reader(database)
    except SqliteError:  # a half-made database: whoever may write undoes what was begun
        with tempfile.TemporaryDirectory() as copied:
            shutil.copytree(folder, copied, dirs_exist_ok=True)
            open_writer(Path(copied) / "triptych.db").close()
            return left_in(Path(copied), whole=whole)
    try:
        tables = {name for (name,) in connection.execute("select name from sqlite_schema")}
        if "replies" not in tables:
            return Left(set(), set())
        if whole:
            assert audit.soundness(connection) == []
        things = {
            (kind, *map(str, row))
            for kind, query in QUERIES.items()
            for row in connection.execute(query)
        }
        media = "select file from media union all select thumbnail from media"
        return Left(things, {name for (name,) in connection.execute(media)})
    finally:
        connection.close()
