"""Those who rest wake together, in time; and one that gives up wakes nobody."""

import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from server.edge.rests import TOGETHER_S, Rests


class Sleepers:
    """Tasks that rest, and when each woke."""

    def __init__(self) -> None:
        self.rests = Rests()
        self.woke: dict[int, float] = {}

    async def rest(self, number: int, seconds: float) -> None:
        with trio.fail_after(100 * seconds + 1):
            await self.rests.rest(seconds)
        self.woke[number] = trio.current_time()


async def test_nobody_wakes_too_soon_nor_much_too_late(autojump_clock: MockClock):
    sleepers, due = Sleepers(), dict[int, float]()
    async with trio.open_nursery() as nursery:
        for number in range(200):
            seconds = 1.0 + number % 3
            due[number] = trio.current_time() + seconds
            nursery.start_soon(sleepers.rest, number, seconds)
            await trio.sleep(0.007)
    late = [sleepers.woke[number] - due[number] for number in due]
    assert -1e-9 <= min(late) < max(late) <= TOGETHER_S + 1e-9


async def test_those_of_one_moment_wake_in_one_turn(autojump_clock: MockClock):
    sleepers, turns = Sleepers(), 0

    class Turns(trio.abc.Instrument):
        def before_io_wait(self, timeout: float) -> None:
            nonlocal turns
            turns += 1

    counting = Turns()
    async with trio.open_nursery() as nursery:
        for number in range(1_000):
            nursery.start_soon(sleepers.rest, number, 1.0)
        await wait_all_tasks_blocked()
        trio.lowlevel.add_instrument(counting)
    trio.lowlevel.remove_instrument(counting)
    assert len(sleepers.woke) == 1_000
    assert len(set(sleepers.woke.values())) == 1
    assert turns < 10


async def test_who_gives_up_wakes_nobody_and_keeps_nobody_asleep(autojump_clock: MockClock):
    sleepers, began = Sleepers(), trio.current_time()
    async with trio.open_nursery() as nursery:
        for number in range(1, 4):
            nursery.start_soon(sleepers.rest, number, 1.0)
        with trio.move_on_after(0.5):
            await sleepers.rest(0, 1.0)
    assert sleepers.woke.keys() == {1, 2, 3}
    assert min(sleepers.woke.values()) - began >= 1.0
    assert max(sleepers.woke.values()) - began <= 1.0 + TOGETHER_S


async def test_there_is_a_next_time(autojump_clock: MockClock):
    sleepers = Sleepers()
    for number in range(3):
        await sleepers.rest(number, 0.0)
        await sleepers.rest(number, 1.0)
    assert sleepers.woke.keys() == {0, 1, 2}
