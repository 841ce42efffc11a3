"""What preparing each of some files takes, in a process of its own a file: `python -m
tests.server.costing FILE …` prints a JSON line for each.

Started by `tests.server.test_costs`. Linux only: it goes by the kernel's high-water mark.
"""

import os
import re
import sys
import time
import warnings
from pathlib import Path

import msgspec

from server.uploads.decoding import BadImage
from server.uploads.images import memory_needed, prepare_image
from tests.server import pictures

STATUS = Path("/proc/self/status")
FORGET_HIGH_WATER = "5"
"""What the kernel takes in `clear_refs` for: begin the high-water mark anew (proc(5))."""


class Cost(msgspec.Struct, frozen=True):
    """Memory at its height above what the process had before, what had been said that it would be
    (0 for what was refused at the first look), the processor's time, and how it ended."""

    name: str
    taken_bytes: int
    needed_bytes: int
    seconds: float
    refused: bool


def high_water_bytes() -> int:
    found = re.search(r"VmHWM:\s+([0-9]+) kB", STATUS.read_text())
    assert found is not None
    return int(found[1]) * 1_024


def cost_of(path: Path) -> Cost:
    Path("/proc/self/clear_refs").write_text(FORGET_HIGH_WATER)
    before, began = high_water_bytes(), time.process_time()
    needed, refused = 0, False
    try:
        needed = memory_needed(path)
        prepare_image(path)
    except BadImage:
        refused = True
    taken = high_water_bytes() - before
    return Cost(path.name, taken, needed, time.process_time() - began, refused)


def main() -> None:
    warnings.simplefilter("ignore")
    warm = Path(sys.argv[1])
    for form in ("JPEG", "PNG", "WEBP", "GIF", "HEIC"):
        warm.write_bytes(pictures.encoded(pictures.quarters(64, 64), form))
        prepare_image(warm)
    for name in sys.argv[2:]:
        child = os.fork()
        if not child:
            os.write(1, msgspec.json.encode(cost_of(Path(name))) + b"\n")
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if status:
            sys.exit(f"{name}: ended with {status}")


if __name__ == "__main__":
    main()
