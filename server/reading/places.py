"""Places as answers, and the one that a request names.

Called by the routes of posts, search and discovery.
"""

from typing import Any

from server.http.calls import Call
from server.problems import Problem, invalid
from server.requests import number_of
from server.wire import PlaceAnswer
from storage.reads import GetLocation
from storage.rows import LocationRow

LOCATION = "location_id"


def place_answer(row: LocationRow) -> PlaceAnswer:
    """A place with everything that is known of it."""
    return PlaceAnswer(row.location, row.name, row.city, row.country, row.lat, row.lng, row.posts)


async def place_named(call: Call[Any, Any], named: int | str) -> int:
    """The place that a request names. Raises a 400 if nobody knows it."""
    location = number_of(named)
    if location is None or await find_place(call, location) is None:
        raise no_such_place()
    return location


async def find_place(call: Call[Any, Any], location: int) -> LocationRow | None:
    """A place, None if nobody knows it."""
    viewer = None if call.viewer is None else call.viewer.account
    return await call.context.asking.read(GetLocation(location, viewer))


def no_such_place() -> Problem:
    """The 400 for a place that nobody knows."""
    return invalid("There is no such place", LOCATION)
