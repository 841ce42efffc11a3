"""SQLite's file, page by page: what a page holds besides its cells is overwritten with zeros.

When SQLite moves cells to another page, it leaves their bytes behind in the space of the first one,
which it counts as free, and `secure_delete` does not reach them. Here that space is found and
overwritten: the gap between the array of cell pointers and the first cell, and the inside of free
blocks. SQLite never reads a byte of either, so a kill in the middle is no harm.

Called by `storage.scrubbing`, which sees to it that nobody else has the file. The form of a page is
that of https://www.sqlite.org/fileformat2.html, section 1.6. Nothing is written that is not free
by that form, and a page that is not of it ends the work. Pages that are free as a whole, and the
rest of the last page of a long text, are zeros already: `secure_delete` sees to these.
"""

import os
from collections.abc import Callable, Iterable
from struct import Struct

HEADER = b"SQLite format 3\x00"
HEADER_BYTES = 100
"""Of the file, at the beginning of page 1."""

PAGES_A_LOOK = 256
"""Pages, a megabyte of them, between two looks at whether time is up."""

INTERIOR = {2: 12, 5: 12}
LEAVES = {10: 8, 13: 8}
"""Kinds of pages of an index and a table, and the length of their headers."""

_PAGE = Struct(">BHHHB")
"""Kind, first free block, cells, where cells begin, fragmented bytes."""
_CHILD = Struct(">I")
_BLOCK = Struct(">HH")
_SIZE = Struct(">H")


class NotPages(Exception):
    """The file is not what SQLite's documentation says, so nothing in it is overwritten any
    more."""


class Pages:
    """An open SQLite file. `descriptor` reads and writes; nothing is synced here."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        header = os.pread(descriptor, HEADER_BYTES, 0)
        if len(header) < HEADER_BYTES or not header.startswith(HEADER):
            raise NotPages("it has no header of SQLite's")
        (size,) = _SIZE.unpack_from(header, 16)
        self.size = 65_536 if size == 1 else int(size)
        """Bytes of a page."""
        self._usable = self.size - header[20]
        self.count = os.fstat(descriptor).st_size // self.size
        self._zeros = bytes(self.size)

    def scrub(self, roots: Iterable[int], enough: Callable[[], bool]) -> bool:
        """Overwrite what is free in every page of the trees that begin at `roots`. False if
        `enough` said before the end that time is up.

        Raises `NotPages`, `OSError`.
        """
        left = list(roots)
        seen = 0
        while left:
            if seen % PAGES_A_LOOK == 0 and enough():
                return False
            seen += 1
            if seen > self.count:
                raise NotPages("its trees have more pages than the file")
            left += self._scrub_page(left.pop())
        return True

    def _scrub_page(self, number: int) -> list[int]:
        """Overwrite what is free in one page; its children, the first one last."""
        if not 1 <= number <= self.count:
            raise NotPages(f"page {number} is outside")
        page = os.pread(self._descriptor, self.size, (number - 1) * self.size)
        start = HEADER_BYTES if number == 1 else 0
        kind, block, cells, content, _ = _PAGE.unpack_from(page, start)
        interior = kind in INTERIOR
        if not interior and kind not in LEAVES:
            raise NotPages(f"page {number} is of kind {kind}")
        pointers = start + (INTERIOR[kind] if interior else LEAVES[kind])
        free, content = pointers + 2 * cells, content or 65_536
        if not free <= content <= self._usable:
            raise NotPages(f"the cells of page {number} begin at {content}")
        self._zero(number, page, free, content)
        while block:
            if not content <= block <= self._usable - _BLOCK.size:
                raise NotPages(f"page {number} has a free block at {block}")
            following, length = _BLOCK.unpack_from(page, block)
            end = block + length
            if length < _BLOCK.size or end > self._usable or 0 < following < end:
                raise NotPages(f"page {number} has a free block of {length} bytes at {block}")
            self._zero(number, page, block + _BLOCK.size, end)
            block = following
        return _children(page, start, pointers, cells) if interior else []

    def _zero(self, number: int, page: bytes, start: int, end: int) -> None:
        zeros = self._zeros[: end - start]
        if page[start:end] != zeros:
            os.pwrite(self._descriptor, zeros, (number - 1) * self.size + start)


def _children(page: bytes, start: int, pointers: int, cells: int) -> list[int]:
    offsets = Struct(f">{cells}H").unpack_from(page, pointers)
    if any(offset > len(page) - _CHILD.size for offset in offsets):
        raise NotPages("a cell is outside of its page")
    first = [_CHILD.unpack_from(page, offset)[0] for offset in offsets]
    return [_CHILD.unpack_from(page, start + 8)[0], *reversed(first)]
