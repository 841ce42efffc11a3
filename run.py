"""The process and its command line: settings, and the nurseries that own everything.

`serve` opens the folder, the journal, the actors and the server as nested blocks, and stops in the
other order. Errors are one sentence with the remedy, and an exit code.
"""

import os
import secrets
import shutil
import socket
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random
from typing import TypeVar

import click
import structlog
import trio

from actors.fanout import POLICIES
from actors.runtime.actors import Actors, open_actors
from actors.runtime.clearing import Clearing
from actors.runtime.expiry import Expiry
from actors.runtime.inboxes import Inboxes
from actors.runtime.passivation import Residency
from actors.runtime.rounds import Clocks
from admin import commands
from admin.commands import Operator
from admin.control import serve_control
from admin.failures import EXIT_DISK_FAILED, told
from admin.line import Place
from admin.passes import Passes
from admin.scrubbing import scrub_what_is_left, tell_scrubbed
from admin.tail import tail
from admin.upgrading import upgrade_folder
from server.access.addresses import parse_proxies
from server.access.passwords import Passwords
from server.access.ratelimits import RateLimits, figures_of
from server.access.sessions import Sessions
from server.access.throttle import Throttle
from server.access.tokens import AccessTokens, MediaCookies, derive_key
from server.allocation import (
    return_free_memory,
    spare_the_collector,
    spare_the_collector_under_load,
)
from server.app import edge_refusals, make_app
from server.binding import (
    address_of_listener,
    certificate_of,
    connections_max,
    fingerprint_of,
    listen,
    path_of_listener,
    place_of_listener,
    renew_certificate,
)
from server.context import Context, Readiness
from server.edge.limits import Limits
from server.edge.listener import Listener
from server.edge.serving import Serving
from server.ending import STOPPING, MortalDisk, Stop, end_streams, ended_by_signals, stop_on_signals
from server.hub import Hub
from server.hypercorn_edge import serve_by_hypercorn
from server.logs import configure_logs
from server.metrics import Metrics
from server.reading.cursors import Cursors
from server.reading.explore import Rankings
from server.reading.views import Views
from server.requests import is_full_name, is_username
from server.routes.table import ROUTES
from server.settings import (
    SETTINGS,
    BadSetting,
    Loaded,
    Settings,
    data_folder,
    load_settings,
    read_settings_file,
    warnings_about,
)
from server.uploads.image_threads import ImageThreads
from server.uploads.pictures import delete_blobs
from server.uploads.sweeping import sweep_media
from storage.blobs import Blobs
from storage.folder import (
    METRICS_SECRET,
    TOKENS_SECRET,
    DataFolder,
    check_folder,
    open_folder,
    secret,
)
from storage.journal import open_disk
from storage.reads import GetMediaNames

SWITCH_INTERVAL_S = 0.0005
"""How long a thread may hold the interpreter while others wait: the writer comes back from SQLite
some twenty times a commit. At Python's 5 ms each return would cost up to 5 ms beside a busy
loop."""

MEBIBYTE = 1_048_576

FILE_THREADS = 8
"""Threads that write, read and delete blobs: they wait for the disk, not for the processor."""

INVITE_BYTES = 16
"""128 bits of chance in an invite."""

Figures = dict[str, Callable[[], dict[str, int]]]
"""What says how full something is, by the name under which it is told."""

T = TypeVar("T")

log = structlog.get_logger()


def unix_ms() -> int:
    """The wall clock of the whole process."""
    return time.time_ns() // 1_000_000


async def serve_folder(folder: DataFolder, settings: Settings, listening: socket.socket) -> None:
    """The whole server, until a signal stops it."""
    stop, readiness = Stop(time.perf_counter), Readiness()
    async with trio.open_nursery() as outermost:  # a second signal is heard to the very end
        await outermost.start(stop_on_signals, readiness, stop)
        await serve_until(folder, settings, listening, readiness, stop)
        outermost.cancel_scope.cancel()
    log.info("stopped")


async def serve_until(
    folder: DataFolder,
    settings: Settings,
    listening: socket.socket,
    readiness: Readiness,
    stop: Stop,
) -> None:
    """The whole server, until `stop`."""
    clocks = Clocks(unix_ms, time.perf_counter)
    bound, path = address_of_listener(settings, listening), path_of_listener(listening)
    url = settings.public_url or bound
    residency = Residency(settings.cells_max, float(settings.cell_idle_s))
    async with (
        open_disk(folder.database, cities=True, enough=stop.late, on_closed=tell_scrubbed) as disk,
        open_actors(MortalDisk(disk, EXIT_DISK_FAILED), clocks, residency=residency) as actors,
    ):
        feed = Inboxes(actors, POLICIES[settings.fan_out], time.perf_counter)
        context = make_context(folder, settings, actors, feed, url, readiness)
        of_edge: Figures = {}
        shown = partial(queues, context, feed, actors, of_edge)
        context.metrics.show(shown)
        async with trio.open_nursery() as background:
            background.start_soon(feed.run)
            on_blobs = partial(delete_blobs, context)
            background.start_soon(context.clearing.run, on_blobs)
            background.start_soon(Expiry(actors, unix_ms).run, on_blobs)
            background.start_soon(context.rankings.run)
            background.start_soon(context.hub.run)
            background.start_soon(context.hub.run_clock)
            background.start_soon(
                sweep_media, context.blobs, partial(names_of, actors), unix_ms, context.file_threads
            )
            background.start_soon(
                serve_control,
                folder.path,
                actors,
                shown,
                Passes(
                    actors,
                    context.tokens.issue,
                    unix_ms,
                    secrets.token_bytes,
                    lambda: Place(bound, path, fingerprint_of(settings)),
                ),
            )
            async with trio.open_nursery() as edge:
                await edge.start(serve_app, context, listening, stop.begun, of_edge)
                spare_the_collector()
                place = place_of_listener(settings, listening)
                where = url if url == place else f"{url} at {place}"
                click.echo(f"Triptych serves {where} from {folder.path}; Ctrl-C stops it")
            background.cancel_scope.cancel()


async def names_of(actors: Actors, prefix: str) -> list[str]:
    """The blobs that rows speak of, whose names begin with `prefix`."""
    return await actors.read(GetMediaNames(prefix))


def queues(
    context: Context, feed: Inboxes, actors: Actors, of_edge: Figures
) -> dict[str, dict[str, int]]:
    """How full everything bounded is."""
    told = {name: statistics() for name, statistics in of_edge.items()}
    return (
        told
        | actors.statistics()
        | {
            "inboxes": feed.statistics(),
            "views": context.views.statistics(),
            "stream": context.hub.statistics(),
            "tokens": context.tokens.statistics(),
            "clearing": context.clearing.statistics(),
            "explore": context.rankings.statistics(),
            "limits": context.limits.statistics(),
            "throttle": context.throttle.statistics(),
            "pictures": context.image_threads.statistics(),
        }
    )


def make_context(
    folder: DataFolder,
    settings: Settings,
    actors: Actors,
    feed: Inboxes,
    url: str,
    readiness: Readiness,
) -> Context:
    """What handlers work with, and everybody who listens to the deliveries, in the order of
    hearing."""
    key = secret(folder, TOKENS_SECRET, secrets.token_bytes)
    metrics = Metrics(secret(folder, METRICS_SECRET, secrets.token_bytes).hex())
    views = Views(actors, url)
    hub = Hub(actors, views, actors.resident, unix_ms)
    tokens = AccessTokens(derive_key(key, "access tokens"))
    sessions = Sessions(actors, on_ended=tokens.forget_session)
    clearing, rankings = Clearing(actors), Rankings(actors, unix_ms)
    for listener in (
        feed.on_delivered,
        views.on_delivered,
        sessions.on_delivered,
        hub.on_delivered,
        clearing.on_delivered,
        rankings.on_delivered,
    ):
        actors.listen(listener)
    uploads = folder.path / "uploads"
    shutil.rmtree(uploads, ignore_errors=True)  # what a crash left
    uploads.mkdir(mode=0o700)
    return Context(
        asking=actors,
        feed=feed,
        views=views,
        hub=hub,
        sessions=sessions,
        tokens=tokens,
        cookies=MediaCookies(derive_key(key, "media cookies")),
        clearing=clearing,
        rankings=rankings,
        passwords=Passwords(trio.CapacityLimiter(settings.password_threads), secrets.token_bytes),
        throttle=Throttle(settings, unix_ms),
        limits=RateLimits(figures_of(settings)),
        proxies=parse_proxies(settings.trusted_proxies),
        cursors=Cursors(derive_key(key, "cursors")),
        blobs=Blobs(folder.media),
        settings=settings,
        readiness=readiness,
        metrics=metrics,
        uploads=uploads,
        image_threads=ImageThreads(settings.image_threads, settings.image_memory * MEBIBYTE),
        file_threads=trio.CapacityLimiter(FILE_THREADS),
        base_url=url,
        now=unix_ms,
        chance=secrets.token_bytes,
    )


async def serve_app(
    context: Context,
    listening: socket.socket,
    stop: trio.Event,
    figures: Figures,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    """The edge that the settings name, with the application behind it, whose `figures` it puts
    there. Serves until `stop`, then finishes what is under way, but not for longer than a stop may
    take."""
    app = make_app(context)
    figures["requests"] = app.bounds.statistics
    async with trio.open_nursery() as edge:
        edge.start_soon(end_streams, context.hub, stop)
        if context.settings.server == "hypercorn":
            await serve_by_hypercorn(app, listening, stop, STOPPING, task_status)
        else:
            limits = Limits(connections_max=connections_max(context.settings))
            probes = frozenset(route.path.encode() for route in ROUTES if route.is_probe)
            refusing, threads = edge_refusals(context), context.file_threads
            serving = Serving(
                app,
                refusing,
                limits,
                unix_ms,
                threads,
                worked=time.thread_time,
                passed=time.perf_counter,
                probes=probes,
            )
            serving.tls = certificate_of(context.settings)
            if serving.tls is not None:
                await edge.start(renew_certificate, serving, context.settings)
            edge.start_soon(spare_the_collector_under_load, lambda: serving.counts["put off"])
            listener = Listener(serving)
            figures["edge"] = listener.statistics
            await listener.serve([listening], stop, STOPPING, task_status)
        edge.cancel_scope.cancel()


# The command line.


@click.group(context_settings={"max_content_width": 100, "show_default": True})
@click.pass_context
def main(context: click.Context) -> None:
    """Triptych: a realtime, Instagram-shaped backend in one process on one folder."""
    passwords = Passwords(trio.CapacityLimiter(1), secrets.token_bytes)
    context.obj = Operator(
        clocks=Clocks(unix_ms, time.perf_counter),
        hash_password=passwords.hash,
        is_username=is_username,
        is_full_name=is_full_name,
        chance=Random,
        secret=lambda: secrets.token_urlsafe(INVITE_BYTES),
    )


def setting_options(command: Callable[..., None]) -> Callable[..., None]:
    """A flag for each setting. All are texts: the settings themselves say what is wrong with
    one."""
    for setting in reversed(list(SETTINGS.values())):
        default = "none" if setting.default is None else setting.default
        help_text = f"{setting.help} [{setting.variable}; default: {default}]"
        command = click.option(setting.flag, metavar=setting.form.upper(), help=help_text)(command)
    return command


def load(flags: dict[str, str | None]) -> Loaded:
    """The settings. Raises `BadSetting`, and `OSError` for a folder that can't be used."""
    given = {name: value for name, value in flags.items() if value is not None}
    folder = data_folder(given, os.environ)
    check_folder(folder)
    file = read_settings_file(folder)
    return load_settings(given, os.environ, file)


@main.command()
@setting_options
def serve(**flags: str | None) -> None:
    """Serve the data folder until SIGTERM or Ctrl-C."""
    with told(BadSetting):
        settings = load(flags).settings
        lines = configure_logs(settings.log, settings.log_level, sys.stderr)
        for warning in warnings_about(settings):
            log.warning(warning)
        sys.setswitchinterval(SWITCH_INTERVAL_S)
        return_free_memory()
        with open_folder(Path(settings.data)) as folder:
            listening = listen(settings, os.environ, os.getpid())
            certificate_of(settings)  # a bad one is told before anything is touched
            with ended_by_signals():
                upgrade_folder(folder, logged=True)
                scrub_what_is_left(folder)
            trio.run(serve_folder, folder, settings, listening, instruments=[lines])


@main.command()
@setting_options
def settings(**flags: str | None) -> None:
    """Print every setting, its value and what set it."""
    with told(BadSetting):
        loaded = load(flags)
    for name in SETTINGS:
        value = getattr(loaded.settings, name)
        click.echo(f"{name} = {'' if value is None else value}  ({loaded.sources[name]})")


for command in (
    commands.verify,
    commands.populate_folder,
    commands.user,
    commands.invite,
    commands.status,
    tail,
    commands.lift_quarantine,
    commands.tell_metrics_token,
):
    main.add_command(command)


if __name__ == "__main__":
    main()
