"""The parser: a stream of bytes has one reading, however it comes in, or is refused.

Each of the corpus is tried in every cut in two and byte by byte; Hypothesis makes streams of the
same pieces and cuts them anywhere.
"""

import gc
import weakref
from collections.abc import Callable, Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.edge.heads import Malformed
from server.edge.limits import HEADER_BYTES_MAX, HEADERS_MAX, REQUEST_LINE_BYTES_MAX
from server.edge.requests import Requests
from tests.edge.smuggling import CHUNKED, HOST, NEXT, PIECES, REFUSED, TAKEN, post

Reading = tuple[list[tuple[str, bytes, tuple[tuple[bytes, bytes], ...], bytes, bool]], int | None]


def reading(pieces: Sequence[bytes]) -> Reading:
    """The requests in what comes in, each with its body and whether that was complete; and the
    status of the refusal that ended it, if one did."""
    requests = Requests()
    found: list[tuple[str, bytes, tuple[tuple[bytes, bytes], ...], bytes, bool]] = []
    head, body = None, b""
    try:
        for piece in pieces:
            requests.feed(piece)
            while True:
                if head is None:
                    head, body = requests.next_head(), b""
                    if head is None:
                        break
                while content := requests.next_body():
                    body += content
                if not requests.body_ended:
                    break
                found.append((head.method, head.target, tuple(head.headers), body, True))
                head = None
    except Malformed as fault:
        if head is not None:
            found.append((head.method, head.target, tuple(head.headers), body, False))
        return found, fault.status
    if head is not None:
        found.append((head.method, head.target, tuple(head.headers), body, False))
    return found, None


def one_by_one(stream: bytes) -> list[bytes]:
    return [stream[place : place + 1] for place in range(len(stream))]


def in_every_cut(stream: bytes) -> list[Reading]:
    cuts = [reading([stream[:place], stream[place:]]) for place in range(1, len(stream))]
    return [reading(one_by_one(stream)), *cuts]


@pytest.mark.parametrize("name", REFUSED)
def test_what_could_be_read_in_two_ways_is_refused(name: str):
    whole = reading([REFUSED[name]])
    found, status = whole
    assert status == 400
    assert [target for _, target, *_ in found if target == b"/next"] == []
    assert not [complete for *_, complete in found if complete]
    assert all(cut == whole for cut in in_every_cut(REFUSED[name]))


@pytest.mark.parametrize("name", TAKEN)
def test_what_is_clear_is_read_as_it_is_meant(name: str):
    stream, expected = TAKEN[name]
    whole = reading([stream])
    assert [(target, body, done) for _, target, _, body, done in whole[0]] == [
        (b"/", expected, True),
        (b"/next", b"", True),
    ]
    assert whole[1] is None
    assert all(cut == whole for cut in in_every_cut(stream))


streams = st.lists(st.sampled_from(PIECES) | st.binary(max_size=3), max_size=14).map(b"".join)
requests = st.sampled_from([*REFUSED.values(), *(stream for stream, _ in TAKEN.values())])


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A stream of the corpus with bytes taken out, put in or said twice."""
    stream = draw(requests)
    begin = draw(st.integers(0, len(stream)))
    end = draw(st.integers(begin, min(len(stream), begin + 8)))
    between = draw(st.sampled_from((b"", *PIECES)) | st.binary(max_size=3))
    return stream[:begin] + between + stream[end:]


@st.composite
def cut(draw: st.DrawFn) -> tuple[bytes, list[bytes]]:
    """A stream, and the same in pieces."""
    stream = draw(streams | mutated() | st.binary(max_size=200))
    places = sorted(draw(st.lists(st.integers(0, len(stream)), max_size=12)))
    bounds = zip([0, *places], [*places, len(stream)], strict=True)
    return stream, [stream[begin:end] for begin, end in bounds]


@given(cut())
def test_a_stream_is_read_the_same_however_it_comes_in(made: tuple[bytes, list[bytes]]):
    stream, pieces = made
    whole = reading([stream])
    assert reading(pieces) == whole
    assert reading(one_by_one(stream)) == whole
    assert whole[1] in (None, 400, 431)


def request_of_line(length: int) -> bytes:
    """A request whose first line has so many bytes."""
    target = b"/" + b"x" * (length - len(b"GET / HTTP/1.1"))
    return b"GET " + target + b" HTTP/1.1\r\n" + HOST + b"\r\n"


def request_of_headers(count: int, size: int) -> bytes:
    """A request with so many headers, of so many bytes together."""
    least = HOST + b"a:\r\n" * (count - 1)
    fields = HOST + b"a:" + b"x" * (size - len(least) - 2) + b"\r\n" + b"a:\r\n" * (count - 2)
    request = b"GET / HTTP/1.1\r\n" + fields + b"\r\n"
    assert len(fields) + 2 == size
    return request


@pytest.mark.parametrize(
    ("stream", "status"),
    [
        (request_of_line(REQUEST_LINE_BYTES_MAX), None),
        (request_of_line(REQUEST_LINE_BYTES_MAX + 1), 431),
        (request_of_line(100_000), 431),
        (request_of_headers(HEADERS_MAX, HEADER_BYTES_MAX), None),
        (request_of_headers(HEADERS_MAX + 1, HEADER_BYTES_MAX), 431),
        (request_of_headers(HEADERS_MAX, HEADER_BYTES_MAX + 1), 431),
        (b"x" * 100_000, 431),
        (b"GET / HTTP/1.1\r\n" + b"x" * 100_000, 431),
        (post(CHUNKED, b"0\r\n" + b"X: y\r\n" * 10_000), 400),
    ],
)
def test_heads_have_their_limits(stream: bytes, status: int | None):
    whole = reading([stream])
    assert whole[1] == status
    assert reading(one_by_one(stream)) == whole
    assert reading([stream[place : place + 999] for place in range(0, len(stream), 999)]) == whole


def test_a_refusal_is_final():
    requests = Requests()
    requests.feed(b"GET  / HTTP/1.1\r\n\r\n")
    for _ in range(2):
        with pytest.raises(Malformed):
            requests.next_head()
        requests.feed(NEXT)


def test_what_stands_in_a_head():
    requests = Requests()
    requests.feed(
        b"GET /v1/stream?x=1 HTTP/1.1\r\nHost: a:1\r\nConnection: keep-alive, Upgrade\r\n"
        b"Upgrade: websocket\r\nExpect: 100-Continue\r\n\r\n\x81\x80trailing"
    )
    head = requests.next_head()
    assert head is not None
    assert (head.method, head.target, head.version) == ("GET", b"/v1/stream?x=1", "1.1")
    assert head.is_websocket
    assert head.keep_alive
    assert head.expects_continue
    assert head.value(b"host") == b"a:1"
    assert requests.take_rest() == b"\x81\x80trailing"


@pytest.fixture
def no_collector() -> Iterator[None]:
    """What is in a circle stays."""
    gc.disable()
    yield
    gc.enable()


def refused_twice(requests: Requests, ask: Callable[[], object]) -> weakref.ref[Requests]:
    for _ in range(2):
        with pytest.raises(Malformed):
            ask()
    return weakref.ref(requests)


@pytest.mark.usefixtures("no_collector")
@pytest.mark.parametrize("received", [b"GET / HTTP/1.1\r\nX: " + b"a" * 65_600, b"no HTTP\r\n"])
def test_what_was_refused_waits_for_no_garbage_collector(received: bytes):
    requests = Requests()
    requests.feed(received)
    left = refused_twice(requests, requests.next_head)
    del requests
    assert left() is None


@pytest.mark.usefixtures("no_collector")
@pytest.mark.parametrize("fed", ["at once", "in two"])
def test_nor_does_a_body_that_was_refused(fed: str):
    requests = Requests()
    head = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    requests.feed(head + b"1\r\na\r\n" + (b"zz\r\n" if fed == "at once" else b""))
    assert requests.next_head() is not None
    assert requests.next_body() == b"a"
    if fed == "in two":
        requests.feed(b"zz\r\n")
    left = refused_twice(requests, requests.next_body)
    del requests
    assert left() is None
