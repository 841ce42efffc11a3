"""Bounded caches of what is shown, and how each fact changes what lies in them.

`server.reading.views` keeps one shelf that lives as long as the process, and one for each question
under way. Nothing here waits or raises: it runs in the step that delivers a fact.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Generic, TypeVar

from server.reading.shown import PostView, UserView, value_of, view_of_published, view_of_user
from storage.facts import (
    AccountDeleted,
    AvatarChanged,
    Blocked,
    CommentDeleted,
    Commented,
    Entry,
    Fact,
    Followed,
    FollowRequested,
    FollowRequestEnded,
    PostDeleted,
    PostEdited,
    PostLiked,
    PostPublished,
    PostSaved,
    PostUnliked,
    PostUnsaved,
    PrivacyChanged,
    ProfileChanged,
    Registered,
    Unblocked,
    Unfollowed,
    UsernameChanged,
    Verified,
)
from storage.rows import (
    APART,
    BLOCKED_BY,
    BLOCKING,
    FOLLOWED_BY,
    FOLLOWING,
    LIKED,
    REQUESTED,
    SAVED,
    UserRow,
)

K = TypeVar("K")
V = TypeVar("V")


class Resident(Generic[K, V]):
    """At most `size_max` values; whoever was looked at longest ago leaves first. None bounds
    nothing.
    """

    def __init__(self, size_max: int | None) -> None:
        self._size_max = size_max
        self.by_use: OrderedDict[K, V] = OrderedDict()
        """The values, the last to leave at the end; for loops in which a call for each is much."""

    def __contains__(self, key: K) -> bool:
        return key in self.by_use

    def __len__(self) -> int:
        return len(self.by_use)

    def __getitem__(self, key: K) -> V:
        """The value, now the last to leave. Raises `KeyError`."""
        self.by_use.move_to_end(key)
        return self.by_use[key]

    def get(self, key: K, default: V) -> V:
        """The value, or `default` if it is not here; its turn to leave stays."""
        return self.by_use.get(key, default)

    def touch(self, key: K) -> bool:
        """Whether it is here; if so, it is now the last to leave."""
        if key not in self.by_use:
            return False
        self.by_use.move_to_end(key)
        return True

    def put(self, key: K, value: V) -> None:
        """Keep `value`, whatever was there."""
        self.by_use[key] = value
        self.by_use.move_to_end(key)
        if self._size_max is not None and len(self.by_use) > self._size_max:
            self.by_use.popitem(last=False)

    def change(self, key: K, changed: Callable[[V], V]) -> None:
        """Replace the value, if it is here, by what becomes of it; its turn to leave stays."""
        if key in self.by_use:
            self.by_use[key] = changed(self.by_use[key])

    def drop(self, key: K) -> None:
        """Keep it no longer."""
        self.by_use.pop(key, None)

    def items(self) -> list[tuple[K, V]]:
        """All that is here."""
        return list(self.by_use.items())


class Regards:
    """What viewers think of things, each pair of a viewer and a number with its bits: at most
    `size_max` of them. Whoever looked longest ago leaves first, with all of theirs. None bounds
    nothing.
    """

    def __init__(self, size_max: int | None) -> None:
        self._size_max = size_max
        self._size = 0
        self._of: OrderedDict[int, dict[int, int]] = OrderedDict()

    def __len__(self) -> int:
        return self._size

    def of(self, viewer: int) -> Mapping[int, int]:
        """All of one viewer, now the last to leave. Good until something is put here."""
        mine = self._of.get(viewer)
        if mine is None:
            return {}
        self._of.move_to_end(viewer)
        return mine

    def put(self, viewer: int, number: int, bits: int) -> None:
        """Keep it, whatever was there."""
        mine = self._of.get(viewer)
        if mine is None:
            mine = self._of[viewer] = {}
        self._size += number not in mine
        mine[number] = bits
        while self._size_max is not None and self._size > self._size_max:
            _, left = self._of.popitem(last=False)
            self._size -= len(left)

    def change(self, viewer: int, number: int, changed: Callable[[int], int]) -> None:
        """Replace the bits, if they are here, by what becomes of them."""
        mine = self._of.get(viewer)
        if mine is not None and number in mine:
            mine[number] = changed(mine[number])

    def items(self) -> list[tuple[int, int, int]]:
        """All that is here: viewer, number, bits."""
        return [
            (viewer, number, bits)
            for viewer, mine in self._of.items()
            for number, bits in mine.items()
        ]


class Shelf:
    """Views, and what viewers think of them. A post or a user that does not exist, or no longer, is
    here as None."""

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
        self.flags = Regards(flags_max)
        """What viewers think of posts."""
        self.stances = Regards(flags_max)
        """How viewers stand to accounts."""

        self.stale: set[int] = set()
        """Posts whose place must be read again: good for the page that has them, not to keep."""

    def user(self, account: int) -> UserView | None:
        """The account's view; None also if it is not here."""
        return self.users.get(account, None)

    def stance(self, viewer: int | None, account: int) -> int:
        """How the viewer stands to an account that is here; 0 for nobody and oneself."""
        if viewer is None or viewer == account:
            return 0
        return self.stances.of(viewer).get(account, 0)

    def fold(self, entry: Entry) -> None:
        """Change what is here by a fact that was delivered; what is not here is not fetched."""
        match entry.fact:
            case PostLiked() | PostUnliked() | PostSaved() | PostUnsaved():
                self._fold_flag(entry.fact)
            case Followed() | Unfollowed() | FollowRequested() | FollowRequestEnded():
                self._fold_edge(entry.fact)
            case Blocked() | Unblocked():
                self._fold_block(entry.fact)
            case PostPublished() as published:
                # What is new is what will be read: it needs no row, unless a place is to be named.
                if published.location is None:
                    view = view_of_published(published, entry.at, self._base_url)
                    self.posts.put(published.post, view)
                self._change_user(published.author, lambda view: view.with_counts(posts=+1))
            case PostEdited(post=post) as edited:
                self._change_post(post, lambda view: view.edited(edited, self._base_url))
                if "location" in edited.changed:
                    self.stale.add(post)
            case PostDeleted(post=post, author=author):
                self.posts.change(post, lambda _: None)
                self._change_user(author, lambda view: view.with_counts(posts=-1))
            case Commented(post=post):
                self._change_post(post, lambda view: view.with_counts(comments=+1))
            case CommentDeleted(post=post, removed=removed):
                self._change_post(post, lambda view: view.with_counts(comments=-removed))
            case _:
                self._fold_account(entry.fact)

    def _fold_account(self, fact: Fact) -> None:
        match fact:
            case Registered(account=account):
                view = _view_of_registered(fact, self._base_url)
                self.users.change(account, lambda _: view)
            case UsernameChanged(account=account, username=username):
                self._change_user(account, lambda view: view.changed(username=username.value or ""))
            case ProfileChanged(account=account, changed=changed):
                texts = {name: value_of(getattr(fact, name)) for name in changed}
                self._change_user(account, lambda view: view.changed(**texts))
            case AvatarChanged(account=account, file=file):
                self._change_user(account, lambda view: view.changed(avatar=value_of(file)))
            case PrivacyChanged(account=account, private=private):
                self._change_user(account, lambda view: view.changed(private=private))
            case Verified(account=account, verified=verified):
                self._change_user(account, lambda view: view.changed(verified=verified))
            case AccountDeleted(account=account):
                self.users.change(account, lambda _: None)
            case _:
                pass

    def _fold_flag(self, fact: PostLiked | PostUnliked | PostSaved | PostUnsaved) -> None:
        bit = SAVED if isinstance(fact, PostSaved | PostUnsaved) else LIKED
        on = isinstance(fact, PostLiked | PostSaved)
        if bit == LIKED:
            self._change_post(fact.post, lambda view: view.with_counts(likes=+1 if on else -1))
        self.flags.change(fact.account, fact.post, lambda bits: bits | bit if on else bits & ~bit)

    def _fold_edge(
        self, fact: Followed | Unfollowed | FollowRequested | FollowRequestEnded
    ) -> None:
        there, back = (fact.follower, fact.followee), (fact.followee, fact.follower)
        match fact:
            case Followed():
                self._count_follow(fact.followee, fact.follower, +1)
                self.stances.change(*there, lambda bits: (bits | FOLLOWING) & ~REQUESTED)
                self.stances.change(*back, lambda bits: bits | FOLLOWED_BY)
            case Unfollowed():
                self._count_follow(fact.followee, fact.follower, -1)
                self.stances.change(*there, lambda bits: bits & ~FOLLOWING)
                self.stances.change(*back, lambda bits: bits & ~FOLLOWED_BY)
            case FollowRequested():
                self.stances.change(*there, lambda bits: bits | REQUESTED)
            case FollowRequestEnded():
                self.stances.change(*there, lambda bits: bits & ~REQUESTED)

    def _fold_block(self, fact: Blocked | Unblocked) -> None:
        there, back = (fact.blocker, fact.blocked), (fact.blocked, fact.blocker)
        if isinstance(fact, Unblocked):
            self.stances.change(*there, lambda bits: bits & ~BLOCKING)
            self.stances.change(*back, lambda bits: bits & ~BLOCKED_BY)
            return
        if fact.followed:
            self._count_follow(fact.blocked, fact.blocker, -1)
        if fact.followed_by:
            self._count_follow(fact.blocker, fact.blocked, -1)
        self.stances.change(*there, lambda bits: bits & APART | BLOCKING)
        self.stances.change(*back, lambda bits: bits & APART | BLOCKED_BY)

    def _count_follow(self, followee: int, follower: int, step: int) -> None:
        self._change_user(followee, lambda view: view.with_counts(followers=step))
        self._change_user(follower, lambda view: view.with_counts(following=step))

    def _change_post(self, post: int, changed: Callable[[PostView], PostView]) -> None:
        self.posts.change(post, lambda view: None if view is None else changed(view))

    def _change_user(self, account: int, changed: Callable[[UserView], UserView]) -> None:
        self.users.change(account, lambda view: None if view is None else changed(view))


def _view_of_registered(fact: Registered, base_url: str) -> UserView:
    full_name, username = value_of(fact.full_name), value_of(fact.username) or ""
    row = UserRow(fact.account, username, full_name, False, followers=0, following=0, posts=0)
    return view_of_user(row, base_url)
