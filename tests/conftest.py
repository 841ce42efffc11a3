"""What holds for all tests, whoever runs them and wherever: what is compiled is kept, what was
collected is not looked at again, Ctrl-C is heard, and who runs long comes first.

Each process that a test starts imports all of Triptych, and each process of pytest all tests. Where
the environment forbids Python to keep what it has compiled, as in many containers, that is done
anew for each of some two hundred processes.
"""

import gc
import os
import signal
import sys

import pytest
from hypothesis import HealthCheck, settings

BUSY = [HealthCheck.too_slow]
"""What Hypothesis finds fault with on a machine that is busy."""

settings.register_profile(
    "any inputs", deadline=None, derandomize=False, suppress_health_check=BUSY
)
settings.register_profile("the same inputs", settings.get_profile("any inputs"), derandomize=True)
settings.load_profile("the same inputs")  # so that a test that fails does so by what was changed

os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # So it is in whatever a shell runs in the background, and would be in each process that a test
    # starts and means to end as Ctrl-C does.
    signal.signal(signal.SIGINT, signal.default_int_handler)

LONG = (
    "tests/sim/test_simulation.py",
    "tests/process/test_commands.py",
    "tests/openapi/test_operations.py",
    "tests/sim/test_streams.py",
    "tests/process/test_disk.py",
    "tests/process/test_kill.py",
    "tests/process/test_verify.py",
    "tests/process/test_process.py",
    "tests/process/test_upgrading.py",
    "tests/process/test_stopping.py",
    "tests/process/test_streaming.py",
    "tests/docs/test_blocks.py",
    "tests/storage/test_projection.py",
)
"""The files that take longest, the longest first: begun last, one of them would be waited for."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """`make test` hands out whole files, in this order."""
    places = {name: place for place, name in enumerate(LONG)}
    items.sort(key=lambda item: places.get(item.nodeid.partition("::")[0], len(places)))


def pytest_collection_finish() -> None:
    """Thousands of tests and all that they import stay to the end: Python's collector need not go
    through them each time."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Processes of pytest: one more than there are cores, since each waits now and then for a
    server that starts or stops."""
    return (os.cpu_count() or 1) + 1
