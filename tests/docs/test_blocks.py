"""Every block of code in README and docs runs, or is in a short list with the reason why not."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from server.settings import load_settings
from tests.docs.blocks import OPERATING, PAGES, README, ROOT, Block, blocks_in, blocks_of
from tests.docs.walks import Printed, answers_after, differences, walk
from tests.process.starting import environment, launched, served

DEFAULT_URL = "http://127.0.0.1:8000"

NOT_EXECUTED = {
    ("README.md", "make run"): "it sets up .venv and serves until Ctrl-C; tests/process starts it",
    ("README.md", "make test"): "this test is part of it",
    (
        "docs/operating.md",
        ".venv/bin/python run.py serve --data /srv/photos --port 8080 "
        "--public-url https://photos.example.org",
    ): "it serves until Ctrl-C; tests/process does the same",
}
"""(page, block) -> why no test executes it."""

LANGUAGES = ("sh", "json", "text", "python", "toml", "javascript", "swift", "mermaid")


def first_line(block: Block) -> str:
    return block.text.partition("\n")[0]


def name_of(block: Block) -> tuple[str, str]:
    return str(block.page.relative_to(ROOT)), first_line(block)


def to_execute(page: Path) -> list[Block]:
    """The blocks of a page but for those that are not executed."""
    return [block for block in blocks_of(page) if name_of(block) not in NOT_EXECUTED]


def make_tree(folder: Path) -> None:
    """Something like a fresh clone, where a page's commands may leave what they like."""
    for name in ("run.py", "docs"):
        (folder / name).symlink_to(ROOT / name)


async def follow(page: Path, folder: Path, instead: dict[str, str]) -> None:
    """Carry out a page's shell blocks, and compare each answer that it shows."""
    blocks = to_execute(page)
    shells = [place for place, block in enumerate(blocks) if block.language == "sh"]
    printed = await walk([blocks[place] for place in shells], folder, instead, environment())
    shown = answers_after(blocks)
    for place, came in zip(shells, printed, strict=True):
        if place in shown:
            assert not (difference := differences(shown[place], came.text, instead)), difference
        else:
            assert came == Printed("", 0), f"{blocks[place]} shows nothing, but this came: {came}"


async def test_the_readme_shows_what_a_server_answers(tmp_path: Path):
    make_tree(tmp_path)
    async with launched(tmp_path / "data") as server:
        await served(server)
        await follow(README, tmp_path, {DEFAULT_URL: server.url})


async def test_the_commands_for_operators_do_what_the_page_says(tmp_path: Path):
    make_tree(tmp_path)
    await follow(OPERATING, tmp_path, {".venv/bin/python": sys.executable})


@pytest.mark.parametrize("block", blocks_in("python"), ids=str)
def test_python_runs(block: Block, tmp_path: Path):
    done = subprocess.run(
        [sys.executable, "-c", block.text],
        cwd=tmp_path,
        env=environment(PYTHONPATH=str(ROOT)),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, f"{block}:\n{done.stderr}"


@pytest.mark.parametrize("block", blocks_in("toml"), ids=str)
def test_a_settings_file_holds_settings(block: Block):
    assert load_settings({}, {}, tomllib.loads(block.text))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_block_says_its_language(page: Path):
    strange = [str(block) for block in blocks_of(page) if block.language not in LANGUAGES]
    assert not strange, f"one of {LANGUAGES}, so that somebody looks after it: {strange}"


def test_every_shell_block_is_executed_or_has_a_reason():
    nobody = [
        str(block)
        for block in blocks_in("sh")
        if block.page not in (README, OPERATING) and name_of(block) not in NOT_EXECUTED
    ]
    assert not nobody, "execute them, or say in NOT_EXECUTED why not"


def test_nothing_is_excused_that_is_not_there():
    assert set(NOT_EXECUTED) <= {name_of(block) for block in blocks_in("sh")}


def test_every_answer_in_the_readme_is_compared():
    blocks = to_execute(README)
    shown = {str(block) for block in blocks if block.language != "sh"}
    assert shown == {str(answer) for answer in answers_after(blocks).values()}
