"""WebSockets beyond what kosoku asks: the handshake, the limits, who is silent or does not read,
and the socket that is written to without waiting."""

import fcntl
import socket
import struct
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
from wsproto.events import CloseConnection, Event, Ping, TextMessage

from server.edge.crowd import Member
from server.edge.frames import text_frame
from server.edge.limits import GONE_S, LINGER_S, MESSAGE_BYTES_MAX, PING_S, TICK_S, WRITE_S
from server.edge.messages import Messages
from server.edge.serving import Application, Receive, Send
from tests.edge.serving import (
    ANSWER_S,
    Client,
    Echoing,
    House,
    answer,
    echo,
    echo_in_crowd,
    get,
    served,
    unharmed,
)

UPGRADE = ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13")
KEY = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
"""The pair of RFC 6455, 1.3."""


BOTH = pytest.mark.parametrize("echoing", [echo, echo_in_crowd])
"""An application that holds its WebSockets, and one that hands them over."""


class Talker:
    """A client's side of an open WebSocket."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.protocol = Connection(ConnectionType.CLIENT)

    async def say(self, event: Event) -> None:
        await self.client.send(self.protocol.send(event))

    async def hear(self) -> Event | None:
        """The next event; None at the end."""
        while True:
            for event in self.protocol.events():
                return event
            if not self.client.unread and not await self.client.more():
                return None
            self.protocol.receive_data(self.client.unread)
            self.client.unread = b""


async def opened(house: House, buffer_bytes: int | None = None) -> Talker:
    client = await house.connect(buffer_bytes)
    await client.send(get("/", *UPGRADE, KEY))
    status, headers = await client.head()
    assert (status, headers["sec-websocket-accept"]) == (101, ACCEPT)
    return Talker(client)


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


async def test_who_was_handed_over_hears_of_room_and_of_the_end(quiet_clock: MockClock):
    """Frames until the kernel takes no more, then the rest when there is room; and `over`, once,
    whoever ends it."""
    frame = text_frame(b"x" * 10_000)
    told: list[Any] = []
    poured = trio.Event()

    class Pouring:
        def begin(self, member: Member) -> None:
            self.member = member

        def take(self, message: str | bytes) -> None:
            taken = 0
            while self.member.try_send(frame):
                taken += 1
            told.append(taken)
            self.member.want_room()
            poured.set()

        def write(self) -> None:
            assert self.member.try_send(text_frame(b"last"))
            self.member.close(4_008, "enough")
            assert not self.member.try_send(frame)

        def over(self) -> None:
            told.append("over")

    async def hand(scope: Any, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await echo(scope, receive, send)
            return
        await send({"type": "websocket.accept"})
        scope["extensions"]["triptych.crowd"](Pouring())

    async with served(hand) as house, unharmed(house):
        talker = await opened(house, buffer_bytes=4_096)
        await talker.say(TextMessage("go"))
        with trio.fail_after(ANSWER_S):
            await poured.wait()
        assert told[0] > 0
        bytes_heard, last = 0, ""
        while isinstance(event := await talker.hear(), TextMessage):
            bytes_heard += len(event.data)
            last = event.data
        assert bytes_heard == told[0] * 10_000 + len("last")
        assert last == "last"
        assert isinstance(event, CloseConnection)
        assert event.code == 4_008
        assert await talker.hear() is None
        await trio.aclose_forcefully(talker.client.stream)
        silent, lost = await opened(house), await opened(house)
        await trio.aclose_forcefully(lost.client.stream)
        while await silent.hear() is not None:
            pass
        await trio.aclose_forcefully(silent.client.stream)
    assert told[1:] == ["over"] * 3


async def test_what_a_taker_raises_ends_its_websocket_and_no_other():
    class Failing(Echoing):
        def take(self, message: str | bytes) -> None:
            if message == "fail":
                raise ValueError(message)
            super().take(message)

    async def hand(scope: Any, receive: Receive, send: Send) -> None:
        await send({"type": "websocket.accept"})
        scope["extensions"]["triptych.crowd"](Failing())

    async with served(hand) as house:
        talker, other = await opened(house), await opened(house)
        await talker.say(TextMessage("fail"))
        event = await talker.hear()
        assert isinstance(event, CloseConnection)
        assert event.code == 1011
        await other.say(TextMessage("well"))
        event = await other.hear()
        assert isinstance(event, TextMessage)
        assert event.data == "well"
        for one in (talker, other):
            await trio.aclose_forcefully(one.client.stream)
        await house.all_gone()


class Pausing:
    """A taker that listens to one message only."""

    def __init__(self) -> None:
        self.paused = trio.Event()
        self.over_by = trio.Event()

    def begin(self, member: Member) -> None:
        self.member = member

    def take(self, message: str | bytes) -> None:
        assert message == "first"
        self.member.pause(True)
        self.paused.set()

    def write(self) -> None:
        """There is nothing to write."""

    def over(self) -> None:
        self.over_by.set()


@pytest.fixture
def served_times(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How often the crowd looked after a member; a loop without an end fails."""
    times = [0]
    serve = Member.serve

    def counting(member: Member, events: int) -> int:
        times[0] += 1
        assert times[0] < 1_000, "it goes round and round"
        return serve(member, events)

    monkeypatch.setattr(Member, "serve", counting)
    return times


async def test_who_is_not_listened_to_and_breaks_off_is_gone(
    quiet_clock: MockClock, served_times: list[int]
):
    taker = Pausing()

    async def hand(scope: Any, receive: Receive, send: Send) -> None:
        await send({"type": "websocket.accept"})
        scope["extensions"]["triptych.crowd"](taker)

    async with served(hand) as house:
        talker = await opened(house)
        await talker.client.send(
            talker.protocol.send(TextMessage("first")) + talker.protocol.send(TextMessage("second"))
        )
        with trio.fail_after(ANSWER_S):
            await taker.paused.wait()
        assert isinstance(talker.client.stream, trio.SocketStream)
        linger = struct.pack("ii", 1, 0)
        talker.client.stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        await trio.aclose_forcefully(talker.client.stream)
        await taker.over_by.wait()
        assert trio.current_time() < PING_S, "by the kernel's word, not by its silence"
        await house.all_gone()


async def test_room_that_is_wanted_no_more_wakes_nobody(
    quiet_clock: MockClock, served_times: list[int]
):
    frame = text_frame(b"x" * 10_000)

    class Closing(Pausing):
        def take(self, message: str | bytes) -> None:
            while self.member.try_send(frame):
                pass
            self.member.want_room()
            self.member.close(4_008, "enough")

    async def hand(scope: Any, receive: Receive, send: Send) -> None:
        await send({"type": "websocket.accept"})
        scope["extensions"]["triptych.crowd"](Closing())

    async with served(hand) as house:
        talker = await opened(house)
        await talker.say(TextMessage("go"))
        while isinstance(event := await talker.hear(), TextMessage):
            pass
        assert isinstance(event, CloseConnection)
        assert await talker.hear() is None
        await trio.sleep(LINGER_S + 2 * TICK_S)  # in virtual time: nobody has anything to do
        assert house.listener.statistics()["connections"] == 0
        await trio.aclose_forcefully(talker.client.stream)
