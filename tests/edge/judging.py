"""Runs kosoku's cases (Autobahn's) against a WebSocket server: `python judging.py URL CASE …`
prints how many passed, or which did not, and exits with 1. In a process of its own, since
kosoku runs on asyncio."""

import asyncio
import importlib
import os
import sys
from typing import Any

import kosoku
from kosoku import _caseindex

AT_ONCE = 8

PATIENCE = 60.0
"""Times as long as a case would wait until it gives up: a second, in which a busy machine may not
even come to answer. A case that hears what it is to hear does not wait for it."""


class Patient:
    """A connection of a case, which gives up later."""

    def __init__(self, connection: Any) -> None:
        self.__dict__["connection"] = connection

    def __getattr__(self, name: str) -> Any:
        return getattr(self.connection, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self.connection, name, value)

    def killAfter(self, seconds: float) -> None:  # noqa: N802  # as Autobahn calls it
        self.connection.killAfter(PATIENCE * seconds)

    def closeAfter(self, seconds: float) -> None:  # noqa: N802
        self.connection.closeAfter(PATIENCE * seconds)


def have_patience() -> None:
    """In all cases of this process."""
    _caseindex.initialize_shims()
    case = importlib.import_module("case").Case
    begin = case.__init__

    def begin_patiently(self: Any, connection: Any) -> None:
        begin(self, Patient(connection))

    case.__init__ = begin_patiently


async def judge(url: str, cases: list[str]) -> int:
    have_patience()
    try:
        results = await kosoku.run_fuzzingclient(url, cases, concurrency=AT_ONCE)
    except kosoku.FailureError as failure:
        print(failure)
        return 1
    print(len(results))
    return 0


if __name__ == "__main__":
    code = asyncio.run(judge(sys.argv[1], sys.argv[2:]))
    sys.stdout.flush()
    os._exit(code)  # its threads now and then abort an interpreter that is winding up
