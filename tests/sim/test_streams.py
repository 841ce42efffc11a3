"""Histories of streams: each reader hears what the journal says, in order, exactly once. A failing
seed prints the line that replays it."""

from pathlib import Path

import pytest

from tests.sim.planted import Mutation, planted
from tests.sim.stream_mutations import STREAM_MUTATIONS
from tests.sim.streams import simulate_streams

SEEDS = 200
SLICE = 20
"""Seeds a test, so that a failure shows how far the others came."""

SEEDS_TRIED = 500
"""For a planted bug whose seed finds it no longer."""


@pytest.mark.parametrize("first", range(0, SEEDS, SLICE))
def test_each_reader_hears_everything_in_order_exactly_once(first: int) -> None:
    heard = 0
    for seed in range(first, first + SLICE):
        try:
            heard += simulate_streams(seed).heard
        except BaseException as broken:
            broken.add_note(f"replay: python -m tests.sim.streams {seed}")
            raise
    assert heard > SLICE * 20, "hardly anything was told"


def test_a_seed_replays_exactly() -> None:
    def trace(seed: int) -> object:
        history = simulate_streams(seed)
        return history.disk.journal, [reader.heard for reader in history.readers]

    assert trace(5) == trace(5)
    assert trace(5) != trace(6)


@pytest.mark.parametrize("mutation", STREAM_MUTATIONS, ids=lambda mutation: mutation.trap)
def test_the_histories_see(mutation: Mutation) -> None:
    with planted(mutation):
        for seed in (mutation.seed, *range(SEEDS_TRIED)):
            try:
                simulate_streams(seed)
            except Exception:
                return
    pytest.fail(f"no history sees that {mutation.trap}")


def test_the_page_tells_of_every_planted_bug() -> None:
    page = (Path(__file__).parents[2] / "docs/simulation.md").read_text()
    told = [line for line in page.splitlines() if line.startswith("| ")]
    assert {f"| {one.trap} | {one.seed} |" for one in STREAM_MUTATIONS} <= set(told)
