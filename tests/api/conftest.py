"""What the tests of the API share: a world each, and people in it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.api.world import Person, World, open_world


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(tmp_path) as world:
        yield world


@pytest.fixture
async def ann(world: World) -> Person:
    return await world.person("ann")


@pytest.fixture
async def bob(world: World, ann: Person) -> Person:
    # After Ann: fixtures that run at once would share, and mix up, one context of variables.
    assert ann.id == "1"
    return await world.person("bob")
