"""Rankings of explore that are made at once."""

from types import SimpleNamespace
from typing import Any, cast

import trio
from trio.testing import wait_all_tasks_blocked

from server.reading.explore import Rankings
from storage.reads import Span


async def test_a_ranking_that_was_read_earlier_is_not_the_newest_by_coming_later() -> None:
    """A reader's thread may be slow, and another one quick."""
    read: list[list[int]] = []
    slow = trio.Event()

    async def rank(question: Any) -> list[int]:
        found = [*range(len(read) + 1)]
        read.append(found)
        if len(read) == 1:
            await slow.wait()
        return found

    rankings = Rankings(cast(Any, SimpleNamespace(read=rank)), lambda: 0)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(rankings.rank)
        await wait_all_tasks_blocked()
        nursery.start_soon(rankings.rank)
        await wait_all_tasks_blocked()
        slow.set()
    shown = [post for _, post in rankings.posts(await rankings.newest(), Span(9))]
    assert shown == read[-1] == [0, 1]
