"""Forty uploads at once, of ten 12-megapixel photos each, beside one client who reads its feed: how
much memory the server takes for it, and what the reader notices.

`python -m bench.uploads --help`. The server is a process of its own on loopback, as in
`bench.served`; its data folder is removed at the end. It stops by itself: each part has its time.
The figures are of this machine. `tests/process/test_uploads.py` holds the one on memory.
"""

import contextlib
import io
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from pathlib import Path

import click
import httpx
import msgspec
import trio
from PIL import Image

from bench.load import Load, load
from bench.ways import Asked, Wire

ROOT = Path(__file__).parent.parent
PASSWORD = "correct horse"

PHOTO_SIZE = (4_000, 3_000)
"""Twelve megapixels, as telephones make them."""

GRAIN = 24
"""Of the photo, so that it has the four megabytes that a telephone's has."""

SENT_BYTES = 65_536
BOUNDARY = "bench"
DEADLINE_S = 300.0
"""For all uploads together, however slow the machine is."""

MEBIBYTE = 1_048_576
NOTHING_YET_S = 3.0
"""How long the feed is read before the uploads begin."""


class Uploaded(msgspec.Struct, frozen=True):
    """What became of the uploads. Bytes are the server's at their height, seconds of all
    together."""

    statuses: dict[int, int]
    seconds: float
    idle_bytes: int
    peak_bytes: int
    alone: Load
    beside: Load


def photo() -> bytes:
    """A JPEG with the size, the bytes and about the work of a telephone's."""
    width, height = PHOTO_SIZE
    slopes = (Image.linear_gradient("L"), Image.radial_gradient("L"))
    channels = [
        Image.blend(slope.resize(PHOTO_SIZE), Image.effect_noise((width, height), 90), GRAIN / 100)
        for slope in (*slopes, slopes[0].rotate(90))
    ]
    file = io.BytesIO()
    Image.merge("RGB", channels).save(file, "JPEG", quality=85)
    return file.getvalue()


def form_of(photos: list[bytes]) -> bytes:
    """A post as a browser sends it."""
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="media"; filename="{number}"\r\n\r\n'
        .encode() + data + b"\r\n"
        for number, data in enumerate(photos)
    ]  # fmt: skip
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


async def upload(port: int, token: str, form: bytes) -> int:
    """Send a post; its status. 0 if the server closed without an answer."""
    head = (
        f"POST /api/v1/posts HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\n"
        f"Content-Length: {len(form)}\r\nConnection: close\r\n\r\n"
    )
    async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
        answer = b""
        with contextlib.suppress(trio.BrokenResourceError):
            await stream.send_all(head.encode())
            for start in range(0, len(form), SENT_BYTES):
                await stream.send_all(memoryview(form)[start : start + SENT_BYTES])
        with contextlib.suppress(trio.BrokenResourceError):
            while more := await stream.receive_some(SENT_BYTES):
                answer += more
    found = re.match(rb"HTTP/1\.1 ([0-9]{3})", answer)
    return int(found[1]) if found else 0


def high_water_bytes(pid: int) -> int:
    """The most memory that a process has had since `forget_high_water`."""
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmHWM:\s+([0-9]+) kB", status)
    assert found is not None, "only Linux tells how high memory has been"
    return int(found[1]) * 1_024


def forget_high_water(pid: int) -> None:
    Path(f"/proc/{pid}/clear_refs").write_text("5")


@contextlib.contextmanager
def served(folder: Path) -> Generator[tuple[int, int]]:
    """A server in a process of its own: its process id and its port."""
    arguments = ["-m", "bench.served", "--data", str(folder / "data"), "--log", str(folder / "log")]
    with subprocess.Popen(
        [sys.executable, *arguments], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield process.pid, msgspec.json.decode(process.stdout.readline())["port"]
        process.stdin.close()


async def register(port: int, names: list[str]) -> list[str]:
    """New accounts; the token of each."""
    tokens: list[str] = []
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        for name in names:
            body = {"username": name, "password": PASSWORD}
            answer = await client.post("/api/v1/auth/register", json=body, timeout=30.0)
            answer.raise_for_status()
            tokens.append(answer.json()["access_token"])
    return tokens


async def measure(pid: int, port: int, uploads: int, form: bytes) -> Uploaded:
    """Read a feed alone, then beside so many uploads at once."""
    reader, *senders = await register(port, ["reader", *(f"sender{n}" for n in range(uploads))])
    wire = Wire(port)

    async def read_feed(_: int) -> bool:
        status, _body = await wire.ask(Asked("GET", "/api/v1/feed", "", reader))
        return status == 200 and not done.is_set()

    done = trio.Event()
    alone = await load(read_feed, 1, NOTHING_YET_S)
    forget_high_water(pid)
    idle = high_water_bytes(pid)
    statuses: dict[int, int] = {}

    async def send(sender: str) -> None:
        status = await upload(port, sender, form)
        statuses[status] = statuses.get(status, 0) + 1

    beside: list[Load] = []

    async def read_on() -> None:
        beside.append(await load(read_feed, 1, DEADLINE_S))

    began = time.perf_counter()
    with trio.fail_after(DEADLINE_S):
        async with trio.open_nursery() as reading:
            reading.start_soon(read_on)
            async with trio.open_nursery() as sending:
                for sender in senders:
                    sending.start_soon(send, sender)
            done.set()
    wire.close()
    seconds = time.perf_counter() - began
    return Uploaded(statuses, seconds, idle, high_water_bytes(pid), alone, beside[0])


def run(uploads: int, photos: list[bytes], folder: Path | None) -> Uploaded:
    """The whole of it, in a folder of its own inside `folder`."""
    form = form_of(photos)
    with tempfile.TemporaryDirectory(prefix="triptych-bench-", dir=folder) as made:
        os.mkdir(Path(made) / "data", 0o700)
        with served(Path(made)) as (pid, port):
            return trio.run(measure, pid, port, uploads, form)


@click.command()
@click.option("--uploads", type=click.IntRange(1, 200), default=40, help="At once.")
@click.option("--photos", type=click.IntRange(1, 10), default=10, help="In each upload.")
@click.option(
    "--folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Where to make the data folder: two gigabytes for the default.",
)
def main(uploads: int, photos: int, folder: Path | None) -> None:
    """Memory and feed reads beside many uploads at once."""
    picture = photo()
    click.echo(f"{uploads} uploads of {photos} photos of {len(picture) / 1e6:.1f} MB", err=True)
    found = run(uploads, [picture] * photos, folder)
    answers = ", ".join(f"{count} x {status}" for status, count in sorted(found.statuses.items()))
    click.echo(f"uploads         {answers} in {found.seconds:.1f} s")
    for name, part, height in (
        ("feed alone", found.alone, found.idle_bytes),
        ("beside uploads", found.beside, found.peak_bytes),
    ):
        click.echo(
            f"{name:14}  {part.rate:,.0f} a second, p50 {part.p50_s * 1e3:.1f} ms, "
            f"p99 {part.p99_s * 1e3:.1f} ms, server {height / MEBIBYTE:.0f} MiB"
        )


if __name__ == "__main__":
    main()
