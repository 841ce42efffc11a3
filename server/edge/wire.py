"""A connected socket that never blocks: what is there is taken, what the kernel does not take is
kept; waiting is apart, and has a moment at which it ends.

`server.edge.connection` and what is beside it use one; `server.edge.deadlines` looks at the moments
of all of them. One task at a time may wait to read, and any number to write.
"""

import fcntl
import math
import socket
import struct
import sys
import termios

import trio

from server.edge.limits import HELD_BYTES, RECEIVED_BYTES, TICK_S

NEVER = math.inf

RESET = struct.pack("ii", 1, 0)
"""`SO_LINGER` for a close that drops what the kernel still holds (socket(7))."""


class Gone(OSError):
    """The client is gone, or was given up: nothing reaches it any more."""


class Wire:
    """One connection's bytes, in both directions."""

    __slots__ = (
        "__weakref__",
        "_draining",
        "_is_cut_off",
        "_is_late",
        "_read_due",
        "_socket",
        "_unsent",
        "_untaken",
        "_write_due",
        "_write_s",
        "is_gone",
    )

    can_send_files = True
    """Whether the kernel may be given files: what goes out is what was put in."""

    def __init__(self, connected: socket.socket, write_s: float) -> None:
        connected.setblocking(False)
        self._socket = connected
        self._write_s = write_s
        self._unsent = bytearray()
        self._draining: trio.Lock | None = None
        """Once somebody has waited."""
        self._read_due = NEVER
        self._write_due = NEVER
        self._untaken = 0
        """Bytes in the kernel when its client last made progress."""
        self._is_late = False
        self._is_cut_off = False
        """Whether what its client has not taken is to be dropped with the connection."""
        self.is_gone = False

    @property
    def has_unsent(self) -> bool:
        """Whether something waits for the kernel to take it."""
        return bool(self._unsent)

    async def open(self, due: float) -> None:
        """Whatever comes before the first byte; nothing here. Raises `Gone` if it was not over by
        `due`."""

    # Waiting.

    async def wait_readable(self, due: float) -> bool:
        """Until there is something to receive, the end or an error included; False if it was not
        there by `due`, in trio's seconds. Raises `Gone`."""
        self._is_late = False
        while not self._is_late:
            self._check_is_there()
            self._read_due = due
            try:
                await trio.lowlevel.wait_readable(self._socket)
                return True
            except trio.ClosedResourceError:
                continue  # the other direction was late, or this one, or the wire was shut
            finally:
                self._read_due = NEVER
        return False

    async def _wait_writable(self) -> None:
        while True:
            self._check_is_there()
            self._untaken = self.count_untaken()
            self._write_due = trio.current_time() + self._write_s
            try:
                await trio.lowlevel.wait_writable(self._socket)
                return
            except trio.ClosedResourceError:
                continue
            finally:
                self._write_due = NEVER

    def look_at(self, now: float) -> None:
        """End the waits whose moment has passed: a late reader's as late, a late writer's with the
        connection. A client that takes a little is not late, though the kernel calls its socket
        writable only when much of its buffer is free."""
        if self._write_due != NEVER and (untaken := self.count_untaken()) < self._untaken:
            self._untaken, self._write_due = untaken, now + self._write_s
        if now >= self._write_due:
            self._is_cut_off = True
            self.shut()
        elif now >= self._read_due:
            self.interrupt_reading()

    def count_untaken(self) -> int:
        """Bytes that the kernel holds and the client has not taken (tcp(7), SIOCOUTQ); 0 where the
        system does not tell."""
        try:
            return int.from_bytes(
                fcntl.ioctl(self._socket, termios.TIOCOUTQ, bytes(4)), sys.byteorder
            )
        except OSError:
            return 0

    def interrupt_reading(self) -> None:
        """Whoever waits to read has waited enough."""
        self._is_late = True
        trio.lowlevel.notify_closing(self._socket)

    def _check_is_there(self) -> None:
        if self.is_gone:
            raise Gone("the client is gone")

    # Receiving.

    def receive_nowait(self) -> bytes | None:
        """What has come: nothing at the end of the stream, None if nothing has come yet. Raises
        `Gone`."""
        self._check_is_there()
        try:
            return self._socket.recv(RECEIVED_BYTES)
        except BlockingIOError:
            return None
        except OSError as error:
            self.is_gone = True
            raise Gone(str(error)) from None

    # Sending.

    def hold_little(self) -> None:
        """From now on have the kernel hold no more than `HELD_BYTES` that are not on their way
        (tcp(7), TCP_NOTSENT_LOWAT), where it can: not of a Unix socket."""
        if hasattr(socket, "TCP_NOTSENT_LOWAT") and self._socket.family != socket.AF_UNIX:
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, HELD_BYTES)

    def send_nowait(self, data: bytes) -> None:
        """Hand `data` to the kernel, after all before it; what it does not take is kept. Raises
        `Gone`."""
        self._check_is_there()
        if self._unsent:
            self._unsent += data
            return
        sent = self._take(data)
        if sent < len(data):
            self._unsent += memoryview(data)[sent:]

    def try_send(self, data: bytes) -> bool:
        """Hand `data` to the kernel if nothing waits and it takes any of it; whether it is on its
        way. Never raises: the hot path of what is told to thousands."""
        if self._unsent or self.is_gone:
            return False
        try:
            sent = self._socket.send(data)
        except BlockingIOError:
            return False
        except OSError:
            self.is_gone = True
            return False
        if sent < len(data):
            self._unsent += memoryview(data)[sent:]
        return True

    def flush_nowait(self) -> None:
        """Hand over what was kept, as far as the kernel takes it. Raises `Gone`."""
        if self._unsent:
            del self._unsent[: self._take(self._unsent)]

    def _turn(self) -> trio.Lock:
        """One after the other writes what was kept."""
        if self._draining is None:
            self._draining = trio.Lock()
        return self._draining

    async def drain(self) -> None:
        """Until the kernel has taken everything. Raises `Gone`, also for a client that reads
        nothing for too long."""
        async with self._turn():
            while self._unsent:
                await self._wait_writable()
                del self._unsent[: self._take(self._unsent)]

    async def send(self, data: bytes) -> None:
        """Send `data` and wait until the kernel has taken it. Raises `Gone`."""
        self.send_nowait(data)
        if self._unsent:
            await self.drain()

    def _take(self, data: bytes | bytearray) -> int:
        try:
            return self._socket.send(data)
        except BlockingIOError:
            return 0
        except OSError as error:
            self.is_gone = True
            raise Gone(str(error)) from None

    @property
    def descriptor(self) -> int:
        """For `sendfile`."""
        return self._socket.fileno()

    async def wait_taken(self) -> None:
        """Until everything before was taken and the kernel takes more. Raises `Gone`."""
        async with self._turn():
            while True:
                await self._wait_writable()
                if not self._unsent:
                    return
                del self._unsent[: self._take(self._unsent)]

    # Ending.

    async def wait_till_taken(self) -> None:
        """Until the client has taken all that the kernel holds for it, as long as it takes some: a
        kernel goes on for minutes with megabytes of a socket that was closed, and no bound of ours
        would count it. Raises `Gone`."""
        untaken, due = self.count_untaken(), trio.current_time() + self._write_s
        while untaken:
            await trio.sleep(TICK_S)
            self._check_is_there()
            left, now = self.count_untaken(), trio.current_time()
            if left < untaken:
                due = now + self._write_s
            elif now >= due:
                self._is_cut_off = True
                return
            untaken = left

    def end(self) -> None:
        """Say that nothing more will be sent; what the client sends can still be received."""
        try:
            self._socket.shutdown(socket.SHUT_WR)
        except OSError:
            self.is_gone = True

    def shut(self) -> None:
        """Break it off, whoever waits."""
        self.is_gone = True
        if self._socket.fileno() >= 0:
            trio.lowlevel.notify_closing(self._socket)

    def close(self) -> None:
        """Let the socket go. Nobody may be waiting. A client that has not taken what was for it is
        cut off: the end of the stream would wait behind what it does not read."""
        self.is_gone = True
        if self._unsent or self._is_cut_off:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        trio.lowlevel.notify_closing(self._socket)
        self._socket.close()
