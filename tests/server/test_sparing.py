"""How often Python's garbage collector looks, by what is going on."""

import gc
from collections.abc import Iterator

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from server.allocation import (
    COLLECTOR_THRESHOLDS,
    LOOK_S,
    OVERLOADED_THRESHOLDS,
    spare_the_collector_under_load,
)


@pytest.fixture
def thresholds() -> Iterator[None]:
    """What a test sets is undone."""
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)


@pytest.mark.usefixtures("thresholds")
async def test_it_looks_less_often_only_while_more_is_put_off(
    autojump_clock: MockClock, nursery: trio.Nursery
) -> None:
    put_off, seen = 5, list[tuple[int, int, int]]()
    nursery.start_soon(spare_the_collector_under_load, lambda: put_off)
    await wait_all_tasks_blocked()
    for more in (0, 3, 1, 0, 0):
        put_off += more
        await trio.sleep(LOOK_S)
        await wait_all_tasks_blocked()
        seen.append(gc.get_threshold())
    calm, busy = COLLECTOR_THRESHOLDS, OVERLOADED_THRESHOLDS
    assert calm != busy
    assert seen == [calm, busy, busy, calm, calm]
