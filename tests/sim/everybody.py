"""Everything that everybody may ask about stories, notifications, hashtags and places, put to the
rows at once: at any moment between two commits, and in the end.
"""

from typing import Any

from storage.ids import ID_MAX
from storage.reads import (
    GetHashtagPosts,
    GetLocation,
    GetLocationPosts,
    GetNotifications,
    GetRings,
    GetStories,
    GetStoryViewers,
    GetUnread,
    Question,
    Span,
)
from tests.sim.broken import Broken
from tests.sim.discovering import trending
from tests.sim.looking import look_up, told_by
from tests.sim.model import ModelDisk
from tests.sim.publishing import HASHTAGS
from tests.sim.truth import Truth
from tests.sim.world import World

ALL = Span(100)


def check_everybody(world: World) -> None:
    """Whether the rows answer as the truth and the history do, as of the last commit."""
    disk = world.disk
    truth = Truth()
    for entry in disk.journal:
        truth.tell(entry)
    check_relations("rows", disk.relations(), truth.relations())
    if isinstance(disk, ModelDisk):
        return  # which answers from the truth
    for question in _questions(truth, world.now()):
        due = look_up(question, truth, disk.journal)
        if (found := told_by(question, disk.answer(question))) != due:
            raise Broken(f"{question} is answered {found}, should be {due}")
        world.answers_checked += 1


def _questions(truth: Truth, now: int) -> list[Question[Any]]:
    """Of everybody who is there, about everything."""
    questions: list[Question[Any]] = [GetHashtagPosts(name, ALL) for name in HASHTAGS]
    questions += [GetLocationPosts(place, ALL) for place in truth.found.places]
    questions += [GetStoryViewers(story, ALL) for story in truth.found.stories]
    for account in truth.names:
        questions += [
            GetNotifications(account, ALL),
            GetUnread(account),
            GetRings(account, now, ID_MAX, ALL),
            GetStories(tuple(truth.names), account, now),
            trending("s", account, now),
            *(GetLocation(place, account) for place in truth.found.places),
        ]
    return questions


def check_relations(what: str, found: dict[str, Any], due: dict[str, Any]) -> None:
    """Whether `what` has of each relation what it should have."""
    for name, relation in due.items():
        if found[name] != relation:
            more, fewer = _less(found[name], relation), _less(relation, found[name])
            raise Broken(f"{name}: {what} have {more} too many, {fewer} too few")


def _less(one: Any, other: Any) -> list[Any]:
    if isinstance(one, dict):
        one, other = one.items(), other.items()
    return sorted(set(one) - set(other))
