"""From a seed that breaks to the smallest history that does: fewer lives, clients and steps.

A seed means another history in another shape, so each shape is tried with some seeds; the first
that breaks with the same type of error is small enough to be read. Used by
`python -m tests.sim --shrink`.
"""

from itertools import product

from tests.sim.simulation import simulate
from tests.sim.world import Shape

SEEDS_A_SHAPE = 40

SHAPES = sorted(
    (Shape(*size) for size in product((1, 2, 3), (1, 2, 3, 4), (1, 2, 3, 5, 8))),
    key=lambda shape: shape.incarnations * shape.clients * shape.steps,
)
"""The smallest first: what counts is how much happens in all."""


def error_of(seed: int, side: str, shape: Shape = Shape()) -> BaseException | None:  # noqa: B008
    """What a history breaks with: the first error inside any groups."""
    try:
        simulate(seed, side, shape)
    except Exception as error:
        first: BaseException = error
        while isinstance(first, BaseExceptionGroup):
            first = first.exceptions[0]
        return first
    return None


def shrink(seed: int, side: str) -> tuple[int, Shape] | None:
    """(seed, shape) of the smallest history found that breaks like `seed`; None if it does not."""
    broken = error_of(seed, side)
    if broken is None:
        return None
    for shape in SHAPES:
        for other in (seed, *range(SEEDS_A_SHAPE)):
            if type(error_of(other, side, shape)) is type(broken):
                return other, shape
    return seed, Shape()
