"""Media files: immutable, in ranges, and gone with their post."""

import io
import itertools
from pathlib import Path

import httpx
import msgspec
import pytest
import trio
from PIL import Image

from server.edge.files import open_file
from server.edge.limits import FILE_PIECE_BYTES, SENT_AT_ONCE_BYTES
from server.http.files import part_of
from tests.api.world import Person, World, jpeg, served


@pytest.fixture
async def url(ann: Person) -> str:
    post = (await ann.publishes(None, jpeg(1_600, 400))).json()
    return post["media"][0]["url"]


async def test_a_picture_is_served_without_a_token(world: World, url: str) -> None:
    answer = await world.client.get(url)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["etag"]
    assert Image.open(io.BytesIO(answer.content)).size == (1_440, 360)
    assert int(answer.headers["content-length"]) == len(answer.content)


async def test_who_has_it_already_is_told_so(world: World, url: str) -> None:
    etag = (await world.client.get(url)).headers["etag"]
    answer = await world.client.get(url, headers={"If-None-Match": etag})
    assert (answer.status_code, answer.content) == (304, b"")
    assert answer.headers["etag"] == etag


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [("0-9", 0, 10), ("5-", 5, None), ("-7", -7, None), ("0-99999999", 0, None)],
)
async def test_a_range_is_a_part_of_it(
    world: World, url: str, asked: str, start: int, stop: int | None
) -> None:
    whole = (await world.client.get(url)).content
    answer = await world.client.get(url, headers={"Range": f"bytes={asked}"})
    assert answer.status_code == 206
    assert answer.content == whole[start:stop]
    assert answer.headers["content-range"].endswith(f"/{len(whole)}")


async def test_a_range_beyond_the_end_is_a_416(world: World, url: str) -> None:
    answer = await world.client.get(url, headers={"Range": "bytes=99999999-"})
    assert answer.status_code == 416
    assert answer.headers["content-range"].startswith("bytes */")
    assert answer.json()["error"]["code"] == "INVALID_REQUEST"


@pytest.mark.parametrize("asked", ["bytes=0-1,4-5", "lines=1-2", "bytes=x", "bytes=5-2"])
async def test_what_is_no_single_range_gets_the_whole(world: World, url: str, asked: str) -> None:
    answer = await world.client.get(url, headers={"Range": asked})
    assert answer.status_code in (200, 416)


async def test_a_range_of_something_else_gets_the_whole(world: World, url: str) -> None:
    headers = {"Range": "bytes=0-1", "If-Range": '"other"'}
    assert (await world.client.get(url, headers=headers)).status_code == 200


@pytest.mark.parametrize("asked", ["W/{etag}", "Tue, 24 Nov 2026 03:09:04 GMT", "{bare}"])
async def test_a_range_needs_the_very_same_tag(world: World, url: str, asked: str) -> None:
    etag = (await world.client.get(url)).headers["etag"]
    condition = asked.format(etag=etag, bare=etag.strip('"'))
    headers = {"Range": "bytes=0-1", "If-Range": condition}
    assert (await world.client.get(url, headers=headers)).status_code == 200
    headers["If-Range"] = etag
    assert (await world.client.get(url, headers=headers)).status_code == 206


async def test_a_picture_that_is_deleted_while_it_is_asked_for_is_not_found(
    world: World, url: str
) -> None:
    answers: list[httpx.Response] = []

    async def ask() -> None:
        answers.append(await world.client.get(url))

    name = url.rpartition("/")[2]
    threads = world.context.file_threads
    async with trio.open_nursery() as nursery:
        for slot in range(int(threads.total_tokens)):
            threads.acquire_on_behalf_of_nowait(slot)
        nursery.start_soon(ask)
        with trio.fail_after(5):
            while not threads.statistics().tasks_waiting:
                await trio.lowlevel.checkpoint()
        world.context.blobs.delete(name)
        for slot in range(int(threads.total_tokens)):
            threads.release_on_behalf_of(slot)
    (answer,) = answers
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "NOT_FOUND")


async def test_a_file_that_was_opened_is_served_whole(world: World, tmp_path: Path) -> None:
    for size in (0, SENT_AT_ONCE_BYTES, SENT_AT_ONCE_BYTES + 1, 3 * FILE_PIECE_BYTES):
        path = tmp_path / "picture"
        whole = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
        path.write_bytes(whole)
        with await open_file(path, world.context.file_threads) as opened:
            path.unlink()
            part = part_of(opened, 0, opened.size, world.context.file_threads)
        if isinstance(part, bytes):
            assert part == whole
        else:
            async with part as pieces:
                assert b"".join([piece async for piece in pieces]) == whole
            assert part.file.closed
        assert isinstance(part, bytes) == (size <= SENT_AT_ONCE_BYTES)


async def test_head_has_the_headers_only(world: World, url: str) -> None:
    whole: httpx.Response = await world.client.get(url)
    answer = await world.client.head(url)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-length"] == whole.headers["content-length"]


@pytest.mark.parametrize("name", ["x.jpg", "0" * 32 + ".jpg", "..%2F..%2Ftriptych.db", "%00", ""])
async def test_what_no_row_speaks_of_is_not_found(world: World, name: str) -> None:
    assert (await world.client.get(f"/media/{name}")).status_code == 404


async def test_a_file_without_a_row_is_not_found(world: World) -> None:
    name = "0123456789abcdef" * 2 + ".jpg"
    world.context.blobs.store(jpeg(), name)
    assert (await world.client.get(f"/media/{name}")).status_code == 404


async def test_a_file_without_an_end_is_there_however_the_clock_ticks_meanwhile(
    world: World, url: str
) -> None:
    """A clock that moves between any two looks at it, as a busy machine's does."""
    moments = itertools.count(world.clock.now())
    async with served(msgspec.structs.replace(world.context, now=lambda: next(moments))) as client:
        assert (await client.get(url)).status_code == 200
