"""Walks through a page: its shell blocks carried out one after the other, in one shell, as a reader
who copies them would; and what came out compared with the answers that the page shows.

`…` in a shown answer stands for what is different each time: at least one character.
"""

import json
import re
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import trio

from tests.docs.blocks import Block

VARIES = "…"

WALK_S = 600.0
"""A walk takes ten seconds at most, and many more on a busy machine; a command that hangs must not
hang the tests."""

_MARK = "--- end of a block of the page, exit code "


class Printed(msgspec.Struct, frozen=True):
    """What a block printed to standard output, and the exit code of its last command."""

    text: str
    code: int


async def walk(
    blocks: list[Block], folder: Path, instead: Mapping[str, str], environment: Mapping[str, str]
) -> list[Printed]:
    """What each of the blocks prints when a shell in `folder` carries them out.

    `instead` has what is written differently here than a reader would write it.
    """
    script = "".join(f'{substituted(block.text, instead)}\necho "{_MARK}$?"\n' for block in blocks)
    with trio.fail_after(WALK_S):
        done = await trio.run_process(
            ["sh"],
            stdin=script.encode(),
            capture_stdout=True,
            cwd=folder,
            env=dict(environment),
        )
    printed = re.findall(rf"(.*?){_MARK}(\d+)\n", done.stdout.decode(), re.DOTALL)
    assert len(printed) == len(blocks), f"the shell ended early:\n{done.stdout.decode()}"
    return [Printed(text, int(code)) for text, code in printed]


def substituted(text: str, instead: Mapping[str, str]) -> str:
    """`text` as it is written here."""
    for theirs, ours in instead.items():
        text = text.replace(theirs, ours)
    return text


def answers_after(blocks: list[Block]) -> dict[int, Block]:
    """Which shell block of a page, by its place, has an answer shown below it."""
    return {
        place: after
        for place, (block, after) in enumerate(pairwise(blocks))
        if block.language == "sh" and after.language in ("json", "text")
    }


def differences(shown: Block, printed: str, instead: Mapping[str, str]) -> str:
    """How what was printed is not what the page shows; empty if it is."""
    expected = substituted(shown.text, instead)
    if shown.language == "json":
        try:
            alike = is_alike(_in_order(expected), _in_order(printed))
        except json.JSONDecodeError as error:
            return f"{shown}: no JSON ({error}):\n{printed}"
    else:
        alike = is_alike(expected.strip(), printed.strip())
    return "" if alike else f"{shown} shows\n{expected}\nbut this came:\n{printed}"


def is_alike(shown: Any, found: Any) -> bool:
    """Whether two values are the same but for what varies, the order of an object's keys
    included."""
    match shown:
        case str():
            form = ".+".join(map(re.escape, shown.split(VARIES)))
            return isinstance(found, str) and re.fullmatch(form, found) is not None
        case list():
            return (
                isinstance(found, list)
                and len(shown) == len(found)
                and all(map(is_alike, shown, found))
            )
        case tuple():
            return isinstance(found, tuple) and is_alike(list(shown), list(found))
        case _:
            return type(shown) is type(found) and shown == found


def _in_order(text: str) -> Any:
    """JSON with its objects as tuples of pairs: the order of keys counts, too."""

    def pairs(found: list[tuple[str, Any]]) -> Any:
        return tuple(found)

    return json.loads(text, object_pairs_hook=pairs)
