"""Whom somebody may name in a text or a picture: nobody whom a block keeps apart from them, and
nobody who is deleted.

The rules of posts and comments call this. Pure. That the accounts exist is for the asker to find
out.
"""

from actors.decisions import Moment
from actors.user.state import UserState
from storage.facts import Tag


def named(accounts: tuple[int, ...], by: UserState, moment: Moment) -> tuple[int, ...]:
    """Those of `accounts` that `by` may name, once each."""
    once = dict.fromkeys(accounts)
    return tuple(who for who in once if by.meets(who) and who not in moment.gone)


def told(
    accounts: tuple[int, ...], by: UserState, author: UserState, moment: Moment
) -> tuple[int, ...]:
    """Those of `accounts` that `by` may name and who may see what `author` posts: others are not to
    hear of it."""
    return tuple(who for who in named(accounts, by, moment) if author.shows_to(who))


def tagged(tags: tuple[Tag, ...], by: UserState, moment: Moment) -> tuple[Tag, ...]:
    """The tags of those that the author `by` may name, the first of each, and whether they are
    told: only who may see the picture."""
    first: dict[int, Tag] = {}
    for tag in tags:
        first.setdefault(tag.account, tag)
    return tuple(
        Tag(who, first[who].x, first[who].y, by.shows_to(who))
        for who in named(tuple(first), by, moment)
    )
