"""How the crowd writes: each request with what it changes, so that the ledger knows before it is
sent, and again when it is answered.

Rooms call `Writing.write`; `Story` sends again what was lost. Every write goes through here, so
that the routes that were tried are known.
"""

import re
from collections.abc import Callable, Collection, Mapping
from random import Random
from typing import Any

from server.http.routing import Route
from server.routes.table import ROUTES
from tests.process.crowd.ledger import Answer, Becomes, Ledger, Request
from tests.process.starting import Person

GOOD = (200, 201)

API = "/api/v1"


def _pattern_of(route: Route) -> re.Pattern[str]:
    return re.compile(re.sub(r":\w+", "[^/]+", route.path.removeprefix(API)))


WRITES: dict[str, Route] = {route.name: route for route in ROUTES if route.method != "GET"}
"""Every route that is no question."""

_PATTERNS = {name: _pattern_of(route) for name, route in WRITES.items()}


def route_of(method: str, path: str) -> Route:
    """The route that serves a write; a path without parameters first, as the server does."""
    fitting = [
        route
        for name, route in WRITES.items()
        if route.method == method and _PATTERNS[name].fullmatch(path)
    ]
    return min(fitting, key=lambda route: route.path.count(":"))


class Writing:
    """Sends writes and keeps the ledger. `on_answer` is called after each answer."""

    def __init__(self, ledger: Ledger, random: Random) -> None:
        self.ledger = ledger
        self._random = random
        self.on_answer: Callable[[], None] = lambda: None

    async def write(
        self,
        person: Person,
        method: str,
        path: str,
        becomes: Becomes | None = None,
        *,
        refused: Collection[int] = (),
        then: Becomes | None = None,
        learn: Callable[[Any], None] | None = None,
        varying: bool = False,
        **options: Any,
    ) -> Answer:
        """Send a write and note what becomes of it. `refused` are statuses to expect if somebody
        else was quicker, and `then` is what is so in that case; without it, nothing has changed.
        """
        key = f"{self._random.getrandbits(128):x}" if route_of(method, path).idempotent else None
        refusals = dict.fromkeys(refused, then or {})
        request = Request(
            person, method, path, key, options, becomes or {}, refusals, learn, varying
        )
        before = self.ledger.sent(request.becomes)
        self.ledger.lost.append(request)
        answer = await self.send(person, request)
        self.ledger.lost.remove(request)
        if answer.status not in GOOD:
            self.ledger.unsent(before)
        self.note(request, answer)
        self.on_answer()
        return answer

    async def send(self, person: Person, request: Request) -> Answer:
        """Send `request`, for the first time or again."""
        answer = await person.call(request.method, request.path, key=request.key, **request.options)
        return Answer(answer.status_code, answer.content)

    def note(self, request: Request, answer: Answer) -> None:
        """Write down what `answer` promises. Raises `AssertionError` if it is none to expect."""
        if answer.status not in GOOD:
            assert answer.status in request.refusals, f"{request}: {answer}"
            self.ledger.promised(request.refusals[answer.status])
            return
        self.ledger.promised(request.becomes)
        if request.learn is not None:
            request.learn(answer.json())
        self.ledger.routes[route_of(request.method, request.path).name] += 1
        if request.key is not None:
            self.ledger.answered[request] = answer


def picture_of(content: bytes) -> Mapping[str, Any]:
    """A body that is a picture, and nothing else."""
    return {"files": [("media", ("x.jpg", content, "image/jpeg"))]}
