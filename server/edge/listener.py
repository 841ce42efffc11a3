"""Connections as they come in: accepted, each given a task, turned away when there are too many,
and ended at the stop. `run.py` calls `serve`."""

import errno
import select
import socket
from collections.abc import Sequence
from typing import Any

import msgspec
import structlog
import trio

from server.edge.connection import Address, Connection
from server.edge.crowd import Crowd
from server.edge.deadlines import Deadlines
from server.edge.heads import Malformed
from server.edge.refusals import linger, refusal
from server.edge.serving import Serving
from server.edge.tls import TlsWire
from server.edge.wire import Gone, Wire

BACKLOG = 1_024
"""Connections that the kernel holds until they are accepted."""

TURNED_AWAY_MAX = 64
"""Connections at once that are too many and still get an answer; what comes beyond is closed."""

TURNED_AWAY_S = 1.0
"""For that answer to arrive."""

ACCEPTED_A_TURN = 256
"""Connections accepted before other tasks may run: some 15 ms. Under overload so many come in with
each turn: who waits in the kernel's queue waits a second or so, and to let them in costs a
twentieth of what is served."""

NO_MORE_FILES = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
NO_MORE_FILES_PAUSE_S = 0.1
"""Before accepting is tried again when the process or the system has no descriptor left."""

log = structlog.get_logger()


class Stopping(msgspec.Struct, frozen=True):
    """The phases of a stop, in seconds."""

    say_s: float
    """Everything is served as before; `/readyz` says that it ends."""
    finish_s: float
    """Then no connection is accepted, and what is under way may finish."""
    cancelled_s: float
    """Then connections are closed under whoever does not read or write, and handlers have so long
    to notice."""


class Listener:
    """The connections of some listening sockets."""

    def __init__(self, serving: Serving) -> None:
        self._serving = serving
        self._deadlines = Deadlines()
        self._open: dict[Wire, Connection] = {}
        self._turned_away = 0
        self._all_closed = trio.Event()
        self._crowd: Crowd | None = None

    def statistics(self) -> dict[str, int]:
        """How many connections there are, and what has happened so far, by kind."""
        counts = self._serving.counts
        return {
            "connections": self._count(),
            "connections_bound": self._serving.limits.connections_max,
            **{kind.replace(" ", "_"): count for kind, count in sorted(counts.items())},
        }

    def _count(self) -> int:
        return len(self._open) + (0 if self._crowd is None else len(self._crowd))

    async def serve(
        self,
        listening: Sequence[socket.socket],
        stop: trio.Event,
        stopping: Stopping,
        task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
    ) -> None:
        """Serve the bound sockets until `stop`, then finish what is under way, but not for longer
        than `stopping` says."""
        for one in listening:
            one.setblocking(False)
            one.listen(BACKLOG)
        async with trio.open_nursery() as watching:
            watching.start_soon(self._deadlines.run)
            if hasattr(select, "epoll"):
                self._crowd = Crowd(self._serving, self._check_all_closed)
                watching.start_soon(self._crowd.run)
                watching.start_soon(self._crowd.run_clock)
            trio.lowlevel.add_instrument(self._serving.turn)
            async with trio.open_nursery() as connections:
                async with trio.open_nursery() as accepting:
                    for one in listening:
                        accepting.start_soon(self._accept, one, connections)
                    task_status.started()
                    await stop.wait()
                    await trio.sleep(stopping.say_s)
                    accepting.cancel_scope.cancel()
                for one in listening:
                    one.close()
                await self._finish(stopping.finish_s)
                connections.cancel_scope.deadline = trio.current_time() + stopping.cancelled_s
            trio.lowlevel.remove_instrument(self._serving.turn)
            watching.cancel_scope.cancel()

    async def _finish(self, seconds: float) -> None:
        """Let what is under way come to its end, and break off the rest."""
        self._serving.is_ending = True
        for wire, connection in self._open.items():
            if connection.is_idle:
                wire.shut()
        if self._count():
            self._all_closed = trio.Event()
            with trio.move_on_after(seconds):
                await self._all_closed.wait()
        if self._count():
            log.warning("closing on clients that did not read or write", clients=self._count())
        for wire in self._open:  # they can't hold the stop
            wire.shut()
        if self._crowd is not None:
            self._crowd.shut()

    def _check_all_closed(self) -> None:
        if not self._count():
            self._all_closed.set()

    async def _accept(self, listening: socket.socket, connections: trio.Nursery) -> None:
        while True:
            await trio.lowlevel.wait_readable(listening)
            for _ in range(ACCEPTED_A_TURN):
                try:
                    connected, client = listening.accept()
                except BlockingIOError:
                    break
                except OSError as error:
                    if error.errno in NO_MORE_FILES:
                        log.warning("no connection can be accepted", why=str(error))
                        await trio.sleep(NO_MORE_FILES_PAUSE_S)
                    break  # or the client has left already
                self._welcome(connected, client, connections)

    def _welcome(self, connected: socket.socket, client: Any, connections: trio.Nursery) -> None:
        serving = self._serving
        if connected.family != socket.AF_UNIX:
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if serving.tls is None:
            wire = Wire(connected, serving.limits.write_s)
        else:
            wire = TlsWire(connected, serving.limits.write_s, serving.tls)
        if self._count() >= serving.limits.connections_max:
            serving.counts["turned away"] += 1
            if self._turned_away < TURNED_AWAY_MAX:
                self._turned_away += 1
                connections.start_soon(self._turn_away, wire)
            else:
                wire.close()
            return
        ours = _address(connected.getsockname())
        connection = Connection(wire, serving, _address(client), ours, self._crowd)
        self._open[wire] = connection
        connections.start_soon(self._keep, wire, connection)

    async def _keep(self, wire: Wire, connection: Connection) -> None:
        """One connection, from its first byte to its last."""
        self._deadlines.watch(wire)
        try:
            await connection.run()
        finally:
            self._deadlines.forget(wire)
            if not connection.is_handed_over:
                wire.close()
            del self._open[wire]
            self._check_all_closed()

    async def _turn_away(self, wire: Wire) -> None:
        """Answer a connection that is one too many with a 503, whatever it wanted."""
        self._deadlines.watch(wire)
        try:
            fault = Malformed("There are too many connections, try again soon", 503)
            due = trio.current_time() + TURNED_AWAY_S
            await wire.open(due)
            if await wire.wait_readable(due):
                wire.receive_nowait()
            wire.send_nowait(refusal(self._serving, fault))
            await linger(wire, TURNED_AWAY_S)
        except Gone:
            pass
        finally:
            self._turned_away -= 1
            self._deadlines.forget(wire)
            wire.close()


def _address(name: Any) -> Address | None:
    """Host and port, None for a Unix socket, whose name is a text."""
    return None if isinstance(name, str | bytes) or name is None else (name[0], name[1])
