"""The people that a text names. Pure; used where captions and comments are written."""

import re

from storage.spelling import composed

MENTIONS_MAX = 20
"""People that one text may call: whoever names more calls nobody in particular."""

_MENTION = re.compile(r"(?<![\w.@/])@([A-Za-z0-9._]{1,30})(?![A-Za-z0-9_])", re.ASCII)


def mentions_in(text: str | None) -> tuple[str, ...]:
    """The usernames after an `@` in `text`: lower case, in order of first use, once each, at most
    `MENTIONS_MAX`. Whether there are such people is for the caller to find out."""
    if not text or "@" not in text:
        return ()
    found: dict[str, None] = {}
    for match in _MENTION.finditer(composed(text)):  # or `@anné` may call an `anne`
        name = match[1].rstrip(".").lower()  # the end of a sentence is no part of a name
        if name and len(found) < MENTIONS_MAX:
            found.setdefault(name)
    return tuple(found)
