"""The reads that `bench.history` measures: one for each GET of the route table, more where a page
further down or a wider search is another matter.

A parameter that has no value here stops the bench, and names itself.
"""

from collections.abc import Callable, Iterator
from random import Random

import msgspec

from bench.history_world import Reader, World
from bench.ways import Asked, Wire
from server.http.routing import API, Route
from server.routes.table import ROUTES

PAGES_DOWN = 5
"""How far down the second ask of a list is."""

OWN = {"/users/:user_id/saved", "/users/:user_id/blocks"}
"""Nobody else's may be read."""

QUERIES = {
    "/search/users": ("q=user123", "q=user"),
    "/search/hashtags": ("q=su", "q=s"),
    "/search/locations": ("q=san", "q=san&lat=37.8&lng=-122.4"),
    "/users/relationships": ("ids=1,2,3,4,5,6,7,8,9,10",),
}
"""What a search asks for; the second time more widely, or in another order."""


class Ask:
    """One kind of read: `next` says what to ask for. With `down`, a page further down a list."""

    def __init__(self, world: World, route: Route, query: str, down: bool) -> None:
        self.what = route.path.removeprefix(API) + (f"?{query}" if query else "")
        if down:
            self.what += f", page {PAGES_DOWN + 1}"
        self._world = world
        self._route = route
        self._query = query
        self._down = down
        self._cursors: dict[tuple[str, int], str] = {}

    async def next(self, wire: Wire, chance: Random) -> Asked:
        """The next request; its cursor, if it wants one, is fetched once before."""
        reader, path = self._reader_and_path(chance)
        if not self._down:
            return Asked("GET", path, self._query, reader.token)
        key = (path, reader.account)
        if key not in self._cursors:
            self._cursors[key] = await self._walk(wire, path, reader)
        return Asked("GET", path, self._cursors[key], reader.token)

    async def _walk(self, wire: Wire, path: str, reader: Reader) -> str:
        """The query for the page `PAGES_DOWN` further down, or the last one before the end."""
        query = self._query
        for _ in range(PAGES_DOWN):
            _, body = await wire.ask(Asked("GET", path, query, reader.token))
            cursor = msgspec.json.decode(body)["next_cursor"]
            if cursor is None:
                break
            query = f"cursor={cursor}"
        return query

    def _reader_and_path(self, chance: Random) -> tuple[Reader, str]:
        world, path = self._world, self._route.path
        reader = chance.choice(world.readers)
        short = path.removeprefix(API)
        if short == "/follow-requests":
            reader = world.asked_to_follow
        if short == "/stories/:story_id/viewers":
            reader = world.readers[0]
        for name, choose in VALUES.items():
            if f":{name}" in path:
                value = "me" if short in OWN else choose(world, reader, short, chance)
                path = path.replace(f":{name}", value)
        assert ":" not in path, f"bench.history_asks has no value for what is left in {path}"
        return reader, path


def _name(world: World, reader: Reader, path: str, chance: Random) -> str:
    names = {
        "/hashtags/:name/posts": world.hashtags,
        "/users/by-username/:name": world.usernames,
        "/media/:name": world.media,
        "/docs/:name": ["swagger-ui.css"],
    }
    return chance.choice(names[path])


VALUES: dict[str, Callable[[World, Reader, str, Random], str]] = {
    "user_id": lambda world, reader, path, chance: chance.choice(world.users),
    "post_id": lambda world, reader, path, chance: chance.choice(world.posts),
    "location_id": lambda world, reader, path, chance: chance.choice(world.locations),
    "story_id": lambda world, reader, path, chance: chance.choice(world.stories[reader.account]),
    "name": _name,
}
"""What stands for each parameter of a path."""


def asks_of(world: World) -> Iterator[Ask]:
    """Every read, in the order of the route table."""
    for route in ROUTES:
        if route.method != "GET":
            continue
        for query in QUERIES.get(route.path.removeprefix(API), ("",)):
            yield Ask(world, route, query, down=False)
        if any(field.name == "cursor" for field in msgspec.structs.fields(route.query)):
            yield Ask(world, route, "", down=True)
