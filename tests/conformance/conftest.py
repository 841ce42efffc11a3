"""The server under test and the people of most tests.

`TRIPTYCH_URL` names a server that runs already; without it, one is started on a fresh folder, and
after the last test its folder is verified.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.conformance.serving import run, served
from tests.conformance.world import Api, Person

URL_VARIABLE = "TRIPTYCH_URL"


@pytest.fixture(scope="session")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """The server under test, without limits."""
    url = os.environ.get(URL_VARIABLE)
    if url is not None:
        with Api(url) as api:
            yield api
        return
    folder = tmp_path_factory.mktemp("conformance") / "data"
    with served(folder, TRIPTYCH_RATE_LIMITS="off") as url, Api(url) as api:
        yield api
    verified = run("verify", "--data", folder)
    assert verified.returncode == 0, f"after all tests:\n{verified.stdout}\n{verified.stderr}"


OwnServer = Callable[..., Api]


@pytest.fixture(scope="module")
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnServer]:
    """Starts servers with the settings that are named, on fresh folders or on one that is given;
    they are stopped after the module's last test."""
    if URL_VARIABLE in os.environ:
        pytest.skip(f"wants a server with settings of its own, and {URL_VARIABLE} names one")
    with ExitStack() as stack:

        def start(folder: Path | None = None, **variables: str) -> Api:
            settings = {"TRIPTYCH_RATE_LIMITS": "off", **variables}
            fresh = tmp_path_factory.mktemp("server") / "data"
            url = stack.enter_context(served(folder or fresh, **settings))
            return stack.enter_context(Api(url))

        yield start


@pytest.fixture(scope="session")
def reader(api: Api) -> Person:
    """Somebody who only reads, for tests that need no more than a token."""
    return api.person("reader")


@pytest.fixture
def ann(api: Api) -> Person:
    return api.person("ann")


@pytest.fixture
def bob(api: Api) -> Person:
    return api.person("bob")


@pytest.fixture
def cat(api: Api) -> Person:
    return api.person("cat")


@pytest.fixture
def priv(api: Api) -> Person:
    """Somebody whose account is private."""
    return api.person("priv", private=True)
