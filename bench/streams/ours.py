"""The server as `run.py serve` runs it, with thousands who follow user 1 (and some of them user 2),
told to publish: `python -m bench.streams.ours --data DIR --log FILE`.

Says its port in a line on its standard output; each line of its input is an `Act`, in JSON, and is
answered with an `Acted`. It stops at the input's end.
"""

import os
import resource
import sys
import time
from pathlib import Path
from secrets import token_bytes
from typing import Any

import click
import msgspec
import trio
from pyroaring import BitMap

import run
from actors.decisions import Refused
from actors.user.messages import NewMedium, Publish
from bench.house import House, open_house
from bench.streams.others import PAYLOAD_BYTES, say
from server.allocation import return_free_memory, spare_the_collector
from server.binding import listen
from server.logs import configure_logs
from server.settings import Settings
from server.streams.events import Channel, Event, event_id
from server.streams.handing import Pending
from storage.blobs import new_name
from storage.folder import DataFolder, open_folder

FIRST_LISTENER = 3
"""User 1 is followed by all, user 2 by the first of them; those after them listen."""

CONNECTIONS_MAX = 19_000


class Act(msgspec.Struct, frozen=True):
    """What to do: hand invented events over, or publish posts; or neither, to look."""

    handed: int = 0
    """Events of 300 B, from the queue of the hub to the sockets, one after the other."""
    seconds: float = 0.0
    """Events of 300 B, for so long."""
    sockets: int = 0
    """To how many of the listeners those go."""
    published: int = 0
    """Posts, asked for all at once, beneath HTTP."""
    author: int = 1
    every_s: float = 0.0
    """Between two posts, which are then asked for one by one."""


class Acted(msgspec.Struct, frozen=True):
    """What came of it; seconds are those of `time.perf_counter`."""

    times: int
    began_s: list[float]
    """Of all together, or of each post that was asked for by itself."""
    streams: int
    waiting: int
    """Messages in outboxes, as of now."""


class Stage:
    """The open house, and what is done in it."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._hub: Any = house.context.hub

    async def act(self, act: Act) -> Acted:
        began, times = [time.perf_counter()], 0
        if act.published and act.every_s:
            began = await self._publish_evenly(act)
            times = act.published
        elif act.published:
            async with trio.open_nursery() as nursery:
                for _ in range(act.published):
                    nursery.start_soon(self._publish, act.author)
            times = act.published
            await self._house.context.hub.handed(self._hub.mark)
        else:
            while times < act.handed or time.perf_counter() - began[0] < act.seconds:
                await self._hand(act.sockets)
                times += 1
        found = self._house.context.hub.statistics()
        return Acted(times, began, found["streams"], found["waiting"])

    async def _publish(self, author: int) -> None:
        file, thumbnail = new_name(token_bytes), new_name(token_bytes)  # that nobody looks at
        media = (NewMedium(1_080, 1_080, file, thumbnail, None),)
        command = Publish(author, "A photo of the sea", media)
        reply = await self._house.context.asking.ask(command)
        assert not isinstance(reply, Refused)

    async def _publish_evenly(self, act: Act) -> list[float]:
        began: list[float] = []
        due = trio.current_time()
        async with trio.open_nursery() as nursery:
            for _ in range(act.published):
                await trio.sleep_until(due)
                began.append(time.perf_counter())
                nursery.start_soon(self._publish, act.author)
                due += act.every_s
        return began

    async def _hand(self, sockets: int) -> None:
        """One event that never happened, by the hub's own way; no post is told after it."""
        handing, hub = self._hub._handing, self._hub
        hub.mark += 1
        event = Event(event_id(hub.mark, Channel.FEED), Channel.FEED, 1, b"x" * PAYLOAD_BYTES)
        targets = BitMap(range(FIRST_LISTENER, FIRST_LISTENER + sockets))
        pending = Pending(hub.mark, 0, Channel.FEED, 1, targets, 1)

        async def made(*_: object) -> Event:
            return event

        handing._made = made
        try:
            handing.put(pending)
            await handing.reached(hub.mark)
        finally:
            del handing._made


async def serve(folder: DataFolder, settings: Settings) -> None:
    listening = listen(settings, {}, 0)
    port = listening.getsockname()[1]
    stop = trio.Event()
    async with (
        open_house(folder, settings, f"http://{settings.host}:{port}") as house,
        trio.open_nursery() as edge,
    ):
        await edge.start(run.serve_app, house.context, listening, stop, {})
        spare_the_collector()
        say(port)
        stage = Stage(house)
        async with trio.lowlevel.FdStream(os.dup(0)) as asked:
            said = b""
            while some := await asked.receive_some(65_536):
                said += some
                while b"\n" in said:
                    line, _, said = said.partition(b"\n")
                    say(await stage.act(msgspec.json.decode(line, type=Act)))
        stop.set()


@click.command()
@click.option("--data", required=True)
@click.option("--log", required=True, type=click.Path(path_type=Path))
def main(data: str, log: Path) -> None:
    """Serve a data folder until the input ends."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    settings = Settings(data=data, port=0, rate_limits="off", connections_max=CONNECTIONS_MAX)
    sys.setswitchinterval(run.SWITCH_INTERVAL_S)
    return_free_memory()
    with log.open("a") as lines, open_folder(Path(data)) as folder:
        configure_logs("json", settings.log_level, lines)
        trio.run(serve, folder, settings)


if __name__ == "__main__":
    main()
