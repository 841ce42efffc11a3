"""The house rules that hold for each file by itself; CONTRIBUTING.md says why there are such."""

import os
import re
from pathlib import Path

from tests.house.tree import (
    CLOCK_OF_THE_LOG,
    CLOCKS_AND_CHANCE,
    LEFT_FOR_LATER,
    LINES_MAX,
    OF_A_MACHINE,
    ROOT,
    VAGUE_NAMES,
    findings,
    is_of_product,
    scan_docstring,
    scan_length,
    scan_names,
    scan_pattern,
    tracked_files,
)

CODE_SUFFIXES = {".py", ".toml", ".in", ".sh", ""}


def is_python(path: Path) -> bool:
    return path.suffix == ".py"


def is_test(path: Path) -> bool:
    return is_python(path) and path.parts[0] == "tests"


def is_code(path: Path) -> bool:
    return path.suffix in CODE_SUFFIXES and path.name != "LICENSE"


def told(rule: str, found: list[str]) -> str:
    return "\n".join([rule, *found])


def test_a_file_fits_in_a_head():
    found = findings(scan_length, is_python)
    assert not found, told(
        f"No file is over {LINES_MAX} lines: split it by what it is about.", found
    )


def test_a_module_says_in_its_name_what_is_in_it():
    found = [str(path) for path in tracked_files() if VAGUE_NAMES & {*path.parts[:-1], path.stem}]
    assert not found, told("These names fit everything; a room is missing, name it.", found)


def test_a_file_begins_with_what_it_is_for():
    found = findings(scan_docstring, lambda path: is_of_product(path) or path == Path("run.py"))
    assert not found, told(
        "Say at the top what lives here, who calls it, what it may not do.", found
    )


def test_time_and_chance_are_arguments():
    found = findings(scan_names(CLOCKS_AND_CHANCE), is_of_product)
    (of_the_log,) = filter(CLOCK_OF_THE_LOG.fullmatch, found)
    found.remove(of_the_log)
    assert not found, told(
        "Below run.py nothing reads a clock or rolls dice: take a callable. "
        "(To compare secrets: hmac.compare_digest.)",
        found,
    )


def test_tests_do_not_sleep():
    found = findings(scan_names(("time.sleep",)), is_test)
    assert not found, told("Use virtual time, or wait for the thing itself.", found)


def test_nothing_is_left_for_later_in_the_code():
    found = findings(scan_pattern(LEFT_FOR_LATER), is_code)
    assert not found, told("Do it, or open an issue.", found)


def test_no_file_names_a_machine_or_a_package_index():
    found = findings(scan_pattern(OF_A_MACHINE), lambda path: True)
    assert not found, told("This tree works anywhere: take the path or address out.", found)


def test_the_ci_script_can_be_executed():
    assert os.access(ROOT / ".ci" / "run", os.X_OK), "chmod +x .ci/run"


def test_scanners_find_what_they_look_for():
    planted = {
        scan_length: "\n" * LINES_MAX,
        scan_docstring: "import os\n",
        scan_pattern(LEFT_FOR_LATER): "x = 1  # TO" + "DO: why one",
        scan_pattern(re.compile(OF_A_MACHINE)): "see /" + "root/notes/x",
    }
    for scan, text in planted.items():
        assert list(scan(text)), f"{text[:40]!r} was not found"
        assert not list(scan('"""A module that keeps the rules: [a](docs/opt/x) /opt."""\n'))


def test_machines_and_indexes_are_found_by_any_of_their_signs():
    scan = scan_pattern(OF_A_MACHINE)
    for sign in (
        "/" + "work/shared",
        "/" + "home/ann/triptych",
        "https://pypi." + "org/simple",
        "--index" + "-url http://10.0.0.1/",
        "https://files." + "pythonhosted.org/x.whl",
    ):
        assert list(scan(f"text {sign} text")), f"{sign} was not found"
    assert not list(scan("https://pypi.org/project/trio https://example.org/home/ann/x"))


def test_a_clock_is_found_under_any_name():
    scan = scan_names(CLOCKS_AND_CHANCE)
    for text in (
        "import time\ntime.time()",
        "import time\ntime.monotonic()",
        "from time import thread_time",
        "import time\ndef f(passed=time.perf_counter): ...",
        "import structlog\nstructlog.processors.TimeStamper()",
        "import time as t\ndef f(clock=t.time): ...",
        "from time import time_ns as now\nnow()",
        "import datetime\ndatetime.datetime.now(datetime.UTC)",
        "from datetime import datetime as d\nd.now()",
        "import random",
        "from random import Random",
        "import secrets",
        "from os import urandom",
        "import os\nos.urandom(8)",
        "from uuid import uuid4",
    ):
        assert list(scan(text)), f"{text!r} was not found"
    for text in (
        "import trio\ntrio.current_time()",
        "from datetime import UTC, datetime\ndatetime.fromtimestamp(1, UTC)",
        "def at(now: int, random: float): return now",
        "import os\nos.fsync(1)",
    ):
        assert not list(scan(text)), f"{text!r} breaks no rule"
