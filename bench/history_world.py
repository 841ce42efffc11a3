"""What `bench.history` asks for in one folder: the readers, the most popular of everything there
is, and what `populate` does not make (stories, saved posts, blocks, requests), in equal amounts
whatever the folder's size.

Reads the database for ids, before anything is measured, and acts over HTTP as clients do.
"""

import io
from pathlib import Path

import httpx
import msgspec
from PIL import Image

from storage.sqlite import open_reader

READERS = 20
"""Who ask: the first of those who registered, whom most others follow."""

POPULAR = 20
"""Of each kind of thing, those with most history."""

STORIES = 3
"""Told by each reader."""

PRIVATE = "private"
"""Whose requests to follow are listed; not one of the readers."""

BLOCKED = ("blocked1", "blocked2", "blocked3")
"""By each reader; nobody of whom there is anything to see."""


class Reader(msgspec.Struct, frozen=True):
    """An account with an access token."""

    account: int
    token: str


class World(msgspec.Struct, frozen=True):
    """One served folder. Ids as paths have them."""

    port: int
    readers: list[Reader]
    asked_to_follow: Reader
    users: list[str]
    usernames: list[str]
    posts: list[str]
    hashtags: list[str]
    locations: list[str]
    cities: list[str]
    media: list[str]
    stories: dict[int, list[str]]
    """By their author."""


USERS = "select account, username from users order by followers_count desc limit ?"
POSTS_BY_LIKES = "select post from posts order by likes_count + comments_count desc limit ?"
HASHTAGS = "select name from hashtags order by posts_count desc limit ?"
LOCATIONS = """select location, name from locations where posts_count > 0
    order by posts_count desc limit ?"""
MEDIA = """select c.text from media m join contents c on c.id = m.file_id
    where m.post in (select post from posts order by likes_count desc limit ?)"""


def open_world(folder: Path, port: int, password: str) -> World:
    """Log the readers in, and let them make what is missing."""
    database = open_reader(folder / "triptych.db")
    users, posts, hashtags, locations, media = (
        database.execute(sql, (POPULAR,)).fetchall()
        for sql in (USERS, POSTS_BY_LIKES, HASHTAGS, LOCATIONS, MEDIA)
    )
    database.close()
    with httpx.Client(base_url=f"http://127.0.0.1:{port}/api/v1", timeout=60) as client:
        readers = [_log_in(client, f"user{number}", password) for number in range(1, READERS + 1)]
        private, *blocked = (_register(client, name, password) for name in (PRIVATE, *BLOCKED))
        _act(client, private, "PUT", "/users/me", json={"private_account": True})
        stories = {reader.account: _tell(client, reader) for reader in readers}
        for reader in readers:
            for (post,) in posts:
                _act(client, reader, "POST", f"/posts/{post}/save")
            _act(client, reader, "POST", f"/users/{private.account}/follow")
            for other in blocked:
                _act(client, reader, "POST", f"/users/{other.account}/block")
            for story in stories[readers[0].account]:
                _act(client, reader, "POST", f"/stories/{story}/view")
    return World(
        port=port,
        readers=readers,
        asked_to_follow=private,
        users=[str(account) for account, _ in users],
        usernames=[name for _, name in users],
        posts=[str(post) for (post,) in posts],
        hashtags=[name for (name,) in hashtags],
        locations=[str(location) for location, _ in locations],
        cities=[name for _, name in locations],
        media=[name for (name,) in media],
        stories=stories,
    )


def _log_in(client: httpx.Client, name: str, password: str) -> Reader:
    return _reader(client.post("/auth/login", json={"username": name, "password": password}))


def _register(client: httpx.Client, name: str, password: str) -> Reader:
    """Somebody new, or already there from another run on the same folder."""
    body = {"username": name, "password": password}
    answer = client.post("/auth/register", json=body)
    return _log_in(client, name, password) if answer.status_code == 409 else _reader(answer)


def _reader(answer: httpx.Response) -> Reader:
    login = answer.raise_for_status().json()
    return Reader(int(login["user"]["user_id"]), login["access_token"])


def _tell(client: httpx.Client, reader: Reader) -> list[str]:
    """New stories."""
    file = io.BytesIO()
    Image.new("RGB", (64, 48), (200, 30, 30)).save(file, "JPEG")
    media = {"media": ("x.jpg", file.getvalue(), "image/jpeg")}
    return [
        _act(client, reader, "POST", "/stories", files=media).json()["story_id"]
        for _ in range(STORIES)
    ]


def _act(
    client: httpx.Client, reader: Reader, method: str, path: str, **options: object
) -> httpx.Response:
    headers = {"Authorization": f"Bearer {reader.token}"}
    return client.request(method, path, headers=headers, **options).raise_for_status()  # pyright: ignore[reportArgumentType]
