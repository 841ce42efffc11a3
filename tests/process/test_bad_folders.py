"""Folders that can't be used, as an operator meets them: one sentence with the remedy, and the exit
code of docs/operating.md; nothing is made, and nothing is changed."""

import os
import random
import shutil
import subprocess
from pathlib import Path

import pytest
import trio

from storage.sqlite import open_reader
from tests.process.starting import (
    COMMAND_S,
    PASSWORD,
    command,
    environment,
    launched,
    run,
)

DIFFERENCES = 1
BAD_USAGE = 2
DISK_FAILED = 74

PLAN = ("--users", "3", "--follows", "2", "--posts", "2", "--likes", "1")

SERVE = ["serve", "--port", "0"]

READING = [["verify"], ["user", "list"], ["status"], ["metrics-token"]]

WRITING = [
    ["verify", "--repair"],
    ["user", "verify", "ann"],
    ["user", "reset-password", "ann", "--password", PASSWORD],
]
"""On a folder that must be there."""

MAKING = [
    ["user", "create", "ann", "--password", PASSWORD],
    ["invite", "create"],
    ["populate", *PLAN],
]

ASKING = [["lift", "post:1"], ["tail", "--user", "ann"]]
"""A running server, as `status` does."""


@pytest.fixture(scope="module")
def populated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("populated") / "data"
    made = trio.run(run, "populate", "--data", folder, *PLAN)
    assert made.code == 0, made
    return folder


def spoilt(populated: Path, folder: Path, *tables: str) -> Path:
    """A copy in which the first pages of tables, and of their indexes, are noise."""
    shutil.copytree(populated, folder)
    database = folder / "triptych.db"
    connection = open_reader(database)
    (size,) = connection.execute("pragma page_size").fetchone()
    pages = connection.execute("select tbl_name, rootpage from sqlite_schema where rootpage > 0")
    roots = [root for table, root in pages.fetchall() if table in tables]
    connection.close()
    with database.open("r+b") as file:
        for root in roots:
            file.seek((root - 1) * size)
            file.write(random.Random(root).randbytes(size))
    return folder


@pytest.mark.parametrize(
    "words", [SERVE, ["settings"], *READING, *WRITING, *MAKING, *ASKING], ids=" ".join
)
async def test_a_file_is_refused_with_one_sentence(tmp_path: Path, words: list[str]):
    file = tmp_path / "file"
    file.write_bytes(b"mine")
    ended = await run(*words, "--data", file)
    assert (ended.code, ended.said, ended.logged) == (
        DISK_FAILED,
        "",
        f"Error: the data folder can't be used: {file}: Not a directory; "
        "mend that, or name another folder with --data\n",
    )
    assert file.read_bytes() == b"mine"


def as_an_ordinary_user() -> list[str]:
    """What root must put before a command so that the modes of files hold for it."""
    if os.geteuid() != 0:
        return []
    dropping = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"]
    if subprocess.run(["sh", "-c", f"{' '.join(dropping)} true"], check=False).returncode != 0:
        pytest.skip("root may enter every folder, and can't give that up here")
    return dropping


@pytest.mark.parametrize("words", [SERVE, ["settings"], *READING], ids=" ".join)
async def test_somebody_else_s_folder_is_refused_with_one_sentence(
    tmp_path: Path, words: list[str]
):
    theirs = tmp_path / "theirs"
    folder = theirs / "data"
    folder.mkdir(parents=True)
    theirs.chmod(0)
    with trio.fail_after(COMMAND_S):
        ended = await trio.run_process(
            [*as_an_ordinary_user(), *command(*words, "--data", folder)],
            capture_stderr=True,
            check=False,
            env=environment(),
        )
    theirs.chmod(0o700)
    assert (ended.returncode, ended.stderr.decode()) == (
        DISK_FAILED,
        f"Error: the data folder can't be used: {folder}: Permission denied; "
        "mend that, or name another folder with --data\n",
    )
    assert not list(folder.iterdir())


@pytest.mark.parametrize("words", [*READING, *WRITING, *ASKING], ids=" ".join)
async def test_no_folder_is_made_by_a_command_that_needs_one(tmp_path: Path, words: list[str]):
    ended = await run(*words, "--data", tmp_path / "typo")
    assert (ended.code, ended.logged.count("\n")) == (BAD_USAGE, 1), ended
    assert "folder with --data" in ended.logged
    assert not (tmp_path / "typo").exists()


@pytest.mark.parametrize(
    ("name", "words", "sentence"),
    [
        ("epoch", ["user", "list"], "a number: go back to a backup, or delete it ("),
        ("secrets/tokens", SERVE, "32 bytes, not 0: go back to a backup, or "),
        ("secrets/metrics", ["metrics-token"], "32 bytes, not 0: go back to a backup, or delete"),
    ],
)  # fmt: skip
async def test_an_emptied_file_is_named_with_what_to_do(
    populated: Path, tmp_path: Path, name: str, words: list[str], sentence: str
):
    folder = tmp_path / "data"
    shutil.copytree(populated, folder)
    (folder / name).write_bytes(b"")
    ended = await run(*words, "--data", folder)
    assert (ended.code, ended.logged.count("\n")) == (BAD_USAGE, 1), ended
    assert f"{folder / name} should hold " in ended.logged
    assert sentence in ended.logged
    (folder / name).unlink()
    async with launched(folder) as server:  # what the sentence says is true
        await server.says("Ctrl-C")


@pytest.mark.parametrize("words", [["verify"], ["user", "list"]])
async def test_a_malformed_database_is_told_with_what_may_help(
    populated: Path, tmp_path: Path, words: list[str]
):
    folder = spoilt(populated, tmp_path / "data", "posts", "users")
    ended = await run(*words, "--data", folder)
    assert ended.code == DISK_FAILED, ended
    assert "malformed; with the server stopped, `run.py verify --repair` builds" in ended.logged
    assert "Traceback" not in ended.logged
    repaired = await run("verify", "--repair", "--data", folder)
    assert (repaired.code, repaired.said[:7]) == (0, "sound: "), repaired


async def test_what_sqlite_can_say_of_a_malformed_database_is_said(populated: Path, tmp_path: Path):
    folder = spoilt(populated, tmp_path / "data", "locations")
    ended = await run("verify", "--data", folder)
    assert ended.code == DIFFERENCES, ended
    differences = ended.said.splitlines()
    assert differences[0].startswith("integrity_check: Tree ")
    assert differences[-1] == "the rest can't be compared: database disk image is malformed"
    assert "with the server stopped, `run.py verify --repair` rebuilds" in ended.logged


async def test_a_malformed_journal_needs_a_backup(populated: Path, tmp_path: Path):
    folder = spoilt(populated, tmp_path / "data", "journal")
    ended = await run("verify", "--repair", "--data", folder)
    assert ended.code == DISK_FAILED, ended
    assert "if that ends like this, go back to a backup\n" in ended.logged


async def test_a_path_that_no_socket_may_have_is_told_and_a_link_helps(tmp_path: Path):
    folder, link = tmp_path / ("d" * 110), tmp_path / "short"
    asked = await run("status", "--data", folder)
    assert (asked.code, asked.logged.count("\n")) == (BAD_USAGE, 1), asked
    assert "start the server by a link to it with a shorter path" in asked.logged
    folder.mkdir()
    link.symlink_to(folder)
    async with launched(link) as server:
        await server.says("Ctrl-C")
        asked = await run("status", "--data", link)
        assert asked.code == 0, asked


async def test_without_a_terminal_a_password_is_asked_for_in_a_sentence(tmp_path: Path):
    words = command("user", "create", "ann", "--data", tmp_path / "data")

    async def create(typed: str) -> tuple[int, str]:
        with trio.fail_after(COMMAND_S):
            ended = await trio.run_process(
                words,
                stdin=typed.encode(),
                capture_stdout=True,
                capture_stderr=True,
                check=False,
                env=environment(),
                start_new_session=True,  # which has no terminal
            )
        return ended.returncode, (ended.stdout + ended.stderr).decode()

    remedy = "give it with --password"
    assert await create("") == (
        BAD_USAGE,
        f"Error: there is no terminal to ask for the password on: {remedy}\n",
    )
    assert await create(f"{PASSWORD}\n") == (0, "ann is account 1\n")
