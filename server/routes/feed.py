"""The home feed."""

from server.http.answers import Response
from server.http.calls import Call
from server.http.routing import API, Nothing, Section, Tier, Who
from server.reading.listing import posts_page
from server.requests import PostsQuery
from server.wire import PostsPage
from storage.reads import Span

SECTION = Section()


@SECTION.route(
    "GET",
    f"{API}/feed",
    who=Who.USER,
    tier=Tier.FEED,
    query=PostsQuery,
    body=Nothing,
    answers={200: PostsPage},
    hot=True,
)
async def show_feed(call: Call[PostsQuery, Nothing]) -> Response:
    """Posts of those followed and one's own, newest first."""

    async def fetch(span: Span) -> list[int]:
        return await call.context.feed.posts(call.account, span)

    return await posts_page(call, "feed", fetch)
