"""A request without Quart: what handlers look at, made from ASGI's scope when it is looked at.

For hot routes (`server.http.hot_routes`), made by `server.app`.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qsl

from werkzeug.datastructures import ETags, ImmutableMultiDict, MultiDict, Range
from werkzeug.http import parse_etags, parse_range_header
from werkzeug.sansio.http import parse_cookie

from server.http.connection import PulledBody, PulledRequest, Receive


def queried(query: bytes) -> list[tuple[str, str]]:
    """A query's names and values, as Werkzeug reads them. Raises `UnicodeDecodeError`."""
    return parse_qsl(query.decode(), keep_blank_values=True, errors="werkzeug.url_quote")


class DirectHeaders:
    """A request's headers, as far as handlers look at them; names in any case."""

    def __init__(self, headers: Sequence[tuple[bytes, bytes]]) -> None:
        self._headers = headers
        self._first: dict[bytes, bytes] = {}
        for name, value in reversed(headers):
            self._first[name] = value

    def get(self, name: str, default: Any = None) -> Any:
        """The first of that name as a text, or `default`."""
        value = self._first.get(name.lower().encode("latin-1"))
        return default if value is None else value.decode("latin-1")

    def getlist(self, name: str) -> list[str]:
        """All of that name."""
        wanted = name.lower().encode("latin-1")
        return [value.decode("latin-1") for key, value in self._headers if key == wanted]

    def __contains__(self, name: str) -> bool:
        return name.lower().encode("latin-1") in self._first


class DirectRequest:
    """What handlers may ask of a request, under Quart's names."""

    def __init__(self, scope: Mapping[str, Any], receive: Receive) -> None:
        self.scope = scope
        self.method: str = scope["method"]
        self.headers = DirectHeaders(scope["headers"])
        self.answer_headers: Mapping[str, str] = MappingProxyType({})
        """What whoever handles the request wants on its answer, whichever that will be."""
        self._announces_body = "Transfer-Encoding" in self.headers or (self._length or 0) > 0
        self._receive = receive

    @cached_property
    def args(self) -> MultiDict[str, str]:
        """The query."""
        return ImmutableMultiDict(queried(self.scope["query_string"]))

    @cached_property
    def pulled(self) -> PulledBody:
        """The body."""
        body = PulledBody(self._length, None)
        body.pull_from(self._receive)
        return body

    @property
    def has_unread_body(self) -> bool:
        """True while the client is, or may be, still sending what nobody has asked for."""
        return self._announces_body and not self.pulled.ended

    @property
    def if_none_match(self) -> ETags:
        """The tags that the client has already."""
        return parse_etags(self.headers.get("If-None-Match"))

    @property
    def range(self) -> Range | None:
        """The part that is asked for."""
        return parse_range_header(self.headers.get("Range"))

    @property
    def cookies(self) -> MultiDict[str, str]:
        """What the browser brought along."""
        return parse_cookie(";".join(self.headers.getlist("Cookie")))

    @property
    def _length(self) -> int | None:
        told = self.headers.get("Content-Length", "")
        return int(told) if told.isascii() and told.isdigit() else None


Request = PulledRequest | DirectRequest
"""What a route is called with."""
