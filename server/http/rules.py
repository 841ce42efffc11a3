"""The paths of routes as Quart's rules, and as logs name them.

Called by `server.app`; knows no request.
"""

import functools
import re
from collections.abc import Callable, Iterable
from typing import NoReturn

from quart.routing import QuartRule
from werkzeug.routing import BaseConverter, Map

from server.http.hot_routes import words_at
from server.http.routing import Route

OTHER = "other"
"""The name of `OtherThan` in rules."""

_NOT_WORDS = re.compile(rf"<{OTHER}\([^)]*\):")
"""What a rule says of it, and a log need not."""


class FindingRule(QuartRule):
    """A rule by which routes are found, and no URL is built: werkzeug would compile two functions a
    rule for that, which was two thirds of the time that making the application took."""

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        return _no_url


def _no_url(*_: object, **__: object) -> NoReturn:
    raise NotImplementedError("answers name media and pages by themselves, none by its rule")


class OtherThan(BaseConverter):
    """A part of a path that is none of the words that another route has in its place."""

    def __init__(self, url_map: Map, *words: str) -> None:
        super().__init__(url_map)
        self.regex = rf"(?!(?:{'|'.join(map(re.escape, words))})\Z)[^/]+"


def rule_of(path: str, routes: Iterable[Route]) -> str:
    """A route's path as Quart's rule. What is a word elsewhere is no parameter here: a method that
    `/stories/feed` has not is no method of a story called `feed`."""
    parts = path.split("/")
    rule = list(parts)
    for place, part in enumerate(parts):
        if not part.startswith(":"):
            continue
        rule[place] = f"<{part[1:]}>"
        if words := sorted(words_at(routes, place, parts)):
            named = ", ".join(f'"{word}"' for word in words)
            rule[place] = f"<{OTHER}({named}):{part[1:]}>"
    return "/".join(rule)


@functools.cache
def words_of_path(path: str) -> str:
    """A route's path as logs name it: in the words of Quart's rules."""
    return re.sub(r":(\w+)", r"<\1>", path)


def words_of_rule(rule: str) -> str:
    """One of Quart's rules as logs name it."""
    return _NOT_WORDS.sub("<", rule)
