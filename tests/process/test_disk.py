"""The disk under the process: nobody is answered before it has the write, and when it fails, the
process ends with its reason and has answered nothing that is not true.
"""

import contextlib
import resource
import shutil
import subprocess
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path

import httpx
import pytest
import trio

from tests.process.starting import (
    Person,
    Server,
    commits_held_back,
    jpeg,
    make_post,
    make_user,
    started,
)
from tests.process.story import Story, assert_sound

DISK_FAILED = 74

HELD_BACK_S = 0.3
"""A hundred times what a commit takes."""

ATTACH_S = 60.0
"""For strace to attach, and for what was held back to be done: a moment, however busy it is."""

FILE_BYTES_MAX = 8_192
"""Room for each picture here, and for no commit."""


@contextlib.asynccontextmanager
async def injected(server: Server, fault: str) -> AsyncGenerator[None]:
    """From now on, what the server does to its write-ahead log meets `fault`, as strace spells it.

    Skips the test where strace is missing or may not attach.
    """
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("strace is not installed")
    calls = fault.partition(":")[0]
    arguments = ("-f", "-p", str(server.pid), "-P", f"{server.database}-wal",
                 "-e", f"trace={calls}", "-e", f"inject={fault}")  # fmt: skip
    tracer = await trio.lowlevel.open_process(
        [strace, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    assert tracer.stderr is not None
    async with tracer.stderr:
        try:
            said = b""
            with trio.fail_after(ATTACH_S):
                while b"attached" not in said:
                    chunk = await tracer.stderr.receive_some()
                    if not chunk:
                        pytest.skip(f"strace may not attach: {said.decode()}")
                    said += chunk
            yield
        finally:
            with trio.CancelScope(shield=True):
                tracer.terminate()
                await tracer.wait()


async def test_nobody_is_answered_and_nobody_sees_it_before_the_disk_has_it(tmp_path: Path):
    async with started(tmp_path / "data") as server, server.client() as client:
        ann = await make_user(client, "ann")
        post = f"/posts/{(await make_post(ann))['post_id']}"
        liked = trio.Event()

        async def like() -> None:
            answer = await ann.call("POST", f"{post}/like")
            assert answer.json() == {"liked": True, "likes_count": 1}
            liked.set()

        async with trio.open_nursery() as nursery:
            with commits_held_back(server.database):
                nursery.start_soon(like)
                with trio.move_on_after(HELD_BACK_S):
                    while True:
                        shown = await ann.get(post)
                        assert (shown["likes_count"], shown["liked_by_user"]) == (0, False)
                        assert not liked.is_set()
            with trio.fail_after(ATTACH_S):
                await liked.wait()
        shown = await ann.get(post)
        assert (shown["likes_count"], shown["liked_by_user"]) == (1, True)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        pytest.param("fdatasync,fsync:error=EIO", "disk I/O error", id="a sync fails"),
        pytest.param("pwrite64:error=ENOSPC", "full", id="it is full"),
    ],
)
async def test_a_disk_that_fails_ends_the_process_with_its_reason(
    tmp_path: Path, fault: str, reason: str
):
    async def end(server: Server) -> None:
        async with injected(server, fault):
            assert await server.ended() == DISK_FAILED
        assert "the disk failed" in server.logged
        assert reason in server.logged

    await live_through(tmp_path / "data", end, seed=4)


async def test_a_file_that_may_not_grow_ends_the_process_with_its_reason(tmp_path: Path):
    """The same without strace: the kernel refuses every byte beyond a limit."""

    async def end(server: Server) -> None:
        limits = (FILE_BYTES_MAX, FILE_BYTES_MAX)
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, limits)
        assert await server.ended() == DISK_FAILED
        assert "the disk failed" in server.logged

    await live_through(tmp_path / "data", end, seed=5)


async def test_a_slow_disk_is_waited_for(tmp_path: Path):
    async with started(tmp_path / "data") as server, server.client() as client:
        ann = await make_user(client, "ann")
        post = f"/posts/{(await make_post(ann))['post_id']}"
        async with injected(server, "fdatasync,fsync:delay_enter=1000000"):
            began = trio.current_time()
            answer = await ann.call("POST", f"{post}/like")
            assert answer.status_code == 200
            assert trio.current_time() - began >= 1.0
        assert await server.stop() == 0


async def test_after_a_failure_nothing_is_answered_2xx(tmp_path: Path):
    async with started(tmp_path / "data") as server, server.client() as client:
        people = [await make_user(client, f"user{n}") for n in range(4)]
        post = (await make_post(people[0]))["post_id"]
        answers: list[httpx.Response] = []

        async def write(person: Person) -> None:
            with contextlib.suppress(httpx.TransportError):
                answers.append(await person.call("POST", f"/posts/{post}/like"))
                answers.append(await person.publish("never", jpeg(40, 40)))

        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (0, 0))
        async with trio.open_nursery() as nursery:
            for person in people:
                nursery.start_soon(write, person)
        assert await server.ended() == DISK_FAILED
        assert not [answer for answer in answers if answer.is_success]


async def live_through(folder: Path, end: Callable[[Server], Awaitable[None]], seed: int) -> None:
    """A crowd writes while the disk fails; whatever it was told before is so afterwards."""
    story = Story(folder, seed)
    async with story.server() as server:
        await story.load(server, end)
    await assert_sound(folder)
    async with story.server() as server:
        await story.check()
