"""The stream in whole processes: the loops that docs/stream.md shows, carried out while the server
is killed, and `run.py tail`."""

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
import trio

from tests.docs.blocks import blocks_of
from tests.process.starting import (
    PASSWORD,
    ROOT,
    Person,
    command,
    environment,
    kept_port,
    launched,
    make_post,
    make_user,
    run,
    started,
)

PAGE = ROOT / "docs" / "stream.md"

CERTIFICATES = ROOT / "tests" / "edge"
"""They are for `one.test` and `two.test`, and vouch for themselves."""

TLS = [
    *("--tls-cert", str(CERTIFICATES / "one.cert.pem")),
    *("--tls-key", str(CERTIFICATES / "one.key.pem")),
]

WAIT_S = 60.0

PYTHON = """
import sys

async def token():
    return sys.argv[2]

async def handle(event):
    print(json.dumps(event), flush=True)

trio.run(follow, sys.argv[1], token, "0", handle)
"""

JAVASCRIPT = """
const [url, theirs] = process.argv.slice(-2);
follow(url, async () => theirs, "0", (event) => console.log(JSON.stringify(event)));
"""


def loop(language: str) -> str:
    """The loop that the page shows in a language."""
    (block,) = [block for block in blocks_of(PAGE) if block.language == language]
    return block.text


class Lines:
    """What a process says, a line of JSON at a time."""

    def __init__(self, process: trio.Process) -> None:
        self.process = process
        self._said = b""

    async def next(self) -> dict[str, object]:
        assert self.process.stdout is not None
        with trio.fail_after(WAIT_S):
            while b"\n" not in self._said:
                some = await self.process.stdout.receive_some()
                assert some, "it has ended"
                self._said += some
        line, _, self._said = self._said.partition(b"\n")
        return json.loads(line)

    async def post(self) -> object:
        """The id of the next post that is told."""
        event = await self.next()
        assert event["type"] == "new_post", event
        data = event["data"]
        assert isinstance(data, dict)
        return data["post_id"]


@asynccontextmanager
async def following(*words: str) -> AsyncIterator[Lines]:
    """A process that follows a stream, until the block is left."""
    process = await trio.lowlevel.open_process(
        list(words), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment()
    )
    try:
        yield Lines(process)
    finally:
        process.kill()
        with trio.CancelScope(shield=True):
            await process.wait()
            if process.stdout is not None:
                await process.stdout.aclose()


@pytest.mark.parametrize("language", ["python", "javascript"])
async def test_the_loop_of_the_page_misses_nothing(tmp_path: Path, language: str) -> None:
    """Also when the server is killed, and a post is made before the client is back."""
    words = [sys.executable, "-c", loop("python") + PYTHON]
    if language == "javascript":
        node = shutil.which("node")
        if node is None:
            pytest.skip("wants node, which is not on this machine")
        script = tmp_path / "follow.js"
        script.write_text(loop("javascript") + JAVASCRIPT)
        words = [node, "--experimental-websocket", str(script)]
    folder = tmp_path / "data"
    with kept_port() as port:
        await miss_nothing(folder, port, words)


async def miss_nothing(folder: Path, port: int, words: list[str]) -> None:
    async with started(folder, port=port) as server, server.client() as client:
        ann = await make_user(client, "ann")
        first = await make_post(ann)
        url = server.url.replace("http", "ws") + "/v1/stream"
        async with following(*words, url, ann.token) as lines:
            assert await lines.post() == first["post_id"]
            second = await make_post(ann)
            assert await lines.post() == second["post_id"]
            await server.kill9()
            async with started(folder, port=port) as again, again.client() as anew:
                login = {"access_token": ann.token, "user": {"user_id": ann.id, "username": "ann"}}
                third = await make_post(Person(anew, login))
                assert await lines.post() == third["post_id"]


async def test_tail_shows_a_stream_and_leaves_no_session_behind(tmp_path: Path) -> None:
    async with started(tmp_path / "data") as server, server.client() as client:
        ann = await make_user(client, "ann")
        first = await make_post(ann)
        tail = command("tail", "--data", server.folder, "--user", "ANN", "--since", "0")
        async with following(*tail) as lines:
            assert await lines.post() == first["post_id"]
            second = await make_post(ann)
            assert await lines.post() == second["post_id"]
            clients = [one["client"] for one in (await ann.get("/auth/sessions"))["sessions"]]
            assert "run.py tail" in clients
            lines.process.send_signal(signal.SIGINT)
            with trio.fail_after(WAIT_S):
                assert await lines.process.wait() == 0
        clients = [one["client"] for one in (await ann.get("/auth/sessions"))["sessions"]]
        assert "run.py tail" not in clients


async def test_tail_by_a_token_tells_one_channel(tmp_path: Path) -> None:
    async with started(tmp_path / "data") as server, server.client() as client:
        ann = await make_user(client, "ann")
        bob = await make_user(client, "bob")
        await make_post(ann)
        assert (await bob.call("POST", f"/users/{ann.id}/follow")).status_code == 200
        words = command("tail", "--token", ann.token, "--url", server.url, "--since", "0")
        async with following(*words, "--channel", "notifications") as lines:
            assert (await lines.next())["type"] == "notification"


@pytest.mark.parametrize(
    "flags",
    [
        pytest.param(["--uds", "a.socket"], id="a Unix socket"),
        pytest.param(["--uds", "a.socket", "--server", "hypercorn"], id="the same by Hypercorn"),
        pytest.param(TLS, id="a certificate for another host, of nobody that is trusted"),
    ],
)
async def test_tail_finds_the_server_of_its_folder(tmp_path: Path, flags: list[str]) -> None:
    async with started(tmp_path / "data") as server, server.client() as client:
        post = await make_post(await make_user(client, "ann"))
        assert await server.stop() == 0
    async with launched(tmp_path / "data", *flags) as server:
        await server.says("Ctrl-C")
        words = command("tail", "--data", server.folder, "--user", "ann", "--since", "0")
        async with following(*words) as lines:
            assert await lines.post() == post["post_id"]


async def test_tail_follows_its_server_to_another_port(tmp_path: Path) -> None:
    async with started(tmp_path / "data") as server, server.client() as client:
        ann = await make_user(client, "ann")
        first = await make_post(ann)
        words = command("tail", "--data", server.folder, "--user", "ann", "--since", "0")
        async with following(*words) as lines:
            assert await lines.post() == first["post_id"]
            await server.kill9()
            async with started(tmp_path / "data") as again, again.client() as anew:
                assert again.port != server.port
                ann.client = anew
                second = await make_post(ann)
                assert await lines.post() == second["post_id"]


async def test_tail_ends_when_another_try_would_end_the_same(tmp_path: Path) -> None:
    async with started(tmp_path / "plain") as plain, launched(tmp_path / "data", *TLS) as tls:
        await tls.says("Ctrl-C")
        url = "https://127.0.0.1:" + tls.said.partition("https://127.0.0.1:")[2].split()[0]
        for there, remedy in (
            (url, "name the host that it is for with --url, or on the server's machine use --user"),
            (plain.url.replace("http", "https"), "is it http://?"),
            (plain.url, "the server answered 401: the token is good no longer, so log in"),
        ):
            await refused(remedy, "tail", "--token", "x", "--url", there)


async def test_tail_ends_where_no_http_is_spoken(tmp_path: Path) -> None:
    async def greet(stream: trio.SocketStream) -> None:
        await stream.send_all(b"220 mail.test at your service\r\n\r\n")

    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(partial(trio.serve_tcp, greet, 0, host="127.0.0.1"))
        url = f"http://127.0.0.1:{listeners[0].socket.getsockname()[1]}"
        await refused(f"what answers at {url} speaks no HTTP", "tail", "--token", "x", "--url", url)
        nursery.cancel_scope.cancel()


async def test_tail_wants_the_certificate_that_the_server_should_show(tmp_path: Path) -> None:
    certificate = tmp_path / "cert.pem"
    certificate.write_bytes((CERTIFICATES / "one.cert.pem").read_bytes())
    data = ("--data", tmp_path / "data")
    made = await run("user", "create", *data, "ann", "--password", PASSWORD)
    assert made.code == 0, made
    async with launched(tmp_path / "data", *TLS, "--tls-cert", str(certificate)) as server:
        await server.says("Ctrl-C")
        certificate.write_bytes((CERTIFICATES / "two.cert.pem").read_bytes())
        await refused("send the server SIGHUP", "tail", *data, "--user", "ann")
        certificate.unlink()
        await refused("send the server SIGHUP", "tail", *data, "--user", "ann")


async def refused(remedy: str, *arguments: str | Path) -> None:
    """The command ends by itself, with one sentence."""
    with trio.fail_after(WAIT_S):
        ended = await run(*arguments)
    assert ended.code == 2, ended
    assert remedy in ended.logged
    assert ended.logged.count("\n") == 1


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--user", "nobody"], "nobody is called nobody"),
        ([], "say whose stream"),
        (["--token", "x"], "say whose stream"),
        (["--token", "x", "--url", "notaurl"], "as in http://localhost:8000"),
        (["--token", "x", "--url", "http://localhost:99999"], "as in http://localhost:8000"),
        (["--token", "é", "--url", "http://localhost:8000"], "--token is an access token"),
        (["--user", "nobody", "--since", "yesterday"], "--since is the id of an event"),
    ],
)
async def test_tail_says_what_is_wrong(tmp_path: Path, flags: list[str], words: str) -> None:
    async with started(tmp_path / "data") as server:
        ended = await trio.run_process(
            command("tail", "--data", server.folder, *flags),
            check=False,
            capture_stderr=True,
            env=environment(),
        )
        assert ended.returncode == 2
        assert words in ended.stderr.decode()
