"""What a reading is: one question's SELECT of one JSON text, and what shape that has.

`storage.queries` executes it; nothing runs here. Its parameters are the fields of the question:
tuples as JSON arrays, a span as `:limit`, `:before` and `:after`, always bounded.
"""

from collections.abc import Callable
from typing import Any

import msgspec

Pairs = list[tuple[int, int]]


class Reading:
    """One question's SELECT. `upward` is the one for a span that asks for what lies nearest above
    `after`.

    `finish` makes the answer of the question and what was decoded, where the JSON alone is not it
    yet.
    """

    __slots__ = ("decoder", "downward", "finish", "upward")

    def __init__(
        self,
        sql: str,
        shape: Any,
        upward: str | None = None,
        finish: Callable[[Any, Any], Any] | None = None,
    ) -> None:
        self.downward = sql
        self.upward = sql if upward is None else upward
        self.decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(shape)
        self.finish = finish


def both_ways(sql: Callable[[str], str], shape: Any) -> Reading:
    """The reading of a list of which `sql` makes the SELECT in either order (`desc`, `asc`)."""
    return Reading(sql("desc"), shape, sql("asc"))
