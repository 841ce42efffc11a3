"""The one route table: every route of every section, in the order of the documentation.

`server.app` makes Quart's rules from it. Nothing is declared here.
"""

from server.routes import auth, feed, graph, health, media, posts, users
from server.routing import Route

ROUTES: tuple[Route, ...] = tuple(
    route
    for section in (
        auth.SECTION,
        posts.SECTION,
        feed.SECTION,
        users.SECTION,
        graph.SECTION,
        media.SECTION,
        health.SECTION,
    )
    for route in section.routes
)
