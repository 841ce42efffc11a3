"""The hashtags of a caption, and how one is spelt. Pure; used where posts are shown, where they are
indexed and where they are looked for."""

import unicodedata

from storage.spelling import composed


def hashtag_of(name: str) -> str:
    """The one spelling of a hashtag: lower case and composed."""
    return composed(composed(name).lower())


def hashtags_in(caption: str | None) -> list[str]:
    """The hashtags of `caption` without their `#`, as `hashtag_of` spells them, in order of first
    use, once each.

    A hashtag is a run of letters, marks, digits and `_` after a `#`, at least one of them not a
    digit.
    """
    if not caption or "#" not in caption:
        return []
    found: dict[str, None] = {}
    for piece in caption.split("#")[1:]:
        name = _leading_name(piece)
        if name and not name.isdecimal():
            found.setdefault(hashtag_of(name))
    return list(found)


def _leading_name(piece: str) -> str:
    for place, character in enumerate(piece):
        if not _may_be_in_hashtag(character):
            return piece[:place]
    return piece


def _may_be_in_hashtag(character: str) -> bool:
    return character == "_" or unicodedata.category(character)[0] in "LM" or character.isdecimal()
