"""What requests may hold: the limit and the form of every value, and which ids can be ids."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from server import requests
from server.problems import Problem, problem_of_decoding
from server.requests import (
    ID_MAX,
    CommentRequest,
    CommentsQuery,
    DeleteAccountRequest,
    EditPostRequest,
    LocationRequest,
    LocationsQuery,
    LoginRequest,
    PasswordRequest,
    PeopleQuery,
    PostsQuery,
    ProfileRequest,
    ReadRequest,
    RefreshRequest,
    RegisterRequest,
    RelationshipsQuery,
    RingsQuery,
    SearchQuery,
    TagRequest,
    UsersQuery,
    is_full_name,
    is_username,
    number_of,
)

KINDS: tuple[type[Any], ...] = (
    RegisterRequest,
    LoginRequest,
    RefreshRequest,
    PasswordRequest,
    DeleteAccountRequest,
    ProfileRequest,
    EditPostRequest,
    CommentRequest,
    TagRequest,
    PostsQuery,
    PeopleQuery,
    UsersQuery,
    CommentsQuery,
    RelationshipsQuery,
    RingsQuery,
    SearchQuery,
    LocationsQuery,
    LocationRequest,
    ReadRequest,
)

WHOLE: dict[type[Any], dict[str, Any]] = {
    RegisterRequest: {"username": "ann", "password": "correct horse"},
    LoginRequest: {"username": "ann", "password": "x"},
    RefreshRequest: {"refresh_token": "x"},
    PasswordRequest: {"old_password": "x", "new_password": "correct horse"},
    DeleteAccountRequest: {"password": "x"},
    CommentRequest: {"text": "hello"},
    TagRequest: {"user_id": 5},
    RelationshipsQuery: {"ids": "1"},
    SearchQuery: {"q": "x"},
    LocationsQuery: {"q": "x"},
    LocationRequest: {"name": "Bridge", "lat": 1.5, "lng": 2},
}
"""The least that each kind needs; the others need nothing."""


def decoded(kind: type[Any], **values: Any) -> Any:
    body = msgspec.json.encode(WHOLE.get(kind, {}) | values)
    return msgspec.json.decode(body, type=kind)


def problem_with(kind: type[Any], **values: Any) -> Problem:
    with pytest.raises(msgspec.ValidationError) as caught:
        decoded(kind, **values)
    return problem_of_decoding(caught.value, kind)


def test_every_kind_of_request_is_looked_at_here() -> None:
    structs = {
        value
        for value in vars(requests).values()
        if isinstance(value, type) and issubclass(value, msgspec.Struct)
    }
    assert structs - {msgspec.Struct} == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_unknown_keys_are_ignored(kind: type[Any]) -> None:
    assert decoded(kind, verified=True, stats={"followers_count": 9}) == decoded(kind)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind in WHOLE])
def test_what_is_missing_is_named(kind: type[Any]) -> None:
    for name in WHOLE[kind]:
        left = {other: value for other, value in WHOLE[kind].items() if other != name}
        with pytest.raises(msgspec.ValidationError) as caught:
            msgspec.convert(left, kind)
        problem = problem_of_decoding(caught.value, kind)
        assert (problem.status, problem.details) == (400, {"field": name})


LIMITS: list[tuple[type[Any], str, int, dict[str, int]]] = [
    (RegisterRequest, "username", 30, {"min_length": 1, "max_length": 30}),
    (RegisterRequest, "full_name", 64, {"max_length": 64}),
    (RegisterRequest, "password", 1_024, {"min_length": 8, "max_length": 1_024}),
    (PasswordRequest, "new_password", 1_024, {"min_length": 8, "max_length": 1_024}),
    (ProfileRequest, "username", 30, {"min_length": 1, "max_length": 30}),
    (ProfileRequest, "full_name", 64, {"max_length": 64}),
    (ProfileRequest, "bio", 150, {"max_length": 150}),
    (EditPostRequest, "caption", 2_200, {"max_length": 2_200}),
    (PostsQuery, "cursor", 512, {"max_length": 512}),
    (RingsQuery, "cursor", 512, {"max_length": 512}),
    (SearchQuery, "q", 100, {"min_length": 1, "max_length": 100}),
    (LocationsQuery, "q", 100, {"min_length": 1, "max_length": 100}),
    (LocationRequest, "name", 100, {"min_length": 1, "max_length": 100}),
    (LocationRequest, "city", 100, {"max_length": 100}),
    (LocationRequest, "country", 100, {"max_length": 100}),
    (PeopleQuery, "cursor", 512, {"max_length": 512}),
    (UsersQuery, "cursor", 512, {"max_length": 512}),
    (CommentsQuery, "cursor", 512, {"max_length": 512}),
]


@pytest.mark.parametrize(("kind", "field", "most", "limits"), LIMITS)
def test_a_text_may_be_as_long_as_its_limit_and_no_longer(
    kind: type[Any], field: str, most: int, limits: dict[str, int]
) -> None:
    assert getattr(decoded(kind, **{field: "a" * most}), field) == "a" * most
    problem = problem_with(kind, **{field: "a" * (most + 1)})
    assert problem.details == {"field": field, **limits}


@pytest.mark.parametrize("field", ["full_name", "bio"])
def test_a_character_is_a_code_point(field: str) -> None:
    most = 64 if field == "full_name" else 150
    assert decoded(ProfileRequest, **{field: "😍" * most})
    assert problem_with(ProfileRequest, **{field: "😍" * (most + 1)}).details["max_length"] == most


@pytest.mark.parametrize(
    ("kind", "most"), [(PostsQuery, 50), (UsersQuery, 100), (PeopleQuery, 50), (CommentsQuery, 50)]
)
def test_a_page_has_a_count_within_its_bounds(kind: type[Any], most: int) -> None:
    assert decoded(kind).count == 20
    assert [decoded(kind, count=count).count for count in (1, most)] == [1, most]
    for count in (0, -1, most + 1):
        problem = problem_with(kind, count=count)
        assert problem.details == {"field": "count", "min": 1, "max": most}


@pytest.mark.parametrize(
    ("kind", "field"),
    [
        (RegisterRequest, "full_name"),
        (RegisterRequest, "password"),
        (PasswordRequest, "new_password"),
        (ProfileRequest, "full_name"),
        (ProfileRequest, "bio"),
        (ProfileRequest, "website"),
        (EditPostRequest, "caption"),
        (CommentRequest, "text"),
    ],
)
def test_no_text_that_is_shown_or_hashed_holds_nul(kind: type[Any], field: str) -> None:
    problem = problem_with(kind, **{field: "correct\0horse"})
    assert problem.details["field"] == field


def test_an_alt_text_holds_no_nul_and_has_a_length() -> None:
    assert decoded(EditPostRequest, alt_texts=[None, "", "a" * 1_500])
    for alt, limits in (("\0", {"max_length": 1_500}), ("a" * 1_501, {"max_length": 1_500})):
        problem = problem_with(EditPostRequest, alt_texts=["ok", alt])
        assert problem.details == {"field": "alt_texts", **limits}


@pytest.mark.parametrize("name", ["a", "a" * 30, "A.b_c", "_", "1", "a.b.c", "__x__"])
def test_these_are_usernames(name: str) -> None:
    assert is_username(name)
    for kind in (RegisterRequest, ProfileRequest):
        assert decoded(kind, username=name).username == name


@pytest.mark.parametrize(
    "name",
    ["", "a" * 31, ".", "a.", ".a", "a..b", "a b", "a\n", "ä", "a-b", "a\0", "@a", "deleted:1"],
)
def test_these_are_none(name: str) -> None:
    assert not is_username(name)
    for kind in (RegisterRequest, ProfileRequest):
        assert problem_with(kind, username=name).details["field"] == "username"


def test_a_full_name_of_the_operators_is_held_to_the_same_limits() -> None:
    assert is_full_name("")
    assert is_full_name("😍" * 64)
    assert not is_full_name("a" * 65)
    assert not is_full_name("a\0b")


@pytest.mark.parametrize(
    "address",
    [
        "",
        "http://example.org",
        "https://example.org/a/b?c=d#e",
        "HTTPS://Example.ORG",
        "https://example.org:8443/x",
        "https://example.org?q=a@b",
        "https://bücher.example/größe",
        "https://例え.テスト",
        "http://[2001:db8::1]:80/",
        "http://127.0.0.1",
        "https://a" + "a" * 491,
    ],
)
def test_these_are_websites(address: str) -> None:
    assert decoded(ProfileRequest, website=address).website == address


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "JavaScript://example.org/%0aalert(1)",
        "data:text/html,x",
        "ftp://example.org",
        "file:///etc/passwd",
        "//example.org",
        "/x",
        "example.org",
        "http:example.org",
        "http:/example.org",
        "http://",
        "http:///x",
        "https://?x",
        "http://:80",
        "http://example.org:port",
        "http://ann@example.org",
        "http://ann:secret@example.org",
        "http://example.org\\@evil.example",
        " http://example.org",
        "http://example.org ",
        "http://exam ple.org",
        "http://example.org/a b",
        "http://example.org\n",
        "http://example.org/\r\nSet-Cookie:x",
        "http://example.org\0",
        "http://example.org/\0",
        "http://example.org/\x01",
        "http://exam\x7fple.org",
        "http://example.org/\u2028",
        "http://example.org/\u00a0",
        'http://example.org"onclick="x',
        "http://<b>",
        "http://example.org/<script>",
        'http://example.org/"x',
        "http://[::1",
        "http://[javascript]",
        "http://%65xample.org",
        "https://a" + "a" * 492,
    ],
)
def test_these_are_no_websites(address: str) -> None:
    assert problem_with(ProfileRequest, website=address).details["field"] == "website"


@given(st.text(max_size=40) | st.text(max_size=40).map("http://".__add__))
def test_no_address_holds_what_ends_one_or_breaks_out_of_one(text: str) -> None:
    try:
        decoded(ProfileRequest, website=text)
    except (msgspec.ValidationError, msgspec.EncodeError, UnicodeEncodeError):
        return
    assert text == "" or text.lower().startswith(("http://", "https://"))
    assert not any(
        character.isspace() or character < " " or character in '"<>\x7f' for character in text
    )


@pytest.mark.parametrize("email", ["a@b", "ann@example.org", "a" * 252 + "@b"])
def test_these_are_email_addresses(email: str) -> None:
    assert decoded(RegisterRequest, email=email).email == email


@pytest.mark.parametrize(
    "email", ["", "a", "@", "a@", "@b", "a@b@c", "a b@c", "a@b\n", "a\0@b", "a" * 253 + "@b"]
)
def test_these_are_no_email_addresses(email: str) -> None:
    assert problem_with(RegisterRequest, email=email).details["field"] == "email"


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (ProfileRequest, ("username", "full_name", "bio", "website", "private_account")),
        (EditPostRequest, ("caption", "alt_texts", "location_id", "user_tags")),
    ],
)
def test_what_is_absent_is_not_null(kind: type[Any], fields: tuple[str, ...]) -> None:
    assert all(getattr(decoded(kind), field) is UNSET for field in fields)
    cleared = set(fields) - {"username", "private_account"}
    for field in cleared:
        assert getattr(decoded(kind, **{field: None}), field) is None
    for field in set(fields) - cleared:
        assert problem_with(kind, **{field: None}).details == {"field": field}


def test_a_tag_is_an_id_or_an_id_with_its_place() -> None:
    tags = [5, "6", {"user_id": 7}, {"user_id": "8", "x": 0, "y": 1}]
    assert decoded(EditPostRequest, user_tags=tags).user_tags == [
        5,
        "6",
        TagRequest(7),
        TagRequest("8", 0.0, 1.0),
    ]
    assert len(decoded(EditPostRequest, user_tags=[1] * 20).user_tags) == 20


@pytest.mark.parametrize(
    ("tags", "details"),
    [
        ([1] * 21, {"field": "user_tags", "max_length": 20}),
        ([{"user_id": 1, "x": 1.01, "y": 0}], {"field": "user_tags", "min": 0, "max": 1}),
        ([{"user_id": 1, "x": 0, "y": -0.01}], {"field": "user_tags", "min": 0, "max": 1}),
        ([{"user_id": 1, "x": "0.5", "y": 0}], {"field": "user_tags"}),
        ([{"x": 0.5, "y": 0.5}], {"field": "user_tags"}),
        ([{"user_id": None}], {"field": "user_tags"}),
        ([None], {"field": "user_tags"}),
        ([1.5], {"field": "user_tags"}),
        ([True], {"field": "user_tags"}),
        ([[1]], {"field": "user_tags"}),
        ("1", {"field": "user_tags"}),
        ({"user_id": 1}, {"field": "user_tags"}),
    ],
)
def test_a_tag_that_is_none_names_the_field(tags: Any, details: dict[str, Any]) -> None:
    assert problem_with(EditPostRequest, user_tags=tags).details == details


@pytest.mark.parametrize(
    ("value", "prefix", "number"),
    [
        (5, "", 5),
        ("5", "", 5),
        (ID_MAX, "", ID_MAX),
        (str(ID_MAX), "", ID_MAX),
        ("comment_5", "comment_", 5),
        ("5", "comment_", 5),
        (5, "comment_", 5),
        ("comment_5", "", None),
        ("media_5", "comment_", None),
        ("comment_comment_5", "comment_", None),
        ("COMMENT_5", "comment_", None),
        ("comment_", "comment_", None),
        ("", "", None),
        (0, "", None),
        ("0", "", None),
        (-5, "", None),
        ("-5", "", None),
        ("+5", "", None),
        ("05", "", None),
        ("5.0", "", None),
        ("5e0", "", None),
        (" 5", "", None),
        ("5\n", "", None),
        ("5_0", "", None),
        ("me", "", None),
        ("\u0665", "", None),
        ("\uff15", "", None),
        (ID_MAX + 1, "", None),
        (str(ID_MAX + 1), "", None),
        (10**40, "", None),
        ("9" * 40, "", None),
    ],
)
def test_an_id_is_a_number_or_its_digits(value: int | str, prefix: str, number: int | None) -> None:
    assert number_of(value, prefix) == number


@given(st.integers(1, ID_MAX))
def test_every_id_can_be_read_back(number: int) -> None:
    spellings = (number, str(number), f"comment_{number}")
    assert {number_of(spelling, "comment_") for spelling in spellings} == {number}


@given(st.text() | st.integers())
def test_no_value_is_an_id_beyond_what_ids_are_made_of(value: int | str) -> None:
    number = number_of(value, "comment_")
    assert number is None or 0 < number <= ID_MAX


@pytest.mark.parametrize("value", [5.0, 5.5, True, [], {}])
def test_an_id_in_a_body_is_no_other_kind_of_value(value: Any) -> None:
    assert problem_with(CommentRequest, parent_comment_id=value).details == {
        "field": "parent_comment_id"
    }
    assert problem_with(EditPostRequest, location_id=value).details == {"field": "location_id"}
