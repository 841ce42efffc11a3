"""Published views: what others read of posts and users, without asking an actor and mostly without
asking the disk.

Routes read pages here; the runtime tells of every fact that is delivered. A view that is not
resident is filled like an actor is loaded: what is delivered meanwhile is kept, and folded onto the
rows if it is newer than they are.
"""

from collections.abc import Iterable, Sequence

import msgspec
import trio

from actors.runtime.asking import Asking
from server.shelf import Shelf
from server.shown import PostView, UserView, view_of_post, view_of_user
from storage.facts import Entry
from storage.reads import Answer, GetRows, Rows

POSTS_MAX = 8_192
"""Views of posts, 2 KB each: the newest posts of a busy server in 16 MB."""
USERS_MAX = 8_192
"""Views of users, 1 KB each."""
FLAGS_MAX = 65_536
"""Who likes what, 200 bytes each: the first pages of 3,000 viewers."""
SHARED_TRIES = 3
"""Rounds in which a page rests on the shared caches. A page whose views leave them faster than it
can gather them asks for all of it at once after that, and rests on its own answer.
"""


class Wanted(msgspec.Struct, frozen=True):
    """What a page is made of; flags are (viewer, post)."""

    posts: frozenset[int]
    users: frozenset[int]
    viewer: int | None
    liked: frozenset[int]

    def __bool__(self) -> bool:
        return bool(self.posts or self.users or self.liked)

    def without(self, others: "Iterable[Wanted]") -> "Wanted":
        """What nobody of `others` wants."""
        posts, users, liked = self.posts, self.users, self.liked
        for other in others:
            posts -= other.posts
            users -= other.users
            if other.viewer == self.viewer:
                liked -= other.liked
        return Wanted(posts, users, self.viewer, liked)


class Fill:
    """A question under way, and all that has been delivered since it was put. Owned by the page
    that put it.
    """

    def __init__(self, wanted: Wanted) -> None:
        self.wanted = wanted
        self.delivered: list[Entry] = []
        self.ended = trio.Event()


class Views:
    """The views of one process. Bounded; `on_delivered` must be told of every fact in the step that
    delivers it.
    """

    def __init__(
        self,
        asking: Asking,
        base_url: str,
        posts_max: int = POSTS_MAX,
        users_max: int = USERS_MAX,
        flags_max: int = FLAGS_MAX,
    ) -> None:
        self._asking = asking
        self._base_url = base_url
        self._live = Shelf(base_url, posts_max, users_max, flags_max)
        self._fills: list[Fill] = []

    def on_delivered(self, entry: Entry) -> None:
        """Fold a fact into what is resident. A `Listener`: never waits, never raises."""
        self._live.fold(entry)
        for fill in self._fills:
            fill.delivered.append(entry)

    def statistics(self) -> dict[str, int]:
        """How much is resident and under way."""
        return {
            "posts": len(self._live.posts),
            "users": len(self._live.users),
            "flags": len(self._live.liked),
            "fills": len(self._fills),
        }

    async def posts(self, ids: Sequence[int], viewer: int) -> dict[int, bytes]:
        """The JSON of each of the posts that exist, as `viewer` sees it; all as of one moment."""
        wanted = frozenset(ids)
        shelf = await self._shelf_with(Wanted(wanted, frozenset(), viewer, wanted))
        shown: dict[int, bytes] = {}
        for post in ids:
            view = shelf.posts[post]
            if view is None or view.author not in shelf.users:
                # Gone, or so new that it came after its rows were read: not there yet.
                continue
            author = shelf.users[view.author]
            if author is not None:
                shown[post] = view.shown(author, shelf.liked[viewer, post])
        return shown

    async def post(self, post: int) -> PostView | None:
        """One post, None if it does not exist."""
        wanted = Wanted(frozenset((post,)), frozenset(), None, frozenset())
        return (await self._shelf_with(wanted)).posts[post]

    async def users(self, accounts: Iterable[int]) -> dict[int, UserView]:
        """Those of the accounts that exist."""
        wanted = frozenset(accounts)
        shelf = await self._shelf_with(Wanted(frozenset(), wanted, None, frozenset()))
        found = ((account, shelf.users[account]) for account in wanted)
        return {account: view for account, view in found if view is not None}

    async def user(self, account: int) -> UserView | None:
        """One account, None if it does not exist."""
        return (await self.users((account,))).get(account)

    async def _shelf_with(self, wanted: Wanted) -> Shelf:
        """A shelf that has all of it, to be used before anything is awaited."""
        for _ in range(SHARED_TRIES):
            missing = self._missing(wanted)
            if not missing:
                return self._live
            under_way = list(self._fills)
            unasked = missing.without(fill.wanted for fill in under_way)
            if unasked:
                await self._fill(unasked)
            for fill in under_way:
                if missing.without((fill.wanted,)) != missing:
                    await fill.ended.wait()
        return self._live if not self._missing(wanted) else await self._fill(wanted)

    def _missing(self, wanted: Wanted) -> Wanted:
        """What of it, and of the authors of its posts, is not resident; the rest becomes the last
        to leave.
        """
        live = self._live
        users = set(wanted.users)
        posts: set[int] = set()
        for post in wanted.posts:
            if not live.posts.touch(post):
                posts.add(post)
            elif (view := live.posts[post]) is not None:
                users.add(view.author)
        viewer = wanted.viewer
        liked = (
            set[int]()
            if viewer is None
            else {post for post in wanted.liked if not live.liked.touch((viewer, post))}
        )
        absent = frozenset(user for user in users if not live.users.touch(user))
        return Wanted(frozenset(posts), absent, viewer, frozenset(liked))

    async def _fill(self, wanted: Wanted) -> Shelf:
        """Read it and make it resident; the shelf returned has all of it, and the authors, as of
        now.
        """
        fill = Fill(wanted)
        self._fills.append(fill)
        try:
            answer = await self._asking.read_as_of(
                GetRows(
                    posts=tuple(sorted(wanted.posts)),
                    users=tuple(sorted(wanted.users)),
                    viewer=wanted.viewer,
                    liked=tuple(sorted(wanted.liked)),
                )
            )
            fetched = self._fetched(fill, answer)
            self._adopt(fetched)
            return fetched
        finally:
            self._fills.remove(fill)
            fill.ended.set()

    def _fetched(self, fill: Fill, answer: Answer[Rows]) -> Shelf:
        wanted, rows = fill.wanted, answer.value
        shelf = Shelf(self._base_url)
        for post in wanted.posts:
            shelf.posts.put(post, None)
        for row in rows.posts:
            shelf.posts.put(row.post, view_of_post(row, self._base_url))
        for account in wanted.users:
            shelf.users.put(account, None)
        for row in rows.users:
            shelf.users.put(row.account, view_of_user(row))
        if wanted.viewer is not None:
            for post in wanted.liked:
                shelf.liked.put((wanted.viewer, post), False)
            for post in rows.liked:
                shelf.liked.put((wanted.viewer, post), True)
        for entry in fill.delivered:
            if entry.seq > answer.committed:
                shelf.fold(entry)
        return shelf

    def _adopt(self, fetched: Shelf) -> None:
        """Put what is not resident beside what is: both are as of the last delivered fact."""
        live = self._live
        for post, view in fetched.posts.items():
            if post not in live.posts:
                live.posts.put(post, view)
        for account, view in fetched.users.items():
            if account not in live.users:
                live.users.put(account, view)
        for key, liked in fetched.liked.items():
            if key not in live.liked:
                live.liked.put(key, liked)
