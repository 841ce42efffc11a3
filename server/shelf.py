"""Bounded caches of what is shown, and how each fact changes what lies in them.

`server.views` keeps one shelf that lives as long as the process, and one for each question under
way. Nothing here waits or raises: it runs in the step that delivers a fact.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

from server.shown import PostView, UserView, view_of_published, view_of_user
from storage.facts import (
    Entry,
    Followed,
    PostDeleted,
    PostLiked,
    PostPublished,
    PostUnliked,
    Registered,
    Unfollowed,
    Verified,
)
from storage.reads import UserRow

K = TypeVar("K")
V = TypeVar("V")


class Resident(Generic[K, V]):
    """At most `size_max` values; whoever was looked at longest ago leaves first. None bounds
    nothing.
    """

    def __init__(self, size_max: int | None) -> None:
        self._size_max = size_max
        self._values: OrderedDict[K, V] = OrderedDict()

    def __contains__(self, key: K) -> bool:
        return key in self._values

    def __len__(self) -> int:
        return len(self._values)

    def __getitem__(self, key: K) -> V:
        """The value, now the last to leave. Raises `KeyError`."""
        self._values.move_to_end(key)
        return self._values[key]

    def touch(self, key: K) -> bool:
        """Whether it is here; if so, it is now the last to leave."""
        if key not in self._values:
            return False
        self._values.move_to_end(key)
        return True

    def put(self, key: K, value: V) -> None:
        """Keep `value`, whatever was there."""
        self._values[key] = value
        self._values.move_to_end(key)
        if self._size_max is not None and len(self._values) > self._size_max:
            self._values.popitem(last=False)

    def change(self, key: K, changed: Callable[[V], V]) -> None:
        """Replace the value, if it is here, by what becomes of it; its turn to leave stays."""
        if key in self._values:
            self._values[key] = changed(self._values[key])

    def items(self) -> list[tuple[K, V]]:
        """All that is here."""
        return list(self._values.items())


class Shelf:
    """Views and flags. A post or a user that does not exist, or no longer, is here as None."""

    def __init__(
        self,
        base_url: str,
        posts_max: int | None = None,
        users_max: int | None = None,
        flags_max: int | None = None,
    ) -> None:
        self._base_url = base_url
        self.posts: Resident[int, PostView | None] = Resident(posts_max)
        self.users: Resident[int, UserView | None] = Resident(users_max)
        self.liked: Resident[tuple[int, int], bool] = Resident(flags_max)
        """(viewer, post) -> whether the viewer likes it."""

    def fold(self, entry: Entry) -> None:
        """Change what is here by a fact that was delivered; what is not here is not fetched."""
        match entry.fact:
            case PostLiked(post=post, account=account):
                self._count_like(post, +1)
                self.liked.change((account, post), lambda _: True)
            case PostUnliked(post=post, account=account):
                self._count_like(post, -1)
                self.liked.change((account, post), lambda _: False)
            case Followed(followee=followee, follower=follower):
                self._count_follow(followee, follower, +1)
            case Unfollowed(followee=followee, follower=follower):
                self._count_follow(followee, follower, -1)
            case PostPublished() as published:
                # What is new is what will be read: it needs no row.
                self.posts.put(
                    published.post, view_of_published(published, entry.at, self._base_url)
                )
                self._change_user(published.author, lambda view: view.with_counts(posts=+1))
            case PostDeleted(post=post, author=author):
                self.posts.change(post, lambda _: None)
                self._change_user(author, lambda view: view.with_counts(posts=-1))
            case Verified(account=account, verified=verified):
                self._change_user(account, lambda view: view.with_badge(verified))
            case Registered() as registered:
                self.users.change(registered.account, lambda _: _view_of_registered(registered))
            case _:
                pass

    def _count_like(self, post: int, step: int) -> None:
        self.posts.change(
            post, lambda view: None if view is None else view.with_likes(view.likes + step)
        )

    def _count_follow(self, followee: int, follower: int, step: int) -> None:
        self._change_user(followee, lambda view: view.with_counts(followers=step))
        self._change_user(follower, lambda view: view.with_counts(following=step))

    def _change_user(self, account: int, changed: Callable[[UserView], UserView]) -> None:
        self.users.change(account, lambda view: None if view is None else changed(view))


def _view_of_registered(fact: Registered) -> UserView:
    full_name = None if fact.full_name is None else fact.full_name.value
    username = fact.username.value or ""
    row = UserRow(fact.account, username, full_name, False, followers=0, following=0, posts=0)
    return view_of_user(row)
