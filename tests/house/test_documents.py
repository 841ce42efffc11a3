"""The documents can't lie: what they list is compared with what there is."""

import re
import subprocess

import pytest

from server.examples import EXAMPLES
from server.http.routing import Multipart, Nothing, Raw
from server.problems import Problem
from server.routes.table import ROUTES
from tests.house.api_page import PAGE as API_PAGE
from tests.house.api_page import with_routes
from tests.house.settings_table import with_table
from tests.house.tree import ROOT

TARGETS_IN_README = ("make run", "make test")


def text_of(name: str) -> str:
    path = ROOT / name
    assert path.is_file(), f"{name} is missing"
    return path.read_text(encoding="utf-8")


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z][a-z-]*):", text_of("Makefile"), re.MULTILINE))


def required(name: str) -> set[str]:
    """What a requirements file asks for by itself, without what comes along."""
    lines = text_of(name).splitlines()
    return {line.partition("[")[0] for line in lines if line and line[0] not in "#-"}


def pinned(name: str) -> dict[str, str]:
    """Each requirement of a locked file and all that belongs to it; a name may be there twice,
    by marker, and then the two are one."""
    blocks: dict[str, str] = {}
    for block in re.split(r"^(?=[a-z0-9])", text_of(name), flags=re.MULTILINE)[1:]:
        package = block.partition("==")[0]
        blocks[package] = blocks.get(package, "") + block
    return blocks


def test_every_setting_is_documented():
    page = text_of("docs/settings.md")
    assert page == with_table(page), "docs/settings.md is behind server/settings.py: make docs"


def test_the_readme_shows_how_to_run_and_test():
    readme = text_of("README.md")
    missing = [target for target in TARGETS_IN_README if target not in readme]
    assert not missing, f"README.md does not tell of {missing}"


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_every_target_that_is_told_of_exists(name: str):
    told = set(re.findall(r"`(?:\$ )?make ([a-z][a-z-]*)", text_of(name)))
    assert told <= make_targets(), f"{name} tells of targets that Makefile does not have"


def test_contributing_tells_of_every_target():
    told = text_of("CONTRIBUTING.md")
    missing = {target for target in make_targets() if f"`make {target}" not in told}
    assert not missing, f"CONTRIBUTING.md does not tell of {missing}"


def test_the_changelog_has_something_in_its_newest_section():
    sections = re.split(r"^## ", text_of("CHANGELOG.md"), flags=re.MULTILINE)[1:]
    assert sections, "CHANGELOG.md has no section"
    assert re.match(r"\[?(Unreleased|\d+\.\d+\.\d+)\]?", sections[0])
    assert re.search(r"^- \S", "\n".join(sections[:2]), re.MULTILINE), "no entry: what is new?"


def test_every_dependency_is_explained():
    told = text_of("docs/dependencies.md").lower()
    asked = required("requirements.in") | required("requirements-dev.in")
    missing = [name for name in sorted(asked) if f"**{name}**" not in told]
    assert not missing, f"docs/dependencies.md does not say why there is {missing}"


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_every_dependency_is_pinned_by_hash(name: str):
    blocks = pinned(name)
    without = [package for package, block in blocks.items() if "--hash=sha256:" not in block]
    assert not without, f"{name} has no hash for {without}: make lock"
    assert required(name.replace(".txt", ".in")) <= set(blocks), f"{name} is behind: make lock"


def test_development_uses_what_the_server_runs_on():
    def versions(name: str) -> set[str]:
        return set(re.findall(r"^[a-z0-9-]+==\S+", text_of(name), re.MULTILINE))

    behind = versions("requirements.txt") - versions("requirements-dev.txt")
    assert not behind, f"requirements-dev.txt has other versions of {behind}: make lock"


def test_make_knows_every_target_without_a_file_of_its_name():
    declared = re.search(r"^\.PHONY: (.*)$", text_of("Makefile"), re.MULTILINE)
    assert declared
    assert set(declared[1].split()) == make_targets()


def test_the_ci_runs_what_a_contributor_runs():
    script = text_of(".ci/run")
    assert "set -euo pipefail" in script
    assert "make --no-print-directory test" in script
    checked = subprocess.run(["bash", "-n", ROOT / ".ci" / "run"], check=False)
    assert checked.returncode == 0


def test_every_route_is_documented():
    page = API_PAGE.read_text(encoding="utf-8")
    assert with_routes(page) == page, "docs/api.md is behind the route table: make docs"


def test_every_request_and_answer_has_an_example():
    """Also in the OpenAPI, which takes them from the same place."""
    kinds = {route.body for route in ROUTES if not issubclass(route.body, Multipart)}
    for route in ROUTES:
        kinds |= {kind for kind in route.answers.values() if not isinstance(kind, Raw)}
    missing = kinds - set(EXAMPLES) - {Nothing, Problem, None}
    assert not missing, f"server/examples.py has no example of {missing}"
