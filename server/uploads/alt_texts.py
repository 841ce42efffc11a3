"""What pictures show, in the words of whoever posts them.

Called when a post is published or edited.
"""

from collections.abc import Sequence

from server.problems import invalid

ALT_TEXTS = "alt_texts"


def padded(alts: Sequence[str | None], count: int) -> list[str | None]:
    """One alt text a picture, None for those that have none. Raises a 400 for more than
    pictures."""
    if len(alts) > count:
        raise invalid("There are more alt texts than pictures", ALT_TEXTS, max=count)
    return [alt or None for alt in alts] + [None] * (count - len(alts))
