"""WebSockets beyond what kosoku asks: the handshake, the limits, who is silent or does not read,
and the socket that is written to without waiting."""

import fcntl
import sys
import termios
import tracemalloc
from typing import Any

import pytest
import trio
import trio.testing
from trio.testing import MockClock
from wsproto import ConnectionType
from wsproto.connection import Connection
from wsproto.events import CloseConnection, Ping, TextMessage

from server.edge.frames import text_frame
from server.edge.limits import GONE_S, MESSAGE_BYTES_MAX, PING_S, TICK_S, WRITE_S
from server.edge.messages import Messages
from server.edge.serving import Application, Receive, Send
from tests.edge.serving import (
    answer,
    echo,
    echo_in_crowd,
    get,
    served,
    unharmed,
)
from tests.edge.talking import KEY, UPGRADE, Talker, opened

BOTH = pytest.mark.parametrize("echoing", [echo, echo_in_crowd])
"""An application that holds its WebSockets, and one that hands them over."""


async def test_the_scope_and_the_subprotocol():
    seen: list[Any] = []

    async def accept(scope: Any, receive: Receive, send: Send) -> None:
        seen.append(scope)
        await receive()
        await send({"type": "websocket.accept", "subprotocol": "b", "headers": [(b"x", b"y")]})

    async with served(accept) as house, await house.connect() as client:
        await client.send(get("/s?t", *UPGRADE, KEY, "Sec-WebSocket-Protocol: a, b"))
        _, headers = await client.head()
        assert (headers["sec-websocket-protocol"], headers["x"]) == ("b", "y")
    scope = seen[0]
    assert (scope["type"], scope["scheme"], scope["path"]) == ("websocket", "ws", "/s")
    assert scope["subprotocols"] == ["a", "b"]


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ((UPGRADE[0], UPGRADE[1], "Sec-WebSocket-Version: 8", KEY), 400),
        (UPGRADE, 400),
        ((*UPGRADE, "Sec-WebSocket-Key: short"), 400),
        ((*UPGRADE, KEY, KEY), 400),
        ((*UPGRADE, UPGRADE[2], KEY), 400),
        ((UPGRADE[0], "Upgrade: h2c"), 200),
        ((UPGRADE[1],), 200),
        ((*UPGRADE, KEY, "Content-Length: 3"), 200),
    ],
)
async def test_a_handshake_that_is_none_is_refused_or_not_heeded(
    fields: tuple[str, ...], status: int
):
    async with served(echo) as house, await house.connect() as client:
        await client.send(get("/", *fields) + b"abc")
        assert (await client.answer())[0] == status


async def test_a_handshake_can_be_answered_as_a_request():
    async def refuse(scope: Any, receive: Receive, send: Send) -> None:
        assert (await receive())["type"] == "websocket.connect"
        start = {"type": "websocket.http.response.start", "status": 401}
        await send({**start, "headers": [(b"x", b"y")]})
        await send({"type": "websocket.http.response.body", "body": b"no"})

    async def close(scope: Any, receive: Receive, send: Send) -> None:
        await send({"type": "websocket.close"})

    for application, status in ((refuse, 401), (close, 403)):
        async with served(application) as house, await house.connect() as client:
            await client.send(get("/", *UPGRADE, KEY))
            assert (await client.answer())[0] == status
            assert await client.rest() == b""


@BOTH
async def test_a_message_that_is_too_long_closes_with_1009(echoing: Application):
    async with served(echoing) as house, unharmed(house):
        for pieces in ([MESSAGE_BYTES_MAX + 1], [40_000, 40_000], [1] * 3 + [MESSAGE_BYTES_MAX]):
            talker = await opened(house)
            for number, size in enumerate(pieces, 1):
                last = number == len(pieces)
                await talker.say(TextMessage("x" * size, message_finished=last))
            event = await talker.hear()
            assert isinstance(event, CloseConnection)
            assert event.code == 1009
            await trio.aclose_forcefully(talker.client.stream)


@BOTH
async def test_a_frame_is_refused_by_the_length_that_it_announces(echoing: Application):
    """A gigabyte, of which nothing ever comes."""
    async with served(echoing) as house, unharmed(house):
        for announced in (MESSAGE_BYTES_MAX + 1, 2**30, 2**63 - 1):
            talker = await opened(house)
            await talker.client.send(b"\x81\xff%b%b" % (announced.to_bytes(8, "big"), bytes(4)))
            event = await talker.hear()
            assert isinstance(event, CloseConnection)
            assert (event.code, event.reason) == (1009, "a message is too large")
            await trio.aclose_forcefully(talker.client.stream)


@BOTH
async def test_what_comes_with_the_handshake_is_a_message(echoing: Application):
    async with served(echoing) as house, await house.connect() as client:
        early = Connection(ConnectionType.CLIENT).send(TextMessage("early"))
        await client.send(get("/", *UPGRADE, KEY) + early)
        await client.head()
        talker = Talker(client)
        event = await talker.hear()
        assert isinstance(event, TextMessage)
        assert event.data == "early"


@BOTH
async def test_who_is_silent_is_pinged_and_then_gone(quiet_clock: MockClock, echoing: Application):
    async with served(echoing) as house, unharmed(house):
        talker = await opened(house)
        began = trio.current_time()
        assert isinstance(await talker.hear(), Ping)
        assert PING_S <= trio.current_time() - began <= PING_S + 2 * TICK_S
        while (event := await talker.hear()) is not None:
            assert isinstance(event, Ping)
        assert GONE_S <= trio.current_time() - began <= GONE_S + 4 * TICK_S + 2
        await trio.aclose_forcefully(talker.client.stream)


@BOTH
async def test_who_answers_pings_is_not_gone(quiet_clock: MockClock, echoing: Application):
    async with served(echoing) as house:
        talker = await opened(house)
        began = trio.current_time()
        while trio.current_time() - began < 5 * GONE_S:
            event = await talker.hear()
            assert isinstance(event, Ping)
            await talker.say(event.response())
        await trio.aclose_forcefully(talker.client.stream)


@BOTH
async def test_pings_are_answered_no_faster_than_they_are_read(
    quiet_clock: MockClock, taken_at: list[float], echoing: Application
):
    """A hundred thousand pings from who never reads: the pongs are not piled up, and it is
    dropped."""
    pings = Connection(ConnectionType.CLIENT).send(Ping(b"x" * 125)) * 100_000
    async with served(echoing) as house, unharmed(house):
        talker = await opened(house, buffer_bytes=4_096)
        began = trio.current_time()
        with pytest.raises(trio.BrokenResourceError):
            await talker.client.send(pings)
        waited = trio.current_time() - max([began, *taken_at])
        assert waited <= (GONE_S if echoing is echo_in_crowd else 0.0) + WRITE_S + 4 * TICK_S
        await trio.aclose_forcefully(talker.client.stream)


async def test_small_frames_let_others_have_their_turn():
    """Ten thousand frames fit into what is received at once: a turn takes some of them only."""
    pongs_before: list[int] = []
    pings = 10_000

    async def look(scope: Any, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            waiting = fcntl.ioctl(crowding.socket.fileno(), termios.FIONREAD, bytes(4))
            pongs_before.append(int.from_bytes(waiting, sys.byteorder) // len(b"\x8a\x00"))
        await echo(scope, receive, send)

    async with served(look) as house, await house.connect() as other:
        for _ in range(10):
            talker = await opened(house)
            crowding = talker.client.stream
            assert isinstance(crowding, trio.SocketStream)
            talker.client.send_now(b"".join(talker.protocol.send(Ping()) for _ in range(pings)))
            other.send_now(get())
            other.wait_arrived()
            await other.answer()
            assert len(await talker.client.exactly(2 * pings)) == 2 * pings
            await trio.aclose_forcefully(crowding)
    assert max(pongs_before) < pings / 2


def test_fragments_of_nothing_take_no_memory():
    """Neither the length of a message nor its time has a bound in them."""
    client, messages = Connection(ConnectionType.CLIENT), Messages()
    fragments = [client.send(TextMessage("", message_finished=False)) for _ in range(20_000)]
    messages.feed(fragments[0], lambda _: None)
    tracemalloc.start()
    try:
        for fragment in fragments[1:]:
            messages.feed(fragment, lambda _: None)
        grown, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert grown < len(fragments)
    messages.feed(client.send(TextMessage("x")), lambda _: None)
    assert list(messages.arrived) == ["x"]


async def test_the_direct_socket_takes_frames_until_the_kernel_is_full(quiet_clock: MockClock):
    frame = text_frame(b"x" * 10_000)
    told: list[Any] = []

    async def pour(scope: Any, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await answer(send, scope["path"].encode() + b" ")
            return
        direct = scope["extensions"]["triptych.socket"]
        assert not direct.try_send(frame), "it was not accepted yet"
        await receive()
        await send({"type": "websocket.accept"})
        taken = 0
        while direct.try_send(frame):
            taken += 1
        told.append(taken)
        await direct.wait_sendable()
        assert direct.try_send(frame)
        await send({"type": "websocket.send", "text": "last"})
        await send({"type": "websocket.close", "code": 4_008})
        assert not direct.is_open
        assert not direct.try_send(frame)

    async with served(pour) as house, unharmed(house):
        talker = await opened(house, buffer_bytes=4_096)
        await trio.testing.wait_all_tasks_blocked()
        assert told[0] > 0
        for _ in range(told[0] + 1):
            message = ""
            while True:
                event = await talker.hear()
                assert isinstance(event, TextMessage)
                message += event.data
                if event.message_finished:
                    break
            assert message == "x" * 10_000
        event = await talker.hear()
        assert isinstance(event, TextMessage)
        assert event.data == "last"
        event = await talker.hear()
        assert isinstance(event, CloseConnection)
        assert event.code == 4_008
        await trio.aclose_forcefully(talker.client.stream)


async def test_the_direct_socket_of_who_never_reads_gives_up(
    quiet_clock: MockClock, taken_at: list[float]
):
    frame = text_frame(b"x" * 10_000)
    ended: list[float] = []
    over = trio.Event()

    async def pour(scope: Any, receive: Receive, send: Send) -> None:
        direct = scope["extensions"]["triptych.socket"]
        await send({"type": "websocket.accept"})
        while direct.try_send(frame):
            pass
        with pytest.raises(OSError):
            await direct.wait_sendable()
        assert not direct.is_open
        ended.append(trio.current_time())
        over.set()

    async with served(pour) as house:
        talker = await opened(house, buffer_bytes=4_096)
        await over.wait()
        assert WRITE_S <= ended[0] - taken_at[-1] <= WRITE_S + 2 * TICK_S
        await trio.aclose_forcefully(talker.client.stream)
        await house.all_gone()
