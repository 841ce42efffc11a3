"""contract.md, "Users and graph": profiles and what may be changed of them, pictures of people,
relationships, the instance."""

import pytest

from tests.conformance.pictures import BLUE, RED, looks, opened, padded, plain
from tests.conformance.shapes import INSTANCE, PROFILE, RELATION, check
from tests.conformance.world import Api, Person, form, fresh, ok, refused

GOOD_SITES = [
    "https://newsite.com",
    "http://example.org/a/b?c=d#e",
    "https://example.org:8443/",
]
BAD_SITES = [
    "example.org",
    "ftp://example.org",
    "javascript:alert(1)",
    "https://",
    "http:example.org",
    "https://exa mple.org",
    "https://example.org/\n",
    "data:text/html,x",
    "//example.org",
]


def test_a_profile_by_id_by_name_and_as_me(api: Api, ann: Person, bob: Person) -> None:
    """The text's `GET /api/v1/users/:user_id`; “`:user_id` may be `me`. `GET
    /users/by-username/:name`.”"""
    profile = ann.sees("/users/me")
    check(profile, PROFILE)
    assert (profile["user_id"], profile["username"]) == (ann.id, ann.name)
    for path in (f"/users/{ann.id}", f"/users/by-username/{ann.name}"):
        assert ann.sees(path) == profile
        assert bob.sees(path) == profile
        assert ok(api.call("GET", path)) == profile


def test_nobody_s_profile_is_not_found(reader: Person) -> None:
    """“NOT_FOUND: 404”."""
    for path in (
        "/users/999999999",
        f"/users/by-username/{fresh('nobody')}",
        "/users/by-username/%00",
        "/users/by-username/..",
        "/users/by-username/" + "x" * 1_000,
    ):
        refused(reader.get(path), "NOT_FOUND")


def test_a_profile_shows_how_one_stands_to_it(ann: Person, bob: Person) -> None:
    """The text's profile: `"following"`, `"followed_by"`, `"requested"`, and `"stats"`."""

    def stands(one: Person, other: Person) -> tuple[bool, bool, bool]:
        shown = one.sees(f"/users/{other.id}")
        return shown["following"], shown["followed_by"], shown["requested"]

    ann.follows(bob)
    assert stands(ann, bob) == (True, False, False)
    assert stands(bob, ann) == (False, True, False)
    bob.posts()
    assert ann.sees(f"/users/{bob.id}")["stats"] == {
        "followers_count": 1,
        "following_count": 0,
        "posts_count": 1,
    }
    assert ann.sees("/users/me")["stats"]["following_count"] == 1
    assert stands(ann, ann) == (False, False, False)


def test_a_profile_can_be_updated_as_the_text_shows(ann: Person, bob: Person) -> None:
    """The text's `PUT /api/v1/users/:user_id` → `{"user": {...updated user object...}}`."""
    body = {"full_name": "John Doe Jr.", "bio": "Updated bio", "website": "https://newsite.com"}
    before = ann.sees("/users/me")
    answer = ok(ann.put(f"/users/{ann.id}", json=body))
    check(answer, {"user": PROFILE})
    assert answer["user"] == {**before, **body}
    assert bob.sees(f"/users/{ann.id}") == answer["user"]


def test_what_is_not_named_stays(ann: Person) -> None:
    """Decided: `PUT` takes any subset; absent is unchanged, null or "" clears."""
    ann.edits(full_name="Ann", bio="a bio", website="https://example.org")
    assert ann.edits()["bio"] == "a bio"
    assert ann.edits(full_name="Ann Lee")["website"] == "https://example.org"
    for name in ("full_name", "bio", "website"):
        assert ann.edits(**{name: ""})[name] is None
        ann.edits(full_name="Ann", bio="a bio", website="https://example.org")
        assert ann.edits(**{name: None})[name] is None


@pytest.mark.parametrize(("name", "most"), [("full_name", 64), ("bio", 150)])
def test_texts_have_their_length(ann: Person, name: str, most: int) -> None:
    """“full_name ≤ 64, bio ≤ 150”; “A character is a Unicode code point”."""
    for unit in ("x", "é", "😍"):
        assert ann.edits(**{name: unit * most})[name] == unit * most
        answer = ann.put("/users/me", json={name: unit * (most + 1)})
        refused(answer, "INVALID_REQUEST", name, max_length=most)
    for wrong in (1, True, [], {}):
        refused(ann.put("/users/me", json={name: wrong}), "INVALID_REQUEST", name)


@pytest.mark.parametrize("site", GOOD_SITES)
def test_a_website_may_be(ann: Person, site: str) -> None:
    """“website: http(s) URL”."""
    assert ann.edits(website=site)["website"] == site


@pytest.mark.parametrize("site", BAD_SITES)
def test_a_website_may_not_be(reader: Person, site: str) -> None:
    """“website: http(s) URL or "" (reads back null)”."""
    refused(reader.put("/users/me", json={"website": site}), "INVALID_REQUEST", "website")


def test_one_bad_field_changes_nothing(ann: Person) -> None:
    """“INVALID_REQUEST: 400”: a request that is refused has no effect."""
    before = ann.sees("/users/me")
    body = {"full_name": "New", "bio": "x" * 151, "private_account": True}
    refused(ann.put("/users/me", json=body), "INVALID_REQUEST", "bio")
    assert ann.sees("/users/me") == before
    refused(ann.put("/users/me", json={"private_account": "yes"}), "INVALID_REQUEST")


def test_a_username_can_be_changed(api: Api, ann: Person, bob: Person) -> None:
    """“`PUT /users/:id` {username, …}”; kept in lower case."""
    post, old, new = ann.posts(), ann.name, fresh("new")
    bob.follows(ann)
    assert ann.edits(username=new.upper())["username"] == new
    ok(api.log_in(new))
    refused(api.log_in(old), "UNAUTHORIZED")
    refused(bob.get(f"/users/by-username/{old}"), "NOT_FOUND")
    assert bob.sees(f"/users/by-username/{new}")["user_id"] == ann.id
    assert bob.sees(f"/posts/{post['post_id']}")["user"]["username"] == new
    assert bob.sees("/feed")["posts"][0]["user"]["username"] == new
    [listed] = bob.sees("/users/me/following")["users"]
    assert listed["username"] == new
    ok(ann.get("/feed"))
    assert ann.edits(username=new)["username"] == new, "one's own name is not taken"


def test_a_username_that_is_taken_is_a_conflict(ann: Person, bob: Person) -> None:
    """“CONFLICT: 409 (username taken)”; “with details.field”."""
    for taken in (bob.name, bob.name.upper()):
        refused(ann.put("/users/me", json={"username": taken}), "CONFLICT", "username")
    for bad in ("", "a..b", "x" * 31, 1, "a b", ".a"):
        refused(ann.put("/users/me", json={"username": bad}), "INVALID_REQUEST", "username")
    assert ann.sees("/users/me")["username"] == ann.name


def test_what_can_t_be_set_is_not_set(ann: Person) -> None:
    """“`verified`, stats and ids can't be set (ignored or refused …)”."""
    before = ann.sees("/users/me")
    for body in (
        {"verified": True},
        {"stats": {"followers_count": 10_000}},
        {"user_id": "1"},
        {"profile_image_url": "https://example.org/x.jpg"},
        {"following": True},
        {"password": "another horse"},
    ):
        assert ann.put("/users/me", json=body).status_code in {200, 400}
        assert ann.sees("/users/me") == before
    ok(ann.api.log_in(ann.name))


def test_another_s_profile_can_t_be_updated(ann: Person, bob: Person) -> None:
    """“`PUT /users/:id` …; others' 403”."""
    before = bob.sees("/users/me")
    refused(ann.put(f"/users/{bob.id}", json={"bio": "mine"}), "FORBIDDEN")
    refused(ann.put(f"/users/{bob.id}/avatar", files=form(plain())), "FORBIDDEN")
    refused(ann.delete(f"/users/{bob.id}/avatar"), "FORBIDDEN")
    assert bob.sees("/users/me") == before
    refused(ann.put("/users/999999999", json={"bio": "nobody's"}), "NOT_FOUND")


def avatar(person: Person, *pictures: bytes) -> str:
    answer = ok(person.put("/users/me/avatar", files=form(*pictures)))
    check(answer, {"user": PROFILE})
    return answer["user"]["profile_image_url"]


def test_a_picture_of_oneself_is_shown_everywhere(api: Api, ann: Person, bob: Person) -> None:
    """“`PUT /users/me/avatar` (multipart `media`)”; the text shows `profile_image_url` with each
    user."""
    post = ann.posts()
    bob.follows(ann)
    assert bob.sees("/feed")["posts"][0]["user"]["profile_image_url"] is None
    url = avatar(ann, plain(600, 400, BLUE))
    picture = api.call("GET", url)
    assert picture.headers["content-type"] == "image/jpeg"
    assert looks(opened(picture.content), 0.5, 0.5, BLUE)
    comment = ann.comments(post)
    for shown in (
        bob.sees(f"/users/{ann.id}"),
        bob.sees(f"/posts/{post['post_id']}")["user"],
        bob.sees("/feed")["posts"][0]["user"],
        bob.sees("/users/me/following")["users"][0],
        bob.sees(f"/posts/{post['post_id']}/comments")["comments"][0]["user"],
        comment["user"],
        bob.follows(ann)["user"],
        ok(api.log_in(ann.name))["user"],
    ):
        assert shown["profile_image_url"] == url


def test_a_picture_of_oneself_is_replaced_and_deleted(api: Api, ann: Person) -> None:
    """“`PUT /users/me/avatar` (multipart `media`)”; decided: `DELETE` takes it away. Files go with
    what they belong to."""
    first = avatar(ann, plain(form="PNG"))
    second = avatar(ann, plain(colour=BLUE))
    assert first != second
    refused(api.call("GET", first), "NOT_FOUND")
    assert api.call("GET", second).status_code == 200
    answer = ok(ann.delete("/users/me/avatar"))
    check(answer, {"user": PROFILE})
    assert answer["user"]["profile_image_url"] is None
    refused(api.call("GET", second), "NOT_FOUND")
    assert ok(ann.delete("/users/me/avatar"))["user"]["profile_image_url"] is None


def test_a_bad_picture_of_oneself_changes_nothing(ann: Person) -> None:
    """“INVALID_MEDIA_FORMAT: 400”, “MEDIA_TOO_LARGE: 413”."""
    url = avatar(ann, plain(colour=RED))
    refused(ann.put("/users/me/avatar", files=form(b"no picture")), "INVALID_MEDIA_FORMAT")
    refused(ann.put("/users/me/avatar", files=form(b"")), "INVALID_MEDIA_FORMAT")
    refused(ann.put("/users/me/avatar", files=form(padded(8_388_609))), "MEDIA_TOO_LARGE")
    refused(ann.put("/users/me/avatar", files=form(plain(), plain())), "INVALID_REQUEST", "media")
    refused(ann.put("/users/me/avatar", files=form(text="x")), "INVALID_REQUEST", "media")
    refused(ann.put("/users/me/avatar", json={}), "INVALID_REQUEST")
    assert ann.sees("/users/me")["profile_image_url"] == url


def test_relationships_are_told_in_the_order_asked(
    ann: Person, bob: Person, cat: Person, priv: Person
) -> None:
    """“`GET /users/relationships?ids=…` (≤ 100)”; decided: in the order asked, without those who
    don't exist or who block the asker."""
    ann.follows(bob)
    cat.follows(ann)
    ann.follows(priv)
    blocker = ann.api.person("blocker")
    blocker.blocks(ann)
    blocked = ann.api.person("blocked")
    ann.blocks(blocked)
    asked = [priv, blocked, bob, cat, blocker]
    ids = ",".join([*(person.id for person in asked), "999999999"])
    answer = ann.sees("/users/relationships", ids=ids)
    check(answer, {"relationships": [RELATION]})
    nothing = dict.fromkeys(("following", "followed_by", "requested", "blocking"), False)
    assert answer["relationships"] == [
        {"user_id": priv.id, **nothing, "requested": True},
        {"user_id": blocked.id, **nothing, "blocking": True},
        {"user_id": bob.id, **nothing, "following": True},
        {"user_id": cat.id, **nothing, "followed_by": True},
    ]
    repeated = ann.sees("/users/relationships", ids=[bob.id, f"{cat.id},{priv.id}"])
    assert [one["user_id"] for one in repeated["relationships"]] == [bob.id, cat.id, priv.id]


def test_relationships_are_asked_for_a_hundred_at_once(reader: Person) -> None:
    """“`GET /users/relationships?ids=…` (≤ 100)”."""
    many = ",".join(str(900_000_000 + number) for number in range(100))
    assert reader.sees("/users/relationships", ids=many) == {"relationships": []}
    refused(reader.get("/users/relationships", ids=many + ",5"), "INVALID_REQUEST", "ids")
    refused(reader.get("/users/relationships"), "INVALID_REQUEST", "ids")
    for bad in ("x", "1,x", "1.5", "-1", "9" * 40, "1 2"):
        refused(reader.get("/users/relationships", ids=bad), "INVALID_REQUEST", "ids")


def test_the_instance_tells_its_limits(api: Api, reader: Person) -> None:
    """“`GET /instance`: version, limits, whether registration is open.”"""
    instance = ok(api.call("GET", "/instance"))
    check(instance, INSTANCE)
    assert instance["name"] == "Triptych"
    assert reader.sees("/instance") == instance
