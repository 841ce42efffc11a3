"""Looking at a server as its users do.

`look` reads everything that people see of each other's posts and follows; rooms of the crowd look
at the rest, and compare it with what was promised.
"""

import io
from typing import Any

import httpx
import msgspec
from PIL import Image

from tests.process.starting import Person

COLOUR_TOLERANCE = 12
"""What JPEG may do to a plain colour, encoded twice."""


class Sight(msgspec.Struct):
    """All that people see, by username."""

    posts: dict[str, dict[str, dict[str, Any]]]
    """viewer -> id -> post, of everybody's lists of posts"""
    followers: dict[str, set[str]]
    """whom -> ids of who follows them"""
    profiles: dict[str, dict[str, Any]]
    feeds: dict[str, list[str]]


async def look(people: list[Person]) -> Sight:
    """Read every list through its pages."""
    sight = Sight({}, {}, {}, {})
    for person in people:
        posts: dict[str, dict[str, Any]] = {}
        for author in people:
            listed = await pages(person, f"/users/{author.id}/posts", "posts", 50)
            assert all(post["user"]["user_id"] == author.id for post in listed)
            assert len({post["post_id"] for post in listed}) == len(listed), "a post twice"
            posts |= {post["post_id"]: post for post in listed}
        sight.posts[person.name] = posts
        sight.followers[person.name] = await ids_in(person, "/users/me/followers")
        sight.profiles[person.name] = await person.get("/users/me")
        feed = await pages(person, "/feed", "posts", 50)
        sight.feeds[person.name] = [post["post_id"] for post in feed]
    return sight


async def pages(person: Person, path: str, items: str, count: int = 50) -> list[dict[str, Any]]:
    """Everything in a list."""
    page = await person.get(path, count=count)
    found = page[items]
    while page["has_more"]:
        page = await person.get(path, count=count, cursor=page["next_cursor"])
        found += page[items]
    return found


async def ids_in(person: Person, path: str) -> set[str]:
    """The ids of a list of people, each of whom is in it once."""
    users = await pages(person, path, "users")
    ids = {user["user_id"] for user in users}
    assert len(ids) == len(users), f"somebody twice in {path}"
    return ids


async def status_of(person: Person, path: str) -> int:
    """What `person` gets for a file, or for anything else outside the API's own paths."""
    headers = {"Authorization": f"Bearer {person.token}"}
    return (await person.client.get(path, headers=headers)).status_code


async def open_picture(client: httpx.AsyncClient, path: str, token: str) -> Image.Image:
    """The picture at `path`, whole."""
    answer = await client.get(path, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200, f"{path}: {answer}"
    image = Image.open(io.BytesIO(answer.content))
    assert image.format == "JPEG"
    return image.convert("RGB")


def shows(image: Image.Image, colour: tuple[int, int, int]) -> bool:
    """Whether a picture is all of one colour, as far as can be told."""
    pixel = image.getpixel((image.width // 2, image.height // 2))
    assert isinstance(pixel, tuple)
    apart = max(abs(one - other) for one, other in zip(pixel, colour, strict=True))
    return apart <= COLOUR_TOLERANCE
