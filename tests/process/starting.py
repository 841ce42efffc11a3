"""Starts the real process and talks to it: what every test of this folder begins with.

A server here is `run.py serve` in a process of its own, with its data in the test's folder and its
port from the kernel; it ends with the block that started it, whatever happens in there. People are
accounts over httpx. Nothing is reached that a user could not reach.
"""

import contextlib
import fcntl
import functools
import io
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncGenerator, Generator, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
import trio
from PIL import Image

from storage.gazetteer import load_cities
from storage.schema import ensure_schema
from storage.sqlite import open_writer

ROOT = Path(__file__).parents[2]

RUN = (sys.executable, str(ROOT / "run.py"))
"""The program."""

PUBLIC_URL = "http://photos.test"
"""What URLs in answers begin with, so that a restart on another port changes no answer."""

PASSWORD = "correct horse"

START_S = 120.0
"""A start takes a second; a busy machine may need many."""

SAY_S = 60.0
"""How long a line of the log may take to come: many times as long as anything here waits."""

COMMAND_S = 300.0
"""A command takes seconds. This, as the two above, only keeps a hung test from hanging."""

STOP_S = 5.0
"""The promise: SIGTERM to exit."""

ANSWER_S = 60.0

CONNECTION_IDLE_S = 2.0
"""How long a connection may have been idle to be used again: less than the server waits before it
closes one, so that no request meets a closing connection."""

FOLDER_MODE = 0o700

WAL_WRITE_LOCK = 120
"""The byte of the `-shm` file that SQLite's writer locks (sqlite.org/walformat.html, 2.3)."""


def environment(**more: str) -> dict[str, str]:
    """Ours, without settings of whoever runs the tests."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TRIPTYCH_")}
    return {**kept, **more}


class WholeBody(httpx.AsyncByteStream):
    """A request's body in one piece."""

    def __init__(self, content: bytes) -> None:
        self._pieces = [content] if content else []

    def __aiter__(self) -> "WholeBody":
        return self

    async def __anext__(self) -> bytes:
        if not self._pieces:
            raise StopAsyncIteration
        return self._pieces.pop()


class WholeBodies(httpx.AsyncHTTPTransport):
    """httpx sends bodies from async generators. A connection that breaks leaves them unfinished,
    and Trio warns of each: so none are used here."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        request.stream = WholeBody(await request.aread())
        return await super().handle_async_request(request)


class Server:
    """A process that serves, and what it has said so far."""

    def __init__(self, folder: Path, process: trio.Process) -> None:
        self.folder = folder
        self.process = process
        self.pid = process.pid
        self.url = ""
        self.said = ""
        self.logged = ""
        self._more = trio.Event()
        self._heard_out = {"said": trio.Event(), "logged": trio.Event()}

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    @property
    def database(self) -> Path:
        return self.folder / "triptych.db"

    async def listen(self, stream: trio.abc.ReceiveStream, kind: str) -> None:
        """Take in what the process says on one of its streams, until it is closed."""
        async for chunk in stream:
            setattr(self, kind, getattr(self, kind) + chunk.decode())
            self._more.set()
            self._more = trio.Event()
        self._heard_out[kind].set()

    async def says(self, words: str, kind: str = "said") -> None:
        """Wait until `words` are in what was said."""
        with trio.fail_after(SAY_S):
            while words not in getattr(self, kind):
                await self._more.wait()

    async def logs(self, words: str) -> None:
        """Wait until `words` are in the log."""
        await self.says(words, "logged")

    async def ended(self, within_s: float = START_S) -> int:
        """The exit code, once the process has ended of itself and its last words were heard: they
        and its end may come in one turn, and Trio says which of them is seen first."""
        with trio.fail_after(within_s):
            code = await self.process.wait()
            for heard_out in self._heard_out.values():
                await heard_out.wait()
            return code

    async def kill9(self) -> None:
        """End it as a power cut does."""
        self.process.kill()
        await self.process.wait()

    async def stop(self, number: int = signal.SIGTERM, within_s: float = STOP_S) -> int:
        """Ask it to stop; its exit code."""
        self.process.send_signal(number)
        return await self.ended(within_s)

    def client(self) -> httpx.AsyncClient:
        """Connections to it, of one user."""
        limits = httpx.Limits(keepalive_expiry=CONNECTION_IDLE_S)
        return httpx.AsyncClient(
            base_url=self.url,
            timeout=ANSWER_S,
            transport=WholeBodies(limits=limits),
            trust_env=False,
        )


def command(*arguments: str | Path) -> list[str]:
    """The command line of `run.py`."""
    return [*RUN, *map(str, arguments)]


@functools.cache
def database_with_cities() -> bytes:
    """The database that a first start makes, with nobody in it yet."""
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "triptych.db"
        connection = open_writer(database)
        ensure_schema(connection)
        load_cities(connection)
        connection.close()
        return database.read_bytes()


def make_folder(folder: Path) -> None:
    """As a first start leaves it, unless it is there."""
    if not folder.exists():
        folder.mkdir(FOLDER_MODE)
        (folder / "triptych.db").write_bytes(database_with_cities())


@contextlib.contextmanager
def kept_port() -> Generator[int]:
    """A port for servers that come one after the other. It is bound here, too, and not listened on:
    so the kernel gives it to nobody else while none of them is there."""
    with socket.socket() as keeping:
        keeping.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        keeping.bind(("127.0.0.1", 0))
        yield keeping.getsockname()[1]


@contextlib.asynccontextmanager
async def launched(
    folder: Path,
    *flags: str,
    port: int = 0,
    variables: Mapping[str, str] | None = None,
    program: Sequence[str] = RUN,
    **options: Any,
) -> AsyncGenerator[Server]:
    """`run.py serve` on `folder`, however it goes; killed at the end if it still runs. Another
    `program` in its place is one that carries `run.py` out, as strace does."""
    serve = (*program, "serve", "--data", str(folder), "--port", str(port), *flags)
    process = await trio.lowlevel.open_process(
        serve,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=folder.parent,
        env=environment(**(variables or {})),
        **options,
    )
    server = Server(folder, process)
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        async with process.stdout, process.stderr, trio.open_nursery() as listening:
            listening.start_soon(server.listen, process.stdout, "said")
            listening.start_soon(server.listen, process.stderr, "logged")
            try:
                yield server
            finally:
                with trio.CancelScope(shield=True):
                    await server.kill9()
                listening.cancel_scope.cancel()
    except BaseExceptionGroup as group:
        # The nursery is nobody's business: a test's failure, or its skip, comes out as it is.
        if len(group.exceptions) == 1:
            raise group.exceptions[0] from None
        raise


@contextlib.asynccontextmanager
async def started(folder: Path, *flags: str, **options: Any) -> AsyncGenerator[Server]:
    """The same, once it serves. A folder that is not there has the cities already: `launched`
    makes one from nothing, which takes a second longer."""
    make_folder(folder)
    lax = ("--rate-limits", "off", "--public-url", PUBLIC_URL)
    async with launched(folder, *lax, *flags, **options) as server:
        await served(server)
        yield server


async def served(server: Server) -> None:
    """Wait until `server` has said where it serves, and does."""
    with trio.fail_after(START_S):
        async with trio.open_nursery() as waiting:
            waiting.start_soon(_fail_if_it_ends, server)
            await server.says("Ctrl-C")
            waiting.cancel_scope.cancel()
        found = re.search(r"http://127\.0\.0\.1:[0-9]+", server.said)
        assert found is not None, server.said
        server.url = found[0]
        async with server.client() as client:
            assert (await client.get("/healthz")).status_code == 200


async def _fail_if_it_ends(server: Server) -> None:
    code = await server.process.wait()
    raise AssertionError(f"the server ended with {code}:\n{server.logged}")


class Run:
    """What became of a command that has ended."""

    def __init__(self, code: int, said: str, logged: str) -> None:
        self.code = code
        self.said = said
        self.logged = logged

    def __repr__(self) -> str:
        return f"exit code {self.code}\n{self.said}\n{self.logged}"


async def run(
    *arguments: str | Path, cwd: Path | None = None, variables: Mapping[str, str] | None = None
) -> Run:
    """`run.py` with `arguments`, to its end."""
    with trio.fail_after(COMMAND_S):
        ended = await trio.run_process(
            command(*arguments),
            capture_stdout=True,
            capture_stderr=True,
            check=False,
            cwd=cwd,
            env=environment(**(variables or {})),
        )
    return Run(ended.returncode, ended.stdout.decode(), ended.stderr.decode())


def jpeg(width: int, height: int, colour: tuple[int, int, int] = (90, 120, 150)) -> bytes:
    """A picture in one colour."""
    file = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(file, "JPEG", quality=90)
    return file.getvalue()


def big_jpeg(edge: int = 1_440) -> bytes:
    """A picture that no encoder can make small."""
    file = io.BytesIO()
    Image.effect_noise((edge, edge), 90).convert("RGB").save(file, "JPEG", quality=90)
    return file.getvalue()


class Person:
    """Somebody with an account and a token, over a client of their own server."""

    def __init__(self, client: httpx.AsyncClient, login: Mapping[str, Any]) -> None:
        self.client = client
        self.id: str = login["user"]["user_id"]
        self.name: str = login["user"]["username"]
        self.token: str = login["access_token"]

    async def call(
        self, method: str, path: str, *, key: str | None = None, **options: Any
    ) -> httpx.Response:
        """A request to the API; `key` is its Idempotency-Key."""
        headers = {"Authorization": f"Bearer {self.token}"}
        if key is not None:
            headers["Idempotency-Key"] = key
        return await self.client.request(method, f"/api/v1{path}", headers=headers, **options)

    async def get(self, path: str, **query: Any) -> Any:
        """What is at `path`."""
        answer = await self.call("GET", path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def publish(
        self, caption: str, picture: bytes, *, key: str | None = None
    ) -> httpx.Response:
        files = [("media", ("x.jpg", picture, "image/jpeg"))]
        return await self.call("POST", "/posts", key=key, files=files, data={"caption": caption})


async def make_user(client: httpx.AsyncClient, name: str) -> Person:
    """A new account, logged in."""
    body = {"username": name, "password": PASSWORD}
    answer = await client.post("/api/v1/auth/register", json=body)
    assert answer.status_code == 201, answer.text
    return Person(client, answer.json())


async def make_post(
    author: Person, caption: str = "a picture", picture: bytes | None = None
) -> dict[str, Any]:
    """A new post."""
    answer = await author.publish(caption, picture or jpeg(64, 48))
    assert answer.status_code == 201, answer.text
    return answer.json()


async def log_in(client: httpx.AsyncClient, name: str, password: str = PASSWORD) -> httpx.Response:
    body = {"username": name, "password": password}
    return await client.post("/api/v1/auth/login", json=body)


def path_of(url: str) -> str:
    """The path of a URL in an answer."""
    return url.removeprefix(PUBLIC_URL)


@contextlib.contextmanager
def commits_held_back(database: Path) -> Generator[None]:
    """Hold the writer's lock, as a backup tool may: the server's next commit waits meanwhile, five
    seconds at most.

    Taken as SQLite takes it, but without SQLite: a connection that is closed after a kill would
    tidy up what the kill has left.
    """
    with open(f"{database}-shm", "r+b") as shared:
        fcntl.lockf(shared, fcntl.LOCK_EX, 1, WAL_WRITE_LOCK)
        yield
