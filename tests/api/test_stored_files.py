"""Files are stored before what they are for is decided: what nothing names in the end is deleted
again.
"""

from collections.abc import Awaitable, Callable
from typing import Any, cast

import httpx
import msgspec
import pytest
import trio

from actors.runtime.asking import Asking, Overloaded
from server.app import make_app
from tests.api.world import BASE_URL, Person, World, jpeg


def _uploaded() -> dict[str, Any]:
    return {"media": ("x.jpg", jpeg(), "image/jpeg")}


async def posts(person: Person, **headers: str) -> httpx.Response:
    return await person.post("/posts", files=_uploaded(), headers=headers)


async def tells_a_story(person: Person, **headers: str) -> httpx.Response:
    return await person.post("/stories", files=_uploaded(), headers=headers)


async def shows_its_face(person: Person, **headers: str) -> httpx.Response:
    return await person.put("/users/me/avatar", files=_uploaded(), headers=headers)


Uploading = Callable[..., Awaitable[httpx.Response]]


class FullActors:
    """Actors that answer every question and take no command."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    def __getattr__(self, name: str) -> Any:
        return getattr(self._asking, name)

    async def ask(self, command: Any, key: Any = None, asker: Any = None) -> Any:
        raise Overloaded


@pytest.mark.parametrize("uploads", [posts, tells_a_story, shows_its_face])
async def test_files_of_what_was_not_taken_are_deleted(
    world: World, ann: Person, uploads: Uploading
) -> None:
    asking = cast(Asking, FullActors(world.context.asking))
    context = msgspec.structs.replace(world.context, asking=asking)
    transport = httpx.ASGITransport(app=cast(Any, make_app(context)))
    async with httpx.AsyncClient(transport=transport, base_url=BASE_URL) as client:
        ann.client = client
        answer = await uploads(ann)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert world.files == set()


@pytest.mark.parametrize(("uploads", "files"), [(posts, 2), (tells_a_story, 1)])
async def test_of_several_at_once_with_one_key_the_files_of_one_stay(
    world: World, ann: Person, uploads: Uploading, files: int
) -> None:
    bodies: list[bytes] = []

    async def upload() -> None:
        bodies.append((await uploads(ann, **{"Idempotency-Key": "k"})).content)

    async with trio.open_nursery() as nursery:
        for _ in range(3):
            nursery.start_soon(upload)
    assert len(set(bodies)) == 1
    assert len(world.files) == files
    assert any(name in bodies[0].decode() for name in world.files)
