"""contract.md, "Feeds": the home feed, and why a post is in it."""

import pytest

from tests.conformance.shapes import POST, WHY, check, page
from tests.conformance.world import Api, Person, ok, refused


def feed(person: Person) -> list[str]:
    return person.ids("/feed", "posts")


def why(person: Person, post: str) -> dict[str, str]:
    answer = person.sees(f"/posts/{post}/why")
    check(answer, WHY)
    return answer


def test_a_feed_is_what_one_follows_and_oneself(ann: Person, bob: Person, cat: Person) -> None:
    """“Home: posts of those followed and one's own, newest first.”"""
    ann.follows(bob)
    made = [person.posts()["post_id"] for person in (ann, bob, cat, bob, ann)]
    shown = ann.sees("/feed")
    check(shown, page("posts", POST))
    mine = [made[4], made[3], made[1], made[0]]
    assert [post["post_id"] for post in shown["posts"]] == mine
    assert shown["has_more"] is False
    assert feed(cat) == [made[2]]


def test_the_feed_of_who_is_new_is_empty(ann: Person) -> None:
    """“lists are `[]`”."""
    nothing = {"posts": [], "next_cursor": None, "previous_cursor": None, "has_more": False}
    assert ann.sees("/feed") == nothing


def test_following_brings_earlier_posts(ann: Person, bob: Person) -> None:
    """“Following someone brings their earlier posts in”, in their place by age."""
    made = [person.posts()["post_id"] for person in (ann, bob, ann, bob)]
    assert feed(ann) == [made[2], made[0]]
    ann.follows(bob)
    assert feed(ann) == made[::-1]


def test_unfollowing_takes_them_out(ann: Person, bob: Person) -> None:
    """“unfollowing or blocking takes them out at once”."""
    mine = ann.posts()["post_id"]
    ann.follows(bob)
    bob.posts()
    assert len(feed(ann)) == 2
    ann.unfollows(bob)
    assert feed(ann) == [mine]
    bob.posts()
    assert feed(ann) == [mine]
    ann.follows(bob)
    assert len(feed(ann)) == 3


def test_blocking_takes_them_out(ann: Person, bob: Person) -> None:
    """“unfollowing or blocking takes them out at once”; unblocking brings nothing back."""
    ann.follows(bob)
    bob.posts()
    assert len(feed(ann)) == 1
    bob.blocks(ann)
    assert feed(ann) == []
    bob.unblocks(ann)
    assert feed(ann) == []


def test_being_removed_takes_them_out(ann: Person, bob: Person) -> None:
    """“Home: posts of those followed”."""
    ann.follows(bob)
    bob.posts()
    assert len(feed(ann)) == 1
    ok(bob.delete(f"/users/me/followers/{ann.id}"))
    assert feed(ann) == []


def test_a_request_brings_nothing_before_it_is_approved(ann: Person, priv: Person) -> None:
    """“Home: posts of those followed”: who only asked does not follow."""
    post = priv.posts()["post_id"]
    ann.follows(priv)
    assert feed(ann) == []
    priv.approves(ann)
    assert feed(ann) == [post]


def test_a_deleted_post_is_gone_and_an_edited_one_is_new(ann: Person, bob: Person) -> None:
    """“Deleting: …it leaves every list … at once”; an edit shows without moving."""
    ann.follows(bob)
    one, other = (bob.posts(caption="old")["post_id"] for _ in range(2))
    assert feed(ann) == [other, one]
    ok(bob.put(f"/posts/{one}", json={"caption": "new"}))
    assert [post["caption"] for post in ann.sees("/feed")["posts"]] == ["old", "new"]
    ok(bob.delete(f"/posts/{other}"))
    assert feed(ann) == [one]


def test_the_feed_shows_how_things_stand(ann: Person, bob: Person) -> None:
    """The text's feed: `likes_count`, `comments_count`, `liked_by_user`."""
    post = bob.posts()
    ann.follows(bob)
    assert len(feed(ann)) == 1
    ann.likes(post)
    ann.saves(post)
    ann.comments(post)
    [shown] = ann.sees("/feed")["posts"]
    assert (shown["likes_count"], shown["comments_count"]) == (1, 1)
    assert (shown["liked_by_user"], shown["saved_by_user"]) == (True, True)
    [his] = bob.sees("/feed")["posts"]
    assert (his["liked_by_user"], his["saved_by_user"]) == (False, False)
    bob.edits(username=f"{bob.name}x")
    [shown] = ann.sees("/feed")["posts"]
    assert shown["user"]["username"] == bob.name + "x"


def test_a_feed_does_not_end_where_a_cache_does(api: Api, ann: Person, bob: Person) -> None:
    """“Cursors …: what is inserted or deleted meanwhile never repeats or hides an item”, however
    long the feed."""
    ann.follows(bob)
    made = [bob.posts()["post_id"] for _ in range(30)]
    found: list[str] = []
    cursor = {}
    while True:
        shown = ann.sees("/feed", count=7, **cursor)
        found += [post["post_id"] for post in shown["posts"]]
        if not shown["has_more"]:
            break
        cursor = {"cursor": shown["next_cursor"]}
        bob.posts()
    assert found == made[::-1]


def test_why_a_post_is_in_the_feed(ann: Person, bob: Person, cat: Person) -> None:
    """“`GET /posts/:id/why`: `{"in_feed", "how": "pushed"|"pulled"|null, "reason": one of a
    documented list}`”."""
    ann.follows(bob)
    feed(ann)
    posts = {person.name: person.posts()["post_id"] for person in (ann, bob, cat)}
    shown = feed(ann)
    reasons = {name: why(ann, post) for name, post in posts.items()}
    for name, post in posts.items():
        assert reasons[name]["in_feed"] == (post in shown)
        assert (reasons[name]["how"] is None) == (not reasons[name]["in_feed"])
    assert len({reason["reason"] for reason in reasons.values()}) == 3
    ann.unfollows(bob)
    assert why(ann, posts[bob.name]) == why(ann, posts[cat.name])


@pytest.mark.parametrize("text", ["999999999", "x", "0"])
def test_why_nothing_is_in_the_feed(reader: Person, text: str) -> None:
    """“NOT_FOUND: 404”."""
    refused(reader.get(f"/posts/{text}/why"), "NOT_FOUND")
