"""Posts: published whole or not at all, shown the same everywhere, liked and unliked, deleted for
good.
"""

import re
from collections.abc import AsyncIterator

import pytest
import trio

from server.uploads.form import POST_LIMITS
from tests.api.world import BASE_URL, Person, World, jpeg, picture

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")

answers_early = pytest.mark.filterwarnings(
    # httpx drops its generator when the answer comes before the body was sent.
    "ignore:.*MultipartStream:pytest.PytestUnraisableExceptionWarning"
)


async def test_a_new_post_has_every_field(ann: Person) -> None:
    answer = await ann.publishes("Sunset! #Nature #photo #nature #7", jpeg(64, 48), jpeg(30, 40))
    assert answer.status_code == 201
    post = answer.json()
    assert TIME.fullmatch(post.pop("created_at"))
    media = post.pop("media")
    assert post == {
        "post_id": post["post_id"],
        "user": {"user_id": ann.id, "username": "ann", "profile_image_url": None},
        "caption": "Sunset! #Nature #photo #nature #7",
        "location": None,
        "hashtags": ["nature", "photo"],
        "user_tags": [],
        "likes_count": 0,
        "comments_count": 0,
        "liked_by_user": False,
        "saved_by_user": False,
    }
    assert [(medium["width"], medium["height"]) for medium in media] == [(64, 48), (30, 40)]
    for medium in media:
        assert medium["media_id"].startswith("media_")
        assert medium["type"] == "photo"
        assert medium["alt_text"] is None
        assert medium["url"].startswith(f"{BASE_URL}/media/")
        assert medium["thumbnail_url"].startswith(f"{BASE_URL}/media/")


async def test_a_post_is_shown_as_it_was_answered(ann: Person) -> None:
    published = (await ann.publishes("hello")).json()
    shown = await ann.get(f"/posts/{published['post_id']}")
    assert shown.status_code == 200
    assert shown.json() == published


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
async def test_the_formats_are_served_as_jpeg(ann: Person, form: str) -> None:
    post = (await ann.publishes(None, picture(form, 50, 20))).json()
    assert (post["caption"], post["media"][0]["width"]) == (None, 50)
    medium = await ann.client.get(post["media"][0]["url"])
    assert medium.content.startswith(b"\xff\xd8\xff")


async def test_media_may_be_called_media_brackets(ann: Person) -> None:
    answer = await ann.post("/posts", files=[("media[]", ("x", jpeg(), "text/plain"))])
    assert answer.status_code == 201


async def test_a_caption_may_be_as_long_as_2200_characters(ann: Person) -> None:
    assert (await ann.publishes("😍" * 2_200)).status_code == 201
    answer = await ann.publishes("😍" * 2_201)
    assert answer.status_code == 400
    assert answer.json()["error"] == {
        "code": "INVALID_REQUEST",
        "message": "Caption exceeds maximum length",
        "details": {"field": "caption", "max_length": 2_200},
    }


async def test_a_post_without_a_picture_is_refused(ann: Person) -> None:
    answer = await ann.post("/posts", files=[("caption", (None, b"x"))])
    assert answer.status_code == 400
    assert answer.json()["error"]["details"]["field"] == "media"


@answers_early
async def test_eleven_pictures_are_too_many(ann: Person) -> None:
    assert (await ann.publishes(None, *[jpeg()] * 10)).status_code == 201
    answer = await ann.publishes(None, *[jpeg()] * 11)
    assert answer.status_code == 400
    assert answer.json()["error"]["details"] == {"field": "media", "max": 10}


async def test_one_bad_file_and_there_is_no_post(world: World, ann: Person) -> None:
    answer = await ann.publishes("x", jpeg(), b"no picture at all")
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "INVALID_MEDIA_FORMAT"
    assert (await ann.get("/users/me/posts")).json()["posts"] == []
    assert world.files == set()


@answers_early
async def test_a_file_over_eight_megabytes_is_too_large(world: World, ann: Person) -> None:
    answer = await ann.publishes(None, b"x" * (8 * 1_048_576 + 1))
    assert answer.status_code == 413
    error = answer.json()["error"]
    assert error["code"] == "MEDIA_TOO_LARGE"
    assert error["details"]["max_bytes"] == 8 * 1_048_576
    assert list(world.context.uploads.iterdir()) == []


async def test_a_body_that_is_announced_as_too_large_is_not_waited_for(ann: Person) -> None:
    async def never() -> AsyncIterator[bytes]:
        yield b"--x"
        await trio.sleep_forever()

    headers = {
        "Content-Type": "multipart/form-data; boundary=x",
        "Content-Length": str(POST_LIMITS.body_bytes + 1),
    }
    with trio.fail_after(5):
        answer = await ann.post("/posts", content=never(), headers=headers)
    assert (answer.status_code, answer.headers["connection"]) == (413, "close")
    assert answer.json()["error"]["details"] == {"max_bytes": POST_LIMITS.body_bytes}


async def test_a_post_must_be_a_form(ann: Person) -> None:
    answer = await ann.post("/posts", json={"caption": "x"})
    assert answer.status_code == 400


async def test_likes_are_idempotent_and_counted_once(ann: Person, bob: Person) -> None:
    post = await ann.posted()
    for _ in range(2):
        liked = await bob.post(f"/posts/{post}/like")
        assert (liked.status_code, liked.json()) == (200, {"liked": True, "likes_count": 1})
    assert (await bob.get(f"/posts/{post}")).json()["liked_by_user"] is True
    assert (await ann.get(f"/posts/{post}")).json()["liked_by_user"] is False
    assert (await ann.get(f"/posts/{post}")).json()["likes_count"] == 1
    for _ in range(2):
        unliked = await bob.delete(f"/posts/{post}/like")
        assert (unliked.status_code, unliked.json()) == (200, {"liked": False, "likes_count": 0})
    assert (await bob.get(f"/posts/{post}")).json()["liked_by_user"] is False


async def test_a_body_where_none_is_needed_is_dropped(ann: Person) -> None:
    post = await ann.posted()
    answer = await ann.post(f"/posts/{post}/like", json={"why": "because"})
    assert answer.status_code == 200
    assert "connection" not in answer.headers


async def test_only_the_author_deletes_a_post(world: World, ann: Person, bob: Person) -> None:
    post = await ann.posted()
    refused = await bob.delete(f"/posts/{post}")
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "FORBIDDEN")
    assert len(world.files) == 2
    deleted = await ann.delete(f"/posts/{post}")
    assert deleted.status_code == 200
    assert deleted.json() == {"message": "Post deleted successfully", "post_id": post}
    assert world.files == set()


async def test_a_deleted_post_is_gone_from_everything(ann: Person, bob: Person) -> None:
    await bob.follows(ann)
    post = await ann.posted()
    url = (await ann.get(f"/posts/{post}")).json()["media"][0]["url"]
    assert len((await bob.get("/feed")).json()["posts"]) == 1
    await ann.delete(f"/posts/{post}")
    assert (await bob.get("/feed")).json()["posts"] == []
    assert (await ann.get("/users/me/posts")).json()["posts"] == []
    assert (await ann.get("/users/me")).json()["stats"]["posts_count"] == 0
    for answer in (
        await bob.get(f"/posts/{post}"),
        await bob.post(f"/posts/{post}/like"),
        await bob.delete(f"/posts/{post}/like"),
        await ann.delete(f"/posts/{post}"),
        await ann.client.get(url),
    ):
        assert answer.status_code == 404
        assert answer.json()["error"]["code"] == "NOT_FOUND"


@pytest.mark.parametrize("post", ["0", "-1", "x", "1.0", "007", "9" * 16, "9" * 40, "me", "%00"])
async def test_what_can_be_no_id_is_not_found(ann: Person, post: str) -> None:
    for answer in (
        await ann.get(f"/posts/{post}"),
        await ann.post(f"/posts/{post}/like"),
        await ann.delete(f"/posts/{post}"),
    ):
        assert answer.status_code == 404


async def test_a_retry_with_its_key_gets_the_same_post_and_makes_none(
    world: World, ann: Person
) -> None:
    first = await ann.publishes("once", key="k-1")
    again = await ann.publishes("once", key="k-1")
    assert again.status_code == 201
    assert again.content == first.content
    assert len((await ann.get("/users/me/posts")).json()["posts"]) == 1
    assert len(world.files) == 2


async def test_a_key_with_other_values_is_refused(ann: Person) -> None:
    await ann.publishes("once", key="k-1")
    for answer in (
        await ann.publishes("twice", key="k-1"),
        await ann.publishes("once", jpeg(10, 10), key="k-1"),
    ):
        assert answer.status_code == 400
        assert answer.json()["error"]["details"]["field"] == "Idempotency-Key"


async def test_a_like_that_was_kept_is_answered_after_the_post_is_gone(
    ann: Person, bob: Person
) -> None:
    post = await ann.posted()
    headers = {"Idempotency-Key": "k"}
    first = await bob.post(f"/posts/{post}/like", headers=headers)
    await ann.delete(f"/posts/{post}")
    again = await bob.post(f"/posts/{post}/like", headers=headers)
    assert (again.status_code, again.content) == (200, first.content)


async def test_an_error_is_not_kept_but_decided_again(ann: Person) -> None:
    assert (await ann.publishes("x" * 2_201, key="k")).status_code == 400
    assert (await ann.publishes("x", key="k")).status_code == 201


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 256, "é"])
async def test_a_malformed_key_is_refused(ann: Person, key: str) -> None:
    headers = {"Idempotency-Key": key.encode("latin-1")}
    post = await ann.posted()
    answer = await ann.post(f"/posts/{post}/like", headers=headers)  # pyright: ignore
    assert answer.status_code == 400
    assert answer.json()["error"]["details"]["field"] == "Idempotency-Key"
