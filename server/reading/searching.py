"""From what somebody types into a search to what is looked for: any text is safe.

Called by the routes of search. Pure.
"""

import unicodedata

from storage.spelling import both_spellings

NOTHING = '""'
"""An FTS5 query that matches nothing."""

WORDS_MAX = 10
"""Words of a query that are heeded: a name has fewer."""


def clean(text: str) -> str:
    """A text without what no name holds: NUL, lone surrogates, blanks at its ends."""
    return text.replace("\0", "").encode("utf-8", "ignore").decode("utf-8").strip()


def match_of(text: str) -> str:
    """The FTS5 query for all of the words of `text`, each as a prefix; one that matches nothing if
    there are no words.

    Each word is quoted, so nothing in it is syntax. A word is looked for composed and decomposed:
    names are kept as they were sent, and of many scripts FTS5 tells the two apart.
    """
    words: list[str] = []
    word = ""
    for character in clean(text) + " ":
        if unicodedata.category(character)[0] in "LNM" or unicodedata.category(character) == "Co":
            word += character
        elif word:
            words.append(word)
            word = ""
    return " AND ".join(map(_either_way, words[:WORDS_MAX])) or NOTHING


def _either_way(word: str) -> str:
    return "(" + " OR ".join(f'"{one}"*' for one in both_spellings(word)) + ")"
