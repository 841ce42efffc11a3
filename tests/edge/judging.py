"""Runs kosoku's cases (Autobahn's) against a WebSocket server: `python judging.py URL CASE …`
prints how many passed, or which did not, and exits with 1. In a process of its own, since
kosoku runs on asyncio."""

import asyncio
import os
import sys

import kosoku

AT_ONCE = 8


async def judge(url: str, cases: list[str]) -> int:
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
