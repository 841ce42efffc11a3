"""A stop takes five seconds at most, whatever the clients do: clients that never read, clients that
never finish sending, and an operator without patience.
"""

import contextlib
import json
import signal
from collections.abc import AsyncGenerator
from pathlib import Path

import trio

from tests.process.starting import (
    Person,
    Server,
    big_jpeg,
    jpeg,
    make_post,
    make_user,
    path_of,
    started,
)
from tests.process.story import Story, assert_sound

CROWD = 100
"""Stalled readers, and as many half-sent uploads: the promise's figure."""

PIPELINED = 16
"""Requests that a reader sends at once for a file of a megabyte: far more than the sockets hold."""

RECEIVE_BUFFER_BYTES = 4_096

BYTES_KEPT_BACK = 300
"""Of an upload that is not sent to its end."""


@contextlib.asynccontextmanager
async def connected(server: Server) -> AsyncGenerator[trio.SocketStream]:
    """A bare connection that takes in very little."""
    with trio.socket.socket() as socket:
        socket.setsockopt(trio.socket.SOL_SOCKET, trio.socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
        await socket.connect(("127.0.0.1", server.port))
        yield trio.SocketStream(socket)


def media_request(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: photos.test\r\n\r\n".encode()


def upload_request(person: Person) -> bytes:
    """`POST /posts`, whole."""
    body = (
        b'--b\r\nContent-Disposition: form-data; name="media"; filename="x.jpg"\r\n\r\n'
        + jpeg(64, 48)
        + b"\r\n--b--\r\n"
    )
    head = (
        "POST /api/v1/posts HTTP/1.1\r\nHost: photos.test\r\n"
        f"Authorization: Bearer {person.token}\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def stall(
    server: Server, person: Person, medium: str, connections: contextlib.AsyncExitStack
) -> None:
    """`CROWD` readers that never read, and as many uploads that never end, each under way."""
    readers: list[trio.SocketStream] = []
    for _ in range(CROWD):
        reader = await connections.enter_async_context(connected(server))
        await reader.send_all(media_request(medium) * PIPELINED)
        readers.append(reader)
        upload = await connections.enter_async_context(connected(server))
        await upload.send_all(upload_request(person)[:-BYTES_KEPT_BACK])
    for reader in readers:
        await trio.lowlevel.wait_readable(reader.socket)


@contextlib.asynccontextmanager
async def besieged(folder: Path) -> AsyncGenerator[Server]:
    """A server with stalled clients all around it."""
    async with (
        started(folder) as server,
        server.client() as client,
        contextlib.AsyncExitStack() as connections,
    ):
        ann = await make_user(client, "ann")
        post = await make_post(ann, "a megabyte", big_jpeg())
        await stall(server, ann, path_of(post["media"][0]["url"]), connections)
        yield server


async def test_stalled_readers_and_half_sent_uploads_do_not_hold_up_the_stop(tmp_path: Path):
    async with besieged(tmp_path / "data") as server:
        assert await server.stop() == 0, server.logged  # within STOP_S
        assert "Traceback" not in server.logged
        assert "did not read" in server.logged, "nobody stalled: this test sees nothing"
    assert not list((tmp_path / "data").glob("triptych.db-*")), "the database was not closed"
    await assert_sound(tmp_path / "data")


async def test_a_second_signal_ends_it_at_once(tmp_path: Path):
    async with besieged(tmp_path / "data") as server:
        server.process.send_signal(signal.SIGINT)
        await server.logs('"stopping"')
        assert await server.stop(signal.SIGINT) == 128 + signal.SIGINT
        assert "did not read" not in server.logged, "it waited for the clients all the same"
    await assert_sound(tmp_path / "data")


async def test_a_stopping_server_says_so_and_finishes_what_is_under_way(tmp_path: Path):
    """Both were begun before the stop: the question whether it is ready, and an upload."""
    async with started(tmp_path / "data") as server, server.client() as client:
        ann = await make_user(client, "ann")
        async with connected(server) as probe, connected(server) as upload:
            request = upload_request(ann)
            await upload.send_all(request[:-BYTES_KEPT_BACK])
            await probe.send_all(b"GET /readyz HTTP/1.1\r\nHost: photos.test\r\n")
            # A probe that is answered shows that what was sent before it has arrived.
            assert (await client.get("/readyz")).status_code == 200
            server.process.send_signal(signal.SIGTERM)
            await server.logs('"stopping"')
            await probe.send_all(b"\r\n")
            head, body = (await read_answer(probe)).split(b"\r\n\r\n", 1)
            assert head.startswith(b"HTTP/1.1 503"), head
            assert b"retry-after: " in head.lower()
            assert json.loads(body)["error"]["code"] == "SERVER_ERROR"
            await upload.send_all(request[-BYTES_KEPT_BACK:])
            answer = await read_answer(upload)
            assert answer.startswith(b"HTTP/1.1 201"), answer
            assert await server.ended(within_s=5.0) == 0
        post = json.loads(answer.split(b"\r\n\r\n", 1)[1])
    async with started(tmp_path / "data") as server, server.client() as client:
        ann.client = client
        assert (await ann.get(f"/posts/{post['post_id']}"))["media"] == post["media"]


async def test_a_stop_under_load_keeps_every_promise(tmp_path: Path):
    async def end(server: Server) -> None:
        assert await server.stop() == 0, server.logged
        assert "Traceback" not in server.logged

    story = Story(tmp_path / "data", seed=3)
    async with story.server() as server:
        await story.load(server, end)
    async with story.server() as server:
        await story.check()


async def read_answer(stream: trio.SocketStream) -> bytes:
    """One answer with its body, however it is cut."""
    read = b""
    while True:
        head, end, body = read.partition(b"\r\n\r\n")
        lengths = [
            int(line.split(b":")[1])
            for line in head.lower().split(b"\r\n")
            if line.startswith(b"content-length:")
        ]
        if end and lengths and len(body) >= lengths[0]:
            return read
        chunk = await stream.receive_some()
        assert chunk, f"it ended early: {read!r}"
        read += chunk
