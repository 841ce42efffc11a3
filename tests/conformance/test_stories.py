"""contract.md, "Stories", and the text's story requests."""

from datetime import timedelta
from typing import Any

import pytest

from tests.conformance.shapes import LISTED, NEW_STORY, RING, STORY, check, moment, page
from tests.conformance.world import PICTURE, Person, form, ok, refused


def test_a_story_is_told(ann: Person) -> None:
    """The text's `POST /api/v1/stories` → 201; “24 hours, then gone”; “`duration` 1…15 s”."""
    story = ann.tells_story(duration="7", media_type="photo")
    check(story, NEW_STORY)
    assert story["duration"] == 7
    lives = moment(story["expires_at"]) - moment(story["created_at"])
    assert lives == timedelta(hours=24)
    assert ann.call("GET", story["media_url"]).status_code == 200


@pytest.mark.parametrize("duration", ["0", "16", "-1", "1.5", "x", "٣", "9" * 40])
def test_a_story_lasts_one_to_fifteen_seconds(ann: Person, duration: str) -> None:
    """“`duration` 1…15 s”."""
    answer = ann.post("/stories", files=form(PICTURE, duration=duration))
    refused(answer, "INVALID_REQUEST", "duration")


def test_the_feed_has_a_ring_an_author(ann: Person, bob: Person) -> None:
    """The text's `GET /api/v1/stories/feed`; “within a ring oldest first”; “One's own ring is
    included”."""
    bob.follows(ann)
    first, second = ann.tells_story(), ann.tells_story()
    own = bob.tells_story()
    feed = bob.sees("/stories/feed")
    check(feed, page("stories", RING))
    assert [ring["user"]["user_id"] for ring in feed["stories"]] == [ann.id, bob.id]
    ids = [[one["story_id"] for one in ring["stories"]] for ring in feed["stories"]]
    assert ids == [[first["story_id"], second["story_id"]], [own["story_id"]]]
    assert [ring["has_unseen"] for ring in feed["stories"]] == [True, False]


def test_unseen_rings_come_first_and_in_each_half_the_newest(ann: Person, bob: Person) -> None:
    """“unseen rings first, in each half the ring with the newest story first”."""
    authors = [ann.api.person(name) for name in ("x", "y", "z")]
    stories = {}
    for author in authors:
        bob.follows(author)
        stories[author.id] = author.tells_story()
    x, y, z = (author.id for author in authors)

    def order() -> list[str]:
        return [ring["user"]["user_id"] for ring in bob.sees("/stories/feed")["stories"]]

    assert order() == [z, y, x]
    bob.views(stories[z])
    assert order() == [y, x, z]
    bob.views(stories[x])
    assert order() == [y, z, x]


def test_pages_of_rings_neither_repeat_nor_hide_one_that_is_seen_meanwhile(bob: Person) -> None:
    """“pages of rings (`count`, `cursor`; default 50)”; “what is inserted or deleted meanwhile
    never repeats or hides an item”."""
    authors = [bob.api.person(f"p{n}") for n in range(5)]
    stories = {}
    for author in authors:
        bob.follows(author)
        stories[author.id] = author.tells_story()
    seen: list[str] = []
    cursor = None
    while True:
        query = {"count": 2} if cursor is None else {"count": 2, "cursor": cursor}
        one = bob.sees("/stories/feed", **query)
        for ring in one["stories"]:
            seen.append(ring["user"]["user_id"])
            bob.views(stories[seen[-1]])
        cursor = one["next_cursor"]
        if cursor is None:
            break
    assert seen == [author.id for author in reversed(authors)]


def test_viewing_is_idempotent_and_counts_others(ann: Person, bob: Person) -> None:
    """“Viewing is idempotent; `views_count` counts others”; “`GET /stories/:id/viewers` for the
    author”."""
    story = ann.tells_story()
    path = f"/stories/{story['story_id']}"
    expected = {"story_id": story["story_id"], "viewed": True, "views_count": 1}
    assert bob.views(story) == bob.views(story) == expected
    assert ann.views(story) == expected
    (mine,) = ann.sees(f"/users/{ann.id}/stories")["stories"]
    check(mine, STORY)
    assert mine["views_count"] == 1
    viewers = ann.sees(f"{path}/viewers")
    check(viewers, page("users", LISTED))
    assert [one["user_id"] for one in viewers["users"]] == [bob.id]
    refused(bob.get(f"{path}/viewers"), "FORBIDDEN")


def test_only_its_author_deletes_a_story_and_its_file_goes(ann: Person, bob: Person) -> None:
    """“`DELETE /stories/:id`”."""
    story = ann.tells_story()
    path = f"/stories/{story['story_id']}"
    refused(bob.delete(path), "FORBIDDEN")
    assert ok(ann.delete(path))["story_id"] == story["story_id"]
    refused(ann.delete(path), "NOT_FOUND")
    refused(ann.call("GET", story["media_url"]), "NOT_FOUND")
    assert ann.sees("/users/me/stories")["stories"] == []


def test_a_private_account_s_stories_are_for_its_followers(ann: Person, bob: Person) -> None:
    """“A private account's posts, stories … are for its followers. By a post's, story's or media's
    id: 404 for others; its lists under a visible profile: 403; blocked: 404 both ways”."""
    ann.edits(private_account=True)
    story = ann.tells_story()
    refused(bob.post(f"/stories/{story['story_id']}/view"), "NOT_FOUND")
    refused(bob.call("GET", story["media_url"]), "NOT_FOUND")
    refused(bob.get(f"/users/{ann.id}/stories"), "FORBIDDEN")
    bob.follows(ann)
    ann.approves(bob)
    assert bob.views(story)["viewed"]
    ann.blocks(bob)
    refused(bob.post(f"/stories/{story['story_id']}/view"), "NOT_FOUND")
    refused(bob.get(f"/users/{ann.id}/stories"), "NOT_FOUND")
    assert bob.sees("/stories/feed")["stories"] == []


def test_pages_of_rings_lead_back_to_what_was_seen_meanwhile(bob: Person) -> None:
    """“`previous_cursor` leads to the page before, in the same order; on the first page it finds
    what came since (so a client can poll with it)”."""
    authors = [bob.api.person(f"b{n}") for n in range(4)]
    stories = {}
    for author in authors:
        bob.follows(author)
        stories[author.id] = author.tells_story()

    def ring_page(**query: Any) -> tuple[list[str], Any]:
        one = bob.sees("/stories/feed", count=2, **query)
        return [ring["user"]["user_id"] for ring in one["stories"]], one

    newest_first = [author.id for author in reversed(authors)]
    above, first = ring_page()
    bob.views(stories[above[0]])
    below, last = ring_page(cursor=first["next_cursor"])
    assert above + below == newest_first
    again, back = ring_page(cursor=last["previous_cursor"])
    assert again == above
    nothing, polled = ring_page(cursor=back["previous_cursor"])
    assert nothing == []
    authors[0].tells_story()
    new, _ = ring_page(cursor=polled["previous_cursor"])
    assert new == [authors[0].id]
    assert ring_page(cursor=first["previous_cursor"])[0] == new


def test_viewers_come_in_pages_of_fifty_at_most(ann: Person) -> None:
    """“`count` default 20, 1…50 (followers, following: 1…100)”."""
    path = f"/stories/{ann.tells_story()['story_id']}/viewers"
    ann.sees(path, count=50)
    refused(ann.get(path, count=51), "INVALID_REQUEST", "count", max=50)
