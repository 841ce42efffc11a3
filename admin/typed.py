"""The password that an operator types, for the commands that need one and were given none."""

import os
import sys

import click

from admin.failures import Failed


def typed_password(_context: click.Context, _parameter: click.Parameter, given: str | None) -> str:
    """What was given, or what somebody types now, twice; without a terminal, the first line of
    standard input. Raises `Failed` if there is none of these."""
    if given is not None:
        return given
    if _has_terminal():
        return click.prompt("Password", hide_input=True, confirmation_prompt=True)
    if line := sys.stdin.readline():
        return line.rstrip("\n")
    raise Failed("there is no terminal to ask for the password on: give it with --password")


def _has_terminal() -> bool:
    """Whether whoever started the command can be asked."""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR))
    except OSError:
        return sys.stdin.isatty()
    return True


password_option = click.option(
    "--password", callback=typed_password, help="Asked for on the terminal, if it is not given."
)
