"""The simulator is known to see: each planted bug is found by the seed that once found it."""

import pytest

from tests.sim.mutations import MUTATIONS, Mutation, planted
from tests.sim.simulation import simulate


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.trap)
def test_the_simulator_sees(mutation: Mutation) -> None:
    with planted(mutation), pytest.raises(Exception):  # noqa: B017  # whatever it breaks
        simulate(mutation.seed)


@pytest.mark.parametrize("seed", sorted({mutation.seed for mutation in MUTATIONS}))
def test_the_same_seed_finds_nothing_without_the_bug(seed: int) -> None:
    simulate(seed)
