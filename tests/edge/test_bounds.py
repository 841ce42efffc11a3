"""Many connections: more than are allowed, more than there are descriptors for, and all of them at
the stop."""

import contextlib
import os
import resource
from collections.abc import Generator
from typing import Any

import trio
import trio.testing
from structlog.testing import capture_logs
from trio.testing import MockClock

from server.edge.listener import NO_MORE_FILES_PAUSE_S, TURNED_AWAY_MAX
from server.edge.serving import Receive, Send
from tests.edge.serving import ANSWER_S, Client, body_of, echo, get, pour, served, unharmed


async def test_too_many_connections_are_answered_and_closed(quiet_clock: MockClock):
    held = 5
    async with served(echo, connections_max=held) as house:
        async with contextlib.AsyncExitStack() as stack:
            kept = [await stack.enter_async_context(await house.connect()) for _ in range(held)]
            for client in kept:
                await client.send(get())
                await client.answer()
            for _ in range(2 * TURNED_AWAY_MAX):
                async with await house.connect() as client:
                    await client.send(get())
                    status, headers, _ = await client.answer()
                    assert (status, headers["connection"]) == (503, "close")
                    assert headers["retry-after"] == "1"
            for client in kept:
                await client.send(get("/still"))
                assert (await client.answer())[2] == b"/still "
        await house.all_gone()
        async with await house.connect() as client:
            await client.send(get())
            assert (await client.answer())[0] == 200


async def test_a_crowd_that_is_turned_away_is_bounded(quiet_clock: MockClock):
    async with served(echo, connections_max=1) as house, contextlib.AsyncExitStack() as stack:
        first = await stack.enter_async_context(await house.connect())
        await first.send(get())
        await first.answer()
        descriptors = len(os.listdir("/proc/self/fd"))
        crowd = 4 * TURNED_AWAY_MAX
        for _ in range(crowd):
            await stack.enter_async_context(await house.connect())
        await trio.testing.wait_all_tasks_blocked()
        ours = len(os.listdir("/proc/self/fd")) - descriptors - crowd
        assert ours <= TURNED_AWAY_MAX
        await first.send(get("/still"))
        assert (await first.answer())[2] == b"/still "


async def test_running_out_of_descriptors_is_survived(quiet_clock: MockClock):
    """Accepting fails while nothing is left, does not spin, and goes on afterwards."""
    waiting = trio.socket.socket()
    async with (
        served(echo) as house,
        unharmed(house),
        await house.connect() as before,
        Client(trio.SocketStream(waiting)) as late,
    ):
        await before.send(get())
        await before.answer()
        with no_descriptors_left(), capture_logs() as logged:
            await waiting.connect(("127.0.0.1", house.port))
            await before.send(get("/served"))
            assert (await before.answer())[2] == b"/served "
            await trio.sleep(1)
        assert 1 <= len(logged) <= 1 / NO_MORE_FILES_PAUSE_S + 1
        await late.send(get())
        assert (await late.answer())[0] == 200


@contextlib.contextmanager
def no_descriptors_left() -> Generator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest = os.dup(0)
    os.close(lowest)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def test_a_stop_waits_for_nobody(quiet_clock: MockClock):
    """A hundred that do not read, a hundred half-sent bodies, a hundred idle: all are closed when
    the time is over, and the handlers hear of it."""
    begun = heard = 0
    all_begun = trio.Event()

    async def application(scope: Any, receive: Receive, send: Send) -> None:
        nonlocal begun, heard
        begun += 1
        if begun == 200:
            all_begun.set()
        try:
            if scope["path"] == "/body":
                await body_of(receive)
            await pour(scope, receive, send)
        except (EOFError, OSError):
            heard += 1
            raise

    async with served(application) as house:
        async with contextlib.AsyncExitStack() as stack:
            for _ in range(100):
                for request in (
                    b"",
                    get("/pour"),
                    get("/body", "Content-Length: 9", method="PUT") + b"abc",
                ):
                    client = await stack.enter_async_context(await house.connect(4_096))
                    await client.send(request)
            with trio.fail_after(ANSWER_S):
                await all_begun.wait()  # the last that was connected among them
            assert house.listener.statistics()["connections"] == 300
            began = trio.current_time()
            house.stop.set()
            await house.ended.wait()
            assert trio.current_time() - began <= 2.5
        assert heard == 200


async def test_a_stop_lets_what_is_under_way_finish(quiet_clock: MockClock):
    begun, go_on = trio.Event(), trio.Event()

    async def application(scope: Any, receive: Receive, send: Send) -> None:
        begun.set()
        await go_on.wait()
        await echo(scope, receive, send)

    async with served(application) as house, await house.connect() as client:
        await client.send(get("/under-way"))
        with trio.fail_after(ANSWER_S):
            await begun.wait()
        house.stop.set()
        await trio.sleep(1)
        go_on.set()
        _, headers, body = await client.answer()
        assert (headers["connection"], body) == ("close", b"/under-way ")
        await house.ended.wait()
