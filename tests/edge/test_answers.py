"""Answers over a real socket: failures, files, and what an answer costs."""

import socket
from pathlib import Path
from typing import Any

import pytest
import trio

from server.edge.connection import Connection
from server.edge.limits import SENT_AT_ONCE_BYTES, Limits
from server.edge.serving import Receive, Send, Serving
from server.edge.wire import Wire
from tests.edge.serving import DATE_MS, answer, echo, get, refuse, served


async def fail(scope: Any, receive: Receive, send: Send) -> None:
    if scope["path"] == "/late":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"a", "more_body": True})
    if scope["path"] == "/header":
        await answer(send, b"", 200, (b"x", b"a\r\nb: c"))
    if scope["path"] == "/short":
        await answer(send, b"a", 200, (b"content-length", b"2"))
    raise ZeroDivisionError


@pytest.mark.parametrize("path", ["/", "/header"])
async def test_a_failing_application_is_an_answer(path: str):
    async with served(fail) as house, await house.connect() as client:
        await client.send(get(path))
        status, headers, _ = await client.answer()
        assert (status, headers["connection"]) == (500, "close")


@pytest.mark.parametrize("path", ["/late", "/short"])
async def test_an_answer_that_breaks_off_is_not_taken_for_a_whole_one(path: str):
    async with served(fail) as house, await house.connect() as client:
        await client.send(get(path))
        assert not (await client.rest()).endswith(b"0\r\n\r\n")
        await house.all_gone()


def files(path: Path) -> Any:
    async def send_file(scope: Any, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        try:
            await send({"type": "http.response.pathsend", "path": str(path)})
        except FileNotFoundError:
            await send({"type": "http.response.body", "body": b"not there"})

    return send_file


@pytest.mark.parametrize("size", [0, 1, SENT_AT_ONCE_BYTES, SENT_AT_ONCE_BYTES + 1, 5_000_000])
async def test_a_file_is_sent_as_it_is(tmp_path: Path, size: int):
    path = tmp_path / "file"
    path.write_bytes(bytes(range(256)) * (size // 256) + b"x" * (size % 256))
    async with served(files(path)) as house, await house.connect() as client:
        await client.send(get() + get(method="HEAD") + get())
        assert (await client.answer())[2] == path.read_bytes()
        await client.answer(of_head=True)
        assert (await client.answer())[2] == path.read_bytes()


def parts(path: Path, *messages: dict[str, Any], length: int | None = None) -> Any:
    """Sends parts of an open file, each with what its message says beside."""

    async def send_parts(scope: Any, receive: Receive, send: Send) -> None:
        headers = [] if length is None else [(b"content-length", b"%d" % length)]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        assert "http.response.zerocopysend" in scope["extensions"]
        with path.open("rb") as file:
            file.seek(7)
            for message in messages:
                await send({"type": "http.response.zerocopysend", "file": file, **message})

    return send_parts


@pytest.mark.parametrize(
    ("offset", "count", "start", "stop"),
    [
        (0, None, 0, None),
        (None, None, 7, None),
        (5, 1, 5, 6),
        (1_000, 2_000_000, 1_000, 2_001_000),
        (3_000_000, 0, 0, 0),
    ],
)
async def test_a_part_of_an_open_file_is_sent(
    tmp_path: Path, offset: int | None, count: int | None, start: int, stop: int | None
):
    path = tmp_path / "file"
    path.write_bytes(bytes(range(250)) * 12_000)
    sending = parts(path, {"offset": offset, "count": count})
    async with served(sending) as house, await house.connect() as client:
        await client.send(get() + get(method="HEAD") + get())
        assert (await client.answer())[2] == path.read_bytes()[start:stop]
        await client.answer(of_head=True)
        assert (await client.answer())[2] == path.read_bytes()[start:stop]


async def test_parts_of_a_file_follow_each_other_if_their_length_was_told(tmp_path: Path):
    path = tmp_path / "file"
    path.write_bytes(b"0123456789")
    messages = ({"offset": 8, "count": 2, "more_body": True}, {"offset": 0, "count": 3})
    async with served(parts(path, *messages, length=5)) as house, await house.connect() as client:
        await client.send(get())
        assert (await client.answer())[2] == b"89012"
    async with served(parts(path, *messages)) as house, await house.connect() as client:
        await client.send(get())
        assert b"89" not in await client.rest()


async def test_a_file_that_is_not_there_is_known_before_the_answer_begins(tmp_path: Path):
    async with served(files(tmp_path / "nothing")) as house, await house.connect() as client:
        await client.send(get())
        assert (await client.answer())[2] == b"not there"


class Counting(socket.socket):
    """Counts what goes to the kernel."""

    sent = 0

    def send(self, *arguments: Any) -> int:
        self.sent += 1
        return super().send(*arguments)


async def test_a_small_answer_is_one_write():
    ours, theirs = socket.socketpair()
    counting = Counting(fileno=ours.detach())
    with theirs, counting:
        threads = trio.CapacityLimiter(1)
        serving = Serving(
            echo, refuse, Limits(), lambda: DATE_MS, threads, worked=lambda: 0.0, passed=lambda: 0.0
        )
        theirs.sendall(get() * 3)
        theirs.shutdown(socket.SHUT_WR)
        await Connection(Wire(counting, 30.0), serving, None, None, None).run()
        assert counting.sent == 3


class Steps(trio.abc.Instrument):
    """Counts what the tasks of connections cost the scheduler."""

    def __init__(self) -> None:
        self.steps = 0
        self.spawned = 0

    def before_task_step(self, task: trio.lowlevel.Task) -> None:
        self.steps += task.name.endswith("Listener._keep")

    def task_spawned(self, task: trio.lowlevel.Task) -> None:
        self.spawned += 1


async def test_a_plain_request_is_one_step_and_starts_nothing():
    steps = Steps()
    async with served(echo) as house, await house.connect() as client:
        await client.send(get())
        await client.answer()
        trio.lowlevel.add_instrument(steps)
        for _ in range(100):
            await client.send(get())
            await client.answer()
        trio.lowlevel.remove_instrument(steps)
    assert steps.spawned == 0
    assert steps.steps == 100
