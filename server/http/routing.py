"""What a route is, and how the files of `server/routes/` declare theirs: each in one place, with
all that is said of it.

Quart's rules, the authentication, the rate limits, the problems and the OpenAPI come from it, and
`tests/api/roles.py` says who may do what on each. `server.routes.table` collects them; no route is
known anywhere else.
"""

from collections.abc import Awaitable, Callable, Mapping
from enum import Enum, auto
from typing import Any, ClassVar, TypeVar

import msgspec

from server.access.ratelimits import Tier
from server.http.answers import Response
from server.http.calls import Call

Q = TypeVar("Q")
B = TypeVar("B")

Handler = Callable[[Call[Q, B]], Awaitable[Response]]

API = "/api/v1"
"""The base path of all but the media and the probes."""


class Who(Enum):
    """Who may call a route."""

    PUBLIC = auto()
    """Everybody; a token is not looked at."""
    ANYONE = auto()
    """Everybody; a token makes the answer personal, and a bad one is refused."""
    USER = auto()
    """Whoever has an account and a session that lives."""


class Nothing(msgspec.Struct, frozen=True):
    """The query or the body of a route that takes none; what is sent all the same is dropped."""


class Multipart(msgspec.Struct, frozen=True):
    """The body of a route that reads a form from the request's stream itself. Each form is a
    subclass."""

    schema: ClassVar[Mapping[str, Any]] = {"type": "object"}
    """What it holds, as a JSON schema."""


class Raw(msgspec.Struct, frozen=True):
    """An answer of other types than ours, one of `media_types`."""

    media_types: tuple[str, ...]


class Route(msgspec.Struct, frozen=True):
    """One method on one path.

    In `path`, `:user_id` stands for an account's number or `me`, `:post_id` for an id, any other
    `:name` for a text. `answers` has what is answered by each status: the type of the JSON body, a
    `Raw` for another, None for none, and `Problem` for errors that do not follow from the rest.
    `idempotent` routes heed an Idempotency-Key; `hot` ones, where most requests go, are answered
    without Quart (see `server.http.direct`).
    """

    method: str
    path: str
    who: Who
    tier: Tier
    query: type[Any]
    body: type[Any]
    answers: Mapping[int, type[Any] | Raw | None]
    idempotent: bool
    hot: bool
    handler: Handler[Any, Any]

    @property
    def name(self) -> str:
        """How logs and kept replies name it."""
        return f"{self.method} {self.path}"

    @property
    def is_probe(self) -> bool:
        """Whether it asks after the process itself: answered even under overload, or the process
        would be taken for dead."""
        return self.who is Who.PUBLIC and self.tier is Tier.NONE


class Section:
    """The routes of one file, in the order of their declaration."""

    def __init__(self) -> None:
        self.routes: list[Route] = []

    def route(
        self,
        method: str,
        path: str,
        *,
        who: Who,
        tier: Tier,
        query: type[Q],
        body: type[B],
        answers: Mapping[int, type[Any] | Raw | None],
        idempotent: bool = False,
        hot: bool = False,
    ) -> Callable[[Handler[Q, B]], Handler[Q, B]]:
        """Declare that the function below serves `method` on `path`."""

        def declare(handler: Handler[Q, B]) -> Handler[Q, B]:
            self.routes.append(
                Route(method, path, who, tier, query, body, answers, idempotent, hot, handler)
            )
            return handler

        return declare
