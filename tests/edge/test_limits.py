"""Every limit and deadline of the edge, on a real socket and in virtual time: the documented
answer, and the connection, its task and its descriptor gone afterwards."""

import contextlib
import os
from pathlib import Path
from typing import Any

import pytest
import trio
import trio.testing
from trio.testing import MockClock

from server.edge.limits import (
    BODY_BYTES_A_SECOND_MIN,
    BODY_GRACE_S,
    HEAD_S,
    HEADER_BYTES_MAX,
    HEADERS_MAX,
    KEEP_ALIVE_S,
    LINGER_S,
    REQUEST_LINE_BYTES_MAX,
    TICK_S,
    WRITE_S,
)
from server.edge.serving import Receive, Send
from tests.edge.serving import answer, echo, get, pour, served, unharmed

SLACK_S = 4 * TICK_S
"""Deadlines are coarse."""


async def test_a_request_that_does_not_come_is_not_waited_for(quiet_clock: MockClock):
    async with served(echo) as house, unharmed(house), await house.connect() as client:
        began = trio.current_time()
        assert await client.rest() == b""
        assert HEAD_S <= trio.current_time() - began <= HEAD_S + SLACK_S


async def test_slowloris_is_told_and_dropped(quiet_clock: MockClock):
    """A header every three seconds: the head as a whole is too slow."""
    async with served(echo) as house, unharmed(house), await house.connect() as client:
        began = trio.current_time()
        await client.send(b"GET / HTTP/1.1\r\n")
        with contextlib.suppress(trio.BrokenResourceError):
            while trio.current_time() - began < HEAD_S:
                await client.send(b"X: y\r\n")
                await trio.sleep(3)
        status, headers, _ = await client.answer()
        assert (status, headers["connection"]) == (408, "close")
        assert trio.current_time() - began <= HEAD_S + 3 + SLACK_S


async def test_a_byte_a_second_is_too_slow(quiet_clock: MockClock):
    async with served(echo) as house, unharmed(house), await house.connect() as client:
        with contextlib.suppress(trio.BrokenResourceError):
            for byte in get():
                await client.send(bytes([byte]))
                await trio.sleep(1)
        assert (await client.answer())[0] == 408


async def test_a_second_request_has_ten_seconds_from_its_first_byte(quiet_clock: MockClock):
    async with served(echo) as house, await house.connect() as client:
        await client.send(get())
        await client.answer()
        await trio.sleep(KEEP_ALIVE_S - 5)
        await client.send(b"GET / HT")
        await trio.sleep(HEAD_S - 2)
        await client.send(b"TP/1.1\r\nHost: a\r\n\r\n")
        assert (await client.answer())[0] == 200


async def test_an_idle_connection_is_closed(quiet_clock: MockClock):
    async with served(echo) as house, unharmed(house), await house.connect() as client:
        await client.send(get())
        await client.answer()
        began = trio.current_time()
        assert await client.rest() == b""
        assert KEEP_ALIVE_S <= trio.current_time() - began <= KEEP_ALIVE_S + SLACK_S


async def test_a_body_that_trickles_is_not_waited_for(quiet_clock: MockClock):
    async with served(echo) as house, unharmed(house), await house.connect() as client:
        began = trio.current_time()
        await client.send(get("/", "Content-Length: 100", method="PUT"))
        with contextlib.suppress(trio.BrokenResourceError):
            while trio.current_time() - began < BODY_GRACE_S:
                await client.send(b"x")
                await trio.sleep(1)
        assert (await client.answer())[0] == 408


async def test_a_chunked_body_without_an_end_is_not_waited_for(quiet_clock: MockClock):
    async with served(echo) as house, unharmed(house), await house.connect() as client:
        began = trio.current_time()
        await client.send(get("/", "Transfer-Encoding: chunked", method="PUT") + b"5\r\nhello\r\n")
        assert (await client.answer())[0] == 408
        assert BODY_GRACE_S <= trio.current_time() - began <= BODY_GRACE_S + SLACK_S


async def test_a_body_at_the_least_rate_is_waited_for(quiet_clock: MockClock):
    seconds = 40
    length = seconds * BODY_BYTES_A_SECOND_MIN
    async with served(echo) as house, await house.connect() as client:
        await client.send(get("/", f"Content-Length: {length}", method="PUT"))
        for _ in range(seconds):
            await client.send(b"x" * BODY_BYTES_A_SECOND_MIN)
            await trio.sleep(1)
        assert len((await client.answer())[2]) == length + 2


async def test_an_application_that_is_slow_to_read_is_not_held_against_the_client(
    quiet_clock: MockClock,
):
    async def slow(scope: Any, receive: Receive, send: Send) -> None:
        size = 0
        more = True
        while more:
            await trio.sleep(10)
            message = await receive()
            size += len(message["body"])
            more = message["more_body"]
        await answer(send, str(size).encode())

    async with served(slow) as house, await house.connect() as client:
        await client.send(get("/", "Content-Length: 300000", method="PUT") + b"x" * 300_000)
        assert (await client.answer())[2] == b"300000"


async def test_a_reader_that_never_reads_is_dropped(quiet_clock: MockClock, taken_at: list[float]):
    dropped_at, dropped = 0.0, trio.Event()

    async def told(scope: Any, receive: Receive, send: Send) -> None:
        nonlocal dropped_at
        try:
            await pour(scope, receive, send)
        except OSError:
            dropped_at = trio.current_time()
            dropped.set()

    async with (
        served(told) as house,
        unharmed(house),
        await house.connect(buffer_bytes=4_096) as client,
    ):
        await client.send(get("/pour"))
        await dropped.wait()
        assert WRITE_S <= dropped_at - taken_at[-1] <= WRITE_S + SLACK_S


HELD = b"x" * 1_000_000
"""An answer that fits into what a kernel holds for a client, and not into what a client takes that
does not read."""


async def hold(scope: Any, receive: Receive, send: Send) -> None:
    if scope["path"] != "/held":
        await echo(scope, receive, send)
        return
    closing = [(b"connection", b"close")] if scope["query_string"] else []
    await answer(send, HELD, 200, *closing)


@pytest.mark.parametrize(
    ("target", "waited_s"), [("/held", KEEP_ALIVE_S), ("/held?close", LINGER_S)]
)
async def test_what_a_kernel_holds_for_who_never_reads_goes_with_the_connection(
    quiet_clock: MockClock, taken_at: list[float], target: str, waited_s: float
):
    """It would hold it for minutes, uncounted."""
    async with served(hold) as house, await house.connect(buffer_bytes=4_096) as client:
        closing_at = trio.current_time() + waited_s
        await client.send(get(target))
        await client.head()
        while house.listener.statistics()["connections"]:  # noqa: ASYNC110  # nothing tells
            await trio.sleep(TICK_S)
        waited_s = trio.current_time() - max(closing_at, taken_at[-1])
        assert WRITE_S <= waited_s <= WRITE_S + SLACK_S
        assert len(await client.rest()) < len(HELD) / 2, "the rest was dropped"


async def test_who_never_reads_a_file_is_cut_off(
    quiet_clock: MockClock, taken_at: list[float], tmp_path: Path
):
    """Of a file nothing waits here, only in the kernel."""
    path = tmp_path / "large"
    path.touch()
    os.truncate(path, 20_000_000)

    async def send_file(scope: Any, receive: Receive, send: Send) -> None:
        headers = [(b"content-length", b"20000000")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.pathsend", "path": str(path)})

    async with served(send_file) as house, await house.connect(buffer_bytes=4_096) as client:
        await client.send(get("/"))
        await client.head()
        while house.listener.statistics()["connections"]:  # noqa: ASYNC110  # nothing tells
            await trio.sleep(TICK_S)
        assert WRITE_S <= trio.current_time() - taken_at[-1] <= WRITE_S + SLACK_S
        assert len(await client.rest()) < 500_000, "the rest was dropped"


async def test_what_a_kernel_holds_for_a_slow_reader_arrives(quiet_clock: MockClock):
    async with served(hold) as house, await house.connect(buffer_bytes=32_768) as client:
        began = trio.current_time()
        await client.send(get("/held?close"))
        while len(client.unread) < len(HELD):
            await trio.sleep(WRITE_S / 3)
            assert await client.more(), "it was dropped"
        assert trio.current_time() - began > 3 * WRITE_S
        assert client.unread.endswith(HELD)


async def test_a_slow_reader_that_makes_progress_is_waited_for(quiet_clock: MockClock):
    async with served(pour) as house, await house.connect(buffer_bytes=4_096) as client:
        await client.send(get("/pour"))
        began = trio.current_time()
        while trio.current_time() - began < 5 * WRITE_S:
            await trio.sleep(WRITE_S - 5)
            for _ in range(20):
                assert await client.more(), "it was dropped"


@pytest.mark.parametrize(
    "request_bytes",
    [
        get("/" + "x" * REQUEST_LINE_BYTES_MAX),
        get("/", *(f"X-{number}: y" for number in range(HEADERS_MAX))),
        get("/", "X: " + "y" * HEADER_BYTES_MAX),
        get("/" + "x" * 1_000_000),
        get("/", "X: " + "y" * 1_000_000),
        b"x" * 1_000_000,
    ],
)
async def test_a_head_that_is_too_large_is_told(request_bytes: bytes, quiet_clock: MockClock):
    async with served(echo) as house, unharmed(house), await house.connect() as client:
        with contextlib.suppress(trio.BrokenResourceError):
            await client.send(request_bytes)
        status, headers, _ = await client.answer()
        assert (status, headers["connection"]) == (431, "close")


async def test_lingering_has_an_end(quiet_clock: MockClock):
    async with served(echo) as house, unharmed(house), await house.connect() as client:
        await client.send(b"GET / HTTP/9\r\n\r\n")
        assert (await client.answer())[0] == 400
        began = trio.current_time()
        with contextlib.suppress(trio.BrokenResourceError):
            while trio.current_time() - began < 3 * LINGER_S:
                await client.send(b"x" * 100)
                await trio.sleep(0.2)
        assert trio.current_time() - began <= LINGER_S + SLACK_S
