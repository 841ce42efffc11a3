"""What amendments are made of: a statement with its parameters, and how texts are erased.

Used by the files beside this one. Knows no fact.
"""

from collections.abc import Mapping

import msgspec

from storage.changes import hex_of, value_of
from storage.facts import Text

Parameters = Mapping[str, object] | tuple[str]
Statement = tuple[str, Parameters]


def erase(pointing: str, where: str) -> str:
    """Erase the texts that the columns `pointing` of the rows in `where` point to."""
    selects = [f"select {column} from {where}" for column in pointing.split()]
    return f"delete from contents where id in ({' union all '.join(selects)})"


def document(*rows: tuple[object, ...]) -> tuple[str]:
    """Rows as the one parameter of a statement of `storage.statements`."""
    return (msgspec.json.encode(rows).decode(),)


def text_column(text: Text | None) -> str | None:
    return None if text is None else hex_of(value_of(text))
