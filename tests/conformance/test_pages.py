"""contract.md, "Pages": the same promises for every list there is."""

from collections.abc import Iterator

import pytest

from tests.conformance.lists import LISTS, Listed
from tests.conformance.world import Api, Person, ok, refused

MANY = 5

NOT_INTEGERS = ["", "x", "1.5", "1e1", "٣", "0x5", "--1", "None", "true", "9" * 40]

COUNT_MAX = {"/users/{me}/followers": 100, "/users/{me}/following": 100}

PATHS = [
    "/feed",
    "/users/{me}/posts",
    "/users/{me}/tagged",
    "/users/me/saved",
    "/users/me/blocks",
    "/users/{me}/followers",
    "/users/{me}/following",
    "/follow-requests",
    "/posts/{post}/likes",
    "/posts/{post}/comments",
    "/explore",
    "/hashtags/sunset/posts",
    "/locations/{place}/posts",
    "/notifications",
    "/stories/feed",
    "/stories/{story}/viewers",
]


@pytest.fixture(scope="session")
def crowd(api: Api) -> list[Person]:
    """Enough people to fill a list."""
    return [api.person("crowd") for _ in range(MANY + 3)]


@pytest.fixture(params=LISTS)
def listed(api: Api, crowd: list[Person], request: pytest.FixtureRequest) -> Listed:
    return LISTS[request.param](api, crowd)


newest_first = pytest.mark.parametrize(
    "listed", [name for name in LISTS if name not in ("comments", "replies")], indirect=True
)
"""The lists in which what is new comes before the first page."""


def test_an_empty_list_has_no_cursors(listed: Listed) -> None:
    """“lists are `[]`”; “`next_cursor` is null at the end”; “`previous_cursor` … null only when the
    list is empty”."""
    assert listed.page() == {
        listed.key: [],
        "next_cursor": None,
        "previous_cursor": None,
        "has_more": False,
    }


def test_pages_lead_on_and_back_through_the_whole_list(listed: Listed) -> None:
    """“`has_more` is exact: whether something comes after this page in the list's order.
    `previous_cursor` leads to the page before, in the same order”."""
    ids = listed.filled(MANY)
    pages = [listed.page(count=2)]
    while pages[-1]["has_more"]:
        pages.append(listed.page(count=2, cursor=pages[-1]["next_cursor"]))
    assert [listed.ids(page) for page in pages] == [ids[:2], ids[2:4], ids[4:]]
    assert [page["has_more"] for page in pages] == [True, True, False]
    assert pages[-1]["next_cursor"] is None
    for page in reversed(pages[:-1]):
        back = listed.page(count=2, cursor=pages.pop()["previous_cursor"])
        assert listed.ids(back) == listed.ids(page)
        assert back["has_more"] is True
        assert listed.onward(back["next_cursor"], 50) == ids[ids.index(listed.ids(page)[-1]) + 1 :]


def test_has_more_is_exact_at_the_end(listed: Listed) -> None:
    """“`next_cursor` is null at the end; `has_more` is exact”."""
    ids = listed.filled(MANY)
    for count in (MANY - 1, MANY, MANY + 1):
        page = listed.page(count=count)
        assert listed.ids(page) == ids[:count]
        assert page["has_more"] is (count < MANY)
        assert (page["next_cursor"] is not None) is (count < MANY)
        assert page["previous_cursor"] is not None


def test_what_is_added_meanwhile_repeats_and_hides_nothing(listed: Listed) -> None:
    """“A cursor marks a place, not an offset: what is inserted or deleted meanwhile never repeats
    or hides an item.”"""
    ids = listed.filled(MANY)
    first = listed.page(count=2)
    new = [listed.add(MANY), listed.add(MANY + 1)]
    rest = ids[2:] + (new if listed.oldest_first else [])
    assert listed.onward(first["next_cursor"], 2) == rest


def test_what_is_taken_away_meanwhile_repeats_and_hides_nothing(listed: Listed) -> None:
    """“what is inserted or deleted meanwhile never repeats or hides an item”, not even when the
    item at the cursor's place is gone."""
    ids = listed.filled(MANY)
    first = listed.page(count=2)
    numbers = range(MANY) if listed.oldest_first else range(MANY - 1, -1, -1)
    for number in numbers[:3]:
        listed.remove(number)
    assert listed.onward(first["next_cursor"], 1) == ids[3:]


@newest_first
def test_a_client_can_poll_with_the_previous_cursor(listed: Listed) -> None:
    """“on the first page it finds what came since (so a client can poll with it)”."""
    old = listed.filled(2)
    place = listed.page()["previous_cursor"]
    for _ in range(2):
        nothing = listed.page(cursor=place)
        assert listed.ids(nothing) == []
        assert nothing["has_more"] is True
        assert listed.onward(nothing["next_cursor"], 50) == old
        place = nothing["previous_cursor"]
    new = [listed.add(number) for number in (2, 3, 4)]
    older = listed.page(cursor=place, count=2)
    assert listed.ids(older) == [new[1], new[0]]
    newer = listed.page(cursor=older["previous_cursor"], count=2)
    assert listed.ids(newer) == [new[2]]
    assert listed.ids(listed.page(cursor=newer["previous_cursor"])) == []
    assert listed.onward(newer["next_cursor"], 2) == [new[1], new[0], *old]


@newest_first
def test_polling_finds_the_next_first_item_when_all_are_gone(listed: Listed) -> None:
    """“A cursor marks a place”: it stays good when nothing of its page is left."""
    listed.filled(1)
    place = listed.page()["previous_cursor"]
    listed.remove(0)
    assert listed.ids(listed.page(cursor=place)) == []
    assert listed.ids(listed.page(cursor=place)) == []
    new = listed.add(1)
    assert listed.ids(listed.page(cursor=place)) == [new]


def cursors_of(listed: Listed) -> Iterator[str]:
    page = listed.page(count=1)
    yield page["next_cursor"]
    yield page["previous_cursor"]


def test_a_forged_cursor_is_refused(listed: Listed) -> None:
    """“Cursors are opaque and signed; a forged one, or one from another route or user, is 400.”"""
    listed.filled(2)
    for cursor in cursors_of(listed):
        for forged in (
            cursor[:-1],
            cursor + "A",
            cursor.swapcase(),
            cursor[::-1],
            ("B" if cursor[0] == "A" else "A") + cursor[1:],
            "eyJpZCI6MX0=",
            "1",
            "%00",
            "x" * 5_000,
            "😍",
        ):
            answer = listed.viewer.get(listed.path, **listed.query, cursor=forged)
            refused(answer, "INVALID_REQUEST", "cursor")


def whereabouts(person: Person) -> dict[str, str]:
    """What fills the paths, of `person`'s own."""
    body = {"name": "a bench", "lat": 48.1, "lng": 16.4}
    return {
        "me": person.id,
        "post": person.posts()["post_id"],
        "place": str(ok(person.post("/locations", json=body), 201)["location_id"]),
        "story": person.tells_story()["story_id"],
    }


def test_a_cursor_of_another_list_or_user_is_refused(listed: Listed, ann: Person) -> None:
    """“a forged one, or one from another route or user, is 400”."""
    listed.filled(2)
    place = whereabouts(listed.viewer)
    anns = {**place, "me": ann.id, "story": ann.tells_story()["story_id"]}
    for cursor in cursors_of(listed):
        for path in PATHS:
            others = path.format(**place)
            if others != listed.path:
                answer = listed.viewer.get(others, cursor=cursor)
                refused(answer, "INVALID_REQUEST", "cursor")
            answer = ann.get(path.format(**anns), cursor=cursor)
            if listed.viewer.sees("/users/me")["private_account"] and "{post}" in path:
                refused(answer, "NOT_FOUND")  # before any cursor is looked at
            else:
                refused(answer, "INVALID_REQUEST", "cursor")


def test_a_cursor_is_its_user_s_in_any_session(listed: Listed) -> None:
    """“one from another route or user, is 400”: the same user's other device is neither."""
    ids = listed.filled(3)
    cursor = listed.page(count=1)["next_cursor"]
    page = listed.viewer.again().sees(listed.path, **listed.query, cursor=cursor)
    assert listed.ids(page) == ids[1:]


@pytest.fixture(scope="session")
def place(reader: Person) -> dict[str, str]:
    return whereabouts(reader)


@pytest.mark.parametrize("path", PATHS)
def test_count_has_its_bounds(reader: Person, place: dict[str, str], path: str) -> None:
    """“`count` default 20, 1…50 (followers, following: 1…100); outside it, or not an integer:
    400.”"""
    most = COUNT_MAX.get(path, 50)
    for good in ("1", str(most)):
        reader.sees(path.format(**place), count=good)
    for bad in ("0", "-1", str(most + 1), *NOT_INTEGERS):
        answer = reader.get(path.format(**place), count=bad)
        refused(answer, "INVALID_REQUEST", "count")


def test_a_page_has_twenty_items_unless_said_otherwise(ann: Person) -> None:
    """“`count` default 20”."""
    post = ann.posts()
    for number in range(21):
        ann.comments(post, str(number))
    path = f"/posts/{post['post_id']}/comments"
    page = ann.sees(path)
    assert (len(page["comments"]), page["has_more"]) == (20, True)
    rest = ann.sees(path, cursor=page["next_cursor"])
    assert [comment["text"] for comment in rest["comments"]] == ["20"]
