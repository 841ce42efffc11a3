"""The forms on the wire: what requests may hold, and how times, ids and hashtags look."""

from datetime import datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.hashtags import hashtags_in
from server.shown import view_of_post, view_of_user
from server.wire import PostAnswer, ProfileAnswer, RegisterRequest, rfc3339
from storage.reads import MediumRow, PostRow, Relation, UserRow

texts = st.text(max_size=40)
ids = st.integers(1, 2**53 - 1)


def registration(username: str) -> RegisterRequest:
    return msgspec.convert({"username": username, "password": "12345678"}, RegisterRequest)


@pytest.mark.parametrize("name", ["a", "a" * 30, "A.b_c", "_", "1", "a.b.c", "__x__"])
def test_these_are_usernames(name: str) -> None:
    assert registration(name).username == name


@pytest.mark.parametrize("name", ["", "a" * 31, ".", "a.", ".a", "a..b", "a b", "a\n", "ä", "a-b"])
def test_these_are_none(name: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        registration(name)


def test_a_moment_is_in_utc_to_the_millisecond() -> None:
    assert rfc3339(1_767_866_400_000) == "2026-01-08T10:00:00.000Z"
    assert rfc3339(1_767_866_400_007) == "2026-01-08T10:00:00.007Z"


@given(st.integers(0, 4_102_444_800_000))
def test_a_moment_can_be_read_back(at: int) -> None:
    assert round(datetime.fromisoformat(rfc3339(at)).timestamp() * 1_000) == at


@pytest.mark.parametrize(
    ("caption", "hashtags"),
    [
        (None, []),
        ("", []),
        ("no tag", []),
        ("Beautiful sunset! #nature #photography", ["nature", "photography"]),
        ("#One#two #ONE", ["one", "two"]),
        ("#2026 #2026a #_ # #-x", ["2026a", "_"]),
        ("#größe, #日本語。 #مرحبا #नमस्ते", ["größe", "日本語", "مرحبا", "नमस्ते"]),
        ("a#b", ["b"]),
        ("##x", ["x"]),
        ("#" + "x" * 101, []),
        ("#love😍", ["love"]),
    ],
)
def test_hashtags(caption: str | None, hashtags: list[str]) -> None:
    assert hashtags_in(caption) == hashtags


@given(texts)
def test_no_caption_breaks_the_hashtags(caption: str) -> None:
    found = hashtags_in(caption)
    assert len(found) == len(set(found))
    assert all(name and name == name.lower() and not name.isdecimal() for name in found)


posts = st.builds(
    PostRow,
    post=ids,
    author=ids,
    at=st.integers(0, 4_102_444_800_000),
    caption=st.none() | texts,
    likes=st.integers(0, 10**9),
    comments=st.integers(0, 10**9),
    media=st.lists(
        st.builds(MediumRow, media=ids, width=ids, height=ids, file=texts, thumbnail=texts),
        max_size=2,
    ),
)
users = st.builds(
    UserRow,
    account=ids,
    username=texts,
    full_name=st.none() | texts,
    verified=st.booleans(),
    followers=ids,
    following=ids,
    posts=ids,
)


@given(posts, users, st.booleans())
def test_a_post_put_together_from_pieces_is_the_post_encoded_whole(
    row: PostRow, author: UserRow, liked: bool
) -> None:
    shown = view_of_post(row, "http://x").shown(view_of_user(author), liked)
    answer = msgspec.json.decode(shown, type=PostAnswer, strict=True)
    assert msgspec.json.encode(answer) == shown
    assert (answer.post_id, answer.user.user_id) == (str(row.post), str(author.account))
    assert (answer.likes_count, answer.liked_by_user) == (row.likes, liked)


@given(users, st.booleans(), st.booleans())
def test_a_profile_put_together_from_pieces_is_the_profile_encoded_whole(
    row: UserRow, following: bool, followed_by: bool
) -> None:
    view = view_of_user(row)
    shown = view.shown(Relation(row.account, following, followed_by))
    answer = msgspec.json.decode(shown, type=ProfileAnswer, strict=True)
    assert msgspec.json.encode(answer) == shown
    assert (answer.following, answer.followed_by) == (following, followed_by)
    assert msgspec.json.decode(view.listed(following))["following"] is following
