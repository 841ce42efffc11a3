"""Whose pages may open streams: browsers say in `Origin` which page it is that asks.

Parsed from the settings, asked by `server.streams.admission`. Pure.
"""

import re
from collections.abc import Mapping

_ORIGIN = re.compile(r"https?://[^\s/?#@,]+", re.ASCII | re.IGNORECASE)


def parse_origins(text: str | None) -> frozenset[str]:
    """The origins of a setting like `https://app.example.org, http://localhost:3000`. Raises
    `ValueError` for what is none."""
    origins = [one.strip() for one in (text or "").split(",") if one.strip()]
    for origin in origins:
        if _ORIGIN.fullmatch(origin) is None:
            raise ValueError(f"{origin!r} is no origin")
    return frozenset(origin.lower() for origin in origins)


def is_welcome(headers: Mapping[str, str], public_url: str | None, others: frozenset[str]) -> bool:
    """Whether a handshake with these headers (their names in lower case) comes from a page of ours,
    from one of `others`, or from no page at all. Without a `public_url` we are whatever host the
    browser takes us for."""
    origin = headers.get("origin")
    if origin is None:
        return True
    if public_url is not None:
        own = {public_url.lower()}
    else:
        host = headers.get("host", "").lower()
        own = {f"http://{host}", f"https://{host}"}
    return origin.lower() in own | others
