"""What becomes of memory: the C library gives back what is free, and Python's garbage collector
does not look where nothing is to be found.

Called once each by `run.py`, for the whole process.
"""

import ctypes
import gc

COLLECTOR_THRESHOLDS = (50_000, 3, 50)
"""Of Python's garbage collector: allocations before it looks at the youngest objects, and how many
such looks before it looks at older ones. Measured on the bench's worst step: 67 ms before, 7 ms so
and with what the start made frozen; the older ones are then some 200,000 objects, 10 ms. Of
thousands of connections whose requests wait the youngest are hundreds of thousands: from 10,000 on
a look was due twice a second then, and took 60 ms each.

So what is left in a circle waits long: hours on a quiet server. Whatever holds more than a few
kilobytes must let go of it by itself; tests with the collector off see to the pictures, heads,
bodies and streams that did not."""

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
