"""The inboxes that are resident, and home feeds read through them.

A delivery pushes to them or marks them; a reader fills the one it needs. An inbox is neither
folded nor snapshotted: what is lost here is filled again by the pull.
"""

from collections import OrderedDict
from collections.abc import Callable

import trio
from pyroaring import BitMap

from actors.fanout import Inbox, Policy
from actors.runtime.actors import Actors
from actors.runtime.limits import INBOX_POSTS_MAX, INBOXES_MAX
from actors.user.state import UserState
from storage.facts import Entry, Followed, PostPublished, Unfollowed
from storage.ids import user_key
from storage.reads import GetFeed, PullPosts, Span

Change = Callable[[Inbox], None]


class Slot:
    """An inbox and, while it is being filled, the changes delivered meanwhile."""

    __slots__ = ("changes", "filled", "inbox")

    def __init__(self, owner: int, posts_max: int) -> None:
        self.inbox = Inbox(owner, posts_max)
        self.changes: list[tuple[int, Change]] = []
        """(seq, change)"""
        self.filled: trio.Event | None = None
        """Set when the fill that is under way has ended; None while there is none."""


class Inboxes:
    """`FeedReading` in the flesh, and the listener that keeps it warm."""

    def __init__(
        self,
        actors: Actors,
        policy: Policy,
        *,
        posts_max: int = INBOX_POSTS_MAX,
        inboxes_max: int = INBOXES_MAX,
    ) -> None:
        self._actors = actors
        self._policy = policy
        self._posts_max = posts_max
        self._inboxes_max = inboxes_max
        self._slots: OrderedDict[int, Slot] = OrderedDict()
        self._resident = BitMap()

    async def posts(self, viewer: int, span: Span) -> list[int]:
        """Ids of the viewer's home feed in `span`, newest first; fewer than its limit only at the
        feed's end."""
        if self._policy.reads_inboxes:
            shown = (await self._filled(viewer)).read(span)
            if shown is not None:
                return shown
        return await self._actors.read(PullPosts(viewer, span))

    async def _filled(self, viewer: int) -> Inbox:
        """The inbox of `viewer`, with nothing missing. To be read before the next `await`."""
        while True:
            slot = self._slots.get(viewer)
            if slot is None:
                slot = self._slots[viewer] = Slot(viewer, self._posts_max)
                self._resident.add(viewer)
                self._evict()
            self._slots.move_to_end(viewer)
            if slot.filled is not None:
                await slot.filled.wait()
            elif slot.inbox.marked:
                await self._fill(slot)
            else:
                return slot.inbox

    async def _fill(self, slot: Slot) -> None:
        """Fill an inbox once; a mark that comes meanwhile leaves it marked, and the caller starts
        again."""
        slot.filled = trio.Event()
        slot.changes = []
        try:
            answer = await self._actors.read_as_of(GetFeed(slot.inbox.owner, self._posts_max))
            rows = answer.value
            slot.inbox.fill(rows.following, rows.posts, rows.complete)
            for seq, change in slot.changes:
                if seq > answer.committed:
                    change(slot.inbox)
        finally:
            slot.filled.set()
            slot.filled = None

    def _evict(self) -> None:
        """Beyond the bound, the inbox unread longest goes; one that is being filled stays."""
        while len(self._slots) > self._inboxes_max:
            owner, slot = next(iter(self._slots.items()))
            if slot.filled is not None:
                break
            del self._slots[owner]
            self._resident.discard(owner)

    def on_delivered(self, entry: Entry) -> None:
        """Listen to the delivery of one fact."""
        match entry.fact:
            case PostPublished(author=author, post=post) if self._policy.reads_inboxes:
                for owner in self._owners_of(author):
                    self._change(owner, entry.seq, lambda inbox: inbox.push(post, author))
            case Followed(followee=followee, follower=follower):
                self._change(follower, entry.seq, lambda inbox: inbox.follow(followee))
            case Unfollowed(followee=followee, follower=follower):
                self._change(follower, entry.seq, lambda inbox: inbox.unfollow(followee))
            case _:
                pass

    def _owners_of(self, author: int) -> BitMap:
        """Whose inboxes get a post of `author`, its own among them."""
        # The author decided to publish: its cell is held until the reply is released.
        state: UserState = self._actors.directory.cells[user_key(author)].state
        owners = self._policy.push_to(state.followers, self._resident)
        if author in self._resident:
            owners.add(author)
        return owners

    def _change(self, owner: int, seq: int, change: Change) -> None:
        slot = self._slots.get(owner)
        if slot is None:
            return
        if slot.filled is None:
            change(slot.inbox)
        else:
            slot.changes.append((seq, change))

    def statistics(self) -> dict[str, int]:
        return {"inboxes": len(self._slots), "bound": self._inboxes_max}
