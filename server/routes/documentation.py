"""The API's own description: `/openapi.json`, and a page that shows it, with all that the page
needs."""

import functools
import importlib.util
from pathlib import Path

import msgspec
from quart_trio.wrappers import TrioResponse

from server.http.answers import Response, encoded_answer
from server.http.calls import Call
from server.http.routing import Nothing, Raw, Section, Tier, Who
from server.problems import not_found

SECTION = Section()

PAGE = b"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Triptych's API</title>
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<div id="page"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
"""

START = b"""SwaggerUIBundle({url: "/openapi.json", dom_id: "#page", deepLinking: true});
"""

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'"
)
"""Swagger UI sets styles of its own and draws its icons from data; everything else is ours."""

CACHING = "public, max-age=86400"

ASSETS = {"swagger-ui.css": "text/css", "swagger-ui-bundle.js": "text/javascript"}
"""Of the package swagger-ui-py, which is never imported."""


@SECTION.route(
    "GET",
    "/openapi.json",
    who=Who.PUBLIC,
    tier=Tier.READ,
    query=Nothing,
    body=Nothing,
    answers={200: Raw(("application/json",))},
)
async def show_openapi(call: Call[Nothing, Nothing]) -> Response:
    """This description of the API, in OpenAPI 3.1."""
    return encoded_answer(_document())


@functools.cache
def _document() -> bytes:
    # Imported late: the table imports this file.
    from server.openapi import describe  # noqa: PLC0415
    from server.routes.instance import VERSION  # noqa: PLC0415
    from server.routes.table import ROUTES  # noqa: PLC0415

    return msgspec.json.encode(describe(ROUTES, VERSION))


@SECTION.route(
    "GET",
    "/docs",
    who=Who.PUBLIC,
    tier=Tier.READ,
    query=Nothing,
    body=Nothing,
    answers={200: Raw(("text/html",))},
)
async def show_docs(call: Call[Nothing, Nothing]) -> Response:
    """The API for people to read and to try."""
    response = TrioResponse(PAGE, 200, content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = PAGE_POLICY
    return response


@SECTION.route(
    "GET",
    "/docs/:name",
    who=Who.PUBLIC,
    tier=Tier.READ,
    query=Nothing,
    body=Nothing,
    answers={200: Raw(tuple(ASSETS.values()))},
)
async def show_docs_asset(call: Call[Nothing, Nothing]) -> Response:
    """What the page needs."""
    name = call.names["name"]
    if name == "start.js":
        data, kind = START, "text/javascript"
    elif name in ASSETS:
        data, kind = _asset(name), ASSETS[name]
    else:
        raise not_found()
    response = TrioResponse(data, 200, content_type=f"{kind}; charset=utf-8")
    response.headers["Cache-Control"] = CACHING
    return response


@functools.cache
def _asset(name: str) -> bytes:
    """An asset, read once: 1.6 MB in all, and only if somebody looks."""
    package = importlib.util.find_spec("swagger_ui")
    assert package is not None, "swagger-ui-py is installed"
    assert package.submodule_search_locations is not None, "it is a package"
    return (Path(package.submodule_search_locations[0]) / "static" / name).read_bytes()
