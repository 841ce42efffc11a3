"""Published views: what others read of posts and users, without asking an actor and mostly without
asking the disk.

Routes read pages here; the runtime tells of every fact that is delivered. A view that is not
resident is filled like an actor is loaded: what is delivered meanwhile is kept, and folded onto the
rows if it is newer than they are.
"""

from collections.abc import Container, Iterable, Sequence
from typing import TypeVar

import msgspec
import trio

from actors.runtime.asking import Asking
from server.reading.shelf import Regards, Resident, Shelf
from server.reading.shown import PostView, UserView, view_of_post, view_of_user
from storage.facts import Entry
from storage.reads import Answer, GetRows
from storage.rows import APART, FOLLOWING, Rows

K = TypeVar("K")
V = TypeVar("V")

POSTS_MAX = 8_192
"""Views of posts, 3 KB each: the newest posts of a busy server in 24 MB."""
USERS_MAX = 8_192
"""Views of users, 1 KB each."""
FLAGS_MAX = 65_536
"""What viewers think of posts, and again as many of how they stand to accounts, 200 bytes each: the
first pages of 3,000 viewers."""
FOLLOWED_FREELY = FOLLOWING | APART
"""Bits of a stance of which only `FOLLOWING` is set for nearly every post of a feed, and then who
they are need not be looked at."""
SHARED_TRIES = 3
"""Rounds in which a page rests on the shared caches. A page whose views leave them faster than it
can gather them asks for all of it at once after that, and rests on its own answer.
"""


class Wanted(msgspec.Struct, frozen=True):
    """What a page is made of: posts with all who are named by them, users, and what `viewer` thinks
    of posts (`flags`) and how it stands to accounts (`stances`)."""

    posts: frozenset[int] = frozenset()
    users: frozenset[int] = frozenset()
    viewer: int | None = None
    flags: frozenset[int] = frozenset()
    stances: frozenset[int] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.posts or self.users or self.flags or self.stances)

    def without(self, others: "Iterable[Wanted]") -> "Wanted":
        """What nobody of `others` wants."""
        posts, users, flags, stances = self.posts, self.users, self.flags, self.stances
        for other in others:
            posts -= other.posts
            users -= other.users
            if other.viewer == self.viewer:
                flags -= other.flags
                stances -= other.stances
        return Wanted(posts, users, self.viewer, flags, stances)

    def and_also(self, other: "Wanted") -> "Wanted":
        """What this or `other`, of the same viewer, wants."""
        return Wanted(
            self.posts | other.posts,
            self.users | other.users,
            self.viewer,
            self.flags | other.flags,
            self.stances | other.stances,
        )


class Seen(msgspec.Struct, frozen=True):
    """A user who is there for a viewer, and how the viewer stands to them (bits of
    `storage.rows`)."""

    view: UserView
    stance: int
    own: bool

    @property
    def shows_posts(self) -> bool:
        """Whether the viewer may see what they post, and whom they follow."""
        return self.own or not self.view.row.private or bool(self.stance & FOLLOWING)

    def listed(self) -> bytes:
        """Their JSON in a list."""
        return self.view.listed(self.stance)


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
        live = self._live
        live.fold(entry)
        while live.stale:
            live.posts.drop(live.stale.pop())
        for fill in self._fills:
            fill.delivered.append(entry)

    def statistics(self) -> dict[str, int]:
        """How much is resident and under way."""
        return {
            "posts": len(self._live.posts),
            "users": len(self._live.users),
            "flags": len(self._live.flags),
            "stances": len(self._live.stances),
            "fills": len(self._fills),
        }

    async def posts(self, ids: Sequence[int], viewer: int) -> list[bytes | None]:
        """The JSON of each of the posts as `viewer` sees it, None for one that they may not see;
        all as of one moment."""
        shown = _posts_for(self._live, viewer, ids)
        if shown is None:
            wanted = frozenset(ids)
            wanted = Wanted(posts=wanted, viewer=viewer, flags=wanted)
            shown = _posts_for(await self._shelf_with(wanted), viewer, ids)
            assert shown is not None, "a shelf has what was wanted"
        return shown

    async def post(self, post: int, viewer: int) -> PostView | None:
        """One post, None if it does not exist or `viewer` may not see it."""
        shelf = await self._shelf_with(Wanted(posts=frozenset((post,)), viewer=viewer))
        view = shelf.posts[post]
        author = None if view is None else shelf.user(view.author)
        if view is None or author is None:
            return None
        return view if _may_see(viewer, author, shelf.stance(viewer, view.author)) else None

    async def people(self, accounts: Iterable[int], viewer: int | None) -> dict[int, "Seen"]:
        """Those of the accounts that are there for `viewer` (None: somebody without a token)."""
        wanted = frozenset(accounts)
        stances = frozenset[int]() if viewer is None else wanted - {viewer}
        shelf = await self._shelf_with(Wanted(users=wanted, viewer=viewer, stances=stances))
        seen: dict[int, Seen] = {}
        for account in wanted:
            view, stance = shelf.users[account], shelf.stance(viewer, account)
            if view is not None and not stance & APART:
                seen[account] = Seen(view, stance, own=viewer == account)
        return seen

    async def person(self, account: int, viewer: int | None) -> "Seen | None":
        """One account, None if it is not there for `viewer`."""
        return (await self.people((account,), viewer)).get(account)

    async def stances(self, accounts: Iterable[int], viewer: int) -> dict[int, int]:
        """How `viewer` stands to those of the accounts that exist, in bits."""
        wanted = frozenset(accounts)
        others = wanted - {viewer}
        shelf = await self._shelf_with(Wanted(users=wanted, viewer=viewer, stances=others))
        existing = (account for account in wanted if shelf.users[account] is not None)
        return {account: shelf.stance(viewer, account) for account in existing}

    async def known(self, account: int) -> UserView | None:
        """One account, whoever looks; None if it does not exist."""
        return (await self._shelf_with(Wanted(users=frozenset((account,))))).users[account]

    async def _shelf_with(self, wanted: Wanted) -> Shelf:
        """A shelf that has all of it, to be used before anything is awaited."""
        for _ in range(SHARED_TRIES):
            missing = _missing(self._live, wanted)
            if not missing:
                return self._live
            under_way = list(self._fills)
            unasked = missing.without(fill.wanted for fill in under_way)
            if unasked:
                await self._fill(unasked)
            for fill in under_way:
                if missing.without((fill.wanted,)) != missing:
                    await fill.ended.wait()
        if not _missing(self._live, wanted):
            return self._live
        shelf = await self._fill(wanted)
        while unasked := _missing(shelf, wanted):  # named by what came while it was read
            wanted = wanted.and_also(unasked)
            shelf = await self._fill(wanted)
        return shelf

    async def _fill(self, wanted: Wanted) -> Shelf:
        """Read it and make it resident; the shelf returned has all of it, and all whom its rows
        named when they were read, as of now.
        """
        fill = Fill(wanted)
        self._fills.append(fill)
        try:
            answer = await self._asking.read_as_of(
                GetRows(
                    posts=tuple(sorted(wanted.posts)),
                    users=tuple(sorted(wanted.users)),
                    viewer=wanted.viewer,
                    flags=tuple(sorted(wanted.flags)),
                    stances=tuple(sorted(wanted.stances)),
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
        named: set[int] = set()
        for row in rows.posts:
            shelf.posts.put(row.post, view_of_post(row, self._base_url))
            named.update((row.author, *(tag.account for tag in row.tags)))
        for account in named | wanted.users:
            shelf.users.put(account, None)
        for row in rows.users:
            shelf.users.put(row.account, view_of_user(row, self._base_url))
        if wanted.viewer is not None:  # a pair that is missing has no bits
            bits_of, stances = dict(rows.flags), dict(rows.stances)
            for post in wanted.flags:
                shelf.flags.put(wanted.viewer, post, bits_of.get(post, 0))
            for account in named | wanted.stances:
                shelf.stances.put(wanted.viewer, account, stances.get(account, 0))
        for entry in fill.delivered:
            if entry.seq > answer.committed:
                shelf.fold(entry)
        return shelf

    def _adopt(self, fetched: Shelf) -> None:
        """Put what is not resident beside what is: both are as of the last delivered fact."""
        live = self._live
        _adopt(live.posts, fetched.posts, fetched.stale)
        _adopt(live.users, fetched.users)
        _adopt_regards(live.flags, fetched.flags)
        _adopt_regards(live.stances, fetched.stances)


def _adopt(live: Resident[K, V], fetched: Resident[K, V], but: Container[K] = ()) -> None:
    for key, value in fetched.items():
        if key not in live and key not in but:
            live.put(key, value)


def _adopt_regards(live: Regards, fetched: Regards) -> None:
    for viewer, number, bits in fetched.items():
        if number not in live.of(viewer):
            live.put(viewer, number, bits)


def _missing(shelf: Shelf, wanted: Wanted) -> Wanted:
    """What of it, and of all who are named by its posts, is not there; the rest becomes the last to
    leave.
    """
    viewer = wanted.viewer
    users, stances = set(wanted.users), set(wanted.stances)
    posts: set[int] = set()
    for post in wanted.posts:
        if not shelf.posts.touch(post):
            posts.add(post)
        elif (view := shelf.posts[post]) is not None:
            named = (view.author, *(tag.account for tag in view.row.tags))
            users.update(named)
            stances.update(named)
    stances.discard(viewer or 0)
    absent = frozenset(user for user in users if not shelf.users.touch(user))
    if viewer is None:
        return Wanted(frozenset(posts), absent)
    return Wanted(
        frozenset(posts),
        absent,
        viewer,
        frozenset(wanted.flags - shelf.flags.of(viewer).keys()),
        frozenset(stances - shelf.stances.of(viewer).keys()),
    )


def _posts_for(shelf: Shelf, viewer: int, ids: Sequence[int]) -> list[bytes | None] | None:
    """What `Views.posts` tells, most of a feed page's work; None if not all of it is in `shelf`."""
    posts, users = shelf.posts.by_use, shelf.users.by_use
    use_post, use_user = posts.move_to_end, users.move_to_end
    flags, stances = shelf.flags.of(viewer), shelf.stances.of(viewer)
    shown: list[bytes | None] = []
    try:
        for post in ids:
            view, seen = posts[post], None
            use_post(post)
            if view is not None:
                row, plain = view.row, view.plain
                author = users[row.author]
                use_user(row.author)
                stance = 0 if row.author == viewer else stances[row.author]
                thinks = flags[post]
                if author is None or not (
                    stance & FOLLOWED_FREELY == FOLLOWING or _may_see(viewer, author, stance)
                ):
                    pass
                elif thinks or row.tags:
                    seen = view.shown(author, thinks, _tags(shelf, viewer, view))
                elif plain and plain[0] is author.brief:
                    seen = plain[1]
                else:
                    seen = view.plainly(author)
            shown.append(seen)
    except KeyError:
        return None
    return shown


def _may_see(viewer: int, author: UserView, stance: int) -> bool:
    """Whether `viewer`, who stands to `author` like that, may see what they post."""
    row = author.row
    if viewer == row.account:
        return True
    return not stance & APART and (not row.private or bool(stance & FOLLOWING))


def _tags(shelf: Shelf, viewer: int, view: PostView) -> list[bytes]:
    """Those tagged in a post who are there for `viewer`. Raises `KeyError` for one who is not in
    `shelf`."""
    tags: list[bytes] = []
    stances = shelf.stances.of(viewer)
    for tag in view.row.tags:
        user = shelf.users[tag.account]
        stance = 0 if tag.account == viewer else stances[tag.account]
        if user is not None and not stance & APART:
            tags.append(user.tagged(tag))
    return tags
