"""Memory that is free again is the system's again. In a process of its own: it is arranged for a
whole process."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MEBIBYTE = 1_048_576

HOARD = """
import re
import sys
import threading
from pathlib import Path
from server.allocation import return_free_memory

def resident_kib():
    return int(re.search(r"VmRSS:\\s+([0-9]+)", Path("/proc/self/status").read_text())[1])

def work():
    one = bytearray(b"x") * (31 << 20)
    del one
    blocks = [bytearray(b"x") * (16 << 20) for _ in range(6)]
    kept.append(bytearray(200_000))

if sys.argv[1] == "returned" and not return_free_memory():
    sys.exit("it can't be arranged")
before, kept = resident_kib(), []
thread = threading.Thread(target=work)
thread.start()
thread.join()
print((resident_kib() - before) * 1_024)
"""


def hoarded_bytes(how: str) -> int:
    """What a thread leaves that has had a hundred mebibytes for a moment."""
    ended = subprocess.run(
        [sys.executable, "-c", HOARD, how],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=30.0,
    )
    return int(ended.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="only glibc is asked")
def test_what_a_thread_has_freed_is_the_systems_again():
    assert hoarded_bytes("returned") < 8 * MEBIBYTE
    assert hoarded_bytes("hoarded") > 64 * MEBIBYTE, "else there is nothing to arrange"
