"""What becomes of memory: the C library gives back what is free, and Python's garbage collector
does not look where nothing is to be found.

Called by `run.py`, for the whole process.
"""

import ctypes
import gc
from collections.abc import Callable

import trio

COLLECTOR_THRESHOLDS = (10_000, 2, 300)
"""Of Python's garbage collector: allocations before it looks at the youngest objects, and how many
such looks before it looks at older ones: each look is a step in which nothing else happens. Of a
server whose caches fill these take 3 and some 10 ms; with 20 for 2 they took 79.

So what is left in a circle may wait for hours. Whatever holds more than a few kilobytes must let go
of it by itself; tests with the collector off see to pictures, heads, bodies and streams."""

OVERLOADED_THRESHOLDS = (200_000, 2, 300)
"""The same while requests are put off. Of thousands of connections whose requests wait the youngest
objects are hundreds of thousands, new ones with each turn of the loop, and a look at them, twice a
second, takes 60 ms and finds none to free."""

LOOK_S = 1.0
"""Between two looks at whether requests are put off."""

MMAP_THRESHOLD_PARAMETER = -3
"""M_MMAP_THRESHOLD of glibc's malloc.h."""

RETURNED_BYTES = 1_048_576
"""From this size on, memory is the kernel's own and goes back to it as soon as it is free. glibc
begins so, but raises its limit to 32 MiB with the first large picture, and from then on every
thread hoards what pictures have left: threads that decoded 25-megapixel pictures two at a time held
813 MiB, and 466 so. It takes up to a tenth more time for a WebP, and nothing for a JPEG."""


def return_free_memory() -> bool:
    """Whether it could be arranged: on Linux with glibc."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, TypeError, AttributeError):
        return False
    return mallopt(MMAP_THRESHOLD_PARAMETER, RETURNED_BYTES) == 1


def spare_the_collector() -> None:
    """Put what the start made out of the garbage collector's sight, and let it look less often.

    A look at everything, which nearly never finds a cycle here, held the loop for 67 ms.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECTOR_THRESHOLDS)


async def spare_the_collector_under_load(count_put_off: Callable[[], int]) -> None:
    """Let it look yet less often while ever more requests are put off, for ever."""
    before = count_put_off()
    while True:
        await trio.sleep(LOOK_S)
        now = count_put_off()
        gc.set_threshold(*(COLLECTOR_THRESHOLDS if now == before else OVERLOADED_THRESHOLDS))
        before = now
