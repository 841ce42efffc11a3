"""How a route asks an actor: a refusal becomes the problem that answers it."""

from typing import TypeVar

from actors.decisions import Command, Refused
from actors.runtime.asking import Asking, RequestKey
from server.problems import problem_for

R = TypeVar("R")


async def asked(asking: Asking, command: Command[R], key: RequestKey | None = None) -> R:
    """The reply to `command`. Raises the `Problem` of its refusal, and whatever `Asking.ask`
    raises.
    """
    reply = await asking.ask(command, key)
    if isinstance(reply, Refused):
        raise problem_for(reply)
    return reply
