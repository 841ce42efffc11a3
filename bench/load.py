"""Closed-loop load: so many clients, each asking again as soon as it has its answer, for so long.

Used by `bench.first` with whatever an ask is: a request, a command, a page.
"""

import time
from array import array
from collections.abc import Awaitable, Callable, Iterable

import msgspec
import trio

Act = Callable[[int], Awaitable[bool]]
"""What a client (by its number) does again and again; False when there is nothing left to do."""


class Load(msgspec.Struct, frozen=True):
    """What a load came to. `cpu_s` is of the process that made it."""

    done: int
    seconds: float
    p50_s: float
    p99_s: float
    cpu_s: float

    @classmethod
    def of(cls, took: Iterable[float], seconds: float, cpu_s: float) -> "Load":
        """From how long each took."""
        ordered = sorted(took)
        return cls(len(ordered), seconds, _at(ordered, 0.5), _at(ordered, 0.99), cpu_s)

    @property
    def rate(self) -> float:
        """Done a second."""
        return self.done / self.seconds if self.seconds else 0.0


async def load(act: Act, clients: int, seconds: float) -> Load:
    """Let `clients` act for `seconds`, and wait for the last of them."""
    took = array("d")
    began, cpu_began = time.perf_counter(), time.process_time()

    async def be_client(number: int) -> None:
        while (now := time.perf_counter()) - began < seconds:
            if not await act(number):
                return
            took.append(time.perf_counter() - now)

    async with trio.open_nursery() as nursery:
        for number in range(clients):
            nursery.start_soon(be_client, number)
    return Load.of(took, time.perf_counter() - began, time.process_time() - cpu_began)


def _at(ordered: list[float], share: float) -> float:
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else 0.0
