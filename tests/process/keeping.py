"""Is every promise of a ledger kept? Looks at a server as its users do, and compares.

`look` reads everything that the people of a ledger can see; `check` compares that with the ledger
and then knows what became of the writes whose answer was lost.
"""

import io
from typing import Any

import httpx
import msgspec
from PIL import Image

from tests.process.promises import Ledger, Upload
from tests.process.starting import Person, log_in, make_user, path_of

COLOUR_TOLERANCE = 12
"""What JPEG may do to a plain colour, encoded twice."""

THUMBNAIL_EDGE = 320


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
        followers = await pages(person, "/users/me/followers", "users", 100)
        sight.followers[person.name] = {user["user_id"] for user in followers}
        assert len(sight.followers[person.name]) == len(followers), "a follower twice"
        sight.profiles[person.name] = await person.get("/users/me")
        feed = await pages(person, "/feed", "posts", 50)
        sight.feeds[person.name] = [post["post_id"] for post in feed]
    return sight


async def pages(person: Person, path: str, items: str, count: int) -> list[dict[str, Any]]:
    """Everything in a list."""
    page = await person.get(path, count=count)
    found = page[items]
    while page["has_more"]:
        page = await person.get(path, count=count, cursor=page["next_cursor"])
        found += page[items]
    return found


async def check(people: list[Person], ledger: Ledger) -> None:
    """Raises `AssertionError` for whatever was promised and is not so, or is there by half."""
    sight = await look(people)
    await check_uploads(people[0], sight, ledger)
    check_likes(sight, ledger)
    check_follows(people, sight, ledger)
    check_feeds(people, sight)
    await check_registrations(people[0].client, ledger)


async def check_uploads(person: Person, sight: Sight, ledger: Ledger) -> None:
    """Each post is there once, whole, with its pictures; or gone with them."""
    found = sight.posts[person.name]
    by_caption = {post["caption"]: post for post in found.values()}
    assert len(by_caption) == len(found), "a caption twice: something was published twice"
    assert by_caption.keys() <= ledger.uploads.keys(), "a post that nobody published"
    for caption, upload in ledger.uploads.items():
        post = by_caption.get(caption)
        if upload.there is None:
            upload.there = post is not None
        assert upload.there == (post is not None), f"acknowledged: {upload}, found: {post}"
        if post is not None:
            assert post["user"]["username"] == upload.author
            [medium] = post["media"]
            assert (medium["width"], medium["height"]) == (upload.width, upload.height)
            paths = (path_of(medium["url"]), path_of(medium["thumbnail_url"]))
            ledger.published(upload, post["post_id"], paths)
            if not upload.opened:
                await check_pictures(person.client, upload)
                upload.opened = True
        elif upload.post is not None:
            gone = (f"/api/v1/posts/{upload.post}", *upload.media)
            headers = {"Authorization": f"Bearer {person.token}"}
            for path in gone:
                answer = await person.client.get(path, headers=headers)
                assert answer.status_code == 404, f"deleted, but {path} gives {answer}"


async def check_pictures(client: httpx.AsyncClient, upload: Upload) -> None:
    """Both files open as what was uploaded."""
    for path in upload.media:
        answer = await client.get(path)
        assert answer.status_code == 200, f"{path} of {upload}: {answer}"
        with Image.open(io.BytesIO(answer.content)) as image:
            assert image.format == "JPEG"
            assert image.size == (upload.width, upload.height)
            assert max(image.size) <= THUMBNAIL_EDGE
            pixel = image.convert("RGB").getpixel((upload.width // 2, upload.height // 2))
        assert isinstance(pixel, tuple)
        apart = max(abs(one - other) for one, other in zip(pixel, upload.colour, strict=True))
        assert apart <= COLOUR_TOLERANCE, f"{path} shows {pixel}, not {upload.colour}"


def check_likes(sight: Sight, ledger: Ledger) -> None:
    """Each post has exactly its likers, and counts them."""
    posts = ledger.posts()
    for (who, post), liked in ledger.likes.items():
        if posts[post].there:
            found = sight.posts[who][post]["liked_by_user"]
            assert liked in (None, found), f"{who} likes {post}: acknowledged {liked}, is {found}"
            ledger.likes[who, post] = found
    for viewed in sight.posts.values():
        for post, shown in viewed.items():
            likers = [who for who in sight.posts if sight.posts[who][post]["liked_by_user"]]
            assert shown["likes_count"] == len(likers), f"{post} counts wrongly: {shown}, {likers}"
            assert all(ledger.likes.get((who, post)) for who in likers), f"{post}: {likers}"


def check_follows(people: list[Person], sight: Sight, ledger: Ledger) -> None:
    """Each account has exactly its followers, on both sides, and counts them."""
    names = {person.id: person.name for person in people}
    for (who, whom), follows in ledger.follows.items():
        found = who in {names[follower] for follower in sight.followers[names[whom]]}
        assert follows in (None, found), f"{who} follows {whom}: promised {follows}, is {found}"
        ledger.follows[who, whom] = found
    for person in people:
        stats = sight.profiles[person.name]["stats"]
        followers = {names[follower] for follower in sight.followers[person.name]}
        promised = {
            who for (who, whom), there in ledger.follows.items() if there and whom == person.id
        }
        assert followers == promised
        assert stats == {
            "followers_count": len(followers),
            "following_count": len(followed(person, people, sight)),
            "posts_count": len(posts_of(person.name, sight)),
        }


def check_feeds(people: list[Person], sight: Sight) -> None:
    """A feed is one's own posts and those of whom one follows, newest first, each once."""
    for person in people:
        authors = {person.name, *followed(person, people, sight)}
        due = [int(post) for author in authors for post in posts_of(author, sight)]
        assert list(map(int, sight.feeds[person.name])) == sorted(due, reverse=True)


def followed(person: Person, people: list[Person], sight: Sight) -> list[str]:
    return [other.name for other in people if person.id in sight.followers[other.name]]


def posts_of(author: str, sight: Sight) -> list[str]:
    viewed = sight.posts[author].items()
    return [post for post, shown in viewed if shown["user"]["username"] == author]


async def check_registrations(client: httpx.AsyncClient, ledger: Ledger) -> None:
    """Who was registered can log in; who may not have been can log in or register."""
    for name, there in list(ledger.registered.items()):
        answer = await log_in(client, name)
        if there or answer.status_code == 200:
            assert answer.status_code == 200, f"{name} was registered: {answer.text}"
        else:
            assert answer.status_code == 401, answer.text
            await make_user(client, name)
        # They were seen: who logged in once has a session, which `verify` compares.
        del ledger.registered[name]
