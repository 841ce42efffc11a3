"""Every list of the API as one thing: who reads it where, and how its n-th item comes and goes. The
tests of pages are carried out on each.

A list starts empty. `add` appends the n-th item in time, which is the first of a page that shows
the newest first.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.conformance import shapes
from tests.conformance.world import Api, Person, fresh, ok

ID_OF = {
    "posts": "post_id",
    "users": "user_id",
    "comments": "comment_id",
    "notifications": "notification_id",
}
SHAPE_OF = {
    "posts": shapes.POST,
    "users": shapes.LISTED,
    "comments": shapes.COMMENT,
    "notifications": shapes.NOTIFICATION,
}


@dataclass(frozen=True)
class Listed:
    """One list. `add(n)` returns the id of its n-th item, `remove(n)` takes that away again."""

    viewer: Person
    path: str
    key: str
    add: Callable[[int], str]
    remove: Callable[[int], Any]
    oldest_first: bool = False
    query: dict[str, Any] = field(default_factory=dict[str, Any])

    def page(self, **query: Any) -> Any:
        """A page of it, whose shape is checked."""
        page = self.viewer.sees(self.path, **self.query, **query)
        if self.key == "notifications":
            assert isinstance(page.pop("unread_count"), int)
        shapes.check(page, shapes.page(self.key, SHAPE_OF[self.key]))
        return page

    def ids(self, page: Any) -> list[str]:
        return [item[ID_OF[self.key]] for item in page[self.key]]

    def filled(self, count: int) -> list[str]:
        """The ids of its first `count` items, in the order of its pages."""
        return self.in_order([self.add(number) for number in range(count)])

    def in_order(self, added: list[str]) -> list[str]:
        return added if self.oldest_first else added[::-1]

    def onward(self, cursor: str | None, count: int) -> list[str]:
        """All that comes after `cursor`, page by page."""
        found: list[str] = []
        while cursor is not None:
            page = self.page(count=count, cursor=cursor)
            assert page["has_more"] == (page["next_cursor"] is not None)
            found += self.ids(page)
            cursor = page["next_cursor"]
        return found


def _posts(viewer: Person, author: Person, path: str, **fields: Any) -> Listed:
    made: list[str] = []

    def add(number: int) -> str:
        assert number == len(made)
        made.append(author.posts(**{"caption": str(number), **fields})["post_id"])
        return made[-1]

    return Listed(viewer, path, "posts", add, lambda n: ok(author.delete(f"/posts/{made[n]}")))


def _people(
    viewer: Person,
    path: str,
    crowd: Sequence[Person],
    come: Callable[[Person], Any],
    go: Callable[[Person], Any],
) -> Listed:
    def add(number: int) -> str:
        come(crowd[number])
        return crowd[number].id

    return Listed(viewer, path, "users", add, lambda number: go(crowd[number]))


def feed(api: Api, crowd: Sequence[Person]) -> Listed:
    viewer, author = api.person(), api.person()
    viewer.follows(author)
    return _posts(viewer, author, "/feed")


def posts_of_user(api: Api, crowd: Sequence[Person]) -> Listed:
    author = api.person()
    return _posts(api.person(), author, f"/users/{author.id}/posts")


def tagged(api: Api, crowd: Sequence[Person]) -> Listed:
    viewer, author = api.person(), api.person()
    return _posts(viewer, author, f"/users/{viewer.id}/tagged", user_tags=[viewer.id])


def saved(api: Api, crowd: Sequence[Person]) -> Listed:
    viewer, author = api.person(), api.person()
    # Saved in another order than they were made in: the newest save counts.
    made = [author.posts() for _ in range(8)][::-1]

    def add(number: int) -> str:
        viewer.saves(made[number])
        return made[number]["post_id"]

    def remove(number: int) -> None:
        ok(viewer.delete(f"/posts/{made[number]['post_id']}/save"))

    return Listed(viewer, "/users/me/saved", "posts", add, remove)


def of_hashtag(api: Api, crowd: Sequence[Person]) -> Listed:
    tag = fresh("tag")
    return _posts(api.person(), api.person(), f"/hashtags/{tag}/posts", caption=f"a #{tag}")


def of_place(api: Api, crowd: Sequence[Person]) -> Listed:
    author = api.person()
    body = {"name": fresh("Bench "), "lat": 48.1, "lng": 16.4}
    place = ok(author.post("/locations", json=body), 201)["location_id"]
    return _posts(api.person(), author, f"/locations/{place}/posts", location_id=str(place))


def followers(api: Api, crowd: Sequence[Person]) -> Listed:
    ann = api.person()
    return _people(
        api.person(),
        f"/users/{ann.id}/followers",
        crowd,
        lambda other: other.follows(ann),
        lambda other: other.unfollows(ann),
    )


def following(api: Api, crowd: Sequence[Person]) -> Listed:
    ann = api.person()
    path = f"/users/{ann.id}/following"
    return _people(api.person(), path, crowd, ann.follows, ann.unfollows)


def follow_requests(api: Api, crowd: Sequence[Person]) -> Listed:
    ann = api.person(private=True)
    return _people(
        ann,
        "/follow-requests",
        crowd,
        lambda other: other.follows(ann),
        lambda other: other.unfollows(ann),
    )


def blocks(api: Api, crowd: Sequence[Person]) -> Listed:
    ann = api.person()
    return _people(ann, "/users/me/blocks", crowd, ann.blocks, ann.unblocks)


def likes(api: Api, crowd: Sequence[Person]) -> Listed:
    ann = api.person()
    post = ann.posts()
    return _people(
        ann,
        f"/posts/{post['post_id']}/likes",
        crowd,
        lambda other: other.likes(post),
        lambda other: ok(other.delete(f"/posts/{post['post_id']}/like")),
    )


def viewers(api: Api, crowd: Sequence[Person]) -> Listed:
    ann = api.person()
    story = ann.tells_story()
    # A view is for ever: whoever saw it leaves the list by a block.
    path = f"/stories/{story['story_id']}/viewers"
    return _people(ann, path, crowd, lambda other: other.views(story), ann.blocks)


def notifications(api: Api, crowd: Sequence[Person]) -> Listed:
    ann = api.person()
    post = ann.posts()

    def add(number: int) -> str:
        crowd[number].likes(post)
        newest = ann.sees("/notifications", count=1)["notifications"][0]
        assert newest["actor"]["user_id"] == crowd[number].id
        return newest["notification_id"]

    def remove(number: int) -> None:
        ok(crowd[number].delete(f"/posts/{post['post_id']}/like"))

    return Listed(ann, "/notifications", "notifications", add, remove)


def comments(api: Api, crowd: Sequence[Person]) -> Listed:
    return _comments(api.person(), None)


def replies(api: Api, crowd: Sequence[Person]) -> Listed:
    ann = api.person()
    post = ann.posts()
    parent, other = ann.comments(post, "the thread"), ann.comments(post, "another thread")
    ann.comments(post, "not in this list", parent=other)
    return _comments(ann, parent)


def _comments(ann: Person, parent: Any) -> Listed:
    post = parent or ann.posts()
    made: list[str] = []

    def add(number: int) -> str:
        made.append(ann.comments(post, f"comment {number}", parent)["comment_id"])
        return made[-1]

    return Listed(
        ann,
        f"/posts/{post['post_id']}/comments",
        "comments",
        add,
        lambda number: ok(ann.delete(f"/comments/{made[number]}")),
        oldest_first=True,
        query={"parent_comment_id": parent["comment_id"]} if parent else {},
    )


LISTS: dict[str, Callable[[Api, Sequence[Person]], Listed]] = {
    made.__name__: made
    for made in (
        feed,
        posts_of_user,
        tagged,
        saved,
        of_hashtag,
        of_place,
        followers,
        following,
        follow_requests,
        blocks,
        likes,
        viewers,
        notifications,
        comments,
        replies,
    )
}
