"""What the simulator raises. Everything in `tests/sim` may; only the command line and the tests
catch it."""


class Broken(Exception):
    """A promise did not hold."""
