"""One server for all attacks."""

from collections.abc import Generator

import pytest

from tests.conformance.serving import served
from tests.conformance.world import Api
from tests.process.siege.target import Target


@pytest.fixture(scope="session")
def target(tmp_path_factory: pytest.TempPathFactory) -> Generator[Target]:
    """A server on the edge, whatever the conformance tests are run on."""
    folder = tmp_path_factory.mktemp("siege") / "data"
    with (
        served(folder, TRIPTYCH_RATE_LIMITS="off", TRIPTYCH_SERVER="edge") as url,
        Api(url) as api,
    ):
        yield Target(api, folder)
    log = folder.with_suffix(".log").read_text()
    assert "Traceback" not in log, log[log.index("Traceback") - 500 :][:4_000]
    assert '"level": "error"' not in log
