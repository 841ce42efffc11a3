"""The other edge: Hypercorn's connections in a loop of ours, with HTTP/2, in front of the same
application. All that knows Hypercorn is here; `run.py` calls it for `--server hypercorn`.

What it can't promise stands in docs/operating.md.
"""

import logging
import socket
from functools import partial
from typing import Any, cast

import structlog
import trio
from hypercorn.app_wrappers import ASGIWrapper
from hypercorn.config import Config
from hypercorn.trio.tcp_server import TCPServer
from hypercorn.trio.worker_context import WorkerContext

from server.dropping import Droppable, give_up_after
from server.edge.limits import GONE_S, MESSAGE_BYTES_MAX, PING_S
from server.edge.listener import BACKLOG, Stopping
from server.edge.serving import Application

log = structlog.get_logger()


async def serve_by_hypercorn(
    application: Application,
    listening: socket.socket,
    stop: trio.Event,
    stopping: Stopping,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve until `stop`, then finish what is under way, but not for longer than `stopping`
    says."""
    config = Config()
    config.errorlog = logging.getLogger("hypercorn.error")
    config.include_server_header = False
    config.websocket_max_message_size = MESSAGE_BYTES_MAX
    config.websocket_ping_interval = PING_S
    worker = WorkerContext(None)
    app = ASGIWrapper(cast(Any, application))
    open_streams: set[trio.SocketStream] = set()
    all_closed = trio.Event()

    async def serve_connection(stream: trio.SocketStream) -> None:
        open_streams.add(stream)
        try:
            give_up_after(stream, GONE_S)
            droppable = cast(Any, Droppable(app, stream))
            await TCPServer(droppable, config, worker, cast(Any, {}), cast(Any, stream))
        except Exception as error:  # Hypercorn lets some malformed requests end the process.
            log.warning("a connection was dropped", exc_info=error)
            await trio.aclose_forcefully(stream)
        finally:
            open_streams.remove(stream)
            if not open_streams:
                all_closed.set()

    listening.setblocking(False)
    listening.listen(BACKLOG)
    listeners = [trio.SocketListener(trio.socket.from_stdlib_socket(listening))]
    async with trio.open_nursery() as connections:
        async with trio.open_nursery() as accepting:
            serve = partial(trio.serve_listeners, handler_nursery=connections)
            accepting.start_soon(serve, serve_connection, listeners)
            task_status.started()
            await stop.wait()
            await trio.sleep(stopping.say_s)
            accepting.cancel_scope.cancel()
        await worker.terminated.set()
        if open_streams:
            all_closed = trio.Event()
            with trio.move_on_after(stopping.finish_s):
                await all_closed.wait()
        if open_streams:
            log.warning("closing on clients that did not read or write", clients=len(open_streams))
        for stream in list(open_streams):  # they can't hold the stop
            await trio.aclose_forcefully(stream)
        connections.cancel_scope.deadline = trio.current_time() + stopping.cancelled_s
