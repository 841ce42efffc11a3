"""`run.py tail`: somebody's stream in the terminal, an event a line, resumed when it breaks off.

The loop is the one that docs/stream.md advises to all clients.
"""

import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import click
import trio

from admin.commands import data_option
from admin.control import NobodyServes, ask_pass, end_pass
from admin.failures import Failed, told
from admin.line import LineEnded, LineRefused, Place, WrongPlace, names_server, open_line
from admin.passes import Pass

PATH = "/v1/stream"

PAUSE_S_MAX = 30.0
"""Seconds between two tries at the most; they double from a half."""

FOR_GOOD = {
    400: "is it Triptych that --url names?",
    401: "the token is good no longer, so log in for another",
    403: "is it Triptych that --url names?",
    404: "is it Triptych that --url names?",
}
"""Answers to a handshake that another try would get again, and what to do."""

CHANNELS = ("feed", "stories", "notifications")


class Tail:
    """What is shown, and how far it is. `access` is asked where the server is now, and for a token
    that is good there."""

    def __init__(
        self,
        access: Callable[[], Awaitable[tuple[Place, str]]],
        channels: tuple[str, ...],
        since: str | None,
    ) -> None:
        self._access = access
        self._channels = channels
        self._last = since

    async def follow(self) -> None:
        """Show what is told, until cancelled. Raises `Failed` when no other try would help."""
        pause_s = 0.5
        while True:
            try:
                place, token = await self._access()
                async with open_line(place, PATH, token) as line:
                    await line.say(self._subscription())
                    while True:
                        self._show(json.loads(await line.hear()))
                        pause_s = 0.5
            except LineRefused as refused:
                if refused.status in FOR_GOOD:
                    raise Failed(f"{refused}: {FOR_GOOD[refused.status]}") from None
                click.echo(f"{refused}; trying again", err=True)
            except (LineEnded, OSError) as ended:
                click.echo(f"{ended}; trying again", err=True)
            await trio.sleep(pause_s)
            pause_s = min(2 * pause_s, PAUSE_S_MAX)

    def _subscription(self) -> str:
        message: dict[str, Any] = {"type": "subscribe", "channels": self._channels}
        if self._last is not None:
            message["since"] = self._last
        return json.dumps(message)

    def _show(self, message: Any) -> None:
        if message["type"] == "subscribed":
            click.echo(f"listening to {', '.join(message['channels'])}", err=True)
            return
        click.echo(json.dumps(message, ensure_ascii=False))
        self._last = message.get("id", self._last)


@click.command()
@data_option
@click.option("--user", "username", help="Whose stream; of the server that runs on the folder.")
@click.option("--token", help="Instead: an access token.")
@click.option("--url", help="With a token: where the server is, http://… or https://….")
@click.option("--since", help="Begin after this event; 0 is the oldest kept.")
@click.option(
    "--channel",
    "channels",
    multiple=True,
    type=click.Choice(CHANNELS),
    help="Only this channel; may be given several times.",
)
def tail(
    data: Path,
    username: str | None,
    token: str | None,
    url: str | None,
    since: str | None,
    channels: tuple[str, ...],
) -> None:
    """Show somebody's stream, an event a line, until Ctrl-C."""
    if since is not None and not (since.isascii() and since.isdecimal()):
        raise Failed("--since is the id of an event as it was shown, or 0")
    if token is not None and url is not None and username is None:
        if not names_server(url):
            raise Failed("--url says where the server is, as in http://localhost:8000")
        if not (token.isascii() and token.isprintable()):
            raise Failed("--token is an access token as the login has answered it")
        _follow(lambda: (Place(url), token), channels, since)
    elif username is not None and token is None and url is None:
        _follow_user(data, username.lower(), channels, since)
    else:
        raise Failed("say whose stream: --user NAME, or --token with --url")


def _follow_user(data: Path, username: str, channels: tuple[str, ...], since: str | None) -> None:
    opened: list[Pass] = []

    def access() -> tuple[Place, str]:
        for one in opened:
            end_pass(data, one)
        opened[:] = [ask_pass(data, username)]
        return opened[0].place, opened[0].token

    with told():
        opened.append(ask_pass(data, username))
    try:
        _follow(access, channels, since)
    finally:
        for one in opened:
            with suppress(NobodyServes, OSError):
                end_pass(data, one)


def _follow(
    access: Callable[[], tuple[Place, str]], channels: tuple[str, ...], since: str | None
) -> None:
    async def access_now() -> tuple[Place, str]:
        try:
            return access()
        except NobodyServes as nobody:
            raise ConnectionRefusedError(str(nobody)) from None

    with told(WrongPlace), suppress(KeyboardInterrupt):
        trio.run(Tail(access_now, channels or CHANNELS, since).follow)
