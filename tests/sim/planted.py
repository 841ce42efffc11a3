"""Planted bugs: the product with a few words changed, to show that the simulator sees what it is
for. The bugs are in `tests.sim.mutations` and `tests.sim.rule_mutations`.
"""

import inspect
import sys
import textwrap
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from types import FunctionType
from typing import Any

from tests.sim.simulation import simulate


@dataclass(frozen=True)
class Mutation:
    """A bug: in `function`, `old` becomes `new`."""

    trap: str
    function: Any
    old: str
    new: str
    seed: int
    """A seed that finds it. Any change to the product may shift it: then another does."""
    side: str = "model"
    """The side of the disk on which it shows."""


@contextmanager
def planted(mutation: Mutation) -> Generator[None]:
    """The product with the bug in it: whoever holds the function runs the other code."""
    function: FunctionType = mutation.function
    source = textwrap.dedent(inspect.getsource(function))
    old, new = mutation.old, mutation.new
    if "." in function.__qualname__:
        old, new = _without_indent(old), _without_indent(new)
    if old not in source:
        raise LookupError(f"{mutation.trap}: {old!r} is not in {function.__qualname__} any more")
    namespace: dict[str, Any] = {}
    globals_of = vars(sys.modules[function.__module__])
    exec(compile(source.replace(old, new), "<mutation>", "exec"), globals_of, namespace)
    changed: Any = namespace[function.__name__]
    was = function.__code__
    other: Any = changed.fget if isinstance(changed, property) else changed
    function.__code__ = other.__code__
    try:
        yield
    finally:
        function.__code__ = was


def _without_indent(text: str) -> str:
    """Lines after the first, as they stand once a method is taken out of its class."""
    first, *others = text.split("\n")
    return "\n".join([first, *(line.removeprefix("    ") for line in others)])


def finds(mutation: Mutation, seeds: Iterable[int]) -> list[int]:
    """Those of `seeds` that find the bug."""
    found: list[int] = []
    with planted(mutation):
        for seed in seeds:
            try:
                simulate(seed, mutation.side)
            except Exception:
                found.append(seed)
    return found


def finding_seed(mutation: Mutation, seeds: int) -> int | None:
    """A seed that finds the bug: the one that did so before, or the first below `seeds`."""
    with planted(mutation):
        for seed in (mutation.seed, *range(seeds)):
            try:
                simulate(seed, mutation.side)
            except Exception:
                return seed
    return None
