"""A clock for tests of deadlines."""

import pytest
import trio.testing

QUIET_S = 0.005
"""Of real time without anything to do, after which virtual time goes on. Between two ends of a
loopback connection nothing is ever on its way: the kernel hands it over while it is sent."""


@pytest.fixture
def quiet_clock() -> trio.testing.MockClock:
    """Virtual time that jumps when everybody waits, sockets included."""
    return trio.testing.MockClock(autojump_threshold=QUIET_S)
