"""What holds for all tests, whoever runs them and wherever: what is compiled is kept, and what was
collected is not looked at again.

Each process that a test starts imports all of Triptych, and each process of pytest all tests. Where
the environment forbids Python to keep what it has compiled, as in many containers, that is done
anew for each of some two hundred processes.
"""

import gc
import os
import sys

os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False


def pytest_collection_finish() -> None:
    """Thousands of tests and all that they import stay to the end: Python's collector need not go
    through them each time."""
    gc.collect()
    gc.freeze()
