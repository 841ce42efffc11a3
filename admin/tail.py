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
from admin.line import LineEnded, LineRefused, names_server, open_line
from admin.passes import Pass

PATH = "/v1/stream"

PAUSE_S_MAX = 30.0
"""Seconds between two tries at the most; they double from a half."""

FOR_GOOD = (400, 401, 403, 404)
"""Answers to a handshake that another try would get again."""

CHANNELS = ("feed", "stories", "notifications")


class Tail:
    """What is shown, and how far it is. `token` is asked for one that is good now."""

    def __init__(
        self,
        url: str,
        token: Callable[[], Awaitable[str]],
        channels: tuple[str, ...],
        since: str | None,
    ) -> None:
        self._url = url
        self._token = token
        self._channels = channels
        self._last = since

    async def follow(self) -> None:
        """Show what is told, until cancelled. Raises `LineRefused` when no other try would help."""
        pause_s = 0.5
        while True:
            try:
                token = await self._token()
                async with open_line(self._url, PATH, token) as line:
                    await line.say(self._subscription())
                    while True:
                        self._show(json.loads(await line.hear()))
                        pause_s = 0.5
            except LineRefused as refused:
                if refused.status in FOR_GOOD:
                    raise
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
        _follow(url, lambda: token, channels, since)
    elif username is not None and token is None and url is None:
        _follow_user(data, username.lower(), channels, since)
    else:
        raise Failed("say whose stream: --user NAME, or --token with --url")


def _follow_user(data: Path, username: str, channels: tuple[str, ...], since: str | None) -> None:
    opened: list[Pass] = []

    def token() -> str:
        for one in opened:
            end_pass(data, one)
        opened[:] = [ask_pass(data, username)]
        return opened[0].token

    with told():
        first = ask_pass(data, username)
        opened.append(first)
    try:
        _follow(first.url, token, channels, since)
    finally:
        for one in opened:
            with suppress(NobodyServes, OSError):
                end_pass(data, one)


def _follow(
    url: str, token: Callable[[], str], channels: tuple[str, ...], since: str | None
) -> None:
    async def good_token() -> str:
        try:
            return token()
        except NobodyServes as nobody:
            raise ConnectionRefusedError(str(nobody)) from None

    with told(LineRefused), suppress(KeyboardInterrupt):
        trio.run(Tail(url, good_token, channels or CHANNELS, since).follow)
