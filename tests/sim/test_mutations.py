"""The simulator is known to see: it finds each planted bug within a thousand seeds, and nothing
without it (which `test_simulation` shows)."""

import pytest

from tests.sim.mutations import MUTATIONS, Mutation, finding_seed

SEEDS = 1_000


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.trap)
def test_the_simulator_sees(mutation: Mutation) -> None:
    assert finding_seed(mutation, SEEDS) is not None
