"""What `verify` compares: no false alarm for what clients can write, and none missed."""

import pytest

from storage.audit import counter_differences
from storage.projection import write_group
from storage.sqlite import Connection
from tests.storage.making import History


@pytest.mark.parametrize("degrees", [0.0, 1e-38, 1e-46, -1e-50, 5e-324, 12.345678901234567, 90.0])
def test_a_place_is_where_it_was_made_however_close_to_zero(
    degrees: float, database: Connection
) -> None:
    """An R-tree keeps 32 bits, which know nothing below 1e-45."""
    history = History()
    history.add_place(history.register(), "Null Island", lat=degrees, lng=-degrees)
    write_group(database, history.group())
    assert counter_differences(database) == []


def test_a_place_that_the_search_looks_for_elsewhere_is_found(database: Connection) -> None:
    history = History()
    history.add_place(history.register(), "Old bridge")
    write_group(database, history.group())
    database.execute("update location_points set lat_low = 1.001, lat_high = 1.001")
    assert len(counter_differences(database)) == 1
