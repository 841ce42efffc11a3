"""Search: people, hashtags, places."""

from server.http.answers import Response, json_answer
from server.http.calls import Call
from server.http.routing import API, Nothing, Section, Tier, Who
from server.problems import invalid
from server.reading.places import place_answer
from server.reading.searching import clean, match_of
from server.requests import LocationsQuery, SearchQuery
from server.wire import (
    FoundHashtag,
    FoundHashtagsAnswer,
    FoundPlacesAnswer,
    FoundUser,
    FoundUsersAnswer,
)
from storage.hashtags import hashtag_of
from storage.ids import id_at
from storage.reads import FindHashtags, FindLocations, FindLocationsNear, FindUsers
from storage.rows import HashtagRow

SECTION = Section()

DAY_MS = 24 * 3_600 * 1_000
WEEK_DAYS = 7

TRENDING_POSTS_MIN = 5
"""Posts in a day without which nothing is a trend."""

TRENDING_RATIO = 2
"""How many times as many posts a day as in the week before make a trend."""


@SECTION.route(
    "GET",
    f"{API}/search/users",
    who=Who.ANYONE,
    tier=Tier.SEARCH,
    query=SearchQuery,
    body=Nothing,
    answers={200: FoundUsersAnswer},
)
async def search_users(call: Call[SearchQuery, Nothing]) -> Response:
    """People by the beginning of their username or of words of their full name, the best known
    first."""
    text, viewer = clean(call.query.q), None if call.viewer is None else call.viewer.account
    question = FindUsers(text.removeprefix("@").lower(), match_of(text), viewer, call.query.count)
    found = await call.context.asking.read(question)
    people = await call.context.views.people(found.accounts, viewer)
    users = [
        FoundUser(
            user_id=str(account),
            username=(row := people[account].view.row).username,
            full_name=row.full_name,
            profile_image_url=people[account].view.named().profile_image_url,
            verified=row.verified,
            followers_count=row.followers,
        )
        for account in found.accounts
        if account in people
    ]
    return json_answer(FoundUsersAnswer(users, found.total))


@SECTION.route(
    "GET",
    f"{API}/search/hashtags",
    who=Who.USER,
    tier=Tier.SEARCH,
    query=SearchQuery,
    body=Nothing,
    answers={200: FoundHashtagsAnswer},
)
async def search_hashtags(call: Call[SearchQuery, Nothing]) -> Response:
    """Hashtags by their beginning, most posts first."""
    now = call.context.now()
    prefix = hashtag_of(clean(call.query.q).removeprefix("#"))
    day, week = id_at(now - DAY_MS), id_at(now - (1 + WEEK_DAYS) * DAY_MS)
    question = FindHashtags(prefix, call.account, day, week, call.query.count)
    found = await call.context.asking.read(question) if prefix else []
    return json_answer(
        FoundHashtagsAnswer([FoundHashtag(row.name, row.posts, is_trending(row)) for row in found])
    )


def is_trending(row: HashtagRow) -> bool:
    """Whether a hashtag got at least `TRENDING_POSTS_MIN` public posts in the last 24 hours, and at
    least `TRENDING_RATIO` times the daily mean of the seven days before."""
    return row.day >= max(TRENDING_POSTS_MIN, TRENDING_RATIO * row.week / WEEK_DAYS)


@SECTION.route(
    "GET",
    f"{API}/search/locations",
    who=Who.USER,
    tier=Tier.SEARCH,
    query=LocationsQuery,
    body=Nothing,
    answers={200: FoundPlacesAnswer},
)
async def search_locations(call: Call[LocationsQuery, Nothing]) -> Response:
    """Places by words of their name, city or country: most posts first, then population; the
    nearest first if the query says to where."""
    query, match = call.query, match_of(call.query.q)
    if query.lat is None and query.lng is None:
        question = FindLocations(match, call.account, query.count)
        found = await call.context.asking.read(question)
    elif query.lat is None or query.lng is None:
        missing = "lat" if query.lat is None else "lng"
        raise invalid("lat and lng come together", missing)
    else:
        near = FindLocationsNear(match, query.lat, query.lng, call.account, query.count)
        found = await call.context.asking.read(near)
    return json_answer(FoundPlacesAnswer([place_answer(row) for row in found]))
