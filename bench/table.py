"""Results as a table: aligned for a terminal, and in Markdown for notes. Pure."""

from collections.abc import Sequence

import msgspec

from bench.house import Measured
from bench.load import Load

HEADINGS = (
    "what", "through", "clients", "per s", "p50 ms", "p99 ms", "worst step ms", "in task",
    "facts a commit", "commit ms", "server µs", "client µs",
)  # fmt: skip

TEXTS = frozenset({0, 1, 7})
"""The columns that are aligned to the left."""


class Line(msgspec.Struct, frozen=True):
    """One cell of the bench: what was asked, how, and what came of it."""

    what: str
    through: str
    clients: int
    load: Load
    inside: Measured | None = None
    """What was measured in the process that served; None if nobody looked."""
    apart: bool = False
    """Whether the clients were another process, so that each side's cost is known."""

    def texts(self) -> tuple[str, ...]:
        """As it is shown, a text a column."""
        load, inside = self.load, self.inside or Measured()
        commits = inside.commits
        return (
            self.what,
            self.through,
            str(self.clients),
            f"{load.rate:,.0f}",
            f"{load.p50_s * 1e3:.2f}",
            f"{load.p99_s * 1e3:.2f}",
            f"{inside.worst_step_s * 1e3:.1f}" if self.inside else "",
            inside.worst_task,
            f"{inside.facts / commits:.1f}" if commits else "",
            f"{inside.commit_s / commits * 1e3:.2f}" if commits else "",
            _each(inside.cpu_s, load.done) if self.inside else "",
            _each(load.cpu_s, load.done) if self.apart else "",
        )


def _each(seconds: float, done: int) -> str:
    return f"{seconds / done * 1e6:.0f}" if done else ""


def aligned(lines: Sequence[Line]) -> str:
    """For a terminal."""
    rows = [HEADINGS, *(line.texts() for line in lines)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    return "\n".join(
        "  ".join(
            text.ljust(width) if column in TEXTS else text.rjust(width)
            for column, (text, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def markdown(lines: Sequence[Line]) -> str:
    """For a note."""
    rules = ["---" if column in TEXTS else "---:" for column in range(len(HEADINGS))]
    rows = [HEADINGS, rules, *(line.texts() for line in lines)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
