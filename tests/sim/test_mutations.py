"""The simulator is known to see: it finds each planted bug within a thousand seeds, and nothing
without it (which `test_simulation` shows)."""

from pathlib import Path

import pytest

from tests.sim.mutations import MUTATIONS
from tests.sim.planted import Mutation, finding_seed

SEEDS = 1_000


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.trap)
def test_the_simulator_sees(mutation: Mutation) -> None:
    assert finding_seed(mutation, SEEDS) is not None


def test_the_page_tells_of_every_planted_bug() -> None:
    page = (Path(__file__).parents[2] / "docs/simulation.md").read_text()
    told = [line for line in page.splitlines() if line.startswith("| ")]
    assert {f"| {mutation.trap} | {mutation.seed} |" for mutation in MUTATIONS} <= set(told)
