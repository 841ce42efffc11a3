"""Requests and answers over a real socket: framing, order, early answers, files, failures."""

from typing import Any

import pytest
import trio
import trio.testing

from server.edge.limits import CHUNKS_AT_ONCE
from server.edge.serving import Receive, Send
from tests.edge.serving import answer, body_of, echo, get, served
from tests.edge.smuggling import REFUSED, TAKEN


async def test_a_plain_answer_says_what_it_must_and_no_more():
    async with served(echo) as house, await house.connect() as client:
        await client.send(get("/a%20b?c=d"))
        status, headers, body = await client.answer()
        assert (status, body) == (200, b"/a b ")
        assert headers == {"content-length": "5", "date": "Sun, 06 Nov 1994 08:49:37 GMT"}


async def test_the_scope_is_that_of_asgi():
    seen: list[Any] = []

    async def look(scope: Any, receive: Receive, send: Send) -> None:
        seen.append(scope)
        await answer(send, b"")

    async with served(look) as house, await house.connect() as client:
        await client.send(get("/a%2Fb/%C3%A9?c=%20d", "X-One: 1", "X-One: 2", method="BREW"))
        await client.answer()
    scope = seen[0]
    assert scope["type"] == "http"
    assert scope["method"] == "BREW"
    assert (scope["path"], scope["raw_path"]) == ("/a/b/é", b"/a%2Fb/%C3%A9")
    assert scope["query_string"] == b"c=%20d"
    assert scope["headers"] == [(b"host", b"a"), (b"x-one", b"1"), (b"x-one", b"2")]
    assert scope["client"][0] == "127.0.0.1"
    assert scope["server"] == ("127.0.0.1", house.port)
    assert (scope["http_version"], scope["scheme"]) == ("1.1", "http")


@pytest.mark.parametrize("name", TAKEN)
async def test_bodies_are_read_and_the_next_request_is_the_next(name: str):
    stream, body = TAKEN[name]
    async with served(echo) as house, await house.connect() as client:
        await client.send(stream)
        assert (await client.answer())[2] == b"/ " + body
        assert (await client.answer())[2] == b"/next "


@pytest.mark.parametrize("name", REFUSED)
async def test_what_is_refused_ends_the_connection(name: str):
    async with served(echo) as house, await house.connect() as client:
        await client.send(REFUSED[name])
        status, headers, _ = await client.answer()
        assert status == 400
        assert headers["connection"] == "close"
        assert await client.rest() == b""
        await client.stream.aclose()
        await house.all_gone()


async def test_a_thousand_pipelined_requests_are_answered_in_order():
    async with served(echo) as house, await house.connect() as client:

        async def send() -> None:
            await client.send(b"".join(get(f"/{number}") for number in range(1_000)))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(send)
            for number in range(1_000):
                assert (await client.answer())[2] == f"/{number} ".encode()


async def test_pipelined_requests_let_others_have_their_turn():
    turns: list[str] = []

    async def note(scope: Any, receive: Receive, send: Send) -> None:
        turns.append(scope["path"])
        await answer(send, b"")

    async with served(note) as house, await house.connect() as many, await house.connect() as one:
        await many.send(get("/many") * 50)
        await one.send(get("/one"))
        await one.answer()
        for _ in range(50):
            await many.answer()
    assert turns.index("/one") < 25


async def test_small_chunks_let_others_have_their_turn():
    """Ten thousand chunks fit into what is received at once: a turn takes some of them only."""
    turns: list[str] = []

    async def note(scope: Any, receive: Receive, send: Send) -> None:
        more = True
        while more:
            message = await receive()
            turns.append(scope["path"])
            more = message["more_body"]
        await answer(send, b"")

    async with served(note) as house, await house.connect() as many, await house.connect() as one:
        for _ in range(10):
            turns.clear()
            head = get("/many", "Transfer-Encoding: chunked", method="PUT")
            many.send_now(head + b"1\r\nx\r\n" * 10_000)
            one.send_now(get("/one"))
            one.wait_arrived()
            await one.answer()
            await many.send(b"0\r\n\r\n")
            await many.answer()
            assert turns.count("/many") >= 10_000 / CHUNKS_AT_ONCE
            assert "/one" in turns[:3]


async def test_head_is_answered_without_a_body():
    async with served(echo) as house, await house.connect() as client:

        async def sized(scope: Any, receive: Receive, send: Send) -> None:
            await answer(send, b"hello", 200, (b"content-length", b"5"))

        house.serving.application = sized
        await client.send(get(method="HEAD") + get())
        status, headers, _ = await client.answer(of_head=True)
        assert (status, headers["content-length"]) == (200, "5")
        assert (await client.answer())[2] == b"hello"


async def in_pieces(scope: Any, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for piece in (b"a", b"", b"bc"):
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body"})


async def test_an_answer_of_unknown_length_comes_in_chunks_or_ends_with_the_connection():
    async with served(in_pieces) as house:
        async with await house.connect() as client:
            await client.send(get() * 2)
            for _ in range(2):
                _, headers, body = await client.answer()
                assert headers["transfer-encoding"] == "chunked"
                assert body == b"abc"
        async with await house.connect() as client:
            await client.send(get(version="1.0"))
            _, headers = await client.head()
            assert "transfer-encoding" not in headers
            assert await client.rest() == b"abc"


@pytest.mark.parametrize(
    ("fields", "version", "kept"),
    [
        ([], "1.1", True),
        (["Connection: close"], "1.1", False),
        (["Connection: x, Close"], "1.1", False),
        ([], "1.0", False),
        (["Connection: keep-alive"], "1.0", True),
    ],
)
async def test_a_connection_is_kept_as_the_client_wishes(
    fields: list[str], version: str, kept: bool
):
    async with served(echo) as house, await house.connect() as client:
        await client.send(get("/", *fields, version=version) + get("/next"))
        _, headers, _ = await client.answer()
        assert headers.get("connection") == (
            "close" if not kept else "keep-alive" if version == "1.0" else None
        )
        rest = (await client.answer())[2] if kept else await client.rest()
        assert rest == (b"/next " if kept else b"")


async def test_a_body_is_asked_for_when_it_is_wanted():
    async with served(echo) as house, await house.connect() as client:
        await client.send(get("/", "Content-Length: 3", "Expect: 100-continue", method="PUT"))
        assert await client.head() == (100, {})
        await client.send(b"abc")
        assert (await client.answer())[2] == b"/ abc"


async def refuse_early(scope: Any, receive: Receive, send: Send) -> None:
    await answer(send, b"no", 401)


async def test_a_body_is_not_asked_for_when_it_is_not_wanted():
    async with served(refuse_early) as house, await house.connect() as client:
        await client.send(get("/", "Content-Length: 3", "Expect: 100-continue", method="PUT"))
        status, headers, _ = await client.answer()
        assert (status, headers["connection"]) == (401, "close")


async def test_an_early_answer_arrives_though_the_client_goes_on_sending(
    quiet_clock: trio.testing.MockClock,
):
    """Without lingering the unread bytes would make a reset of it."""
    async with served(refuse_early) as house:
        for _ in range(15):
            async with await house.connect() as client:
                await client.send(get("/", "Content-Length: 5000000", method="PUT"))
                with trio.fail_after(10):
                    await client.send(b"x" * 5_000_000)
                assert (await client.answer())[0] == 401
                assert await client.rest() == b""


async def test_bodies_wait_for_their_reader(quiet_clock: trio.testing.MockClock):
    """Backpressure: what nobody has asked for stays with the client."""
    go_on = trio.Event()

    async def wait(scope: Any, receive: Receive, send: Send) -> None:
        await go_on.wait()
        await answer(send, str(len(await body_of(receive))).encode())

    async with served(wait) as house, await house.connect() as client:
        await client.send(get("/", "Content-Length: 50000000", method="PUT"))
        sent = 0
        with trio.move_on_after(0.5):
            for _ in range(50):
                await client.send(b"x" * 1_000_000)
                sent += 1
        assert sent < 50, "the kernels took all of it: this test sees nothing"
        go_on.set()


async def test_a_half_closed_client_is_answered():
    async with served(echo) as house, await house.connect() as client:
        await client.send(get("/1") + get("/2"))
        assert isinstance(client.stream, trio.SocketStream)
        await client.stream.send_eof()
        assert [(await client.answer())[2] for _ in range(2)] == [b"/1 ", b"/2 "]
        assert await client.rest() == b""


async def test_a_client_that_leaves_cancels_nothing():
    arrived, left, done = trio.Event(), trio.Event(), trio.Event()

    async def slow(scope: Any, receive: Receive, send: Send) -> None:
        arrived.set()
        await left.wait()
        await trio.testing.wait_all_tasks_blocked()
        with pytest.raises(OSError):  # noqa: PT012
            while True:
                await send({"type": "http.response.start", "status": 200, "headers": []})
                await send({"type": "http.response.body", "body": b"x", "more_body": True})
                while True:
                    message = {"type": "http.response.body", "body": b"x" * 9_999}
                    await send({**message, "more_body": True})
        done.set()

    async with served(slow) as house:
        async with await house.connect() as client:
            await client.send(get())
            await arrived.wait()
        left.set()
        await done.wait()
        await house.all_gone()
