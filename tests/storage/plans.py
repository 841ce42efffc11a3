"""What SQLite would do to carry out a statement, as it says itself: for the tests that no statement
reads a whole table."""

import re

from storage.sqlite import Connection

MADE = ("CO-ROUTINE", "MATERIALIZE")
"""Steps that make rows within the statement: going through those is no harm."""


WHOLE_VIRTUAL = ("VIRTUAL TABLE INDEX 0:", "VIRTUAL TABLE INDEX 2:")
"""How FTS5 and the R*Tree say that nothing narrows them down; JSON's is 1, for what it is given."""


def plan(connection: Connection, sql: str) -> list[str]:
    """The steps of a statement, whatever its parameters are."""
    parameters = re.findall(r":(\w+)", sql)
    values = dict.fromkeys(parameters, "[]") if parameters else ["[]"] * sql.count("?")
    return [step[3] for step in connection.execute(f"explain query plan {sql}", values).fetchall()]


def tables_scanned(steps: list[str]) -> set[str]:
    """What of the database is read from one end to the other, through an index or not. JSON
    parameters are virtual tables, and a statement may go through what it has made."""
    made = {step.split()[1] for step in steps if step.startswith(MADE)} | {"CONSTANT"}
    scans = (
        step
        for step in steps
        if step.startswith("SCAN") and ("VIRTUAL TABLE" not in step or step.endswith(WHOLE_VIRTUAL))
    )
    return {scan.split()[1] for scan in scans} - made


def indexes_made(steps: list[str]) -> set[str]:
    """What gets an index for this one statement, which reads all of it."""
    return {step.split()[1] for step in steps if "USING AUTOMATIC" in step}


def ranges(steps: list[str]) -> set[str]:
    """What is searched by bounds alone, and so as widely as they lie apart."""
    bounded = (re.match(r"SEARCH (\S+) .*\(([^=()]+)\)( LEFT-JOIN)?$", step) for step in steps)
    return {found[1] for found in bounded if found}


def sorts(steps: list[str]) -> bool:
    """Whether rows are sorted before they are limited: then a page costs as much as the whole."""
    return "USE TEMP B-TREE FOR ORDER BY" in steps
