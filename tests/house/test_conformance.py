"""The conformance tests are an independent client's: they know no code of the product, and each
says what it checks."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.tree import PRODUCT, ROOT, findings

FOLDER = Path("tests", "conformance")

OURS = (*PRODUCT, "run", "bench", "tests")
"""What begins the name of a module of this repository."""

NEITHER_OURS_NOR_THEIRS = ("hypercorn", "quart", "werkzeug", "pysqlite3", "sqlite3")
"""What a client has no business with."""


def scan_imports(text: str) -> Iterator[str]:
    """An import of anything of this repository but the folder itself."""
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Import(names=names):
                modules = [alias.name for alias in names]
            case ast.ImportFrom(module=str(module)):
                modules = [module]
            case _:
                continue
        for module in modules:
            within = module == "tests.conformance" or module.startswith("tests.conformance.")
            if module.partition(".")[0] in (*OURS, *NEITHER_OURS_NOR_THEIRS) and not within:
                yield f"{node.lineno}: {module}"


def scan_tests_without_a_line(text: str) -> Iterator[str]:
    """A test that does not say which line of the contract it checks."""
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.FunctionDef) or not node.name.startswith("test_"):
            continue
        if not ast.get_docstring(node):
            yield f"{node.lineno}: {node.name}"


def is_conformance(path: Path) -> bool:
    return path.suffix == ".py" and path.is_relative_to(FOLDER)


def test_the_conformance_tests_know_nothing_of_the_server():
    found = findings(scan_imports, is_conformance)
    assert not found, "\n".join(["They speak to a server by its address alone.", *found])


def test_each_conformance_test_says_what_it_checks():
    found = findings(scan_tests_without_a_line, is_conformance)
    assert not found, "\n".join(["Quote the line that it checks.", *found])
    assert list((ROOT / FOLDER).glob("test_*.py")), "there are none at all"


@pytest.mark.parametrize(
    "text",
    [
        "import server",
        "from server.wire import PostAnswer",
        "import storage.journal as x",
        "from tests.api.world import Person",
        "def f():\n    from actors import fanout",
        "import run",
    ],
)
def test_an_import_is_found(text: str):
    assert list(scan_imports(text))
    assert not list(scan_imports("import httpx\nfrom tests.conformance.world import Api"))


def test_a_test_without_a_line_is_found():
    assert list(scan_tests_without_a_line("def test_x():\n    pass"))
    assert not list(scan_tests_without_a_line('def test_x():\n    """A line."""'))
