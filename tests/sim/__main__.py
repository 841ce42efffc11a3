"""Replay one seed, or run many: `python -m tests.sim --seed 7`, `python -m tests.sim --seeds
1000`."""

import argparse
import logging
import sys
import time
from dataclasses import astuple

import structlog

from tests.sim.mutations import MUTATIONS
from tests.sim.planted import finds
from tests.sim.shrinking import shrink
from tests.sim.simulation import SIDES, simulate
from tests.sim.world import Shape


def find_mutations(seeds: int) -> int:
    """A line for each planted bug: the first seed that finds it, and how many of them do; 1 if one
    is not found."""
    missed = 0
    for mutation in MUTATIONS:
        found = finds(mutation, range(seeds))
        missed += not found
        first = found[0] if found else "none"
        print(f"{first:>6} {len(found):>6}  {mutation.trap}", flush=True)
    return int(missed > 0)


def show_smallest(seed: int, side: str) -> int:
    """The line that replays the smallest history which breaks like `seed`."""
    found = shrink(seed, side)
    if found is not None:
        small, shape = found
        print(
            f"python -m tests.sim --seed {small} --side {side} --lives {shape.incarnations} "
            f"--clients {shape.clients} --steps {shape.steps}"
        )
    return 1


def main() -> int:
    """The exit code: 1 at the first seed that breaks, whose replay line is the last line
    printed."""
    parser = argparse.ArgumentParser(prog="python -m tests.sim", description=__doc__)
    parser.add_argument("--seed", type=int, help="replay this one seed")
    parser.add_argument("--seeds", type=int, default=200, help="run seeds 0 … N-1")
    parser.add_argument("--side", choices=sorted(SIDES), default="model")
    parser.add_argument("--mutations", action="store_true", help="which seeds find which bug")
    parser.add_argument("--shrink", action="store_true", help="look for a smaller history")
    for name, size in zip(("lives", "clients", "steps"), astuple(Shape()), strict=True):
        parser.add_argument(f"--{name}", type=int, default=size)
    chosen = parser.parse_args()
    shape = Shape(chosen.lives, chosen.clients, chosen.steps)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    if chosen.mutations:
        return find_mutations(chosen.seeds)
    seeds = range(chosen.seeds) if chosen.seed is None else [chosen.seed]
    start = time.perf_counter()
    decided = feeds = answers = wait = 0
    for seed in seeds:
        try:
            world = simulate(seed, chosen.side, shape)
        except Exception:
            if chosen.shrink:
                return show_smallest(seed, chosen.side)
            if chosen.seed is not None:
                raise
            print(f"seed {seed} broke: python -m tests.sim --seed {seed} --side {chosen.side}")
            return 1
        decided, feeds = decided + world.decided, feeds + world.feeds_checked
        answers += world.answers_checked
        wait = max(wait, world.longest_wait)
    took = time.perf_counter() - start
    print(
        f"{len(seeds)} seeds in {took:.1f} s: {decided} decisions, {feeds} feeds, "
        f"{answers} other answers, longest wait {wait} rounds"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
