"""The OpenAPI 3.1 description of the API, made from the route table and from nothing else.

`server.routes.documentation` serves it. Pure. What a route takes and answers is what it declares;
which errors it may answer follows from who may call it, what it takes, and what it adds itself.
"""

import inspect
import re
from collections.abc import Sequence
from typing import Any, cast

import msgspec

from server.examples import EXAMPLES
from server.http.calls import (
    ID_PREFIXES,
    IDEMPOTENCY_KEY,
    IDEMPOTENCY_KEY_LENGTH_MAX,
    VISIBLE_ASCII,
)
from server.http.routing import API, Multipart, Nothing, Raw, Route, Tier, Who
from server.problems import Code, Problem

VERSION = "3.1.0"

PROBLEM = Problem.__name__

STATUS_TEXTS = {
    101: "The stream is open",
    200: "Done",
    201: "Made",
    206: "The range that was asked for",
    304: "Not modified",
    400: "The request can't be understood, or a value is out of bounds",
    401: "A token is needed, or this one is no longer good",
    403: "Not for this caller",
    404: "There is no such thing for this caller",
    408: "The body came too slowly",
    409: "The username is taken",
    413: "The body or a file is too large",
    416: "The file has no such range",
    429: "Too many requests",
    500: "A bug of the server's",
    503: "The server is overloaded or stopping; nothing happened",
}

PROBLEM_SCHEMA: dict[str, Any] = {
    "title": PROBLEM,
    "description": "Every error. A 429 has `message` and `reset_at` at the top, too.",
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "details"],
            "properties": {
                "code": {"enum": [code.name for code in Code]},
                "message": {"type": "string"},
                "details": {"type": "object"},
            },
        },
        "message": {"type": "string"},
        "reset_at": {"type": "string", "format": "date-time"},
    },
}

HEADERS: dict[str, dict[str, Any]] = {
    "X-Request-Id": {
        "description": "What the server's log calls this request.",
        "required": True,
        "schema": {"type": "string", "minLength": 1},
    },
    "X-RateLimit-Limit": {
        "description": "Requests an hour of this class of endpoints, unless limits are off.",
        "schema": {"type": "integer", "minimum": 0},
    },
    "X-RateLimit-Remaining": {
        "description": "What is left of them.",
        "schema": {"type": "integer", "minimum": 0},
    },
    "X-RateLimit-Reset": {
        "description": "When the hour is over, in Unix seconds.",
        "schema": {"type": "integer", "minimum": 0},
    },
    "Retry-After": {
        "description": "Seconds after which it may be tried again.",
        "required": True,
        "schema": {"type": "integer", "minimum": 1},
    },
    "WWW-Authenticate": {"required": True, "schema": {"type": "string"}},
}
"""What answers carry besides their bodies."""

RATE_LIMIT_HEADERS = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")
HEADERS_OF_STATUS = {
    401: ("WWW-Authenticate",),
    429: ("Retry-After",),
    503: ("Retry-After",),
}

_PARAMETER = re.compile(r":(\w+)")


def describe(routes: Sequence[Route], version: str) -> dict[str, Any]:
    """The OpenAPI document of `routes`."""
    kinds = _kinds_of(routes)
    schemas, components = msgspec.json.schema_components(
        kinds, ref_template="#/components/schemas/{name}"
    )
    of_kind = dict(zip(kinds, schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        path = _PARAMETER.sub(r"{\1}", route.path)
        paths.setdefault(path, {})[route.method.lower()] = _operation(route, of_kind)
    return {
        "openapi": VERSION,
        "info": {
            "title": "Triptych",
            "version": version,
            "description": "Photos, and the people who follow them. Ids are strings of digits, "
            "times RFC 3339 in UTC; lists have signed cursors; every error has one shape.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": {**_for_everybody(components), PROBLEM: PROBLEM_SCHEMA},
            "headers": HEADERS,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
            },
        },
    }


def _kinds_of(routes: Sequence[Route]) -> list[Any]:
    """Every type of a body or an answer, once."""
    kinds: dict[Any, None] = {}
    for route in routes:
        if route.body is not Nothing and not issubclass(route.body, Multipart):
            kinds.setdefault(route.body)
        for kind in route.answers.values():
            if kind is not None and kind is not Problem and not isinstance(kind, Raw):
                kinds.setdefault(kind)
    return list(kinds)


def _operation(route: Route, of_kind: dict[Any, dict[str, Any]]) -> dict[str, Any]:
    words = inspect.getdoc(route.handler) or ""
    operation: dict[str, Any] = {
        "operationId": getattr(route.handler, "__name__", route.name),
        "summary": words.partition(".")[0].replace("\n", " "),
        "description": words,
        "tags": [_section(route)],
        "parameters": _parameters(route),
        "responses": _responses(route, of_kind),
    }
    if route.who is Who.USER:
        operation["security"] = [{"bearer": []}]
    elif route.who is Who.ANYONE:
        operation["security"] = [{}, {"bearer": []}]
    if issubclass(route.body, Multipart):
        operation["requestBody"] = {
            "required": True,
            "content": {"multipart/form-data": {"schema": dict(route.body.schema)}},
        }
    elif route.body is not Nothing:
        operation["requestBody"] = {
            "required": any(field.required for field in msgspec.structs.fields(route.body)),
            "content": {"application/json": _content(route.body, of_kind)},
        }
    return operation


def _section(route: Route) -> str:
    words = route.path.removeprefix(API).strip("/").split("/")
    return words[0] if route.path.startswith(API) else "server"


def _parameters(route: Route) -> list[dict[str, Any]]:
    parameters: list[dict[str, Any]] = []
    for name in _PARAMETER.findall(route.path):
        schema: dict[str, Any] = {"type": "string", "minLength": 1}
        if name in ID_PREFIXES:
            digits = "[1-9][0-9]{0,15}"
            me = "|me" if name == "user_id" else ""
            schema["pattern"] = f"^(({ID_PREFIXES[name]})?{digits}{me})$"
        parameters.append({"name": name, "in": "path", "required": True, "schema": schema})
    if route.query is not Nothing:
        (schema,), components = msgspec.json.schema_components([route.query])
        described = components[schema["$ref"].rpartition("/")[2]]
        for name, field in described["properties"].items():
            required = name in described["required"]
            parameters.append(
                {
                    "name": name,
                    "in": "query",
                    "required": required,
                    "schema": _for_everybody(_present(field)),
                }
            )
    if route.idempotent:
        parameters.append(
            {
                "name": IDEMPOTENCY_KEY,
                "in": "header",
                "required": False,
                "description": "The same key within 24 hours means the same request.",
                "schema": {
                    "type": "string",
                    "maxLength": IDEMPOTENCY_KEY_LENGTH_MAX,
                    "pattern": f"^{VISIBLE_ASCII}$",
                },
            }
        )
    return parameters


def _present(field: dict[str, Any]) -> dict[str, Any]:
    """A field that may be absent, as what it is if it is there: a query holds no null."""
    some = [one for one in field.get("anyOf", ()) if one.get("type") != "null"]
    return some[0] if len(some) == 1 else field


def _for_everybody(schema: Any) -> Any:
    """`schema` with its patterns as JSON Schema wants them, in ECMAScript's dialect: Python's `\\A`
    and `\\Z` are `^` and `$` there."""
    match schema:
        case dict():
            members = cast(dict[str, Any], schema)
            return {
                name: value.replace(r"\A", "^").replace(r"\Z", "$")
                if name == "pattern" and isinstance(value, str)
                else _for_everybody(value)
                for name, value in members.items()
            }
        case list():
            return [_for_everybody(item) for item in cast(list[Any], schema)]
        case _:
            return schema


def _responses(route: Route, of_kind: dict[Any, dict[str, Any]]) -> dict[str, Any]:
    responses: dict[str, Any] = {}
    for status, kind in route.answers.items():
        if kind is Problem:
            continue
        responses[str(status)] = {"description": STATUS_TEXTS[status]}
        if isinstance(kind, Raw):
            responses[str(status)]["content"] = {
                media_type: {"schema": _raw_schema(media_type)} for media_type in kind.media_types
            }
        elif kind is not None:
            responses[str(status)]["content"] = {"application/json": _content(kind, of_kind)}
    problem = {"schema": {"$ref": f"#/components/schemas/{PROBLEM}"}}
    for status in problems_of(route):
        responses[str(status)] = {
            "description": STATUS_TEXTS[status],
            "content": {"application/json": problem},
        }
    for status, response in responses.items():
        names = ["X-Request-Id", *HEADERS_OF_STATUS.get(int(status), ())]
        if route.tier is not Tier.NONE:
            names += RATE_LIMIT_HEADERS
        response["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in names}
    return responses


def _raw_schema(media_type: str) -> dict[str, Any]:
    match media_type.partition("/")[0]:
        case "application":
            return {"type": "object"}
        case "text":
            return {"type": "string"}
        case _:
            return {"type": "string", "format": "binary"}


def problems_of(route: Route) -> list[int]:
    """The statuses of the errors that a route may answer."""
    declared = {status for status, kind in route.answers.items() if kind is Problem}
    statuses = {400, 500, 503, *declared}
    if route.who is not Who.PUBLIC:
        statuses.add(401)
    if ":" in route.path:
        statuses.add(404)
    if route.tier is not Tier.NONE:
        statuses.add(429)
    if route.body is not Nothing:
        statuses |= {408, 413}
    return sorted(statuses - (set(route.answers) - declared))


def _content(kind: Any, of_kind: dict[Any, dict[str, Any]]) -> dict[str, Any]:
    content: dict[str, Any] = {"schema": of_kind[kind]}
    if kind in EXAMPLES:
        content["example"] = msgspec.to_builtins(EXAMPLES[kind])
    return content
