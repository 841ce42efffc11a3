"""A request as its handler gets it: who asks, with which values, all of them checked; and how ids
are parsed.

Made by `server.http.answering`, used by the files of `server/routes/`. It carries out nothing.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any, Generic, TypeVar, cast

import msgspec

from actors.runtime.asking import Asker, RequestKey
from server.access.addresses import FORWARDED, address_of, is_local
from server.context import Context
from server.http.direct import Request
from server.problems import invalid, not_found, unauthorized
from server.requests import number_of
from server.wire import COMMENT_PREFIX, STORY_PREFIX

Q = TypeVar("Q")
B = TypeVar("B")

IDEMPOTENCY_KEY = "Idempotency-Key"
IDEMPOTENCY_KEY_LENGTH_MAX = 255
"""Room for a UUID and any prefix, as elsewhere; it is stored for a day."""

ONESELF = "me"
ACCOUNT_PARAMETER = "user_id"
ID_PREFIXES = {
    ACCOUNT_PARAMETER: "",
    "follower_id": "",
    "post_id": "",
    "session_id": "",
    "comment_id": COMMENT_PREFIX,
    "story_id": STORY_PREFIX,
    "location_id": "",
}
"""The parameters of paths that are ids, and what may stand before the digits of each."""

VISIBLE_ASCII = r"[\x21-\x7e]+"
"""What an Idempotency-Key is made of."""

_encoder = msgspec.msgpack.Encoder(order="deterministic")


class Call(msgspec.Struct, Generic[Q, B], frozen=True):
    """One request to one route. `ids` and `names` are from the path, `route` is the name of the
    route.
    """

    context: Context
    route: str
    viewer: Asker | None
    ids: Mapping[str, int]
    names: Mapping[str, str]
    query: Q
    body: B
    idempotency_key: str | None
    request: Request

    @property
    def account(self) -> int:
        """Who asks, on a route that asks for a token. Raises a 401 for nobody."""
        if self.viewer is None:
            raise unauthorized()
        return self.viewer.account

    @property
    def session(self) -> int:
        """The session that asks, on a route that asks for a token. Raises a 401 for none."""
        if self.viewer is None:
            raise unauthorized()
        return self.viewer.session

    @property
    def address(self) -> str:
        """Where the request comes from, as rate limits and the login throttle count it."""
        return address_of_request(self.context, self.request)

    def key(self, values: object) -> RequestKey | None:
        """The request's Idempotency-Key with the hash of what it asks: its path, its query and
        `values`, its body's.
        """
        if self.idempotency_key is None:
            return None
        asked = _encoder.encode((self.ids, self.names, self.query, values))
        digest = hashlib.sha256(asked).digest()
        return RequestKey(self.account, self.route, self.idempotency_key, digest)


def address_of_request(context: Context, request: Request) -> str:
    """Where a request comes from: see `server.access.addresses`."""
    return address_of(_peer_of(request), request.headers.getlist(FORWARDED), context.proxies)


def is_from_here(context: Context, request: Request) -> bool:
    """Whether a request comes from this machine: see `server.access.addresses`."""
    return is_local(_peer_of(request), request.headers.getlist(FORWARDED), context.proxies)


def _peer_of(request: Request) -> str | None:
    """The other end of the connection; None for a Unix socket."""
    client: Sequence[Any] | None = cast(Mapping[str, Any], request.scope).get("client")
    return None if client is None else client[0]


def parse_path(
    values: Mapping[str, str], viewer: Asker | None
) -> tuple[dict[str, int], dict[str, str]]:
    """The ids and the other texts of a path.

    Raises a 404 for an id that can't be one, a 401 for `me` without a token.
    """
    if not values:
        return {}, {}
    ids = {
        name: _parse_id(text, viewer, name) for name, text in values.items() if name in ID_PREFIXES
    }
    return ids, {name: text for name, text in values.items() if name not in ID_PREFIXES}


def _parse_id(text: str, viewer: Asker | None, name: str) -> int:
    if name == ACCOUNT_PARAMETER and text == ONESELF:
        if viewer is None:
            raise unauthorized()
        return viewer.account
    number = number_of(text, ID_PREFIXES[name])
    if number is None:
        raise not_found()
    return number


def parse_idempotency_key(header: str | None) -> str | None:
    """The key, if there is one. Raises a 400 unless it is 1 to 255 visible ASCII characters."""
    if header is None:
        return None
    if len(header) > IDEMPOTENCY_KEY_LENGTH_MAX or not re.fullmatch(VISIBLE_ASCII, header):
        raise invalid(
            "An Idempotency-Key is 1 to 255 visible ASCII characters",
            IDEMPOTENCY_KEY,
            min_length=1,
            max_length=IDEMPOTENCY_KEY_LENGTH_MAX,
        )
    return header
