"""A history that breaks is made smaller, and still breaks."""

from tests.sim.mutations import MUTATIONS
from tests.sim.planted import planted
from tests.sim.shrinking import error_of, shrink
from tests.sim.world import Shape


def test_a_broken_history_becomes_a_small_one() -> None:
    mutation = next(one for one in MUTATIONS if one.trap == "a turn without drafts")
    with planted(mutation):
        broken = error_of(mutation.seed, "model")
        found = shrink(mutation.seed, "model")
        assert found is not None
        seed, shape = found
        assert type(error_of(seed, "model", shape)) is type(broken)
        whole = Shape()
        assert shape.clients * shape.steps < whole.clients * whole.steps / 4


def test_a_sound_history_has_nothing_to_shrink() -> None:
    assert shrink(0, "model") is None
