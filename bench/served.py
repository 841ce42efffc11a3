"""The server in a process of its own, as `run.py serve` runs it, which answers a line on its
standard input with what it measured since the line before, and stops at the input's end.

Started by `bench.first` as `python -m bench.served --data DIR --log FILE`. Speaks JSON lines: first
its port, then one `bench.house.Measured` for each line it got.
"""

import os
import sys
from pathlib import Path

import click
import msgspec
import trio

import run
from bench.house import open_house
from bench.stock import serve_stock, stock_app
from server.allocation import return_free_memory, spare_the_collector
from server.binding import listen
from server.edge.listener import BACKLOG
from server.logs import configure_logs
from server.settings import Settings
from storage.folder import DataFolder, open_folder

LINE_BYTES = 64
"""More than a request's one character and line feed: each comes by itself."""


def tell(value: object) -> None:
    os.write(sys.stdout.fileno(), msgspec.json.encode(value) + b"\n")


async def serve(folder: DataFolder, settings: Settings, stock: bool) -> None:
    listening = listen(settings, {}, 0)
    port = listening.getsockname()[1]
    stop = trio.Event()
    async with (
        open_house(folder, settings, f"http://{settings.host}:{port}") as house,
        trio.open_nursery() as edge,
    ):
        if stock:
            listening.listen(BACKLOG)
            edge.start_soon(serve_stock, stock_app(house.context), listening)
        else:
            await edge.start(run.serve_app, house.context, listening, stop, {})
        spare_the_collector()
        tell({"port": port})
        async with trio.lowlevel.FdStream(os.dup(sys.stdin.fileno())) as asked:
            while await asked.receive_some(LINE_BYTES):
                tell(house.take())
        stop.set()
        if stock:
            edge.cancel_scope.cancel()


@click.command()
@click.option("--data", required=True)
@click.option("--log", required=True, type=click.Path(path_type=Path))
@click.option("--server", type=click.Choice(["edge", "hypercorn", "stock"]), default="edge")
def main(data: str, log: Path, server: str) -> None:
    """Serve a data folder until the input ends."""
    ours = Settings(data=data, port=0, rate_limits="off")
    settings = msgspec.structs.replace(ours, server="edge" if server == "stock" else server)
    sys.setswitchinterval(run.SWITCH_INTERVAL_S)
    return_free_memory()
    with log.open("a") as stream, open_folder(Path(data)) as folder:
        lines = configure_logs("json", settings.log_level, stream)
        trio.run(serve, folder, settings, server == "stock", instruments=[lines])


if __name__ == "__main__":
    main()
