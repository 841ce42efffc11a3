"""Who may open a stream: the origin, the token, the number of streams; everything that is settled
before the upgrade.

Called by `server.streams.lines` with the scope of a handshake.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from server.access.tokens import Claims, bearer_token
from server.context import Context
from server.hub import STREAMS_OF_A_USER_MAX
from server.problems import forbidden, rate_limited, unauthorized
from server.streams.origins import is_welcome, parse_origins

BEARER_PROTOCOL = "bearer."
"""Before the token among the subprotocols: browsers can't set the header."""

RETRY_S = 10
"""When somebody with too many streams may try again."""


async def admit(context: Context, scope: Any) -> Claims:
    """Whose stream it will be. Raises `Problem`: a 401, 403 or 429. Nothing has been waited for
    since their session was seen to be alive."""
    headers = {
        name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]
    }
    settings = context.settings
    if not is_welcome(headers, settings.public_url, parse_origins(settings.stream_origins)):
        raise forbidden("This origin may not open streams", "Origin")
    claims = context.tokens.verify(_token(headers, scope["subprotocols"]), context.now() // 1_000)
    if claims is None:
        raise unauthorized("The token is invalid or has expired")
    if not await context.sessions.is_alive(claims.session, claims.account):
        raise unauthorized("This session has ended")
    if not context.hub.has_room_for(claims.account):
        raise rate_limited(
            f"No more than {STREAMS_OF_A_USER_MAX} streams of one user",
            context.now() + RETRY_S * 1_000,
            context.now(),
            limit=STREAMS_OF_A_USER_MAX,
        )
    return claims


def _token(headers: Mapping[str, str], subprotocols: Iterable[str]) -> str:
    """The token that is there. Raises a 401 for none, or for something else."""
    header = headers.get("authorization")
    if header is not None:
        token = bearer_token(header)
        if token is None:
            raise unauthorized("Only bearer tokens are understood")
        return token
    for offered in subprotocols:
        if offered.startswith(BEARER_PROTOCOL):
            return offered[len(BEARER_PROTOCOL) :]
    raise unauthorized()
