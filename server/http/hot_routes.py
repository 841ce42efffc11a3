"""The way to the few routes that most requests go to: those that are declared with `hot=True`.

Quart's request, contexts and routing would cost several times what such a route does. They are
routes of the one table all the same: `server.app` answers them by the function that answers all
others, and whatever is in any way out of the ordinary takes the way through Quart.
"""

from collections.abc import Iterable, Sequence

from server.http.routing import Route

Values = dict[str, str]


class HotRoutes:
    """Finds the hot route of a request, if it has one."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self._by_shape: dict[tuple[str, int], list[HotRoute]] = {}
        for route in routes:
            if route.hot:
                hot = HotRoute(route, routes)
                self._by_shape.setdefault((route.method, len(hot.parts)), []).append(hot)

    def find(self, method: str, path: str) -> tuple[Route, Values] | None:
        """The route and the values in its path; None for whatever Quart is to answer."""
        given = path.split("/")
        for hot in self._by_shape.get((method, len(given)), ()):
            values = hot.match(given)
            if values is not None:
                return hot.route, values
        return None


class HotRoute:
    """One route, as its path is compared."""

    def __init__(self, route: Route, routes: Iterable[Route]) -> None:
        self.route = route
        self.parts = route.path.split("/")
        self._words: list[tuple[int, str]] = []
        self._parameters: list[tuple[int, str, frozenset[str]]] = []
        for place, part in enumerate(self.parts):
            if part.startswith(":"):
                others = frozenset(("", *words_at(routes, place, self.parts)))
                self._parameters.append((place, part[1:], others))
            else:
                self._words.append((place, part))
        # They tell routes apart at their end, if at all.
        self._words.reverse()

    def match(self, given: Sequence[str]) -> Values | None:
        """The values, if `given`, of as many parts, is a path of this route."""
        for place, word in self._words:
            if given[place] != word:
                return None
        values: Values = {}
        for place, name, others in self._parameters:
            text = given[place]
            if text in others:
                return None
            values[name] = text
        return values


def words_at(routes: Iterable[Route], place: int, parts: Sequence[str]) -> set[str]:
    """The words that routes have where a path of these parts has a parameter, and which fit it in
    the rest."""
    found: set[str] = set()
    for route in routes:
        others = route.path.split("/")
        if len(others) == len(parts) and all(
            one == other or ":" in (one[:1], other[:1])
            for one, other in zip(parts, others, strict=True)
        ):
            found.add(others[place])
    return {word for word in found if not word.startswith(":")}
