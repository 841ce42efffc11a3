"""What the whole process takes in memory (hardening.md, "Promises"): with nothing to do, with idle
streams, and with uploads beside them."""

import resource
import sys
from pathlib import Path

import pytest

from bench import memory
from bench.streams.world import make_world
from bench.uploads import MEBIBYTE, photo

IDLE_BYTES_MAX = 90 * MEBIBYTE
STREAM_BYTES_MAX = 8 * 1_024
"""Of one idle stream: a task for each would be more than that alone."""

IDLE_STREAMS_BYTES_MAX = 250 * MEBIBYTE
BUSY_BYTES_MAX = 600 * MEBIBYTE

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells how much it is")


def allow_sockets(count: int) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < count + 500:
        pytest.skip(f"wants {count} descriptors, and this machine allows {hard}")


def test_an_idle_server_and_its_idle_streams_take_little(tmp_path: Path) -> None:
    """A tenth of the streams of the promise; as many bytes each."""
    allow_sockets(500)
    found = memory.idle(make_world(tmp_path, 500, 1))
    assert found.alone <= IDLE_BYTES_MAX
    assert found.a_stream <= STREAM_BYTES_MAX


@pytest.mark.survive
def test_five_thousand_idle_streams_take_no_more_than_promised(tmp_path: Path) -> None:
    allow_sockets(5_000)
    found = memory.idle(make_world(tmp_path, 5_000, 1))
    assert found.with_streams <= IDLE_STREAMS_BYTES_MAX
    assert found.a_stream <= STREAM_BYTES_MAX


@pytest.mark.survive
def test_streams_and_uploads_at_once_take_no_more_than_promised(tmp_path: Path) -> None:
    allow_sockets(2_000)
    found = memory.busy(make_world(tmp_path, 2_000, 1), 2_000, 40, [photo()] * 10)
    assert found.statuses.keys() <= {201, 503}
    assert found.statuses[201] >= 10, "too few were at once"
    assert found.streams_left == 2_000
    assert found.peak <= BUSY_BYTES_MAX
