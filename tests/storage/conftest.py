"""What the tests of storage share: an empty database in memory and a history to fill it with."""

from collections.abc import Iterator

import pytest

from storage.sqlite import Connection
from tests.storage.making import History, empty_database


@pytest.fixture
def database() -> Iterator[Connection]:
    connection = empty_database()
    yield connection
    connection.close()


@pytest.fixture
def history() -> History:
    return History()
