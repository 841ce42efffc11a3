"""The questions about stories, notifications, search and explore, answered by looking at the plain
model without haste.

`tests.storage.answering` calls these; written from contract.md, not from the SQL.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any

from storage.reads import (
    FindHashtags,
    FindLocations,
    FindLocationsNear,
    FindUsers,
    GetExpired,
    GetExplore,
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
from storage.rows import FoundUsers, HashtagRow, LocationRow, NotificationRow, StoryRow
from tests.storage.discovered import Told
from tests.storage.plain import Plain, Post, said

UNSEEN = 1 << 53
HOUR_MS = 3_600_000


def in_span(numbers: Iterable[int], span: Span) -> list[int]:
    """Of numbers in falling order, those that a span asks for."""
    before = float("inf") if span.before is None else span.before
    after = -1 if span.after is None else span.after
    inside = [number for number in numbers if after < number < before]
    if span.after is not None and span.before is None:
        return inside[-span.limit :]
    return inside[: span.limit]


def sees(plain: Plain, viewer: int | None, author: int) -> bool:
    """Whether a viewer may see what an author posts."""
    account = plain.accounts[author]
    if account.gone:
        return False
    if viewer == author:
        return True
    if viewer is None:
        return not account.private
    follows = (author, viewer) in plain.follows
    return not plain.apart(viewer, author) and (not account.private or follows)


def visible(plain: Plain, viewer: int | None, has: Callable[[Post], bool]) -> int:
    return sum(has(one) and sees(plain, viewer, one.author) for one in plain.posts.values())


def story_row(plain: Plain, story: int, viewer: int) -> StoryRow:
    one = plain.found.stories[story]
    views = sum(seen == story for seen, _ in plain.found.views)
    viewed = (story, viewer) in plain.found.views
    return StoryRow(
        story, one.author, one.at, one.expires_at, one.duration, said(one.file), views, viewed
    )


def rings(plain: Plain, q: GetRings) -> list[tuple[int, int]]:
    found: dict[int, int] = {}
    for author in {q.viewer, *plain.followees(q.viewer)}:
        live = [
            n
            for n, one in plain.found.stories.items()
            if one.author == author and one.expires_at > q.now and one.seq <= q.as_of
        ]
        unseen = author != q.viewer and any(
            plain.found.views.get((n, q.viewer), q.as_of + 1) > q.as_of for n in live
        )
        if live:
            found[unseen * UNSEEN + max(live)] = author
    return [(number, found[number]) for number in in_span(sorted(found, reverse=True), q.span)]


def stories(plain: Plain, q: GetStories) -> list[StoryRow]:
    return [
        story_row(plain, n, q.viewer)
        for n, one in sorted(plain.found.stories.items())
        if one.author in q.authors and one.expires_at > q.now
    ]


def story(plain: Plain, q: GetStory) -> StoryRow | None:
    one = plain.found.stories.get(q.story)
    return None if one is None or one.expires_at <= q.now else story_row(plain, q.story, q.viewer)


def viewers(plain: Plain, q: GetStoryViewers) -> list[tuple[int, int]]:
    seen = {seq: who for (n, who), seq in plain.found.views.items() if n == q.story}
    return [(seq, seen[seq]) for seq in in_span(sorted(seen, reverse=True), q.span)]


def told_to(plain: Plain, recipient: int) -> dict[int, Told]:
    """What a recipient is told, by seq."""
    return {
        told.seq: told
        for told in plain.found.told.values()
        if told.recipient == recipient
        and not told.withdrawn
        and not plain.accounts[told.actor].gone
        and (told.post is None or sees(plain, recipient, plain.posts[told.post].author))
    }


def notifications(plain: Plain, q: GetNotifications) -> list[NotificationRow]:
    told = told_to(plain, q.recipient)
    read = plain.found.read.get(q.recipient, 0)
    rows: list[NotificationRow] = []
    for seq in in_span(sorted(told, reverse=True), q.span):
        one = told[seq]
        thumbnail = None if one.post is None else said(plain.posts[one.post].media[0].thumbnail)
        rows.append(
            NotificationRow(
                seq, one.type, one.actor, one.post, one.comment, thumbnail, one.at, seq <= read
            )
        )
    return rows


def unread(plain: Plain, q: GetUnread) -> int:
    read = max(plain.found.read.get(q.recipient, 0), q.after)
    return sum(seq > read for seq in told_to(plain, q.recipient))


def matches(match: str, *texts: str | None) -> bool:
    """Whether each word of an FTS5 query begins a word of the texts."""
    words = [word for text in texts for word in re.findall(r"[a-z0-9]+", (text or "").lower())]
    asked = re.findall(r'"([^"]+)"', match)
    return bool(asked) and all(any(word.startswith(one) for word in words) for one in asked)


def users(plain: Plain, q: FindUsers) -> FoundUsers:
    found = [
        (-sum(followee == n for followee, _ in plain.follows), n)
        for n, one in plain.accounts.items()
        if not one.gone
        and (q.viewer is None or not plain.apart(q.viewer, n))
        and (
            (q.prefix and one.name.startswith(q.prefix))
            or matches(q.match, said(one.texts.get("full_name")))
        )
    ]
    return FoundUsers([n for _, n in sorted(found)][: q.limit], len(found))


def hashtags(plain: Plain, q: FindHashtags) -> list[HashtagRow]:
    rows: list[HashtagRow] = []
    for name in {name for one in plain.posts.values() for name in one.hashtags}:
        count = visible(plain, q.viewer, lambda one, name=name: name in one.hashtags)
        if name.startswith(q.prefix) and count:
            posts = [
                n
                for n, one in plain.posts.items()
                if name in one.hashtags and sees(plain, None, one.author)
            ]
            day = sum(n >= q.day for n in posts)
            rows.append(HashtagRow(name, count, day, sum(q.week <= n < q.day for n in posts)))
    return sorted(rows, key=lambda row: (-row.posts, row.name))[: q.limit]


def place(plain: Plain, location: int, viewer: int | None) -> LocationRow:
    one = plain.found.locations[location]
    names = (said(one.name), said(one.city), said(one.country))
    posts = visible(plain, viewer, lambda post: post.location == location)
    return LocationRow(location, *names, one.lat, one.lng, posts)


def places(plain: Plain, q: FindLocations | FindLocationsNear) -> list[LocationRow]:
    found = [place(plain, n, q.viewer) for n in plain.found.locations]
    found = [row for row in found if matches(q.match, row.name, row.city, row.country)]
    if isinstance(q, FindLocationsNear):
        # All of them lie in few places, far from each other.
        found.sort(key=lambda row: (abs(row.lat - q.lat) + abs(row.lng - q.lng), row.location))
    else:
        found.sort(key=lambda row: (-row.posts, row.location))
    return found[: q.limit]


def one_place(plain: Plain, q: GetLocation) -> LocationRow | None:
    known = q.location in plain.found.locations
    return place(plain, q.location, q.viewer) if known else None


def posts_with(plain: Plain, has: Callable[[Post], bool], span: Span) -> list[int]:
    return in_span(sorted((n for n, one in plain.posts.items() if has(one)), reverse=True), span)


def explore(plain: Plain, q: GetExplore) -> list[int]:
    def score(post: int) -> float:
        likes = sum(liked == post for liked, _ in plain.likes)
        comments = sum(one.post == post for one in plain.comments.values())
        hours = (q.now - plain.posts[post].at) / HOUR_MS
        return (1 + likes + 2 * comments) / (hours + 2) ** 1.5

    newest = sorted(plain.posts, reverse=True)[: q.candidates]
    shown = [post for post in newest if sees(plain, None, plain.posts[post].author)]
    return sorted(shown, key=lambda post: (-score(post), -post))[: q.limit]


def expired(plain: Plain, q: GetExpired) -> list[int]:
    """All of them."""
    return sorted({s.author for s in plain.found.stories.values() if s.expires_at <= q.now})


FOUND: dict[type[Question[Any]], Callable[[Plain, Any], Any]] = {
    GetRings: rings,
    GetStories: stories,
    GetStory: story,
    GetStoryViewers: viewers,
    GetExpired: expired,
    GetNextExpiry: lambda plain, q: min(
        (s.expires_at for s in plain.found.stories.values()), default=None
    ),
    GetNotifications: notifications,
    GetUnread: unread,
    FindUsers: users,
    FindHashtags: hashtags,
    FindLocations: places,
    FindLocationsNear: places,
    GetLocation: one_place,
    GetLocationPosts: lambda plain, q: posts_with(
        plain, lambda one: one.location == q.location, q.span
    ),
    GetHashtagPosts: lambda plain, q: posts_with(plain, lambda one: q.name in one.hashtags, q.span),
    GetExplore: explore,
}
