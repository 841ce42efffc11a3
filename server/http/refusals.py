"""How a route asks an actor: a refusal becomes the problem that answers it, a repeat gets the reply
that was kept."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from actors.decisions import Command, Refused
from actors.runtime.asking import RequestKey
from server.http.calls import Call
from server.problems import problem_for

R = TypeVar("R")


async def asked(call: Call[Any, Any], command: Command[R], key: RequestKey | None = None) -> R:
    """The reply to `command`, asked in the name of the caller. Raises the `Problem` of its refusal,
    and whatever `Asking.ask` raises.
    """
    reply = await call.context.asking.ask(command, key, call.viewer)
    if isinstance(reply, Refused):
        raise problem_for(reply)
    return reply


async def kept(
    call: Call[Any, Any], command_type: type[Command[R]], key: RequestKey | None
) -> R | None:
    """The reply that an earlier request with `key` got; None for none, or without a key. Raises
    what `Asking.kept` raises."""
    return None if key is None else await call.context.asking.kept(command_type, key)


async def asked_once(
    call: Call[Any, Any],
    command_type: type[Command[R]],
    key: RequestKey | None,
    prepared: Callable[[], Awaitable[Command[R]]],
) -> R:
    """The reply kept under `key`, or else to the command that `prepared` makes. What it is about is
    looked for only then: it may be gone, and a retry is answered all the same. Raises what
    `prepared` and `asked` raise."""
    reply = await kept(call, command_type, key)
    return await asked(call, await prepared(), key) if reply is None else reply
