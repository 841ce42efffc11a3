"""What the simulator raises. Everything in `tests/sim` may; only the command line and the tests
catch it."""

from storage.facts import Fact


class Broken(Exception):
    """A promise did not hold."""


def due(fact: Fact, holds: bool, rule: str) -> None:
    """Raises `Broken` if a fact breaks a rule."""
    if not holds:
        raise Broken(f"{fact}: {rule}")
