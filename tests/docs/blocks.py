"""The pages, and every block of code in them, as Sybil finds them.

The tests of this folder execute the blocks, or compare them with what there is. Nothing is executed
here.
"""

import re
from pathlib import Path

import msgspec
from sybil.document import Document
from sybil.parsers.markdown.lexers import RawFencedCodeBlockLexer

ROOT = Path(__file__).parents[2]

README = ROOT / "README.md"
OPERATING = ROOT / "docs" / "operating.md"
ARCHITECTURE = ROOT / "docs" / "architecture.md"

PAGES = (README, ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md")))
"""Every page whose blocks must be true."""

_fences = RawFencedCodeBlockLexer(re.compile(r"(?P<language>[^\n]*)\n"))


class Block(msgspec.Struct, frozen=True):
    """A block of code: where it begins, what its fence calls it, and what is in it."""

    page: Path
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks_of(page: Path) -> list[Block]:
    """Every block of a page, from the top."""
    text = page.read_text(encoding="utf-8")
    return [
        Block(
            page,
            text.count("\n", 0, region.start) + 1,
            region.lexemes["language"],
            str(region.lexemes["source"]),
        )
        for region in _fences(Document(text, str(page)))
    ]


def blocks_in(*languages: str) -> list[Block]:
    """Every block of every page that is in one of the languages."""
    return [block for page in PAGES for block in blocks_of(page) if block.language in languages]
