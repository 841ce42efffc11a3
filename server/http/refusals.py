"""How a route asks an actor: a refusal becomes the problem that answers it."""

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
