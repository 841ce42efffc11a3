"""contract.md, "Search", "Feeds" (explore, hashtags, places), and the text's search requests."""

import math
import unicodedata
from itertools import pairwise

import pytest

from tests.conformance.shapes import FOUND_USER, HASHTAG, PLACE, POST, check, page
from tests.conformance.world import Api, Person, fresh, ok, refused

METRES_100 = 0.1
"""In kilometres: more than the arithmetic of two sides may differ in, less than matters."""


def test_users_are_found_by_prefixes_the_better_known_first(ann: Person, bob: Person) -> None:
    """The text's `GET /api/v1/search/users`; “by prefix of username or of a word of the full name,
    better-known first; `total_count` is exact”."""
    word = fresh("quux")
    known = ann.api.person(word[:12])
    other = ann.api.person("zed", full_name=f"Zed {word.upper()} Z")
    ann.follows(other)
    found = ann.sees("/search/users", q=word[:10])
    check(found, {"users": [FOUND_USER], "total_count": int})
    assert [one["user_id"] for one in found["users"]] == [other.id, known.id]
    assert found["total_count"] == 2
    assert ann.sees("/search/users", q=word[:10], count=1)["total_count"] == 2
    bob.blocks(ann)
    assert ann.sees("/search/users", q=bob.name)["users"] == []


def test_who_is_not_there_is_not_counted(ann: Person, bob: Person, cat: Person) -> None:
    """“`total_count` is exact”: without whom one may not find, whoever has gone or has another
    name; a private account is found."""
    word = fresh("zz")
    people = [ann.api.person("found", full_name=f"Al {word}{n}") for n in range(5)]

    def found(viewer: Person, query: str) -> tuple[set[str], int]:
        one = viewer.sees("/search/users", q=query)
        return {person["user_id"] for person in one["users"]}, one["total_count"]

    gone, blocking, blocked, renamed, private = people
    assert found(ann, word) == ({person.id for person in people}, 5)
    gone.deletes_account()
    blocking.blocks(ann)
    ann.blocks(blocked)
    renamed.edits(full_name="Al")
    private.edits(private_account=True)
    assert found(ann, word.upper()) == ({private.id}, 1)
    assert found(bob, f"{word} al") == ({blocking.id, blocked.id, private.id}, 3)
    assert found(cat, word[1:]) == (set(), 0)


def test_the_better_known_come_first(ann: Person, bob: Person, cat: Person) -> None:
    """“better-known first”; the text shows `followers_count`."""
    word = fresh("yy")
    people = [ann.api.person("known", full_name=word) for _ in range(3)]
    for follower in (ann, bob, cat):
        follower.follows(people[1])
    bob.follows(people[2])
    found = ann.sees("/search/users", q=word)["users"]
    assert [one["followers_count"] for one in found] == [3, 1, 0]
    assert [one["user_id"] for one in found] == [people[1].id, people[2].id, people[0].id]
    bob.deletes_account()
    found = ann.sees("/search/users", q=word)["users"]
    assert [one["followers_count"] for one in found] == [2, 0, 0]


def test_places_with_most_posts_come_first(ann: Person) -> None:
    """“Locations by words, most posts first, then population”."""
    cities = ann.sees("/search/locations", q="paris")["locations"]
    assert (cities[0]["name"], cities[0]["country"]) == ("Paris", "France")
    word = fresh("ww")
    made = [
        ok(ann.post("/locations", json={"name": f"{word} {n}", "lat": n, "lng": n}), 201)
        for n in range(3)
    ]
    for place in (made[1], made[1], made[2]):
        ann.posts(location_id=str(place["location_id"]))
    found = ann.sees("/search/locations", q=word)["locations"]
    assert [one["post_count"] for one in found] == [2, 1, 0]
    assert [one["name"] for one in found] == [f"{word} {n}" for n in (1, 2, 0)]
    assert ann.sees("/search/locations", q=f"2 {word}")["locations"][0]["name"] == f"{word} 2"


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "  "}, "name"),
        ({"name": 5}, "name"),
        ({"name": "a\0b"}, "name"),
        ({"lat": 91}, "lat"),
        ({"lat": "1"}, "lat"),
        ({"lat": None}, "lat"),
        ({"lng": -180.5}, "lng"),
        ({"lng": True}, "lng"),
        ({"city": 5}, "city"),
        ({"country": []}, "country"),
    ],
)
def test_what_is_no_place(reader: Person, wrong: dict[str, object], field: str) -> None:
    """“`POST /locations {name, city?, country?, lat, lng}`”; “INVALID_REQUEST: 400 (… wrong type,
    missing or unknown value, out of range)”."""
    body = {"name": "a bench", "lat": 48.1, "lng": 16.4}
    refused(reader.post("/locations", json={**body, **wrong}), "INVALID_REQUEST", field)
    del body[field if field in body else "name"]
    refused(reader.post("/locations", json=body), "INVALID_REQUEST")


def test_users_can_be_searched_without_a_token(api: Api, ann: Person) -> None:
    """“Without a token: … `GET /search/users`”."""
    found = ok(api.call("GET", "/search/users", params={"q": ann.name}))
    assert [one["user_id"] for one in found["users"]] == [ann.id]


@pytest.mark.parametrize(
    "text",
    ["\0", "*", '"', '"*', "NEAR(a b)", "a AND", "😍", "' or 1=1 --", "\u202e", "%", "_", " "],
)
@pytest.mark.parametrize("what", ["users", "hashtags", "locations"])
def test_any_query_is_safe(ann: Person, what: str, text: str) -> None:
    """“Any `q` of 1-100 characters is safe, whatever it contains”."""
    ok(ann.get(f"/search/{what}", q=text))


@pytest.mark.parametrize("what", ["users", "hashtags", "locations"])
def test_a_query_has_its_bounds(ann: Person, what: str) -> None:
    """“Any `q` of 1-100 characters”; the text: “q: Search query (required)”."""
    refused(ann.get(f"/search/{what}"), "INVALID_REQUEST", "q")
    for text in ("", "x" * 101):
        refused(ann.get(f"/search/{what}", q=text), "INVALID_REQUEST", "q")
    refused(ann.get(f"/search/{what}", q="x", count=51), "INVALID_REQUEST", "count")


def test_hashtags_count_what_the_viewer_may_see(ann: Person, bob: Person) -> None:
    """The text's `GET /api/v1/search/hashtags`; “by prefix, most posts first; `post_count` of
    visible posts only”."""
    tag = fresh("tag")
    post = ann.posts(caption=f"#{tag} #{tag}two")
    ann.posts(caption=f"again #{tag}")

    def counts(viewer: Person) -> list[tuple[str, int]]:
        found = viewer.sees("/search/hashtags", q=f"#{tag}")
        check(found, {"hashtags": [HASHTAG]})
        return [(one["name"], one["post_count"]) for one in found["hashtags"]]

    assert counts(bob) == [(tag, 2), (f"{tag}two", 1)]
    ann.edits(private_account=True)
    assert (counts(bob), len(counts(ann))) == ([], 2)
    bob.follows(ann)
    ann.approves(bob)
    assert counts(bob) == [(tag, 2), (f"{tag}two", 1)]
    ok(ann.delete(f"/posts/{post['post_id']}"))
    assert counts(bob) == [(tag, 1)]
    ann.blocks(bob)
    assert counts(bob) == []


def test_the_world_s_cities_are_there_from_the_start(ann: Person) -> None:
    """The text's `GET /api/v1/search/locations`; “A gazetteer of the world's cities is there from
    the start”; “with `lat`, `lng` the nearest first; … come together and are checked”."""
    found = ann.sees("/search/locations", q="san francisco")
    check(found, {"locations": [PLACE]})
    assert found["locations"][0]["country"] == "United States"
    near = ann.sees("/search/locations", q="vienna", lat=48.2, lng=16.4)["locations"][0]
    assert (near["name"], near["country"]) == ("Vienna", "Austria")
    refused(ann.get("/search/locations", q="x", lat=1), "INVALID_REQUEST", "lng")
    refused(ann.get("/search/locations", q="x", lat=91, lng=1), "INVALID_REQUEST", "lat")
    refused(ann.get("/search/locations", q="x", lat="nan", lng=1), "INVALID_REQUEST", "lat")


@pytest.mark.parametrize(
    "where", [(37.8, -122.4), (0.0, 0.0), (60.0, 179.9), (-33.9, 151.2), (89.0, 0.0)]
)
def test_the_nearest_places_come_first(ann: Person, where: tuple[float, float]) -> None:
    """“with `lat`, `lng` the nearest first”: on the globe, over the poles and across its seam."""
    lat, lng = where
    found = ann.sees("/search/locations", q="port", lat=lat, lng=lng, count=50)["locations"]
    away = [kilometres(where, (one["lat"], one["lng"])) for one in found]
    assert len(away) == 50
    assert all(one <= other + METRES_100 for one, other in pairwise(away))


def kilometres(one: tuple[float, float], other: tuple[float, float]) -> float:
    """The distance of two places (degrees) on a sphere."""
    lat, lng, other_lat, other_lng = map(math.radians, (*one, *other))
    across = math.cos(lat) * math.cos(other_lat) * math.cos(lng - other_lng)
    return 6_371 * math.acos(max(-1.0, min(1.0, math.sin(lat) * math.sin(other_lat) + across)))


def test_a_place_is_made_and_has_its_posts(ann: Person, bob: Person) -> None:
    """“`POST /locations {name, city?, country?, lat, lng}` → 201”; “`GET /locations/:id`,
    `GET /locations/:id/posts`: newest first, as visible to the viewer”."""
    name = fresh("Bench ")
    made = ok(ann.post("/locations", json={"name": name, "lat": 48.1, "lng": 16}), 201)
    check(made, PLACE)
    path = f"/locations/{made['location_id']}"
    first = ann.posts(location_id=str(made["location_id"]))
    second = ann.posts(location_id=str(made["location_id"]))
    expected = {"location_id": made["location_id"], "name": name}
    assert first["location"] == expected
    assert bob.sees(f"/posts/{first['post_id']}")["location"] == expected
    assert bob.sees(path)["post_count"] == 2
    posts = bob.sees(f"{path}/posts")
    check(posts, page("posts", POST))
    assert [one["post_id"] for one in posts["posts"]] == [second["post_id"], first["post_id"]]
    assert bob.sees("/search/locations", q=name)["locations"] == [{**made, "post_count": 2}]
    ok(ann.put(f"/posts/{first['post_id']}", json={"location_id": None}))
    ann.edits(private_account=True)
    assert (bob.sees(f"{path}/posts")["posts"], bob.sees(path)["post_count"]) == ([], 0)
    assert ann.sees(path)["post_count"] == 1
    refused(bob.get("/locations/99999999999"), "NOT_FOUND")
    refused(ann.publish(location_id="99999999999"), "INVALID_REQUEST", "location_id")


def test_a_hashtag_has_its_posts(ann: Person, bob: Person) -> None:
    """“`GET /hashtags/:name/posts` …: newest first, as visible to the viewer”."""
    tag = fresh("tag")
    ids = [ann.posts(caption=f"{n} #{tag}")["post_id"] for n in range(3)]
    assert bob.ids(f"/hashtags/{tag.upper()}/posts", "posts") == ids[::-1]
    ok(ann.put(f"/posts/{ids[0]}", json={"caption": "without"}))
    assert bob.ids(f"/hashtags/{tag}/posts", "posts") == ids[:0:-1]
    bob.blocks(ann)
    assert bob.ids(f"/hashtags/{tag}/posts", "posts") == []


def test_explore_has_posts_of_strangers_and_pages_are_stable(ann: Person, bob: Person) -> None:
    """“Explore: public posts of strangers and friends alike …; stable while paging; … a deleted,
    private or blocked one is gone at once”."""
    check(bob.sees("/explore"), page("posts", POST))
    seen: list[str] = []
    cursor, pages = None, 0
    while pages < 4:
        query = {"count": 3} if cursor is None else {"count": 3, "cursor": cursor}
        one = bob.sees("/explore", **query)
        seen += [post["post_id"] for post in one["posts"]]
        cursor, pages = one["next_cursor"], pages + 1
        if cursor is None:
            break
    assert len(seen) == len(set(seen))
    for post in bob.sees("/explore")["posts"][:2]:
        author = post["user"]["user_id"]
        if author != bob.id:
            ok(bob.post(f"/users/{author}/block"))
            after = bob.sees("/explore", count=50)["posts"]
            assert author not in {one["user"]["user_id"] for one in after}


def test_the_api_describes_itself(api: Api) -> None:
    """“Without a token: … `/openapi.json`, `/docs`”."""
    document = ok(api.call("GET", "//openapi.json"))
    assert document["openapi"].startswith("3.1")
    assert "/api/v1/posts" in document["paths"]
    form = document["paths"]["/api/v1/posts"]["post"]["requestBody"]["content"]
    media = form["multipart/form-data"]["schema"]["properties"]["media"]
    assert media["items"]["format"] == "binary"


def test_what_looks_the_same_is_found_however_it_was_typed(ann: Person, bob: Person) -> None:
    """Decided: hashtags, searches and mentions heed no difference between composed (NFC) and
    decomposed (NFD) texts; what was written is shown as it was sent."""
    syllables = "".join(chr(0xAC00 + 588 * (ord(one) % 19) + 21 * 7) for one in fresh("x"))
    cyrillic = fresh("\u0439")
    composed, spread = (
        tuple(unicodedata.normalize(form, text) for text in (syllables, cyrillic, "@anné"))
        for form in ("NFC", "NFD")
    )
    assert composed != spread
    caption = f"#{spread[0]} #{composed[0]}"
    post = ann.posts(caption=caption)
    assert (post["hashtags"], post["caption"]) == ([composed[0]], caption)
    people = [ann.api.person("kim", full_name=name) for name in (composed[1], spread[1])]
    assert bob.sees(f"/users/{people[1].id}")["full_name"] == spread[1]
    for word, name, _ in (composed, spread):
        assert bob.ids(f"/hashtags/{word}/posts", "posts") == [post["post_id"]]
        found = bob.sees("/search/hashtags", q=f"#{word}")["hashtags"]
        assert [(one["name"], one["post_count"]) for one in found] == [(composed[0], 1)]
        found = bob.sees("/search/users", q=name)["users"]
        assert {one["user_id"] for one in found} == {person.id for person in people}


def test_a_mark_after_a_name_makes_no_longer_name(api: Api, ann: Person) -> None:
    """`@…é`, decomposed, ends in a plain `e` and a mark: it calls whom the composed one calls."""
    name = fresh("ann")
    short, long = (Person(api, ok(api.register(one), 201)) for one in (name, f"{name}e"))
    for form in ("NFC", "NFD"):
        ann.posts(caption=unicodedata.normalize(form, f"@{name}é"))
    assert short.notified() == [("mention", ann.id)] * 2
    assert long.notified() == []
