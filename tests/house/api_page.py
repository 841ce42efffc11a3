"""The list of all routes in docs/api.md, made from the route table: the docs can't lie.

`make docs` runs this file, which writes it; `test_documents` compares.
"""

import inspect
import json
from typing import Any

import msgspec

from server.examples import EXAMPLES
from server.http.calls import IDEMPOTENCY_KEY
from server.http.routing import Multipart, Nothing, Raw, Route, Tier, Who
from server.openapi import problems_of
from server.problems import Problem, limits_of
from server.routes.table import ROUTES
from tests.house.tree import ROOT

PAGE = ROOT / "docs" / "api.md"
BEGIN, END = "<!-- routes: written by `make docs` -->\n", "<!-- end of routes -->\n"

MAY = {
    Who.PUBLIC: "anybody",
    Who.ANYONE: "anybody; a token makes it personal",
    Who.USER: "whoever has a token",
}


def routes_listed() -> str:
    """Every route, from the line after `BEGIN` to the line before `END`."""
    return "\n".join(_listed(route) for route in ROUTES)


def _listed(route: Route) -> str:
    words = " ".join((inspect.getdoc(route.handler) or "").split())
    tier = "none" if route.tier is Tier.NONE else route.tier.name.lower().replace("_", " ")
    lines = [f"### {route.method} {route.path}", "", words, ""]
    lines.append(f"- Who may: {MAY[route.who]}. Tier: {tier}.")
    if route.query is not Nothing:
        lines.append(f"- Query: {_fields(route.query)}.")
    if issubclass(route.body, Multipart):
        names = ", ".join(f"`{name}`" for name in route.body.schema["properties"])
        lines.append(f"- Form: {names}.")
    elif route.body is not Nothing:
        lines.append(f"- Body: {_fields(route.body)}.")
    if route.idempotent:
        lines.append(f"- Heeds an `{IDEMPOTENCY_KEY}`.")
    lines.append(f"- Errors: {', '.join(map(str, problems_of(route)))}.")
    if route.body in EXAMPLES:
        lines += ["", "Request:", "", *_block(EXAMPLES[route.body])]
    for status, kind in route.answers.items():
        if kind is Problem:
            continue
        if isinstance(kind, Raw):
            lines += ["", f"Answer {status}: {' or '.join(kind.media_types)}."]
        elif kind in EXAMPLES:
            lines += ["", f"Answer {status}:", "", *_block(EXAMPLES[kind])]
        else:
            lines += ["", f"Answer {status}."]
    return "\n".join([*lines, ""])


def _fields(kind: type[Any]) -> str:
    """The fields of a request, with their limits."""
    listed: list[str] = []
    for field in msgspec.structs.fields(kind):
        limits = limits_of(kind, field.encode_name)
        bounds = [f"{name} {value}" for name, value in limits.items()]
        if not field.required:
            bounds.insert(0, "optional")
        listed.append(f"`{field.encode_name}`" + (f" ({', '.join(bounds)})" if bounds else ""))
    return ", ".join(listed)


def _block(example: object) -> list[str]:
    text = json.dumps(msgspec.to_builtins(example), indent=2, ensure_ascii=False)
    return ["```json", *text.splitlines(), "```"]


def with_routes(page: str) -> str:
    """`page` with the routes between the two markers renewed. Raises `ValueError` without them."""
    begin = page.index(BEGIN) + len(BEGIN)
    return page[:begin] + routes_listed() + page[page.index(END) :]


if __name__ == "__main__":
    PAGE.write_text(with_routes(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
