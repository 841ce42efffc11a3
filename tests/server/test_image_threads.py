"""Who gets a thread and memory for a picture, and when. The threads here are tasks that ask for
shares as a thread would."""

import gc
import threading
import weakref

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from server.uploads.image_threads import ImageThreads

LONG_S = 5.0


class Asking:
    """Tasks that ask for shares, and who has one."""

    def __init__(self, threads: ImageThreads, nursery: trio.Nursery) -> None:
        self.threads = threads
        self.nursery = nursery
        self.began: list[str] = []
        self._ends: dict[str, trio.Event] = {}
        self._scopes: dict[str, trio.CancelScope] = {}

    async def ask(self, name: str, memory_bytes: int) -> None:
        self._ends[name], self._scopes[name] = trio.Event(), trio.CancelScope()
        self.nursery.start_soon(self._be, name, memory_bytes)
        await wait_all_tasks_blocked()

    async def end(self, name: str) -> None:
        self._ends[name].set()
        await wait_all_tasks_blocked()

    async def leave(self, name: str) -> None:
        self._scopes[name].cancel()
        await wait_all_tasks_blocked()

    async def _be(self, name: str, memory_bytes: int) -> None:
        with self._scopes[name]:
            await self.threads.acquire(memory_bytes)
            self.began.append(name)
            await self._ends[name].wait()
            self.threads.release(memory_bytes)


@pytest.fixture
def asking(nursery: trio.Nursery) -> Asking:
    return Asking(ImageThreads(3, 100), nursery)


async def test_as_many_run_as_there_is_memory_for(asking: Asking):
    await asking.ask("a", 60)
    await asking.ask("b", 40)
    await asking.ask("c", 1)
    assert asking.began == ["a", "b"]
    await asking.end("b")
    assert asking.began == ["a", "b", "c"]


async def test_and_no_more_than_there_are_threads(asking: Asking):
    for name in "abcd":
        await asking.ask(name, 1)
    assert asking.began == ["a", "b", "c"]
    await asking.end("a")
    assert asking.began == ["a", "b", "c", "d"]


async def test_what_takes_more_than_there_is_runs_alone(asking: Asking):
    await asking.ask("small", 1)
    await asking.ask("huge", 1_000)
    assert asking.began == ["small"]
    await asking.end("small")
    assert asking.began == ["small", "huge"]
    await asking.ask("next", 1)
    assert asking.began == ["small", "huge"]
    await asking.end("huge")
    assert asking.began == ["small", "huge", "next"]


async def test_who_asks_for_much_is_not_passed_by(asking: Asking):
    await asking.ask("first", 50)
    await asking.ask("large", 100)
    for name in ("small", "smaller"):
        await asking.ask(name, 1)
    assert asking.began == ["first"], "there is room, but the large one was there before"
    await asking.end("first")
    assert asking.began == ["first", "large"]
    await asking.end("large")
    # Both have their share at once; Trio says which of them runs first.
    assert sorted(asking.began[2:]) == ["small", "smaller"]


async def test_who_gives_up_lets_those_behind_go_on(asking: Asking):
    await asking.ask("first", 50)
    await asking.ask("large", 100)
    await asking.ask("small", 1)
    await asking.leave("large")
    assert asking.began == ["first", "small"]
    for name in ("first", "small"):
        await asking.end(name)
    assert asking.threads.statistics() == {
        "running": 0,
        "running_bytes": 0,
        "waiting": 0,
        "uploads": 0,
        "uploads_waiting": 0,
    }


async def test_a_thread_that_nobody_waits_for_keeps_its_share_until_it_ends():
    threads = ImageThreads(1, 100)
    begun, ending = trio.Event(), threading.Event()
    token = trio.lowlevel.current_trio_token()

    def work() -> None:
        token.run_sync_soon(begun.set)
        assert ending.wait(LONG_S)

    async with trio.open_nursery() as nursery:

        async def start() -> None:
            await threads.run(work, memory_bytes=70)

        nursery.start_soon(start)
        await begun.wait()
        nursery.cancel_scope.cancel()
    assert threads.statistics()["running_bytes"] == 70
    ending.set()
    await threads.acquire(100)
    assert threads.statistics()["running_bytes"] == 100


async def test_an_answer_and_an_error_of_a_thread_come_back():
    threads = ImageThreads(1, 100)
    assert await threads.run(int, "7", memory_bytes=1) == 7
    with pytest.raises(ValueError, match="seven"):
        await threads.run(int, "seven", memory_bytes=1)
    assert threads.borrowed_tokens == 0


async def test_as_many_uploads_have_their_turn_as_there_are_threads(nursery: trio.Nursery):
    threads = ImageThreads(2, 100)
    begun: list[int] = []
    end = trio.Event()

    async def upload(number: int) -> None:
        async with threads.turn():
            begun.append(number)
            await end.wait()

    for number in range(4):
        nursery.start_soon(upload, number)
        await wait_all_tasks_blocked()
    assert begun == [0, 1]
    end.set()
    await wait_all_tasks_blocked()
    assert begun[:2] == [0, 1]
    assert sorted(begun) == [0, 1, 2, 3]


class Pixels:
    """Something large that a thread works on."""


async def test_what_a_thread_worked_on_goes_with_its_failure(asking: Asking):
    """Without the garbage collector, which may not look for hours."""
    kept: list[weakref.ref[Pixels]] = []

    def fail() -> None:
        pixels = Pixels()
        kept.append(weakref.ref(pixels))
        try:
            raise OSError("cut off")
        except OSError as error:
            raise ValueError("broken") from error

    gc.disable()
    try:
        for _ in range(3):
            with pytest.raises(ValueError, match="broken"):
                await asking.threads.run(fail, memory_bytes=1)
        assert [pixels() for pixels in kept] == [None, None, None]
    finally:
        gc.enable()
