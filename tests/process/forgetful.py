"""A planted bug: `python -m tests.process.forgetful serve …` is `run.py serve …` with a database
that does not wait for the disk at a commit (`synchronous = normal`). It must be seen.
"""

from pathlib import Path

from storage import sqlite
from storage.sqlite import Connection

careful = sqlite.open_writer


def open_writer(database: Path) -> Connection:
    connection = careful(database)
    connection.execute("pragma synchronous = normal")
    return connection


if __name__ == "__main__":
    sqlite.open_writer = open_writer  # before anybody has taken the other

    import run

    run.main()
