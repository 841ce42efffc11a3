"""What forms are taken, what is refused, and what is left behind: nothing."""

import hashlib
import os
from collections.abc import AsyncIterator, Iterable, Iterator
from pathlib import Path

import httpx
import pytest
import trio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from trio.testing import MockClock

from server.uploads.form import (
    MEBIBYTE,
    POST_LIMITS,
    BadForm,
    FileTooLarge,
    Form,
    FormProblem,
    UploadedFile,
    UploadLimits,
)
from server.uploads.image_threads import ImageThreads
from server.uploads.images import BadImage
from server.uploads.multipart import UNPARSED_BYTES_MAX, ImagesOverdue, prepare_images, read_form
from tests.server import pictures

BOUNDARY = "limit"
CONTENT_TYPE = f"multipart/form-data; boundary={BOUNDARY}"
SMALL = UploadLimits(files=2, file_bytes=1_000, body_bytes=5_000, parts=6, fields=3, text_bytes=100)

Parts = list[tuple[str, str | None, bytes]]


def body(parts: Parts) -> bytes:
    """(name, file name or None, content) as a browser would send it."""
    encoded = bytearray()
    for name, file_name, content in parts:
        file = "" if file_name is None else f'; filename="{file_name}"'
        encoded += f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{file}'.encode()
        encoded += b"\r\n\r\n" + content + b"\r\n"
    return bytes(encoded) + f"--{BOUNDARY}--\r\n".encode()


class Chunks:
    """A body as it comes from a connection. Left in the middle, unlike a generator, it holds
    nothing."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)

    def __aiter__(self) -> "Chunks":
        return self

    async def __anext__(self) -> bytes:
        await trio.lowlevel.checkpoint()
        try:
            return next(self._chunks)
        except StopIteration:
            raise StopAsyncIteration from None


def chunked(data: bytes, sizes: Iterable[int] = ()) -> Chunks:
    def cut() -> Iterator[bytes]:
        at = 0
        for size in sizes:
            yield data[at : at + size]
            at += size
        yield data[at:]

    return Chunks(cut())


def files_in(folder: Path) -> list[str]:
    return os.listdir(folder)


async def read(
    data: bytes,
    folder: Path,
    limits: UploadLimits = POST_LIMITS,
    content_type: str = CONTENT_TYPE,
) -> Form:
    return await read_form(chunked(data), content_type, folder, limits)


async def refused(
    data: bytes,
    folder: Path,
    limits: UploadLimits = SMALL,
    content_type: str = CONTENT_TYPE,
) -> FormProblem:
    """How a form is refused; and that no file is left of it."""
    with pytest.raises(FormProblem) as problem:
        await read(data, folder, limits, content_type)
    assert not files_in(folder)
    return problem.value


async def test_texts_and_files_arrive_as_they_were_sent(tmp_path: Path):
    one, two = os.urandom(700_000), b"--limit\r\n--limi\r\n"
    data = body(
        [
            ("caption", None, "Sunset 🌅\r\n at sea".encode()),
            ("media", "a.jpg", one),
            ("tag", None, b"x"),
            ("media[]", "b.jpg", two.replace(b"limit", b"limes")),
            ("tag", None, b""),
        ]
    )
    async with await read(data, tmp_path) as form:
        assert form.fields == {"caption": ["Sunset 🌅\r\n at sea"], "tag": ["x", ""]}
        assert form.text("caption") == "Sunset 🌅\r\n at sea"
        assert form.text("location_id") is None
        first, second = form.media
        assert first.path.read_bytes() == one
        assert first.sha256 == hashlib.sha256(one).digest()
        assert (first.size, second.size) == (len(one), len(two))
    assert not files_in(tmp_path)


async def test_what_httpx_sends_is_understood(tmp_path: Path):
    picture = pictures.encoded(pictures.quarters(), "JPEG")
    request = httpx.Request(
        "POST",
        "http://host/",
        data={"caption": "Grüße"},
        files=[("media", ("ü.jpg", picture, "image/jpeg"))],
    )
    async with await read(
        request.read(), tmp_path, content_type=request.headers["Content-Type"]
    ) as form:
        assert form.text("caption") == "Grüße"
        assert form.media[0].path.read_bytes() == picture


CHUNKED: Parts = [
    ("caption", None, b"\r\n--limi\r\r\n"),
    ("media", "a", b"\r\n--limit\n--\r" * 3 + b"--limit"),
    ("media", "b", b"\n\n\r"),
    ("other", "c", b"dropped"),
    ("media", "d", b"-"),
]


def test_it_does_not_matter_how_the_bytes_are_cut(tmp_path: Path):
    """werkzeug's issue 3285: one file in some thousands would end in a stray line break."""
    parts = [(name, file, data.replace(b"limit", b"limes")) for name, file, data in CHUNKED]
    data = body(parts)

    async def read_cut(*sizes: int) -> tuple[dict[str, list[str]], list[bytes]]:
        async with await read_form(chunked(data, sizes), CONTENT_TYPE, tmp_path) as form:
            return form.fields, [file.path.read_bytes() for file in form.media]

    async def read_all_ways() -> None:
        whole = await read_cut(len(data))
        fields, media = whole
        assert fields == {"caption": ["\r\n--limi\r\r\n"]}
        assert media == [b"\r\n--limes\n--\r" * 3 + b"--limes", b"\n\n\r", b"-"]
        for at in range(len(data)):
            assert await read_cut(at) == whole
        for size in range(1, 30):
            assert await read_cut(*[size] * (len(data) // size)) == whole

    trio.run(read_all_ways)


@given(
    changes=st.lists(st.tuples(st.integers(0, 400), st.binary(max_size=6)), max_size=8),
    size=st.integers(1, 100),
)
@settings(
    max_examples=150,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_whatever_is_sent_is_read_or_refused_and_leaves_nothing(
    tmp_path: Path, changes: list[tuple[int, bytes]], size: int
):
    data = bytearray(body(CHUNKED))
    for at, replacement in changes:
        data[at : at + len(replacement)] = replacement

    async def read_damaged() -> None:
        chunks = chunked(bytes(data), [size] * (len(data) // size))
        try:
            form = await read_form(chunks, CONTENT_TYPE, tmp_path, SMALL)
        except FormProblem:
            return
        await form.aclose()

    trio.run(read_damaged)
    assert not files_in(tmp_path)


async def test_files_under_other_names_are_dropped_unwritten(tmp_path: Path):
    async with await read(body([("avatar", "a", b"x" * 4_000)]), tmp_path, SMALL) as form:
        assert (form.media, form.fields) == ([], {})
        assert not files_in(tmp_path)


async def test_a_file_input_in_which_nothing_was_chosen_is_no_file(tmp_path: Path):
    async with await read(body([("media", "", b"")]), tmp_path) as form:
        assert not form.media


async def test_a_picture_without_a_file_name_is_a_file(tmp_path: Path):
    parts: Parts = [
        ("media", None, b"\xff\xd8one"),
        ("media[]", None, b"\xff"),
        ("media", None, b""),
    ]
    async with await read(body(parts), tmp_path) as form:
        assert [file.path.read_bytes() for file in form.media] == [b"\xff\xd8one", b"\xff"]
        assert form.fields == {}


async def test_an_empty_file_is_a_file(tmp_path: Path):
    async with await read(body([("media", "a.jpg", b"")]), tmp_path) as form:
        assert [file.size for file in form.media] == [0]
        assert form.media[0].path.read_bytes() == b""


async def test_a_file_may_have_eight_mebibytes_and_no_byte_more(tmp_path: Path):
    largest = bytes(8 * 1_048_576)
    async with await read(body([("media", "a", largest)]), tmp_path) as form:
        assert form.media[0].path.stat().st_size == len(largest)
    problem = await refused(body([("media", "a", largest + b"x")]), tmp_path, POST_LIMITS)
    assert isinstance(problem, FileTooLarge)
    assert problem.message == "A file exceeds the limit of 8 MB"
    assert (problem.field, problem.details) == ("media", {"max_bytes": 8 * 1_048_576})


async def test_ten_files_are_taken_and_eleven_refused(tmp_path: Path):
    ten: Parts = [("media", f"{number}.jpg", b"x") for number in range(10)]
    async with await read(body(ten), tmp_path) as form:
        assert len(form.media) == 10
    for eleventh in (b"x", b""):
        problem = await refused(
            body([*ten, ("media[]", "11.jpg", eleventh)]), tmp_path, POST_LIMITS
        )
        assert isinstance(problem, BadForm)
        assert (problem.field, problem.details) == ("media", {"max": 10})


async def test_a_body_over_its_limit_is_too_large(tmp_path: Path):
    assert POST_LIMITS.body_bytes == 10 * 8 * MEBIBYTE + MEBIBYTE
    problem = await refused(body([("other", "a", b"x" * 6_000)]), tmp_path)
    assert isinstance(problem, FileTooLarge)
    assert problem.details == {"max_bytes": SMALL.body_bytes}


async def test_a_refusal_does_not_wait_for_the_rest_of_the_body(tmp_path: Path):
    def endless() -> Iterator[bytes]:
        yield body([("media", "a", b"x" * 1_001)])
        pytest.fail("the rest was read")

    with pytest.raises(FileTooLarge):
        await read_form(Chunks(endless()), CONTENT_TYPE, tmp_path, SMALL)


async def test_a_file_too_many_is_refused_at_its_first_bytes(tmp_path: Path):
    def endless() -> Iterator[bytes]:
        yield body([("media", "a", b"x")] * 3)[: -len("x\r\n--limit--\r\n")]
        yield b"x" * 100
        pytest.fail("the rest was read")

    with pytest.raises(BadForm):
        await read_form(Chunks(endless()), CONTENT_TYPE, tmp_path, SMALL)


@pytest.mark.parametrize(
    ("parts", "field", "details"),
    [
        ([("caption", None, b"x" * 101)], "caption", {"max_bytes": 100}),
        ([("caption", None, b"\xff")], "caption", {}),
        ([("caption", None, b"\xed\xa0\x80")], "caption", {}),
        ([(f"f{number}", None, b"") for number in range(4)], None, {"max": 3}),
        ([("other", "a", b"") for _ in range(7)], None, {"max": 6}),
        ([("", None, b"x")], None, {}),
        ([("", "a", b"x")], None, {}),
    ],
)
async def test_texts_have_limits_too(
    tmp_path: Path, parts: Parts, field: str | None, details: dict[str, int]
):
    before: Parts = [("media", "a", b"x")] if len(parts) < 4 else []
    problem = await refused(body(before + parts), tmp_path)
    assert isinstance(problem, BadForm)
    assert (problem.field, problem.details) == (field, details)


async def test_a_text_sent_twice_is_refused_by_who_wants_one(tmp_path: Path):
    async with await read(
        body([("caption", None, b"a"), ("caption", None, b"b")]), tmp_path
    ) as form:
        with pytest.raises(BadForm):
            form.text("caption")


WHOLE = body([("media", "a", b"x")])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no multipart at all",
        WHOLE[:-12],
        WHOLE[:60],
        WHOLE.replace(b"Content-Disposition", b"X"),
        WHOLE.replace(b' name="media";', b""),
        WHOLE.replace(b'"media"', b'"\xff"'),
        WHOLE.replace(b"limit", b"other"),
    ],
)
async def test_a_malformed_body_is_refused(tmp_path: Path, data: bytes):
    assert isinstance(await refused(data, tmp_path), BadForm)


@pytest.mark.parametrize(
    "data",
    [
        b"x" * (UNPARSED_BYTES_MAX + 1),
        b"--limit\r\nX: " + b"x" * UNPARSED_BYTES_MAX,
        b"--limit\r\n" + b"X: x\r\n" * 20_000 + b"\r\n",
        WHOLE + b"x" * (UNPARSED_BYTES_MAX + 1),
    ],
)
async def test_what_is_no_part_is_not_hoarded(tmp_path: Path, data: bytes):
    assert isinstance(await refused(data, tmp_path, POST_LIMITS), BadForm)


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "application/json",
        "multipart/mixed; boundary=limit",
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=" + "x" * 71,
        'multipart/form-data; boundary="a\\"b"',
        'multipart/form-data; boundary="ü"',
        'multipart/form-data; boundary="limit "',
    ],
)
async def test_another_content_type_is_refused(tmp_path: Path, content_type: str):
    problem = await refused(WHOLE, tmp_path, content_type=content_type)
    assert isinstance(problem, BadForm)
    assert problem.field == "Content-Type"


async def test_a_client_that_leaves_leaves_no_file(tmp_path: Path):
    reading = trio.Event()

    async def stalling() -> AsyncIterator[bytes]:
        yield body([("media", "a", bytes(500_000))])[:400_000]
        reading.set()
        await trio.sleep_forever()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(read_form, stalling(), CONTENT_TYPE, tmp_path)
        await reading.wait()
        assert len(files_in(tmp_path)) == 1
        nursery.cancel_scope.cancel()
    assert not files_in(tmp_path)


async def test_a_form_that_is_cancelled_while_open_leaves_no_file(tmp_path: Path):
    with trio.CancelScope() as scope:
        async with await read(WHOLE, tmp_path) as form:
            assert isinstance(form.media[0], UploadedFile)
            scope.cancel()
            await trio.lowlevel.checkpoint()
    assert not files_in(tmp_path)


def image_threads() -> ImageThreads:
    return ImageThreads(1, 64 * MEBIBYTE)


async def test_pictures_are_prepared_in_order(tmp_path: Path):
    paths = [tmp_path / str(edge) for edge in (30, 20, 10)]
    for path in paths:
        path.write_bytes(pictures.encoded(pictures.quarters(int(path.name), 50), "PNG"))
    ready = await prepare_images(paths, image_threads())
    assert [image.width for image in ready] == [30, 20, 10]


async def test_one_bad_picture_is_enough(tmp_path: Path):
    good, bad = tmp_path / "good", tmp_path / "bad"
    good.write_bytes(pictures.encoded(pictures.quarters(), "PNG"))
    bad.write_bytes(b"")
    threads = image_threads()
    with pytest.raises(BadImage):
        await prepare_images([good, bad], threads)
    assert not any(threads.statistics().values())


async def test_a_picture_that_takes_too_long_is_refused_and_keeps_its_thread(
    tmp_path: Path, autojump_clock: MockClock
):
    endless = tmp_path / "pipe"
    os.mkfifo(endless)
    threads = image_threads()
    with pytest.raises(ImagesOverdue):
        await prepare_images([endless], threads)
    assert threads.borrowed_tokens == 1
    with pytest.raises(ImagesOverdue):  # the next one never gets a thread
        await prepare_images([endless], threads)
    endless.open("wb").close()  # the thread reads to the end of the pipe, and ends
    assert await threads.run(int, memory_bytes=1) == 0
