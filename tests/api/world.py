"""A whole Triptych without a listener: real actors, a real SQLite file, the real application, and
people who use it.

The tests of this folder talk to it through httpx as a client would. Nothing in it is a stand-in.
"""

import contextlib
import io
import json
import os
import time
from collections.abc import AsyncIterator, Callable, Mapping
from functools import partial
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from typing import Any, cast

import httpx
import msgspec
import trio
from argon2 import PasswordHasher
from PIL import Image

from actors.fanout import POLICIES
from actors.runtime.actors import open_actors
from actors.runtime.clearing import Clearing
from actors.runtime.expiry import Expiry
from actors.runtime.inboxes import Inboxes
from actors.runtime.rounds import Clocks
from server.access.addresses import parse_proxies
from server.access.passwords import Passwords
from server.access.ratelimits import RateLimits, figures_of
from server.access.sessions import Sessions
from server.access.throttle import Throttle
from server.access.tokens import AccessTokens, MediaCookies, derive_key
from server.app import make_app
from server.context import Context, Readiness
from server.hub import Hub
from server.metrics import Metrics
from server.reading.cursors import Cursors
from server.reading.explore import Rankings
from server.reading.views import Views
from server.settings import Settings
from server.uploads.image_threads import ImageThreads
from server.uploads.pictures import delete_blobs
from storage.blobs import Blobs
from storage.disk import Disk
from storage.journal import open_disk

BASE_URL = "http://photos.test"
SECRET = b"0123456789abcdef0123456789abcdef"
METRICS_TOKEN = "a token of the metrics"
PASSWORD = "correct horse"
UNLIMITED = Settings(rate_limits="off")

SLACK_MS = 60_000
"""How long before its end a window, a token or a cookie is looked at again: the tests' clock goes
on meanwhile."""

QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
"""argon2id with as little work as it allows: a quarter of these tests' time went into registering
their people. What a guess costs is for `tests/server/test_passwords.py`."""


class WallClock:
    """Unix milliseconds that a test may move."""

    def __init__(self) -> None:
        self.ahead_ms = 0

    def now(self) -> int:
        return int(time.time() * 1_000) + self.ahead_ms


def jpeg(width: int = 64, height: int = 48, colour: str = "teal", **options: Any) -> bytes:
    """A real picture."""
    return picture("JPEG", width, height, colour, **options)


def picture(
    form: str, width: int = 64, height: int = 48, colour: str = "teal", **options: Any
) -> bytes:
    """A real picture in another format."""
    encoded = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(encoded, form, **options)
    return encoded.getvalue()


class Person:
    """Somebody with an account and a token."""

    def __init__(self, client: httpx.AsyncClient, login: Mapping[str, Any]) -> None:
        self.client = client
        self.id: str = login["user"]["user_id"]
        self.name: str = login["user"]["username"]
        self.token: str = login["access_token"]

    async def call(self, method: str, path: str, **options: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}", **options.pop("headers", {})}
        return await self.client.request(method, path, headers=headers, **options)

    async def get(self, path: str, **query: Any) -> httpx.Response:
        return await self.call("GET", f"/api/v1{path}", params=query)

    async def post(self, path: str, **options: Any) -> httpx.Response:
        return await self.call("POST", f"/api/v1{path}", **options)

    async def put(self, path: str, **options: Any) -> httpx.Response:
        return await self.call("PUT", f"/api/v1{path}", **options)

    async def delete(self, path: str, **options: Any) -> httpx.Response:
        return await self.call("DELETE", f"/api/v1{path}", **options)

    async def publishes(
        self,
        caption: str | None = None,
        *pictures: bytes,
        key: str | None = None,
        **fields: Any,
    ) -> httpx.Response:
        """The answer to an upload of some pictures, of one if none is given; `fields` are JSON."""
        files = [("media", ("x.jpg", data, "image/jpeg")) for data in pictures or (jpeg(),)]
        data = {name: json.dumps(value) for name, value in fields.items()}
        if caption is not None:
            data["caption"] = caption
        headers = {} if key is None else {"Idempotency-Key": key}
        return await self.post("/posts", files=files, data=data, headers=headers)

    async def posted(self, caption: str | None = None, **fields: Any) -> str:
        """The id of a new post."""
        answer = await self.publishes(caption, **fields)
        return told(answer, 201)["post_id"]

    async def shows_face(self, colour: str = "red") -> str:
        """The address of a new picture of oneself."""
        files = {"media": ("x.jpg", jpeg(40, 40, colour), "image/jpeg")}
        answer = await self.put("/users/me/avatar", files=files)
        return told(answer)["user"]["profile_image_url"]

    async def describes(self, **changes: object) -> dict[str, Any]:
        """One's profile after a change of it."""
        return told(await self.put("/users/me", json=changes))["user"]

    async def goes_private(self) -> None:
        assert (await self.describes(private_account=True))["private_account"] is True

    async def follows(self, other: "Person") -> None:
        """Also asks to."""
        told(await self.post(f"/users/{other.id}/follow"))

    async def lets_in(self, other: "Person") -> None:
        """Approves that `other` follows, who has asked to."""
        told(await self.post(f"/follow-requests/{other.id}/approve"))

    async def blocks(self, other: "Person") -> None:
        told(await self.post(f"/users/{other.id}/block"))

    async def likes(self, post: str) -> None:
        told(await self.post(f"/posts/{post}/like"))

    async def saves(self, post: str) -> None:
        told(await self.post(f"/posts/{post}/save"))

    async def commented(self, post: str, text: str = "well", parent: str | None = None) -> str:
        """The id of a new comment."""
        body = {"text": text, "parent_comment_id": parent}
        answer = await self.post(f"/posts/{post}/comments", json=body)
        return told(answer, 201)["comment_id"]

    async def sees(self, other: "Person") -> dict[str, Any]:
        """The profile of `other`."""
        return told(await self.get(f"/users/{other.id}"))

    async def lists(self, path: str, **query: Any) -> list[str]:
        """Who or what is in a list, by names and ids: whole, or one page if `count` is said."""
        page = told(await self.get(path, **query))
        (kind,) = page.keys() & {"posts", "users", "comments"}
        names = {"posts": "post_id", "users": "username", "comments": "comment_id"}
        assert query or not page["has_more"], "there is more than a page"
        return [item[names[kind]] for item in page[kind]]

    async def ends_account(self) -> None:
        told(await self.post("/users/me/delete", json={"password": PASSWORD}))


def told(answer: httpx.Response, status: int = 200) -> Any:
    """What a successful answer says."""
    assert answer.status_code == status, answer.text
    return answer.json()


def refused(answer: httpx.Response, status: int) -> dict[str, Any]:
    """What an answer refuses, and why: its `error`."""
    assert answer.status_code == status, answer.text
    return answer.json()["error"]


class World:
    """The server, and all that a test may want to reach into."""

    def __init__(self, context: Context, client: httpx.AsyncClient, clock: WallClock) -> None:
        self.context = context
        self.client = client
        self.clock = clock

    async def person(self, name: str) -> Person:
        """A new account, logged in."""
        body = {"username": name, "password": PASSWORD}
        answer = await self.client.post("/api/v1/auth/register", json=body)
        return Person(self.client, told(answer, 201))

    async def people(self, *names: str) -> list[Person]:
        """New accounts, one after the other."""
        return [await self.person(name) for name in names]

    async def login(
        self, name: str, password: str = PASSWORD, client: str = "test"
    ) -> tuple[Person, dict[str, Any]]:
        """A further session of somebody, and what the login said."""
        answer = await self.client.post(
            "/api/v1/auth/login",
            json={"username": name, "password": password},
            headers={"User-Agent": client},
        )
        return Person(self.client, told(answer)), answer.json()

    def client_at(self, address: str) -> httpx.AsyncClient:
        """A client with this address of its own, to be closed."""
        app = cast(Any, make_app(self.context))
        transport = httpx.ASGITransport(app=app, client=(address, 50_000))
        return httpx.AsyncClient(transport=transport, base_url=BASE_URL)

    @property
    def files(self) -> set[str]:
        """The names of the media files that there are."""
        return {path.name for path in self.context.blobs.folder.rglob("*.jpg")}

    @contextlib.asynccontextmanager
    async def under(self, **settings: Any) -> AsyncIterator["World"]:
        """The same world served under other settings."""
        context = msgspec.structs.replace(self.context, settings=Settings(**settings))
        async with served(context) as client:
            yield World(context, client, self.clock)


@contextlib.asynccontextmanager
async def served(context: Context) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the application in `context`, which keeps no cookies."""
    transport = httpx.ASGITransport(app=cast(Any, make_app(context)))
    no_cookies = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
    async with httpx.AsyncClient(
        transport=transport, base_url=BASE_URL, cookies=no_cookies
    ) as client:
        yield client


def as_it_is(disk: Disk) -> Disk:
    """No gate before the disk."""
    return disk


@contextlib.asynccontextmanager
async def open_world(
    folder: Path, behind: Callable[[Disk], Disk] = as_it_is, settings: Settings = UNLIMITED
) -> AsyncIterator[World]:
    """Everything in `folder`, until the block is left. The actors see the disk as `behind` makes
    it.
    """
    clock = WallClock()
    media, uploads = folder / "media", folder / "uploads"
    for made in (media, uploads):
        made.mkdir(exist_ok=True)
    async with (
        open_disk(folder / "triptych.db") as disk,
        open_actors(behind(disk), Clocks(clock.now, time.perf_counter)) as actors,
        trio.open_nursery() as nursery,
    ):
        views, sessions = Views(actors, BASE_URL), Sessions(actors)
        feed = Inboxes(actors, POLICIES["push"], time.perf_counter)
        nursery.start_soon(feed.run)
        hub = Hub(actors, views, actors.resident, clock.now)
        clearing, rankings = Clearing(actors), Rankings(actors, clock.now)
        for listener in (
            views.on_delivered,
            sessions.on_delivered,
            hub.on_delivered,
            feed.on_delivered,
            clearing.on_delivered,
            rankings.on_delivered,
        ):
            actors.listen(listener)
        context = Context(
            asking=actors,
            feed=feed,
            views=views,
            hub=hub,
            sessions=sessions,
            tokens=AccessTokens(SECRET),
            cookies=MediaCookies(derive_key(SECRET, "media cookies")),
            clearing=clearing,
            rankings=rankings,
            passwords=Passwords(trio.CapacityLimiter(2), os.urandom, QUICK),
            throttle=Throttle(settings, clock.now),
            limits=RateLimits(figures_of(settings)),
            proxies=parse_proxies(settings.trusted_proxies),
            cursors=Cursors(derive_key(SECRET, "cursors")),
            blobs=Blobs(media),
            settings=settings,
            readiness=Readiness(),
            metrics=Metrics(METRICS_TOKEN),
            uploads=uploads,
            image_threads=ImageThreads(2, 448 * 1_048_576),
            file_threads=trio.CapacityLimiter(4),
            base_url=BASE_URL,
            now=clock.now,
            chance=os.urandom,
        )
        context.metrics.show(lambda: {"stream": hub.statistics()})
        nursery.start_soon(clearing.run, partial(delete_blobs, context))
        nursery.start_soon(Expiry(actors, clock.now).run, partial(delete_blobs, context))
        nursery.start_soon(rankings.run)
        nursery.start_soon(hub.run)
        nursery.start_soon(hub.run_clock)
        async with served(context) as client:
            yield World(context, client, clock)
        nursery.cancel_scope.cancel()
