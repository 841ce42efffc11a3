"""What the C library does with memory that is free again: give it back.

Called once by `run.py`, before anything is served, for the whole process.
"""

import ctypes

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
