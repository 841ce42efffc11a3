"""The one route table: every route of every section, in the order of the documentation.

`server.app` makes Quart's rules from it. Nothing is declared here.
"""

from server.http.routing import Route
from server.routes import (
    auth,
    comments,
    discovery,
    documentation,
    feed,
    graph,
    health,
    instance,
    media,
    notifications,
    posts,
    profile,
    search,
    stories,
    stream,
    users,
)

ROUTES: tuple[Route, ...] = tuple(
    route
    for section in (
        auth.SECTION,
        posts.SECTION,
        comments.SECTION,
        feed.SECTION,
        discovery.SECTION,
        stories.SECTION,
        users.SECTION,
        profile.SECTION,
        graph.SECTION,
        search.SECTION,
        notifications.SECTION,
        stream.SECTION,
        media.SECTION,
        instance.SECTION,
        documentation.SECTION,
        health.SECTION,
    )
    for route in section.routes
)
