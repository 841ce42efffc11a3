"""The forms on the wire: how times and hashtags look, and that pieces put together are what
encoding the whole gives."""

import unicodedata
from datetime import datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.reading.shown import view_of_post, view_of_user
from server.wire import (
    Brief,
    ListedUser,
    PostAnswer,
    ProfileAnswer,
    TaggedUser,
    rfc3339,
)
from storage.hashtags import hashtag_of, hashtags_in
from storage.rows import (
    BLOCKED_BY,
    BLOCKING,
    FOLLOWED_BY,
    FOLLOWING,
    LIKED,
    REQUESTED,
    SAVED,
    MediumRow,
    PostRow,
    TagRow,
    UserRow,
)

BASE_URL = "http://x"

texts = st.text(max_size=40)
ids = st.integers(1, 2**53 - 1)


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
        ("#" + "x" * 2_199, ["x" * 2_199]),
        ("#love😍", ["love"]),
        ("#cafe\u0301 #CAFÉ #café #\u1112\u1161\u11ab #한", ["café", "한"]),
    ],
)
def test_hashtags(caption: str | None, hashtags: list[str]) -> None:
    assert hashtags_in(caption) == hashtags


@given(texts)
def test_no_caption_breaks_the_hashtags(caption: str) -> None:
    found = hashtags_in(caption)
    assert len(found) == len(set(found))
    assert all(name and name == hashtag_of(name) and not name.isdecimal() for name in found)
    assert found == hashtags_in(unicodedata.normalize("NFC", caption))
    assert found == hashtags_in(unicodedata.normalize("NFD", caption))


shares = st.none() | st.floats(0, 1)
posts = st.builds(
    PostRow,
    post=ids,
    author=ids,
    at=st.integers(0, 4_102_444_800_000),
    caption=st.none() | texts | st.just('"user_tags":[]'),
    likes=st.integers(0, 10**9),
    comments=st.integers(0, 10**9),
    media=st.lists(
        st.builds(
            MediumRow,
            media=ids,
            width=ids,
            height=ids,
            file=texts,
            thumbnail=texts,
            alt=st.none() | texts,
        ),
        max_size=2,
    ),
    tags=st.lists(st.builds(TagRow, account=ids, x=shares, y=shares), max_size=3),
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
    bio=st.none() | texts,
    website=st.none() | texts,
    avatar=st.none() | texts,
    private=st.booleans(),
)


def picture_of(row: UserRow) -> str | None:
    return None if row.avatar is None else f"{BASE_URL}/media/{row.avatar}"


@given(posts, users, st.integers(0, LIKED | SAVED))
def test_a_post_put_together_from_pieces_is_the_post_encoded_whole(
    row: PostRow, author: UserRow, flags: int
) -> None:
    tagged = view_of_user(author, BASE_URL)
    tags = [tagged.tagged(tag) for tag in row.tags]
    shown = view_of_post(row, BASE_URL).shown(tagged, flags, tags)
    answer = msgspec.json.decode(shown, type=PostAnswer, strict=True)
    assert msgspec.json.encode(answer) == shown
    assert answer.post_id == str(row.post)
    assert answer.user == Brief(str(author.account), author.username, picture_of(author))
    assert (answer.caption, answer.created_at) == (row.caption, rfc3339(row.at))
    assert (answer.likes_count, answer.comments_count) == (row.likes, row.comments)
    assert (answer.liked_by_user, answer.saved_by_user) == (
        bool(flags & LIKED),
        bool(flags & SAVED),
    )
    assert [medium.alt_text for medium in answer.media] == [medium.alt for medium in row.media]
    named = str(author.account), author.username
    assert answer.user_tags == [TaggedUser(*named, tag.x, tag.y) for tag in row.tags]


STANCES = FOLLOWING | FOLLOWED_BY | REQUESTED | BLOCKING | BLOCKED_BY


@given(users, st.integers(0, STANCES))
def test_a_profile_put_together_from_pieces_is_the_profile_encoded_whole(
    row: UserRow, stance: int
) -> None:
    view = view_of_user(row, BASE_URL)
    shown = view.shown(stance)
    answer = msgspec.json.decode(shown, type=ProfileAnswer, strict=True)
    assert msgspec.json.encode(answer) == shown
    assert (answer.following, answer.followed_by, answer.requested) == (
        bool(stance & FOLLOWING),
        bool(stance & FOLLOWED_BY),
        bool(stance & REQUESTED),
    )
    assert (answer.full_name, answer.bio, answer.website) == (row.full_name, row.bio, row.website)
    assert (answer.verified, answer.private_account) == (row.verified, row.private)
    assert answer.profile_image_url == picture_of(row)
    listed = msgspec.json.decode(view.listed(stance), type=ListedUser, strict=True)
    assert msgspec.json.encode(listed) == view.listed(stance)
    assert listed == ListedUser(
        str(row.account), row.username, row.full_name, picture_of(row), bool(stance & FOLLOWING)
    )
