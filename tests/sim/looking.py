"""The questions about stories, notifications, hashtags and places, answered from the truth and
from the history by looking at all of it: what the model disk answers, and what SQLite must.
"""

from typing import Any

from storage.facts import Entry
from storage.reads import (
    FindHashtags,
    GetExpired,
    GetHashtagPosts,
    GetLocation,
    GetLocationPosts,
    GetNextExpiry,
    GetNotifications,
    GetRings,
    GetStories,
    GetStory,
    GetStoryViewers,
    GetUnread,
    Question,
    Span,
)
from tests.sim.told import told_to
from tests.sim.truth import Truth

UNSEEN = 1 << 53
"""Added to the number of a ring that has something unseen."""


def look_up(question: Question[Any], truth: Truth, entries: list[Entry]) -> Any:
    """The answer, in plain tuples: see `told_by`. `truth` is what holds after `entries`."""
    match question:
        case GetNotifications(recipient=recipient, span=span):
            read = truth.found.read.get(recipient, 0)
            told = told_to(recipient, entries, truth)
            seqs = cut([one.seq for one in told], span)
            return [(*one, one.seq <= read) for one in told if one.seq in seqs]
        case GetUnread(recipient=recipient, after=after):
            read = max(truth.found.read.get(recipient, 0), after)
            return sum(one.seq > read for one in told_to(recipient, entries, truth))
        case GetHashtagPosts() | GetLocationPosts() | FindHashtags() | GetLocation():
            return _of_posts(question, truth)
        case _:
            return _of_stories(question, truth)


def _of_posts(
    question: GetHashtagPosts | GetLocationPosts | FindHashtags | GetLocation, truth: Truth
) -> Any:
    found = truth.found
    match question:
        case GetHashtagPosts(name=name, span=span):
            posts = [post for one, post in found.hashtags if one == name]
            return cut(sorted(posts, reverse=True), span)
        case GetLocationPosts(location=location, span=span):
            posts = [post for post, place in found.located.items() if place == location]
            return cut(sorted(posts, reverse=True), span)
        case GetLocation(location=location, viewer=viewer):
            posts = [post for post, place in found.located.items() if place == location]
            seen = sum(truth.sees(viewer or 0, truth.posts[post]) for post in posts)
            return (location, seen) if location in found.places else None
        case FindHashtags():
            return _hashtags(question, truth)


def _hashtags(question: FindHashtags, truth: Truth) -> list[tuple[str, int, int, int]]:
    """Those of which the viewer may see posts, most posts first; a trend is made by what everybody
    may see."""
    rows: list[tuple[str, int, int, int]] = []
    for name in sorted({name for name, _ in truth.found.hashtags}):
        posts = [post for one, post in truth.found.hashtags if one == name]
        seen = sum(truth.sees(question.viewer or 0, truth.posts[post]) for post in posts)
        public = [post for post in posts if truth.is_public(truth.posts[post])]
        day = sum(post >= question.day for post in public)
        week = sum(question.week <= post < question.day for post in public)
        if name.startswith(question.prefix) and seen:
            rows.append((name, seen, day, week))
    return sorted(rows, key=lambda row: -row[1])[: question.limit]


def _of_stories(question: Question[Any], truth: Truth) -> Any:
    found = truth.found
    match question:
        case GetRings():
            return rings(question, truth)
        case GetStories(authors=authors, viewer=viewer, now=now):
            stories = sorted(story for author in {*authors} for story in found.live(author, now))
            return [_story(story, viewer, truth) for story in stories]
        case GetStory(story=story, viewer=viewer, now=now):
            there = story in found.stories and now < found.stories[story].expires_at
            return _story(story, viewer, truth) if there else None
        case GetStoryViewers(story=story, span=span):
            viewers = found.viewers(story)
            seqs = cut([seq for seq, _ in viewers], span)
            return [(seq, who) for seq, who in viewers if seq in seqs]
        case GetExpired(now=now, limit=limit):
            over = sorted((one.expires_at, one.author) for one in found.stories.values())
            return list(dict.fromkeys(author for at, author in over[:limit] if at <= now))
        case GetNextExpiry():
            return min((one.expires_at for one in found.stories.values()), default=None)
        case _:
            raise NotImplementedError(f"the model does not answer {type(question).__name__}")


def rings(question: GetRings, truth: Truth) -> list[tuple[int, int]]:
    """One's own ring and those of whom one follows: unseen ones first, in each half the one with
    the newest story first."""
    found, viewer, as_of = truth.found, question.viewer, question.as_of
    followed = {whom for who, whom in truth.follows if who == viewer}
    numbers: dict[int, int] = {}
    for author in {viewer, *followed}:
        live = [n for n in found.live(author, question.now) if found.stories[n].seq <= as_of]
        unseen = [n for n in live if found.views.get((n, viewer), as_of + 1) > as_of]
        if live:
            numbers[max(live) + (UNSEEN if unseen and author != viewer else 0)] = author
    shown = cut(sorted(numbers, reverse=True), question.span)
    return [(number, numbers[number]) for number in shown]


def _story(story: int, viewer: int, truth: Truth) -> tuple[int, int, int, bool]:
    one = truth.found.stories[story]
    viewed = (story, viewer) in truth.found.views
    return story, one.author, len(truth.found.viewers(story)), viewed


def told_by(question: Question[Any], answer: Any) -> Any:
    """What a row of an answer says, in the form of `look_up`."""
    match question:
        case GetNotifications():
            return [(n.seq, n.type, n.actor, n.post, n.comment, n.read) for n in answer]
        case FindHashtags():
            return [(row.name, row.posts, row.day, row.week) for row in answer]
        case GetLocation():
            return None if answer is None else (answer.location, answer.posts)
        case GetStories():
            return [(row.story, row.author, row.views, row.viewed) for row in answer]
        case GetStory():
            return answer and (answer.story, answer.author, answer.views, answer.viewed)
        case GetRings() | GetStoryViewers():
            return [tuple(pair) for pair in answer]
        case _:
            return answer


def cut(ids: list[int], span: Span) -> list[int]:
    """What `span` takes of `ids`, which fall."""
    if span.after is not None and span.before is None:
        return [one for one in ids if one > span.after][-span.limit :]
    ids = [one for one in ids if span.after is None or one > span.after]
    return [one for one in ids if span.before is None or one < span.before][: span.limit]
