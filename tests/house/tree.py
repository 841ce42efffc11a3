"""What the house rules look at: the repository's files, and scanners that find what breaks a rule.

The tests beside this file apply each scanner to the tree, and to a planted violation. A scanner
takes a text and returns findings, `line: what`; it opens nothing.
"""

import ast
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]

PRODUCT = ("storage", "actors", "server", "admin")
"""The packages below run.py."""

LINES_MAX = 500

VAGUE_NAMES = frozenset(
    {"utils", "util", "helpers", "helper", "common", "misc", "manager", "service", "base"}
)

CLOCKS_AND_CHANCE = (
    "time",
    "structlog.processors.TimeStamper",
    "datetime.datetime.now",
    "datetime.datetime.utcnow",
    "datetime.datetime.today",
    "datetime.date.today",
    "os.urandom",
    "os.getrandom",
    "random",
    "secrets",
    "uuid.uuid1",
    "uuid.uuid4",
)
"""A name here stands for all that is in it."""

CLOCK_OF_THE_LOG = re.compile(r"server/logs\.py:\d+: structlog\.processors\.TimeStamper")
"""The one clock below run.py: what a line says of when it was written decides nothing."""

OF_A_MACHINE = re.compile(
    r"(?<![\w.])/(?:root|work|home/\w+|Users/\w+|opt/\w+)/"
    r"|pypi\.org/simple|files\.pythonhosted\.org|--(?:extra-)?index-url\s+\S+:|--find-links\s+\S*/"
)

LEFT_FOR_LATER = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|X" r"XX)\b")


def tracked_files() -> list[Path]:
    """Every file that is in the repository, or would be with `git add .`; relative to `ROOT`."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listed.returncode == 0:
        names = [Path(name) for name in listed.stdout.decode().split("\0") if name]
        return sorted(name for name in set(names) if (ROOT / name).is_file())
    # An unpacked archive: there is no .git, and nothing but what it brought, a .venv and caches.
    ours = (*PRODUCT, "tests", "bench", "docs", ".ci")
    within = [path for folder in ours for path in (ROOT / folder).rglob("*") if path.is_file()]
    beside = [path for path in ROOT.iterdir() if path.is_file()]
    return sorted(
        path.relative_to(ROOT) for path in (*beside, *within) if "__pycache__" not in path.parts
    )


def is_of_product(path: Path) -> bool:
    """Whether `path` is code that a running server may execute, run.py itself left out."""
    return path.suffix == ".py" and path.parts[0] in PRODUCT


def findings(scan: Callable[[str], Iterator[str]], chosen: Callable[[Path], bool]) -> list[str]:
    """What `scan` finds in the chosen files: `path:line: what`."""
    found: list[str] = []
    for path in filter(chosen, tracked_files()):
        try:
            text = (ROOT / path).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        found += [f"{path}:{finding}" for finding in scan(text)]
    return found


def scan_length(text: str) -> Iterator[str]:
    """A file over `LINES_MAX` lines."""
    lines = text.count("\n") + 1
    if lines > LINES_MAX:
        yield f"{lines}: too long"


def scan_docstring(text: str) -> Iterator[str]:
    """A module that holds something and does not start with what it is for."""
    tree = ast.parse(text)
    if tree.body and not ast.get_docstring(tree):
        yield "1: no paragraph at the top"


def scan_pattern(pattern: re.Pattern[str]) -> Callable[[str], Iterator[str]]:
    """A scanner for lines that match `pattern`."""

    def scan(text: str) -> Iterator[str]:
        for number, line in enumerate(text.splitlines(), 1):
            for match in pattern.finditer(line):
                yield f"{number}: {match.group()}"

    return scan


def scan_names(banned: tuple[str, ...]) -> Callable[[str], Iterator[str]]:
    """A scanner for uses of what is in `banned`, under whatever name it was imported.

    A use is a mention, not only a call: a default argument `clock=time.time` is a hidden clock.
    """

    def scan(text: str) -> Iterator[str]:
        tree = ast.parse(text)
        meanings = _imported(tree)
        for node in ast.walk(tree):
            for name in _mentioned(node, meanings):
                if any(name == one or name.startswith(one + ".") for one in banned):
                    yield f"{getattr(node, 'lineno', 1)}: {name}"

    return scan


def _imported(tree: ast.AST) -> dict[str, str]:
    """What each imported name stands for: `{"now": "datetime.datetime.now"}`."""
    meanings: dict[str, str] = {}
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                for alias in names:
                    if alias.asname:
                        meanings[alias.asname] = alias.name
                    else:
                        top = alias.name.partition(".")[0]
                        meanings[top] = top
            case ast.ImportFrom(module=str(module), names=names):
                for alias in names:
                    meanings[alias.asname or alias.name] = f"{module}.{alias.name}"
            case _:
                pass
    return meanings


def _mentioned(node: ast.AST, meanings: dict[str, str]) -> Iterator[str]:
    match node:
        case ast.ImportFrom(module=str(module), names=names):
            yield from (f"{module}.{alias.name}" for alias in names)
        case ast.Import(names=names):
            yield from (alias.name for alias in names)
        case ast.Attribute(value=ast.Name(id=name), attr=attr) if name in meanings:
            yield f"{meanings[name]}.{attr}"
        case ast.Attribute(value=ast.Attribute(value=ast.Name(id=name), attr=inner), attr=attr) if (
            name in meanings
        ):
            yield f"{meanings[name]}.{inner}.{attr}"
        case _:
            pass
