"""A clock for tests of deadlines."""

import pytest
import trio
import trio.testing

from server.edge.wire import Wire

QUIET_S = 0.005
"""Of real time without anything to do, after which virtual time goes on. Between two ends of a
loopback connection nothing is ever on its way: the kernel hands it over while it is sent."""


@pytest.fixture
def quiet_clock() -> trio.testing.MockClock:
    """Virtual time that jumps when everybody waits, sockets included."""
    return trio.testing.MockClock(autojump_threshold=QUIET_S)


@pytest.fixture
def taken_at(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """When clients' kernels took something of what waits for them, in trio's seconds. A kernel's
    own timers, those that probe a closed window among them, know nothing of virtual time."""
    moments: list[float] = []
    least: dict[Wire, int] = {}
    count = Wire.count_untaken

    def count_and_note(wire: Wire) -> int:
        untaken = count(wire)
        if untaken < least.setdefault(wire, untaken + 1):
            least[wire] = untaken
            moments.append(trio.current_time())
        return untaken

    monkeypatch.setattr(Wire, "count_untaken", count_and_note)
    return moments
