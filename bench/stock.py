"""What the edge is compared with: the same application as Quart-Trio and Hypercorn would serve it
by themselves, and applications that do nothing."""

import os
import socket
import sys
import time
from functools import partial
from types import MappingProxyType
from typing import Any, cast

import hypercorn.trio
import msgspec
import trio
import uvicorn
from hypercorn.config import Config
from quart import Quart
from quart.wrappers import Response
from quart_trio import QuartTrio
from quart_trio.asgi import TrioASGIHTTPConnection
from quart_trio.wrappers import TrioRequest, TrioResponse

import run
from server.app import Triptych, make_app
from server.context import Context
from server.edge.limits import Limits
from server.edge.listener import Listener, Stopping
from server.edge.serving import Serving
from server.http.answers import quart_response
from server.http.hot_routes import HotRoutes

HELLO = b"Hello, world"
LARGE = b"x" * 12_288
NO_STOP = Stopping(0.0, 0.0, 0.0)


class StockRequest(TrioRequest):
    """Quart's own, with what our routes look at beside; for requests without a body."""

    answer_headers = MappingProxyType({})
    answer = None
    has_unread_body = False


class StockTriptych(Triptych):
    """The routes on Quart-Trio's own connection: a nursery and a second task a request."""

    asgi_http_class = TrioASGIHTTPConnection
    request_class = StockRequest  # pyright: ignore

    async def handle_request(self, request: Any) -> TrioResponse:
        await super().handle_request(request)
        return quart_response(request.answer)


def stock_app(context: Context) -> Any:
    """The application without what this project does about Quart."""
    app = make_app(context)
    app._hot = HotRoutes(())  # pyright: ignore
    app.__class__ = StockTriptych
    return app


async def serve_stock(app: Any, listening: socket.socket) -> None:
    """Hypercorn, as its own documentation runs it."""
    config = Config()
    config.bind = [f"fd://{listening.detach()}"]
    config.errorlog = config.accesslog = None
    await hypercorn.trio.serve(app, config)


def hello_quart() -> Quart:
    app = QuartTrio("hello")

    async def hello() -> Response:
        return Response(HELLO)

    async def large() -> Response:
        return Response(LARGE)

    app.add_url_rule("/", view_func=hello)
    app.add_url_rule("/large", view_func=large)
    return app


async def hello_bare(scope: Any, receive: Any, send: Any) -> None:
    """ASGI and nothing else."""
    if scope["type"] != "http":
        return
    body = HELLO if scope["path"] == "/" else LARGE
    headers = [(b"content-type", b"text/html"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def serve_edge(app: Any, listening: socket.socket) -> None:
    serving = Serving(
        app,
        lambda *_: ((), b""),
        Limits(),
        run.unix_ms,
        trio.CapacityLimiter(1),
        worked=time.thread_time,
        passed=time.perf_counter,
    )
    await Listener(serving).serve([listening], trio.Event(), NO_STOP)


def serve_uvicorn(listening: socket.socket) -> None:
    config = uvicorn.Config(
        cast(Any, hello_bare), log_level="error", access_log=False, lifespan="off"
    )
    uvicorn.Server(config).run([listening])


SERVERS = {
    "stock Hypercorn + Quart-Trio": lambda on: trio.run(serve_stock, hello_quart(), on),
    "edge + Quart-Trio": lambda on: trio.run(serve_edge, hello_quart(), on),
    "edge + bare ASGI": lambda on: trio.run(serve_edge, hello_bare, on),
    "uvicorn + bare ASGI": serve_uvicorn,
}


def main() -> None:
    """Serve what is named on a port that is told as a JSON line, until killed."""
    sys.setswitchinterval(run.SWITCH_INTERVAL_S)
    # With its protocol, or asyncio does not know it for TCP and leaves Nagle's algorithm on.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    listening.listen(1_024)
    os.write(1, msgspec.json.encode(listening.getsockname()[1]) + b"\n")
    partial(SERVERS[sys.argv[1]])(listening)


if __name__ == "__main__":
    main()
