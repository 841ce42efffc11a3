"""WebSockets that wait without a task of their own: thousands of idle ones cost what their objects
cost, and one task looks after all of them.

An application that takes part hands its WebSocket over (`scope["extensions"]["triptych.crowd"]`)
and returns; from then on it is called when there is something. Everything here is one step:
nothing waits for one client. Linux only, where `epoll` is; elsewhere nothing is offered.
"""

import select
from collections.abc import Callable
from typing import Protocol

import structlog
import trio

from server.edge.codes import CODE_FAILED, FAILED
from server.edge.limits import FED_AT_ONCE_BYTES, TICK_S
from server.edge.messages import PING_FRAME, Messages
from server.edge.serving import Serving
from server.edge.wire import NEVER, Gone, Wire

SERVED_A_STEP = 64
"""Sockets looked after in one step, if little has come on them."""

LOOKED_AT_A_STEP = 256
"""Members whose time is looked at in one step."""

ENDED_A_STEP = 16
"""Of them, so many may end: their ends are told and written to the log, some 50 us each."""

IN, OUT = getattr(select, "EPOLLIN", 1), getattr(select, "EPOLLOUT", 4)
BROKEN = getattr(select, "EPOLLERR", 8) | getattr(select, "EPOLLHUP", 16)

log = structlog.get_logger()


class Taker(Protocol):
    """Whom a WebSocket was handed over to. Nothing here waits; what is raised ends the WebSocket
    with 1011."""

    def begin(self, member: "Member") -> None:
        """That is it, from now on. Called once, as the first."""
        ...

    def take(self, message: str | bytes) -> None:
        """The client says something."""
        ...

    def write(self) -> None:
        """There is room for what was put off, as asked for by `want_room`."""
        ...

    def over(self) -> None:
        """It has ended, whoever wanted that, but for last words on their way. Called once, as the
        last."""
        ...


class Member:
    """One of the crowd."""

    __slots__ = (
        "_closing_due",
        "_crowd",
        "_heard_at",
        "_is_dropped",
        "_is_over",
        "_is_paused",
        "_mask",
        "_messages",
        "_pinged_at",
        "_taker",
        "_unfed",
        "_untaken",
        "_wants_room",
        "descriptor",
        "wire",
    )

    def __init__(self, crowd: "Crowd", wire: Wire, messages: Messages, taker: Taker) -> None:
        self._crowd = crowd
        self._messages = messages
        self._taker = taker
        self._heard_at = self._pinged_at = trio.current_time()
        self._closing_due = NEVER
        """Until when the last words may arrive; then it is dropped."""
        self._unfed = b""
        """What was received and is not taken apart yet."""
        self._untaken = 0
        self._mask = 0
        self._is_paused = False
        self._wants_room = False
        self._is_over = False
        self._is_dropped = False
        self.wire = wire
        self.descriptor = wire.descriptor

    # For whom it was handed over to.

    def begin(self, trailing: bytes) -> None:
        """From now on the taker is called. `trailing` came with the handshake."""
        self._crowd.add(self)
        self._unfed = trailing
        self._guarded(lambda: self._taker.begin(self))
        self._watch()

    def try_send(self, frame: bytes) -> bool:
        """As of a `DirectSocket`."""
        wire = self.wire
        if self._closing_due != NEVER or not wire.try_send(frame):
            return False  # if it is gone, the next look at it finds that out
        if wire.has_unsent:
            self._watch()
        return True

    def want_room(self) -> None:
        """Have `write` called once `try_send` is worth another try."""
        if not self._wants_room:
            self._wants_room = True
            self._watch()

    def pause(self, is_paused: bool) -> None:
        """Whether what the client says is left where it is."""
        if self._is_paused != is_paused:
            self._is_paused = is_paused
            self._heard_at = trio.current_time()  # it could not be heard meanwhile
            self._watch()

    def close(self, code: int, reason: str, patience_s: float = 0.0) -> None:
        """Say that it ends, and have that arrive if the client reads at all within the time for
        lingering, or within `patience_s` if that is more."""
        if self._closing_due == NEVER and not self.wire.is_gone:
            try:
                self.wire.send_nowait(self._messages.close(code, reason))
            except Gone:
                return
            self._linger(patience_s)

    # For the crowd.

    def serve(self, events: int) -> int:
        """Do what the kernel is ready for; how many bytes were taken apart. Never raises."""
        before = self._crowd.fed_bytes
        self._guarded(lambda: self._serve(events))
        if not self._is_dropped:
            self._watch()
        return self._crowd.fed_bytes - before

    def _guarded(self, act: Callable[[], None]) -> None:
        try:
            act()
        except Gone:
            self.drop()
        except Exception as error:
            log.error("the application failed", exc_info=error)
            self.close(CODE_FAILED, FAILED)

    def _serve(self, events: int) -> None:
        wire = self.wire
        if events & OUT:
            wire.flush_nowait()
            if wire.has_unsent:
                return
            if self._closing_due != NEVER:
                wire.end()
            elif self._wants_room:
                self._wants_room = False
                self._taker.write()
        if self._reads and self._has_more:
            self._feed()
        elif self._reads and events & IN:
            self._receive()
        elif events & BROKEN:  # the kernel says so whether it is asked or not
            raise Gone("the connection broke")

    def _receive(self) -> None:
        received = self.wire.receive_nowait()
        if received is None:
            return
        if received == b"":
            raise Gone("the client left")
        if self._closing_due == NEVER:
            self._heard_at = self._pinged_at = trio.current_time()
            self._unfed = received
            self._feed()

    def _feed(self) -> None:
        """Take a piece of what was received apart: ten thousand small frames are many steps."""
        messages = self._messages
        if not messages.arrived:
            piece, self._unfed = self._unfed[:FED_AT_ONCE_BYTES], self._unfed[FED_AT_ONCE_BYTES:]
            self._crowd.fed_bytes += len(piece)
            messages.feed(piece, self.wire.send_nowait)
        while messages.arrived and self._closing_due == NEVER and not self._is_paused:
            self._taker.take(messages.arrived.popleft())
        if messages.closed is not None and self._closing_due == NEVER:
            self._linger()  # the client has ended it; that was answered

    def _linger(self, patience_s: float = 0.0) -> None:
        """Nothing more is said; what was is to arrive."""
        self._unfed = b""
        self._messages.arrived.clear()
        self._wants_room = False
        linger_s = max(self._crowd.serving.limits.linger_s, patience_s)
        self._closing_due = trio.current_time() + linger_s
        if not self.wire.has_unsent:
            self.wire.end()
        self._watch()
        self._tell_over()

    def _tell_over(self) -> None:
        if not self._is_over:
            self._is_over = True
            try:
                self._taker.over()
            except Exception as error:
                log.error("the application failed", exc_info=error)

    @property
    def _has_more(self) -> bool:
        """Whether something that the client said is here already."""
        return bool(self._unfed or self._messages.arrived)

    @property
    def _reads(self) -> bool:
        """Whether what the client says is wanted. Who takes no pongs is read no further."""
        return not self.wire.has_unsent and (not self._is_paused or self._closing_due != NEVER)

    def _watch(self) -> None:
        """Tell the kernel what is waited for now. What is here already needs the next turn only:
        there is room, or will be."""
        reads, has_more = self._reads, self._has_more
        mask = IN if reads and not has_more else 0
        if self.wire.has_unsent or self._wants_room or (reads and has_more):
            mask |= OUT
        if mask != self._mask and self._crowd.has(self):
            self._mask = mask
            self._crowd.watch(self, mask)

    def look_at(self, now: float) -> bool:
        """Ping, or give up, if it is time; whether it has ended. Never raises."""
        wire, limits = self.wire, self._crowd.serving.limits
        if wire.is_gone or now >= self._closing_due:
            self.drop()
        elif self._closing_due != NEVER:
            return False
        elif now >= self._heard_at + limits.gone_s and not self._may_be_there(now):
            self._crowd.serving.counts["silent sockets"] += 1
            self.drop()
        elif now >= self._pinged_at + limits.ping_s and not wire.has_unsent:
            self._pinged_at = now
            self._guarded(lambda: wire.send_nowait(PING_FRAME))
            if not self._is_dropped:
                self._watch()
        return self._is_dropped

    def _may_be_there(self, now: float) -> bool:
        """Whether a silent client is one that we don't listen to: the taker does not want to, or
        the client has not taken all of what is for it, but takes some."""
        limits = self._crowd.serving.limits
        untaken, self._untaken = self._untaken, self.wire.count_untaken()
        takes = self.wire.has_unsent and (untaken == 0 or self._untaken < untaken)
        if takes or self._is_paused:
            self._heard_at = now - limits.gone_s + limits.write_s
        return takes or self._is_paused

    def drop(self) -> None:
        """It is over, now."""
        if not self._is_dropped:
            self._is_dropped = True
            self._crowd.remove(self)
            self.wire.close()
            self._unfed = b""
            self._messages.forget()
            self._tell_over()


class Crowd:
    """The WebSockets of one listener that were handed over. Start `run` and `run_clock`."""

    def __init__(self, serving: Serving, on_empty: Callable[[], None]) -> None:
        self.serving = serving
        self.fed_bytes = 0
        """Taken apart since the beginning."""
        self._on_empty = on_empty
        self._epoll = select.epoll()
        self._members: dict[int, Member] = {}

    def __len__(self) -> int:
        return len(self._members)

    def join(self, wire: Wire, messages: Messages, taker: Taker) -> Member:
        """One more, whose `begin` is to be called."""
        return Member(self, wire, messages, taker)

    def has(self, member: Member) -> bool:
        return self._members.get(member.descriptor) is member

    def add(self, member: Member) -> None:
        self._members[member.descriptor] = member
        self._epoll.register(member.descriptor, 0)

    def watch(self, member: Member, mask: int) -> None:
        self._epoll.modify(member.descriptor, mask)

    def remove(self, member: Member) -> None:
        """For `Member.drop`, before the socket is closed."""
        if self._members.pop(member.descriptor, None) is not None:
            self._epoll.unregister(member.descriptor)
        if not self._members:
            self._on_empty()

    async def run(self) -> None:
        """Look after all of them, until cancelled."""
        with self._epoll:
            try:
                while True:
                    await trio.lowlevel.wait_readable(self._epoll.fileno())
                    self._serve_some()
            finally:
                self.shut()

    def _serve_some(self) -> None:
        served_bytes = 0
        for descriptor, events in self._epoll.poll(0, SERVED_A_STEP):
            member = self._members.get(descriptor)
            if member is not None:
                served_bytes += member.serve(events)
            if served_bytes >= FED_AT_ONCE_BYTES:
                return  # the kernel tells of the others again

    async def run_clock(self) -> None:
        """Look whose time is up, until cancelled."""
        while True:
            await trio.sleep(TICK_S)
            ended = 0
            for number, member in enumerate(list(self._members.values())):
                ended += member.look_at(trio.current_time())
                if number % LOOKED_AT_A_STEP == 0 or ended >= ENDED_A_STEP:
                    ended = 0
                    await trio.lowlevel.checkpoint()

    def shut(self) -> None:
        """Drop all of them."""
        for member in list(self._members.values()):
            member.drop()
