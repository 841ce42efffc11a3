"""What hardening.md wants tried: texts and JSON that break naive servers, and every field of every
JSON body that they are put into.

`PLACES` makes of a person and a value a request with the value in one of its fields.
"""

from collections.abc import Callable
from typing import Any

from tests.conformance.world import PASSWORD, Person, fresh

TEXTS = {
    "nul": "a\0b",
    "lone surrogate": "a\ud800b",
    "surrogates the wrong way round": "\udc00\ud800",
    "right-to-left override": "\u202egpj.exe",
    "emoji": "👩‍👩‍👧😍" * 10,
    "combining tower": "a" + "\u0301" * 140,
    "quote": '"',
    "star": "*",
    "near": "NEAR(",
    "sql": "'; drop table users; --",
    "html": "<script>alert(1)</script>",
    "crlf": "a\r\nSet-Cookie: b=c",
    "byte order mark": "\ufeffa",
    "line separator": "a\u2028b",
    "no character": "\uffff\U0010ffff",
    "format": "%s%n{0}{}${x}",
    "path": "../../../etc/passwd",
    "escape": "\x1b[31m\x7f\x80",
    "spaces": "\u00a0\u3000\u200b",
    "long": "x" * 100_000,
    "digits": "9" * 5_000,
}

VALUES = {
    "nested 1,000 deep": "[" * 1_000 + "]" * 1_000,
    "objects 1,000 deep": '{"a":' * 1_000 + "1" + "}" * 1_000,
    "nested 100,000 deep": "[" * 100_000 + "]" * 100_000,
    "opened 100,000 times": "[" * 100_000,
    "1e400": "1e400",
    "-1e400": "-1e400",
    "1e-400": "1e-400",
    "NaN": "NaN",
    "Infinity": "-Infinity",
    "40 digits": "9" * 40,
    "5,000 digits": "9" * 5_000,
    "negative": "-1",
    "float": "1.5",
    "true": "true",
    "null": "null",
    "list": "[1, [2], {}]",
    "object": '{"a": {"b": []}}',
    "bad escape": r'"\x"',
    "half an escape": r'"\u12"',
    "raw control": '"a\x01b"',
    "open": '"',
}

Body = dict[str, Any]
Place = Callable[[Person, Any], tuple[str, str, Body]]
"""Of somebody and a value, a request with the value in one of its fields."""


def post_of(person: Person) -> str:
    """The newest post of somebody."""
    posts = person.sees("/users/me/posts", count=1)["posts"]
    return posts[0]["post_id"] if posts else person.posts()["post_id"]


def _register(field: str) -> Place:
    def place(person: Person, value: Any) -> tuple[str, str, Body]:
        body = {"username": fresh("ann"), "password": PASSWORD, field: value}
        return "POST", "/auth/register", body

    return place


def _body(method: str, path: str, field: str, **others: Any) -> Place:
    return lambda person, value: (method, path, {**others, field: value})


def _comment(field: str) -> Place:
    def place(person: Person, value: Any) -> tuple[str, str, Body]:
        return "POST", f"/posts/{post_of(person)}/comments", {"text": "x", field: value}

    return place


def _edit(field: str, listed: bool = False) -> Place:
    def place(person: Person, value: Any) -> tuple[str, str, Body]:
        return "PUT", f"/posts/{post_of(person)}", {field: [value] if listed else value}

    return place


PLACES: dict[str, Place] = {
    **{
        f"register {field}": _register(field)
        for field in ("username", "password", "email", "full_name", "invite", "unknown")
    },
    "login username": _body("POST", "/auth/login", "username", password=PASSWORD),
    "login password": _body("POST", "/auth/login", "password", username="nobody.at.all"),
    "refresh": _body("POST", "/auth/refresh", "refresh_token"),
    "old password": _body("POST", "/auth/password", "old_password", new_password="x" * 8),
    "new password": _body("POST", "/auth/password", "new_password", old_password="wrong horse"),
    "delete": _body("POST", "/users/me/delete", "password"),
    **{
        f"profile {field}": _body("PUT", "/users/me", field)
        for field in ("username", "full_name", "bio", "website", "private_account", "unknown")
    },
    "comment text": _comment("text"),
    "comment parent": _comment("parent_comment_id"),
    "comment unknown": _comment("unknown"),
    "edit caption": _edit("caption"),
    "edit alt text": _edit("alt_texts", listed=True),
    "edit tag": _edit("user_tags", listed=True),
    "edit location": _edit("location_id"),
}
