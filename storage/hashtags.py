"""The hashtags of a caption. Pure; used where posts are shown and where they are indexed."""

import unicodedata


def hashtags_in(caption: str | None) -> list[str]:
    """The hashtags of `caption` without their `#`: lower case, in order of first use, once each.

    A hashtag is a run of letters, marks, digits and `_` after a `#`, at least one of them not a
    digit.
    """
    if not caption or "#" not in caption:
        return []
    found: dict[str, None] = {}
    for piece in caption.split("#")[1:]:
        name = _leading_name(piece)
        if name and not name.isdecimal():
            found.setdefault(name.lower())
    return list(found)


def _leading_name(piece: str) -> str:
    for place, character in enumerate(piece):
        if not _may_be_in_hashtag(character):
            return piece[:place]
    return piece


def _may_be_in_hashtag(character: str) -> bool:
    return character == "_" or unicodedata.category(character)[0] in "LM" or character.isdecimal()
