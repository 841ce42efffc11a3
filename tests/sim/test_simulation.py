"""Random histories, each checked in every way that `simulation` knows. A failing seed prints the
line that replays it."""

import pytest

from tests.sim.simulation import SIDES, simulate

SEEDS = {"model": 200, "sqlite": 60}
SLICE = 20
"""Seeds a test, so that a failure shows how far the others came."""


@pytest.mark.parametrize(
    ("side", "first"),
    [(side, first) for side in sorted(SIDES) for first in range(0, SEEDS[side], SLICE)],
)
def test_random_histories_keep_every_promise(side: str, first: int) -> None:
    decided = feeds = 0
    for seed in range(first, first + SLICE):
        try:
            world = simulate(seed, side)
        except BaseException as broken:
            broken.add_note(f"replay: python -m tests.sim --seed {seed} --side {side}")
            raise
        decided, feeds = decided + world.decided, feeds + world.feeds_checked
    assert decided > SLICE * 50, "the clients hardly did anything"
    assert feeds > SLICE * 10, "hardly any feed was read"


def test_a_seed_replays_exactly() -> None:
    def trace(seed: int) -> tuple[object, ...]:
        world = simulate(seed)
        return world.disk.journal, world.decided, world.feeds_checked, world.longest_wait

    assert trace(7) == trace(7)
    assert trace(7) != trace(8)
