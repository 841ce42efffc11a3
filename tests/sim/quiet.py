"""What must be so once nobody asks any more: journal, live states, states as loaded, rows and
counters all say the same, and nothing is left of who is deleted.

`tests.sim.simulation` calls these at the end of a history, and `check_erased` after each clean
stop.
"""

from typing import Any

import trio

from actors.accounts.messages import Register
from actors.decisions import Refused
from actors.kinds import BEHAVIOURS
from actors.runtime.actors import Actors
from actors.runtime.clearing import Clearing
from actors.runtime.inboxes import Inboxes
from actors.state import decode_state
from storage.facts import Entry, Fact, PostPublished, Text
from storage.ids import (
    ACCOUNTS,
    comment_key,
    describe_actor,
    kind_of,
    post_key,
    story_key,
    user_key,
)
from storage.reads import GetHistories, Span
from tests.sim.broken import Broken
from tests.sim.everybody import check_everybody, check_relations
from tests.sim.reading import dropped_of, visible
from tests.sim.truth import Truth
from tests.sim.watched import WatchedRounds
from tests.sim.world import World

OVERDUE_MS = 6_000
"""Milliseconds after its time in which a story must have ended: a little more than the period in
which the simulator looks for them."""

QUIET_S = 10.0
"""Virtual seconds after which whatever was under way has ended, clearing too."""


async def quiet(actors: Actors, clearing: Clearing) -> None:
    """Wait for what was asked by somebody who left, and for clearing."""
    await trio.sleep(QUIET_S)
    if any(clearing.statistics().values()):
        raise Broken(f"clearing does not end: {clearing.statistics()}")


async def check_quiet(world: World, actors: Actors, feed: Inboxes, rounds: WatchedRounds) -> None:
    """With nobody asking."""
    folded = Truth()
    for entry in world.disk.journal:
        folded.tell(entry)
    check_relations("deliveries", rounds.delivered.truth.relations(), folded.relations())
    check_everybody(world)
    over = world.now() - OVERDUE_MS
    if late := [n for n, one in folded.found.stories.items() if one.expires_at < over]:
        raise Broken(f"the stories {late} are over, and still there")
    if left := folded.gone - folded.cleared:
        raise Broken(f"{left} are deleted, but never cleared away")
    if asked := {whom for _, whom in folded.requests if whom not in folded.private}:
        raise Broken(f"{asked} are public, and somebody still waits to follow them")
    _check_retries(world.disk.journal)
    for actor in _actors_of(world.disk.journal):
        await _check_state(world, actors, actor, folded)
    for viewer in folded.names:
        await _check_feed(world, feed, viewer, folded)


def _check_retries(journal: list[Entry]) -> None:
    """Each caption is unlike all others, so no two posts may have the same one."""
    published = [entry.fact for entry in journal if isinstance(entry.fact, PostPublished)]
    captions = [fact.caption.value for fact in published if fact.caption is not None]
    if len(captions) != len(set(captions)):
        raise Broken("a retry published twice")


async def check_names(actors: Actors, truth: Truth) -> None:
    """A name that nobody has is free, and a name that somebody has is not."""
    taken = sorted(truth.names.values())
    released = sorted(truth.names_ever - {*taken})
    for name in released[:3]:
        if isinstance(await actors.ask(Register(name, "hash", None, None, None)), Refused):
            raise Broken(f"{name} is nobody's, and can't be had")
    for name in taken[:3]:
        if not isinstance(await actors.ask(Register(name, "hash", None, None, None)), Refused):
            raise Broken(f"{name} was given out twice")


def _actors_of(journal: list[Entry]) -> list[int]:
    """Every actor that there is or was."""
    actors = {ACCOUNTS}
    for entry in journal:
        actors.update(entry.fact.concerns())
    return sorted(actors)


async def _check_state(world: World, actors: Actors, actor: int, truth: Truth) -> None:
    """One actor: folded from the journal, as it lives, as loaded from what the disk holds, and as
    the truth has it."""
    behaviour = BEHAVIOURS[kind_of(actor)]
    folded = behaviour.state()
    for entry in world.disk.journal:
        if actor in entry.fact.concerns():
            behaviour.fold(folded, entry.seq, entry.fact)
    (history,) = (await world.disk.read(GetHistories((actor,)))).value
    loaded = behaviour.state()
    if history.snapshot is not None:
        loaded = decode_state(history.snapshot.state, behaviour.state)
    for entry in history.entries:
        behaviour.fold(loaded, entry.seq, entry.fact)
    cell = actors.directory.cells.get(actor)
    live = cell.state if cell is not None and cell.state is not None else folded
    if not folded == loaded == live:
        raise Broken(f"{describe_actor(actor)}: folded {folded}, loaded {loaded}, live {live}")
    for name, due in sets_of(truth).get(actor, {}).items():
        found = getattr(folded, name)
        if name == "ring":
            found = [one.story for one in found]
        if (found if isinstance(found, int) else set(found)) != due:
            raise Broken(f"{describe_actor(actor)}: {name} is {found}, should be {due}")


def sets_of(truth: Truth) -> dict[int, dict[str, Any]]:
    """actor -> what its state must hold, by the truth; whoever is gone holds nothing."""
    due: dict[int, dict[str, Any]] = {}
    for account in {*truth.names, *truth.cleared}:
        due[user_key(account)] = {
            "followers": {who for who, whom in truth.follows if whom == account},
            "following": {whom for who, whom in truth.follows if who == account},
            "requests": {who for who, whom in truth.requests if whom == account},
            "requested": {whom for who, whom in truth.requests if who == account},
            "blocking": {whom for who, whom in truth.blocks if who == account},
            "blocked_by": {who for who, whom in truth.blocks if whom == account},
            "ring": {n for n, one in truth.found.stories.items() if one.author == account},
        }
    for post in truth.posts:
        due[post_key(post)] = {
            "likers": {who for liked, who in truth.likes if liked == post},
            "savers": {who for saved, who in truth.saves if saved == post},
        }
    for story in truth.found.stories:
        due[story_key(story)] = {"viewers": {who for _, who in truth.found.viewers(story)}}
    for comment in truth.comments:
        due[comment_key(comment)] = {
            "likers": {who for liked, who in truth.comment_likes if liked == comment},
            "replies": len(truth.replies(comment)),
        }
    return due


async def _check_feed(world: World, feed: Inboxes, viewer: int, truth: Truth) -> None:
    """All pages put together, forwards and backwards, are the pull."""
    count = world.random.choice([1, 2, 7])
    for backwards in (False, True):
        pages = await _read_pages(feed, viewer, count, truth, backwards=backwards)
        inbox = feed.resident(viewer)
        whole = inbox is not None and inbox.floor == 0  # then no page came from the pull
        dropped = dropped_of(feed, viewer)
        pull = truth.feed(viewer)
        due = [p for p in pull if p not in dropped or (p in pages and not whole)]
        if pages != due:
            raise Broken(f"pages {pages}, but the pull is {pull}, {dropped} dropped")


async def _read_pages(
    feed: Inboxes, viewer: int, count: int, truth: Truth, *, backwards: bool
) -> list[int]:
    ids: list[int] = []
    while True:
        if backwards:
            page = await feed.posts(viewer, Span(count, after=ids[0] if ids else 0))
            ids = page + ids
        else:
            page = await feed.posts(viewer, Span(count, before=ids[-1] if ids else None))
            ids += page
        if len(page) < count:
            return visible(ids, truth)


def check_erased(world: World) -> None:
    """After a clean stop: no text of who is cleared away is left in any byte. A username may be
    somebody else's by now, or have been. Names of a post's blobs are no texts: a snapshot that a
    crash has left behind may hold those of a post that is gone, as its files are."""
    truth = Truth()
    owners: dict[str, set[int | None]] = {}
    for entry in world.disk.journal:
        truth.tell(entry)
        for text in set(entry.fact.texts()) - _blob_names(entry.fact):
            owners.setdefault(text.value or "", set()).add(entry.fact.owner())
    kept = world.disk.raw()
    for value, whose in owners.items():
        if whose <= truth.cleared and value.encode() in kept:
            raise Broken(f"{value} of deleted accounts {whose} is still there")
    world.erased += len(truth.cleared)


def _blob_names(fact: Fact) -> set[Text]:
    media = fact.media if isinstance(fact, PostPublished) else ()
    return {name for medium in media for name in (medium.file, medium.thumbnail)}
