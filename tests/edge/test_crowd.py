"""WebSockets that were handed over to the crowd: what their taker hears of room and of the end,
what its failures and pauses do, and how long last words are kept."""

import gc
import socket
import struct
from typing import Any

import pytest
import trio
import trio.testing
from trio.testing import MockClock
from wsproto.events import CloseConnection, TextMessage

from server.edge.crowd import Member
from server.edge.frames import text_frame
from server.edge.limits import LINGER_S, PING_S, TICK_S
from server.edge.messages import Messages
from server.edge.serving import Application, Receive, Send
from tests.edge.serving import (
    ANSWER_S,
    Echoing,
    echo,
    served,
    unharmed,
)
from tests.edge.talking import opened


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


class Patient:
    """Pours until the kernel takes no more, then ends with some patience."""

    def begin(self, member: Member) -> None:
        while member.try_send(POURED):
            pass
        member.close(4_008, "too slow", PATIENCE_S)

    def take(self, message: str | bytes) -> None:
        raise AssertionError("nobody says anything")

    def write(self) -> None:
        raise AssertionError("no room was wanted")

    def over(self) -> None:
        pass


POURED = text_frame(b"x" * 10_000)
PATIENCE_S = 4 * LINGER_S


async def pour_in_crowd(scope: Any, receive: Receive, send: Send) -> None:
    await send({"type": "websocket.accept"})
    scope["extensions"]["triptych.crowd"](Patient())


async def pour_and_close(scope: Any, receive: Receive, send: Send) -> None:
    await send({"type": "websocket.accept"})
    while scope["extensions"]["triptych.socket"].try_send(POURED):
        pass
    patience = {"triptych.patience": PATIENCE_S}
    await send({"type": "websocket.close", "code": 4_008, "reason": "too slow", **patience})


@pytest.mark.parametrize("pouring", [pour_in_crowd, pour_and_close])
async def test_who_is_slow_has_the_patience_of_the_application_to_hear_why(
    quiet_clock: MockClock, pouring: Application
):
    async with served(pouring) as house:
        late, never = await opened(house, 4_096), await opened(house, 4_096)
        began = trio.current_time()
        await trio.sleep(PATIENCE_S - LINGER_S)
        while isinstance(event := await late.hear(), TextMessage):
            pass
        assert isinstance(event, CloseConnection)
        assert event.code == 4_008
        await trio.aclose_forcefully(late.client.stream)
        await trio.sleep_until(began + PATIENCE_S - TICK_S)
        assert house.listener.statistics()["connections"] == 1
        await trio.sleep_until(began + PATIENCE_S + 2 * TICK_S)
        assert house.listener.statistics()["connections"] == 0
        await trio.aclose_forcefully(never.client.stream)


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


async def test_half_a_message_goes_with_its_socket(quiet_clock: MockClock):
    """Not when the garbage collector finds what was around it."""
    over = trio.Event()

    class Waiting(Echoing):
        def over(self) -> None:
            over.set()

    async def hand(scope: Any, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await echo(scope, receive, send)
            return
        await send({"type": "websocket.accept"})
        scope["extensions"]["triptych.crowd"](Waiting())

    def messages() -> list[Messages]:
        return [found for found in gc.get_objects() if isinstance(found, Messages)]

    gc.collect()
    gc.disable()
    try:
        async with served(hand) as house, unharmed(house):
            talker = await opened(house)
            await talker.say(TextMessage("half", message_finished=False))
            while not any(one.held_bytes for one in messages()):
                await trio.lowlevel.checkpoint()
            await trio.aclose_forcefully(talker.client.stream)
            with trio.fail_after(ANSWER_S):
                await over.wait()
            assert not any(one.held_bytes for one in messages())
    finally:
        gc.enable()
