"""contract.md, "Posts": publishing, captions and hashtags, tags, alt texts, editing, deleting."""

import json
from typing import Any

import pytest

from tests.conformance.pictures import BLUE, GREEN, plain
from tests.conformance.shapes import POST, check
from tests.conformance.world import Api, Person, form, ok, refused

HASHTAGS = {
    "Beautiful sunset! #nature #photography": ["nature", "photography"],
    "no tag at all": [],
    "#Nature and #NATURE and #nature": ["nature"],
    "#b #a #b #c": ["b", "a", "c"],
    "#123 #1a #a1 #2026": ["1a", "a1"],
    "#ÜBER #über": ["über"],
    "#日本語 #नमस्ते #привет": ["日本語", "नमस्ते", "привет"],
    "#snake_case #_ #1_": ["snake_case", "_", "1_"],
    "#a-b #c.d #e!": ["a", "c", "e"],
    "# #! #😍 #": [],
    "(#in) [#brackets], #comma,": ["in", "brackets", "comma"],
    "#first\n#second\t#third": ["first", "second", "third"],
}

BAD_TAGS = [
    "x",
    "{}",
    '"1"',
    "[null]",
    "[true]",
    "[[]]",
    "[{}]",
    "[999999999]",
    '["abc"]',
    "[-1]",
    "[1.5]",
    "[" + "9" * 40 + "]",
    "[1e400]",
    "[NaN]",
]

BAD_PLACES: list[dict[str, Any]] = [
    {"x": 0.5},
    {"y": 0.5},
    {"x": -0.1, "y": 0.5},
    {"x": 0.5, "y": 1.1},
    {"x": "0.5", "y": 0.5},
    {"x": None, "y": 0.5},
    {"x": [], "y": 0.5},
]


def test_a_post_as_the_text_shows_it(ann: Person, bob: Person) -> None:
    """The text's `POST /api/v1/posts` → 201, with the keys that contract.md adds: “Post objects
    everywhere have `hashtags`, `user_tags`, `location`, `liked_by_user`, `saved_by_user`; media
    have `alt_text`, `thumbnail_url`.”"""
    caption = "Beautiful sunset! #nature #photography"
    tags = [{"user_id": int(bob.id), "x": 0.5, "y": 0.3}]
    post = ann.posts(plain(1080, 1080), caption=caption, user_tags=tags, alt_texts=["a sunset"])
    check(post, POST)
    assert post["user"]["username"] == ann.name
    assert post["caption"] == caption
    assert post["hashtags"] == ["nature", "photography"]
    assert post["user_tags"] == [{"user_id": bob.id, "username": bob.name, "x": 0.5, "y": 0.3}]
    [medium] = post["media"]
    assert (medium["width"], medium["height"]) == (1080, 1080)
    assert (medium["type"], medium["alt_text"]) == ("photo", "a sunset")
    assert (post["likes_count"], post["comments_count"]) == (0, 0)
    assert (post["liked_by_user"], post["saved_by_user"], post["location"]) == (False, False, None)


def test_a_post_is_the_same_everywhere(ann: Person, bob: Person) -> None:
    """“Post objects everywhere have …”: by its id, in feeds, in lists."""
    post = ann.posts(caption="#one", user_tags=[bob.id])
    bob.follows(ann)
    bob.saves(post)
    seen = bob.sees(f"/posts/{post['post_id']}")
    assert seen == {**post, "saved_by_user": True}
    for path in ("/feed", f"/users/{ann.id}/posts", "/users/me/tagged", "/users/me/saved"):
        assert bob.sees(path)["posts"] == [seen], path


def test_ten_photos_are_a_post_and_eleven_are_none(ann: Person) -> None:
    """“multipart, `media` 1…10 files (also `media[]`)”."""
    post = ann.posts(*(plain(60 + number, 50) for number in range(10)))
    assert [medium["width"] for medium in post["media"]] == list(range(60, 70))
    assert len({medium["media_id"] for medium in post["media"]}) == 10
    assert ann.sees(f"/posts/{post['post_id']}") == post
    refused(ann.publish(*[plain()] * 11), "INVALID_REQUEST", "media")
    refused(ann.post("/posts", files=form(caption="no photo")), "INVALID_REQUEST", "media")


def test_files_may_come_as_a_list(ann: Person) -> None:
    """“`media` 1…10 files (also `media[]`)”."""
    assert len(ann.posts(plain(), plain(colour=BLUE), part="media[]")["media"]) == 2
    mixed = form(plain(61, 50)) + form(plain(62, 50), part="media[]")
    post = ok(ann.post("/posts", files=mixed), 201)
    assert [medium["width"] for medium in post["media"]] == [61, 62]


def test_one_bad_file_and_there_is_no_post(ann: Person) -> None:
    """“All or nothing: one bad file, no post.”"""
    answer = ann.publish(plain(), b"no picture", plain(), caption="half")
    refused(answer, "INVALID_MEDIA_FORMAT", "media")
    assert ann.ids("/users/me/posts", "posts") == []
    assert ann.sees("/users/me")["stats"]["posts_count"] == 0


def test_captions_have_their_length(ann: Person) -> None:
    """“`caption` ≤ 2,200”; “A character is a Unicode code point”."""
    for unit in ("x", "é", "😍"):
        assert ann.posts(caption=unit * 2_200)["caption"] == unit * 2_200
        answer = ann.publish(caption=unit * 2_201)
        refused(answer, "INVALID_REQUEST", "caption", max_length=2_200)


def test_a_caption_stays_as_it_was_written(ann: Person) -> None:
    """“JSON in UTF-8”; a text comes back code point for code point."""
    caption = ' two  spaces, "quotes", <b>tags</b>, \\u0041, \n a line, e\u0301, 👩‍👩‍👧, עברית '
    post = ann.posts(caption=caption)
    assert post["caption"].strip() == caption.strip()
    assert ann.sees(f"/posts/{post['post_id']}")["caption"] == post["caption"]


@pytest.mark.parametrize("caption", HASHTAGS)
def test_hashtags_are_found_in_the_caption(ann: Person, caption: str) -> None:
    """“`hashtags`: from the caption, lower case, in order, once each; letters, marks, digits, `_`,
    at least one not a digit.”"""
    assert ann.posts(caption=caption)["hashtags"] == HASHTAGS[caption]


def test_mentions_break_nothing(ann: Person, bob: Person) -> None:
    """“`@username` mentions notify.”"""
    for caption in (
        f"@{bob.name}",
        f"@{bob.name.upper()}.",
        "@",
        "@@a @. @..",
        "a@b.c",
        "@" * 2_200,
    ):
        assert ann.posts(caption=caption)["caption"] == caption


def test_an_unknown_location_is_refused(ann: Person) -> None:
    """Decided: “unknown location_id -> 400 details.field "location_id"”."""
    for unknown in ("999999999", "x", "-1", "1.5", "9" * 40):
        refused(ann.publish(location_id=unknown), "INVALID_REQUEST", "location_id")
    post = ann.posts()
    answer = ann.put(f"/posts/{post['post_id']}", json={"location_id": 999999999})
    refused(answer, "INVALID_REQUEST", "location_id")


def test_people_are_tagged_with_or_without_a_place(ann: Person, bob: Person, cat: Person) -> None:
    """“`user_tags`: a JSON list of ids or of `{"user_id", "x", "y"}` (0…1)”."""
    tags = [bob.id, {"user_id": cat.id, "x": 0, "y": 1}, {"user_id": ann.id}]
    post = ann.posts(user_tags=tags)
    assert post["user_tags"] == [
        {"user_id": bob.id, "username": bob.name, "x": None, "y": None},
        {"user_id": cat.id, "username": cat.name, "x": 0, "y": 1},
        {"user_id": ann.id, "username": ann.name, "x": None, "y": None},
    ]
    assert ann.posts(user_tags=[])["user_tags"] == []
    nowhere = ann.posts(user_tags=[{"user_id": bob.id, "x": None, "y": None}])
    assert nowhere["user_tags"][0]["x"] is None


def test_a_person_tagged_twice_is_tagged_once(ann: Person, bob: Person) -> None:
    """Decided: “the same person twice counts once”, the first."""
    tags = [{"user_id": bob.id, "x": 0.1, "y": 0.2}, bob.id, {"user_id": bob.id, "x": 1, "y": 1}]
    [tag] = ann.posts(user_tags=tags)["user_tags"]
    assert (tag["x"], tag["y"]) == (0.1, 0.2)
    assert bob.sees("/users/me/tagged")["posts"][0]["user_tags"] == [tag]


@pytest.mark.parametrize("tags", BAD_TAGS)
def test_what_is_no_tag(ann: Person, tags: str) -> None:
    """Decided: “unknown, deleted or blocked account -> 400 field user_tags”; “`user_tags`: a JSON
    list of ids or of `{"user_id", "x", "y"}`”."""
    refused(ann.publish(user_tags=tags), "INVALID_REQUEST", "user_tags")


@pytest.mark.parametrize("place", BAD_PLACES, ids=json.dumps)
def test_a_tag_s_place_is_checked(ann: Person, bob: Person, place: dict[str, Any]) -> None:
    """Decided: “x and y come together, 0…1, else 400”."""
    answer = ann.publish(user_tags=[{"user_id": bob.id, **place}])
    refused(answer, "INVALID_REQUEST", "user_tags")
    for text in ("NaN", "1e400", "-1e-400e"):
        raw = f'[{{"user_id": {bob.id}, "x": {text}, "y": 0.5}}]'
        refused(ann.publish(user_tags=raw), "INVALID_REQUEST", "user_tags")


def test_twenty_people_are_tagged_at_most(api: Api, ann: Person) -> None:
    """Decided: “at most 20”."""
    crowd = [api.person("tagged").id for _ in range(21)]
    assert len(ann.posts(user_tags=crowd[:20])["user_tags"]) == 20
    refused(ann.publish(user_tags=crowd), "INVALID_REQUEST", "user_tags")


def test_what_is_out_of_range_is_named_with_its_limit(ann: Person, bob: Person) -> None:
    """“`details.field` names it, with the limit: `max_length`, `max`, …”; “0…1”; “each ≤ 1,500”:
    the same by form and by JSON."""
    path = f"/posts/{ann.posts()['post_id']}"
    wrong: list[tuple[str, Any, dict[str, int]]] = [
        ("user_tags", [{"user_id": bob.id, "x": 1.5, "y": 0}], {"min": 0, "max": 1}),
        ("user_tags", ["1"] * 21, {"max_length": 20}),
        ("alt_texts", ["x" * 1_501], {"max_length": 1_500}),
        ("alt_texts", ["x", "y"], {"max": 1}),
        ("caption", "x" * 2_201, {"max_length": 2_200}),
    ]
    for field, value, limits in wrong:
        for answer in (ann.publish(**{field: value}), ann.put(path, json={field: value})):
            refused(answer, "INVALID_REQUEST", field, **limits)


def test_pictures_need_no_file_name(ann: Person) -> None:
    """“by content, never by name or declared type”."""
    picture = plain()
    post = ok(
        ann.post("/posts", files=[("media", (None, picture)), ("media[]", (None, picture))]), 201
    )
    assert [one["width"] for one in post["media"]] == [64, 64]


def test_texts_may_have_a_file_name(ann: Person, bob: Person) -> None:
    """“multipart, … `user_tags`: a JSON list”: a browser's form gives each `Blob` a file name, and
    what it says is not to be lost for that."""
    tags = ("blob", json.dumps([bob.id]), "application/json")
    parts = [("caption", ("blob", "At sea", "text/plain")), ("user_tags", tags), *form(plain())]
    post = ok(ann.post("/posts", files=parts), 201)
    assert post["caption"] == "At sea"
    assert [tag["username"] for tag in post["user_tags"]] == [bob.name]
    story = [("duration", ("blob", "0", "text/plain")), *form(plain())]
    refused(ann.post("/stories", files=story), "INVALID_REQUEST", "duration")


def test_alt_texts_belong_to_files_in_order(ann: Person) -> None:
    """“`alt_texts`: a JSON list (each ≤ 1,500)”; decided: strings or null, at most as many as
    files."""
    pictures = [plain(), plain(colour=BLUE), plain(colour=GREEN)]
    post = ann.posts(*pictures, alt_texts=[None, "😍" * 1_500])
    assert [medium["alt_text"] for medium in post["media"]] == [None, "😍" * 1_500, None]
    for bad in (["x" * 1_501], ["a", "b", "c", "d"], [1], {}, "x", "[", '"x"', [["x"]]):
        answer = ann.publish(*pictures, alt_texts=bad)
        refused(answer, "INVALID_REQUEST", "alt_texts")


def test_a_post_can_be_edited(ann: Person, bob: Person, cat: Person) -> None:
    """“`PUT /posts/:id` {caption, alt_texts, location_id, user_tags} by the author”; decided:
    absent is unchanged, null clears; the answer is the post."""
    post = ann.posts(plain(), plain(), caption="#old", alt_texts=["one"], user_tags=[bob.id])
    path = f"/posts/{post['post_id']}"
    bob.likes(post)
    edited = ok(ann.put(path, json={"caption": "#New words"}))
    check(edited, POST)
    assert edited == {**post, "caption": "#New words", "hashtags": ["new"], "likes_count": 1}
    assert bob.sees(path) == {**edited, "liked_by_user": True}
    edited = ok(ann.put(path, json={"alt_texts": [None, "two"], "user_tags": [cat.id]}))
    assert [medium["alt_text"] for medium in edited["media"]] == [None, "two"]
    assert [tag["user_id"] for tag in edited["user_tags"]] == [cat.id]
    assert bob.ids("/users/me/tagged", "posts") == []
    assert cat.ids("/users/me/tagged", "posts") == [post["post_id"]]
    nothing = {"caption": None, "alt_texts": None, "location_id": None, "user_tags": None}
    edited = ok(ann.put(path, json=nothing))
    assert (edited["caption"], edited["hashtags"], edited["user_tags"]) == (None, [], [])
    assert [medium["alt_text"] for medium in edited["media"]] == [None, None]
    assert ok(ann.put(path, json={})) == edited == ann.sees(path)


def test_an_edit_obeys_the_rules(ann: Person, bob: Person) -> None:
    """“INVALID_REQUEST: 400”: a new post's limits hold for an edit, which is all or nothing."""
    post = ann.posts(caption="as it was")
    path = f"/posts/{post['post_id']}"
    for field, bad in (
        ("caption", "x" * 2_201),
        ("caption", 1),
        ("alt_texts", ["a", "b"]),
        ("alt_texts", ["x" * 1_501]),
        ("alt_texts", "x"),
        ("user_tags", [999999999]),
        ("user_tags", [{"user_id": bob.id, "x": 2, "y": 0}]),
        ("user_tags", "1"),
        ("location_id", "x"),
    ):
        answer = ann.put(path, json={"caption": "changed", field: bad})
        refused(answer, "INVALID_REQUEST", field)
    assert ann.sees(path) == post


def test_only_the_author_edits_and_deletes(ann: Person, bob: Person) -> None:
    """“Deleting: by the author only (others 403)”; decided: editing alike."""
    post = ann.posts()
    path = f"/posts/{post['post_id']}"
    refused(bob.put(path, json={"caption": "x"}), "FORBIDDEN")
    refused(bob.delete(path), "FORBIDDEN")
    for method in ("PUT", "DELETE"):
        refused(ann.call(method, "/posts/999999999", json={}), "NOT_FOUND")
    assert ann.sees(path) == post


def test_deleting_a_post(api: Api, ann: Person, bob: Person) -> None:
    """The text's `DELETE /api/v1/posts/:post_id`; “it leaves every list, count, search and inbox at
    once”; “Deleting a post deletes its files.”"""
    post = ann.posts(plain(), plain(), user_tags=[bob.id])
    path = f"/posts/{post['post_id']}"
    bob.follows(ann)
    comment = bob.comments(post)
    bob.likes(post)
    bob.saves(post)
    assert bob.ids("/feed", "posts") == [post["post_id"]]
    answer = ok(ann.delete(path))
    assert answer == {"message": "Post deleted successfully", "post_id": post["post_id"]}
    for person in (ann, bob):
        for listed in ("/feed", f"/users/{ann.id}/posts", "/users/me/saved", "/users/me/tagged"):
            assert person.ids(listed, "posts") == []
        for gone in (path, f"{path}/likes", f"{path}/comments", f"{path}/why"):
            refused(person.get(gone), "NOT_FOUND")
        refused(person.delete(path), "NOT_FOUND")
        refused(person.post(f"{path}/like"), "NOT_FOUND")
        refused(person.post(f"/comments/{comment['comment_id']}/like"), "NOT_FOUND")
    assert ann.sees("/users/me")["stats"]["posts_count"] == 0
    for medium in post["media"]:
        for url in (medium["url"], medium["thumbnail_url"]):
            refused(api.call("GET", url), "NOT_FOUND")
            refused(ann.get(url), "NOT_FOUND")


def test_posts_are_listed_newest_first(ann: Person, bob: Person) -> None:
    """The text's `GET /api/v1/users/:user_id/posts`."""
    made = [ann.posts()["post_id"] for _ in range(3)]
    assert bob.ids(f"/users/{ann.id}/posts", "posts") == made[::-1]
    assert bob.ids("/users/me/posts", "posts") == []
    refused(bob.get("/users/999999999/posts"), "NOT_FOUND")
