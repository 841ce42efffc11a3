"""The one route table: every route of every section, in the order of the documentation.

`server.app` makes Quart's rules from it. Nothing is declared here.
"""

from server.routes import (
    auth,
    comments,
    feed,
    graph,
    health,
    instance,
    media,
    posts,
    profile,
    users,
)
from server.routing import Route

ROUTES: tuple[Route, ...] = tuple(
    route
    for section in (
        auth.SECTION,
        posts.SECTION,
        comments.SECTION,
        feed.SECTION,
        users.SECTION,
        profile.SECTION,
        graph.SECTION,
        media.SECTION,
        instance.SECTION,
        health.SECTION,
    )
    for route in section.routes
)
