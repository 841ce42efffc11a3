"""What is to be found beyond one's own feed: explore, and the pages of hashtags and places."""

from collections.abc import Sequence

from actors.user.messages import CreateLocation
from server.http.answers import Response, encoded_answer, json_answer
from server.http.calls import Call
from server.http.refusals import asked
from server.http.routing import API, Nothing, Section, Tier, Who
from server.problems import invalid, not_found
from server.reading.cursors import Place
from server.reading.explore import RANKED_MAX
from server.reading.listing import encoded_page, place_of, posts_page
from server.reading.pages import List, read_page
from server.reading.places import find_place, place_answer
from server.requests import LocationRequest, PostsQuery
from server.wire import PlaceAnswer, PostsPage
from storage.hashtags import hashtag_of
from storage.reads import GetHashtagPosts, GetLocationPosts, Span
from storage.rows import LocationRow

SECTION = Section()


@SECTION.route(
    "GET",
    f"{API}/explore",
    who=Who.USER,
    tier=Tier.FEED,
    query=PostsQuery,
    body=Nothing,
    answers={200: PostsPage},
)
async def show_explore(call: Call[PostsQuery, Nothing]) -> Response:
    """Public posts of everybody, by engagement against age. Pages are those of one ranking, however
    long one takes for them; before its first is what newer ones have and it has not."""
    rankings = call.context.rankings
    place = place_of(call, "explore")
    newest = await rankings.newest()
    pages = newest if place is None else place.as_of

    async def fetch(span: Span) -> Sequence[tuple[int, int]]:
        return rankings.posts(pages, span)

    async def show(placed: Sequence[tuple[int, int]]) -> Sequence[bytes | None]:
        return await call.context.views.posts([post for _, post in placed], call.account)

    posts = List(fetch=fetch, show=show, number_of=lambda placed: placed[0])
    page = await read_page(posts, place, call.query.count)
    if place is not None and place.direction == "newer" and not page.items:
        # At the front of those pages: now for what has come since.
        pages = rankings.since(pages)
        page = await read_page(posts, Place("newer", RANKED_MAX), call.query.count)
    return encoded_answer(encoded_page(call, "posts", "explore", page, as_of=pages))


@SECTION.route(
    "GET",
    f"{API}/hashtags/:name/posts",
    who=Who.USER,
    tier=Tier.READ,
    query=PostsQuery,
    body=Nothing,
    answers={200: PostsPage},
)
async def list_posts_of_hashtag(call: Call[PostsQuery, Nothing]) -> Response:
    """The posts with a hashtag, newest first."""
    name = hashtag_of(call.names["name"].removeprefix("#"))

    async def fetch(span: Span) -> list[int]:
        return await call.context.asking.read(GetHashtagPosts(name, span))

    return await posts_page(call, f"hashtags/{name}", fetch)


@SECTION.route(
    "POST",
    f"{API}/locations",
    who=Who.USER,
    tier=Tier.WRITE,
    query=Nothing,
    body=LocationRequest,
    answers={201: PlaceAnswer},
    idempotent=True,
)
async def create_location(call: Call[Nothing, LocationRequest]) -> Response:
    """Add a place that is not known yet."""
    body = call.body
    name = body.name.strip()
    if not name:
        raise invalid("A place needs a name", "name", min_length=1)
    command = CreateLocation(
        call.account, name, body.city or None, body.country or None, body.lat, body.lng
    )
    reply = await asked(call, command, call.key(body))
    row = LocationRow(
        reply.location, reply.name, reply.city, reply.country, reply.lat, reply.lng, 0
    )
    return json_answer(place_answer(row), 201)


@SECTION.route(
    "GET",
    f"{API}/locations/:location_id",
    who=Who.USER,
    tier=Tier.READ,
    query=Nothing,
    body=Nothing,
    answers={200: PlaceAnswer},
)
async def show_location(call: Call[Nothing, Nothing]) -> Response:
    """One place."""
    row = await find_place(call, call.ids["location_id"])
    if row is None:
        raise not_found()
    return json_answer(place_answer(row))


@SECTION.route(
    "GET",
    f"{API}/locations/:location_id/posts",
    who=Who.USER,
    tier=Tier.READ,
    query=PostsQuery,
    body=Nothing,
    answers={200: PostsPage},
)
async def list_posts_of_location(call: Call[PostsQuery, Nothing]) -> Response:
    """The posts of a place, newest first."""
    location = call.ids["location_id"]
    if await find_place(call, location) is None:
        raise not_found()

    async def fetch(span: Span) -> list[int]:
        return await call.context.asking.read(GetLocationPosts(location, span))

    return await posts_page(call, f"locations/{location}", fetch)
