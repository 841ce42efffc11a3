"""The files of private accounts: for those who may see the post, by token or by cookie."""

import httpx
import pytest

from server.access.tokens import ACCESS_TOKEN_S, MEDIA_COOKIE
from tests.api.world import SLACK_MS, Person, World, refused, told


class Album:
    """Cat's one picture, and the ways to look at it."""

    def __init__(self, world: World, cat: Person, url: str) -> None:
        self.world = world
        self.cat = cat
        self.url = url

    async def by_nobody(self, **headers: str) -> httpx.Response:
        return await self.world.client.get(self.url, headers=headers)

    async def by_token(self, viewer: Person) -> httpx.Response:
        return await viewer.call("GET", self.url)

    async def by_cookie(self, viewer: Person) -> httpx.Response:
        return await self.by_nobody(Cookie=f"{MEDIA_COOKIE}={await self.cookie_of(viewer)}")

    async def cookie_of(self, viewer: Person) -> str:
        """Of a new login."""
        _, login = await self.world.login(viewer.name)
        claims = self.world.context.tokens.verify(login["access_token"], self.now_s)
        assert claims is not None
        return self.world.context.cookies.make(claims.account, claims.session, self.now_s)

    @property
    def now_s(self) -> int:
        return self.world.clock.now() // 1_000

    async def opens_to(self, viewer: Person) -> bool:
        answers = await self.by_token(viewer), await self.by_cookie(viewer)
        (status,) = {answer.status_code for answer in answers}
        assert status in (200, 404)
        return status == 200


@pytest.fixture
async def album(world: World, bob: Person) -> Album:
    cat = await world.person("cat")
    post = told(await cat.publishes(), 201)
    await cat.goes_private()
    return Album(world, cat, post["media"][0]["url"])


async def test_a_private_file_is_for_the_author_and_who_follows(
    album: Album, ann: Person, bob: Person
) -> None:
    cat = album.cat
    assert await album.opens_to(cat)
    assert not await album.opens_to(ann)
    await ann.follows(cat)
    assert not await album.opens_to(ann)
    await cat.lets_in(ann)
    assert await album.opens_to(ann)
    assert not await album.opens_to(bob)
    refused(await album.by_nobody(), 404)
    told(await cat.delete(f"/users/me/followers/{ann.id}"))
    assert not await album.opens_to(ann)


async def test_the_thumbnail_is_no_side_door(album: Album, ann: Person) -> None:
    (post,) = told(await album.cat.get("/users/me/posts"))["posts"]
    album.url = post["media"][0]["thumbnail_url"]
    assert await album.opens_to(album.cat)
    assert not await album.opens_to(ann)
    refused(await album.by_nobody(), 404)


async def test_no_way_of_asking_tells_that_it_is_there(album: Album, ann: Person) -> None:
    etag = (await album.by_token(album.cat)).headers["etag"]
    absent = await ann.call("GET", "/media/" + "0" * 32 + ".jpg")
    for headers in ({"If-None-Match": etag}, {"Range": "bytes=0-1"}, {}):
        answer = await ann.call("GET", album.url, headers=headers)
        assert (answer.status_code, answer.content) == (404, absent.content)
        assert (await ann.call("HEAD", album.url, headers=headers)).status_code == 404


async def test_no_shared_cache_keeps_a_private_file(album: Album) -> None:
    private = (await album.by_token(album.cat)).headers["cache-control"]
    assert "private" in private
    assert "public" not in private
    await album.cat.describes(private_account=False)
    assert "public" in (await album.by_nobody()).headers["cache-control"]


async def test_what_was_public_closes_at_once(album: Album, ann: Person) -> None:
    await album.cat.describes(private_account=False)
    assert (await album.by_nobody()).status_code == 200
    assert await album.opens_to(ann)
    await album.cat.goes_private()
    refused(await album.by_nobody(), 404)
    assert not await album.opens_to(ann)


async def test_a_picture_of_oneself_is_for_all_but_the_blocked(album: Album, ann: Person) -> None:
    album.url = await album.cat.shows_face()
    assert (await album.by_nobody()).status_code == 200
    assert await album.opens_to(ann)
    await album.cat.blocks(ann)
    assert not await album.opens_to(ann)
    assert (await album.by_nobody()).status_code == 200


async def test_a_block_closes_public_files_to_whoever_says_who_they_are(
    album: Album, ann: Person, bob: Person
) -> None:
    await album.cat.describes(private_account=False)
    await album.cat.blocks(ann)
    await bob.blocks(album.cat)
    assert not await album.opens_to(ann)
    assert not await album.opens_to(bob)


async def test_a_cookie_is_good_as_long_as_its_session_and_for_an_hour(
    album: Album, world: World
) -> None:
    cat = album.cat
    other, _ = await world.login("cat")
    claims = world.context.tokens.verify(other.token, album.now_s)
    assert claims is not None
    cookie = world.context.cookies.make(claims.account, claims.session, album.now_s)
    sent = {"Cookie": f"{MEDIA_COOKIE}={cookie}"}
    assert (await album.by_nobody(**sent)).status_code == 200
    told(await other.post("/auth/logout"))
    refused(await album.by_nobody(**sent), 404)

    sent = {"Cookie": f"{MEDIA_COOKIE}={await album.cookie_of(cat)}"}
    world.clock.ahead_ms += ACCESS_TOKEN_S * 1_000 - SLACK_MS
    assert (await album.by_nobody(**sent)).status_code == 200
    world.clock.ahead_ms += SLACK_MS
    refused(await album.by_nobody(**sent), 404)


async def test_a_forged_cookie_is_nobodys(album: Album, world: World) -> None:
    cookie = await album.cookie_of(album.cat)
    for forged in (
        "",
        cookie[:-1],
        cookie[::-1],
        cookie.replace(".", ".1", 1),
        album.cat.token,
        f"{album.cat.id}.1.9999999999.{'0' * 64}",
    ):
        answer = await album.by_nobody(Cookie=f"{MEDIA_COOKIE}={forged}")
        assert answer.status_code == 404
    # What is public stays so, whatever the cookie: it is no reason to turn somebody away.
    await album.cat.describes(private_account=False)
    assert (await album.by_nobody(Cookie=f"{MEDIA_COOKIE}=x; {MEDIA_COOKIE}=y")).status_code == 200


async def test_a_bad_token_is_refused_even_beside_a_good_cookie(album: Album) -> None:
    cookie = f"{MEDIA_COOKIE}={await album.cookie_of(album.cat)}"
    for token in ("Bearer x", f"Bearer {cookie.partition('=')[2]}", "Basic YTpi"):
        assert (await album.by_nobody(Cookie=cookie, Authorization=token)).status_code == 401
