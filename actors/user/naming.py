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


def tagged(tags: tuple[Tag, ...], by: UserState, moment: Moment) -> tuple[Tag, ...]:
    """The tags of those that `by` may name, the first of each."""
    first: dict[int, Tag] = {}
    for tag in tags:
        first.setdefault(tag.account, tag)
    return tuple(first[who] for who in named(tuple(first), by, moment))
