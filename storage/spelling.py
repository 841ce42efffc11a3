"""How a text is spelt where texts are compared: what looks the same is sent composed (`é`) by one
telephone and decomposed (`e` and a mark) by another.

Used for hashtags, mentions and searches. Pure. What somebody wrote is kept and shown as it was
sent.
"""

import unicodedata


def composed(text: str) -> str:
    """`text` with each letter and its marks as one character, where there is such a one: NFC
    (Unicode's annex 15)."""
    return unicodedata.normalize("NFC", text)


def both_spellings(text: str) -> list[str]:
    """`text` composed and decomposed; once if that is the same."""
    return list(dict.fromkeys(unicodedata.normalize(form, text) for form in ("NFC", "NFD")))
