"""docs/architecture.md speaks of this tree: its links lead somewhere, what they name is there, and
its limits are those of the code. Links and exit codes of the other pages are looked at, too."""

import ast
import functools
import importlib
import re
from collections.abc import Iterator
from operator import attrgetter
from pathlib import Path

import pytest

from actors.runtime import limits
from tests.docs.blocks import ARCHITECTURE, OPERATING, PAGES, ROOT

PRODUCT = ("server", "admin", "actors", "storage")

LINK = re.compile(r"\[([^\]]+)\]\(([^)#\s]+)(?:#([^)\s]+))?\)")
NAMED = re.compile(r"`([\w.]+)`")
LIMIT = re.compile(r"^\| `([\w.]+)` \| ([\d,.]+) \|", re.MULTILINE)


def links_of(page: Path) -> Iterator[tuple[str, Path, str]]:
    """Each link of a page to something in this tree: its text, the file and the place that it leads
    to."""
    for text, target, place in LINK.findall(page.read_text(encoding="utf-8")):
        if "://" not in target:
            yield text, (page.parent / target).resolve(), place


def places_in(page: Path) -> set[str]:
    """The headings of a page as links name them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


@functools.cache
def names_in(file: Path) -> frozenset[str]:
    """What a module defines: `Class`, `Class.method`, `function`, `CONSTANT`."""
    found: set[str] = set()

    def visit(body: list[ast.stmt], within: str) -> None:
        for node in body:
            match node:
                case ast.ClassDef(name=name):
                    found.add(within + name)
                    visit(node.body, f"{within}{name}.")
                case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                    found.add(within + name)
                case (
                    ast.Assign(targets=[ast.Name(id=name)])
                    | ast.AnnAssign(target=ast.Name(id=name))
                ):
                    found.add(within + name)
                case _:
                    pass

    visit(ast.parse(file.read_text(encoding="utf-8")).body, "")
    return frozenset(found)


def limits_told() -> dict[str, int | float]:
    """The table of limits: constant -> value."""
    table = ARCHITECTURE.read_text(encoding="utf-8").partition("\n## Limits\n")[2]
    told = {name: value.replace(",", "") for name, value in LIMIT.findall(table)}
    return {name: float(value) if "." in value else int(value) for name, value in told.items()}


def value_of(name: str) -> int | float:
    """What `package.module.CONSTANT`, or a field of it, is in the code."""
    module = name
    while not (ROOT / f"{module.replace('.', '/')}.py").is_file():
        module = module.rpartition(".")[0]
        assert module, f"{name} is in no module"
    return attrgetter(name.removeprefix(f"{module}."))(importlib.import_module(module))


def largest_allowed() -> Iterator[str]:
    """Every constant of the product whose name says that it is the most of something."""
    for folder in PRODUCT:
        for file in sorted((ROOT / folder).rglob("*.py")):
            module = ".".join(file.relative_to(ROOT).with_suffix("").parts)
            for name in names_in(file):
                if re.fullmatch(r"[A-Z]\w*_MAX", name):
                    yield f"{module}.{name}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files_that_are_there(page: Path):
    lost = [
        text
        for text, target, place in links_of(page)
        if not target.exists() or (place and place not in places_in(target))
    ]
    assert not lost, f"{page.name} points to what is not there: {lost}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_link_names_is_in_the_file_that_it_leads_to(page: Path):
    lost = [
        f"{name[1]} in {target.relative_to(ROOT)}"
        for text, target, _ in links_of(page)
        if target.suffix == ".py" and (name := NAMED.fullmatch(text))
        if name[1] not in names_in(target)
    ]
    assert not lost, f"{page.name} speaks of what is not there: {lost}"


def test_both_walks_name_their_functions():
    text = ARCHITECTURE.read_text(encoding="utf-8")
    for walk in ("`POST /posts`", "`GET /feed`"):
        section = text.partition(f"\n## {walk}")[2].partition("\n## ")[0]
        named = [name for name, *_ in LINK.findall(section) if NAMED.fullmatch(name)]
        assert len(named) > 10, f"the walk of {walk} can't be followed by its links"


def test_the_limits_are_those_of_the_code():
    told = limits_told()
    wrong = [f"{name} is {value_of(name):,}" for name in told if value_of(name) != told[name]]
    assert not wrong, f"docs/architecture.md, Limits: {wrong}"


def test_every_limit_of_the_runtime_is_told():
    there = {f"{limits.__name__}.{name}" for name in vars(limits) if name.isupper()}
    assert there, "no limit was found: is this looking in the right place?"
    assert there <= set(limits_told()), "docs/architecture.md, Limits, is behind"


def test_every_maximum_is_told():
    missing = set(largest_allowed()) - set(limits_told())
    assert not missing, f"docs/architecture.md, Limits, does not tell of {sorted(missing)}"


def test_every_exit_code_is_told():
    failures = importlib.import_module("admin.failures")
    page = OPERATING.read_text(encoding="utf-8")
    codes = [value for name, value in vars(failures).items() if name.startswith("EXIT_")]
    assert codes
    missing = [code for code in codes if f"| {code} |" not in page]
    assert not missing, f"docs/operating.md does not tell of the exit codes {missing}"
