"""A folder of an older Triptych is served after a start, with everything that was in it; and what
can't be done to it is told, and leaves it as it was."""

import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import trio

from storage.schema import SCHEMA_VERSION
from storage.sqlite import open_reader, open_writer
from tests.process.keeping import look
from tests.process.starting import (
    ROOT,
    jpeg,
    launched,
    log_in,
    make_post,
    make_user,
    path_of,
    run,
    started,
)
from tests.process.story import assert_sound
from tests.storage.aging import age

BAD_USAGE = 2
DISK_FAILED = 74

OLD = f"triptych.db.before-schema-{SCHEMA_VERSION}"

PLAN = ("--users", "500", "--follows", "7500", "--posts", "10", "--likes", "20")
"""A rebuild of these takes half a second, and several writes."""


@pytest.fixture(scope="module")
def older(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as an older Triptych has left it. Not to be touched: see `folder`."""

    async def populate(folder: Path) -> None:
        populated = await run("populate", "--data", folder, *PLAN)
        assert populated.code == 0, populated

    folder = tmp_path_factory.mktemp("older") / "data"
    trio.run(populate, folder)
    age(folder / "triptych.db")
    return folder


@pytest.fixture
def folder(older: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return shutil.copytree(older, tmp_path / "data")


def databases_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("triptych.*"))


def texts_in(database: Path) -> set[str]:
    connection = open_reader(database)
    texts = {row[0] for row in connection.execute("select text from contents").fetchall()}
    connection.close()
    return texts


async def test_an_older_folder_is_served_after_a_start_with_everything(tmp_path: Path):
    folder = tmp_path / "data"
    async with started(folder) as server, server.client() as client:
        ann, bob = await make_user(client, "ann"), await make_user(client, "bob")
        published = await bob.publish("stays", jpeg(64, 48), key="a-key")
        post = published.json()
        gone = (await make_post(bob, "what bob regrets"))["post_id"]
        for person, method, path in (
            (ann, "POST", f"/users/{bob.id}/follow"),
            (ann, "POST", f"/posts/{gone}/like"),
            (bob, "DELETE", f"/posts/{gone}"),
        ):
            answer = await person.call(method, path)
            assert answer.status_code == 200, answer.text
        picture = await client.get(path_of(post["media"][0]["url"]))
        seen = await look([ann, bob])
        assert await server.stop() == 0
    age(folder / "triptych.db")
    before, texts = (folder / "triptych.db").read_bytes(), texts_in(folder / "triptych.db")

    async with started(folder) as server, server.client() as client:
        for words in ("the database is of an older schema", "rebuilding", "rebuilt the database"):
            assert words in server.logged
        assert OLD in server.logged
        ann.client = bob.client = client
        assert await look([ann, bob]) == seen
        again = await bob.publish("stays", jpeg(64, 48), key="a-key")
        assert again.json() == post, "a kept reply is kept, and nothing happens twice"
        assert (await client.get(path_of(post["media"][0]["url"]))).content == picture.content
        assert texts_in(folder / "triptych.db") == texts, "what was erased stays erased"
        assert (await log_in(client, "bob")).status_code == 200
        newer = await make_post(ann, "after")
        assert int(newer["post_id"]) > max(int(post["post_id"]), int(gone))
        assert await server.stop() == 0
    assert (folder / OLD).read_bytes() == before
    await assert_sound(folder)

    async with started(folder) as server:
        assert await server.stop() == 0
        assert "rebuil" not in server.logged, "once is enough"
        assert "an old database is kept" in server.logged
        (folder / OLD).unlink()
    async with started(folder) as server:
        assert await server.stop() == 0
        assert "old database" not in server.logged


async def test_verify_leaves_an_older_folder_to_the_start(folder: Path):
    before = (folder / "triptych.db").read_bytes()
    verified = await run("verify", "--data", folder)
    assert verified.code == BAD_USAGE, verified
    assert f"schema {SCHEMA_VERSION - 1}" in verified.logged
    assert "start the server once" in verified.logged
    assert (folder / "triptych.db").read_bytes() == before


async def test_a_command_that_opens_an_older_folder_rebuilds_it_first(folder: Path):
    populated = await run("populate", "--data", folder, *PLAN)
    assert populated.code == BAD_USAGE, populated
    assert "has data already" in populated.logged
    assert OLD in populated.logged
    listed = await run("user", "list", "--data", folder)
    assert listed.code == 0, listed
    assert len(listed.said.splitlines()) == 500
    assert OLD not in listed.logged, "once is enough"
    await assert_sound(folder)


def leave_no_room(database: Path) -> None:
    with open(database, "r+b") as file:  # a hole, which takes none itself
        file.truncate(shutil.disk_usage(database.parent).free)


def lose_a_fact(database: Path) -> None:
    connection = open_writer(database)
    connection.execute("delete from journal where seq = 3")
    connection.close()


@pytest.mark.parametrize(
    ("harm", "code", "reason"),
    [
        pytest.param(leave_no_room, DISK_FAILED, "make room and try again", id="no room"),
        pytest.param(lose_a_fact, BAD_USAGE, "fact 3 is missing", id="a hole in the journal"),
    ],
)
async def test_what_can_t_be_rebuilt_is_told_and_left_as_it_was(
    folder: Path, harm: Callable[[Path], None], code: int, reason: str
):
    harm(folder / "triptych.db")
    size = (folder / "triptych.db").stat().st_size
    refused = await run("serve", "--port", "0", "--data", folder)
    assert refused.code == code, refused
    assert reason in refused.logged
    assert "Traceback" not in refused.logged
    assert not refused.said
    assert databases_in(folder) == ["triptych.db"]
    assert (folder / "triptych.db").stat().st_size == size


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_a_start_that_rebuilds_and_the_next_one_begins_anew(
    folder: Path, number: int
):
    met = (sys.executable, "-m", "tests.process.impatient", str(int(number)))
    async with launched(folder, program=met, variables={"PYTHONPATH": str(ROOT)}) as server:
        assert await server.ended() == 0
        assert "rebuilding" in server.logged
        assert "rebuilt" not in server.logged
        assert "stopped before the start was done" in server.logged
        assert not server.said
    assert databases_in(folder) == ["triptych.db"]
    async with started(folder) as server:
        assert await server.stop() == 0
    assert databases_in(folder) == ["triptych.db", OLD]
