"""A cursor leads where it was made to lead, for whom it was made, and nothing else is one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.reading.cursors import BadCursor, Cursors, Place

ROUTE = "users/7/posts"
CURSORS = Cursors(b"k" * 32)

numbers = st.integers(0, 2**63 - 1)
places = st.builds(Place, st.sampled_from(["newer", "older"]), numbers)
viewers = st.none() | numbers


@given(place=places, viewer=viewers, route=st.text())
def test_a_cursor_leads_back_to_its_place(place: Place, viewer: int | None, route: str):
    text = CURSORS.make(route, viewer, place)
    assert CURSORS.read(text, route, viewer) == place
    assert len(text) == 44


@given(place=places, at=st.integers(0, 31), character=st.sampled_from("AZaz09-_=+/ \n"))
def test_no_character_of_it_can_be_changed(place: Place, at: int, character: str):
    text = CURSORS.make(ROUTE, 1, place)
    forged = text[:at] + character + text[at + 1 :]
    if forged != text:
        with pytest.raises(BadCursor):
            CURSORS.read(forged, ROUTE, 1)


TEXT = CURSORS.make(ROUTE, 1, Place("older", 987_654_321))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "null",
        TEXT[:-1],
        TEXT[1:],
        TEXT + "A",
        TEXT + "=",
        TEXT + "\n",
        " " + TEXT[1:],
        TEXT * 2,
        TEXT * 1_000,
        "A" * 44,
        "ü" * 44,
        "\u0661" * 44,
        "\ud800" * 44,
        TEXT.lower(),
        TEXT[:-1] + "\0",
        Cursors(b"K" * 32).make(ROUTE, 1, Place("older", 987_654_321)),
    ],
)
def test_what_we_did_not_make_is_refused(text: str):
    with pytest.raises(BadCursor):
        CURSORS.read(text, ROUTE, 1)


@pytest.mark.parametrize(
    ("route", "viewer"),
    [
        ("users/8/posts", 1),
        ("users/7/post", 1),
        ("", 1),
        (ROUTE, 2),
        (ROUTE, 11),
        (ROUTE, None),
        (ROUTE + "\0" + "1", None),
    ],
)
def test_a_cursor_of_another_list_or_viewer_is_refused(route: str, viewer: int | None):
    with pytest.raises(BadCursor):
        CURSORS.read(TEXT, route, viewer)


@pytest.mark.parametrize("number", [-1, 2**63])
def test_a_number_that_does_not_fit_is_our_bug(number: int):
    with pytest.raises(ValueError):
        CURSORS.make(ROUTE, 1, Place("newer", number))
