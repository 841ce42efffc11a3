"""Histories in which each text has a word of its own, and the search for those words in the bytes
of a folder: for the tests of what erasing leaves behind.
"""

import hashlib
import re
from pathlib import Path
from random import Random

from storage.disk import Group
from storage.facts import Text
from storage.reads import KeptReply
from tests.storage.living import Life
from tests.storage.making import BEGAN_AT, History

LONG_WORDS = 400
"""Words of a long text: 6,800 bytes, which take overflow pages of their own."""

LONG_SHARE = 0.1

REPLIES_SHARE = 0.3
"""Groups with a kept reply."""

WORD = re.compile(rb"[0-9a-f]{12}z")
"""The end of a word: an index of words leaves out the beginning that two in a row share."""


def word_of(text: int) -> str:
    """A word that occurs in this text only, and so does its end."""
    return hashlib.sha256(str(text).encode()).hexdigest()[:16] + "z"


class Marked(History):
    """A history whose every text ends with its word, and says it over and over if it is long."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._random = Random(seed)
        self.words: set[bytes] = set()

    def text(self, value: str) -> Text:
        id = self.id()
        word = word_of(id)
        self.words.update(WORD.findall(word.encode()))
        long = self._random.random() < LONG_SHARE
        return Text(id, f"{value} #{' '.join([word] * (LONG_WORDS if long else 1))}")


def marked_groups(seed: int, steps: int, accounts: int = 12) -> tuple[Marked, list[Group]]:
    """What may happen in `steps` steps, in groups as they might be committed."""
    marked = Marked(seed)
    life = Life(seed, accounts, marked)
    groups: list[Group] = []
    done = 0
    while steps > 0:
        for _ in range(size := life.random.randint(1, 30)):
            life.act()
        steps -= size
        group = Group(entries=marked.entries[done:])
        done = len(marked.entries)
        if life.random.random() < REPLIES_SHARE:
            account, at = life.random.choice(life.alive()), BEGAN_AT + 1_000 * done
            reply = marked.text("a reply").value or ""
            group.replies.append(
                KeptReply(account, "POST /posts", str(at), b"", reply.encode(), at)
            )
        groups.append(group)
    return marked, groups


def words_in(folder: Path) -> set[bytes]:
    """Every word in any byte of any file below `folder`."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {word for path in files for word in WORD.findall(path.read_bytes())}
