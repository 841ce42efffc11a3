"""A start that a signal meets in the middle: `python -m tests.process.impatient NUMBER serve …` is
`run.py serve …`, and sends itself the signal once a rebuild of its database has told of progress,
before it is done. From outside nobody can be sure to come in time.
"""

import os
import sys

from storage import rebuilding
from storage.audit import Progress
from storage.sqlite import Connection

NUMBER = int(sys.argv.pop(1))

fill = rebuilding._fill  # pyright: ignore[reportPrivateUsage]


def fill_and_be_met(draft: Connection, old: Connection, progress: Progress) -> None:
    def tell(done: int, of: int) -> None:
        progress(done, of)
        os.kill(os.getpid(), NUMBER)

    fill(draft, old, tell)


if __name__ == "__main__":
    rebuilding._fill = fill_and_be_met

    import run

    run.main()
