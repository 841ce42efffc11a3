"""The inboxes that are resident, and home feeds read through them.

A delivery pushes to them or marks them; a reader fills the one it needs, and pulls from authors
who did not push to it. An inbox is neither folded nor snapshotted: what is lost here is filled
again by the pull.
"""

from collections import OrderedDict
from collections.abc import Callable
from itertools import islice
from typing import Literal

import msgspec
import trio
from pyroaring import BitMap

from actors.fanout import Policy
from actors.inbox import Inbox
from actors.runtime.actors import Actors
from actors.runtime.asking import Why
from actors.runtime.limits import (
    ACTIVE_S,
    FEED_TRIES,
    HANDOUTS_MAX,
    INBOX_POSTS_MAX,
    INBOXES_MAX,
    PUSH_SLICE,
    UNPUSHED_AUTHORS_MAX,
)
from actors.user.state import UserState
from storage.facts import Blocked, Entry, Followed, PostPublished, Unfollowed
from storage.ids import ID_MAX, user_key
from storage.reads import GetFeed, GetStances, PullFrom, PullPosts, Span
from storage.rows import FOLLOWING

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


class Sizes(msgspec.Struct, frozen=True):
    """The bounds of the inboxes; tests make them small."""

    inbox_posts: int = INBOX_POSTS_MAX
    inboxes: int = INBOXES_MAX
    push_slice: int = PUSH_SLICE
    handouts: int = HANDOUTS_MAX
    unpushed_authors: int = UNPUSHED_AUTHORS_MAX
    active_s: float = ACTIVE_S


class Handout:
    """A push too long for one step: those in `left` do not have the post yet."""

    __slots__ = ("author", "left", "post", "seq")

    def __init__(self, seq: int, post: int, author: int, left: BitMap) -> None:
        self.seq = seq
        self.post = post
        self.author = author
        self.left = left


class Inboxes:
    """`FeedReading` in the flesh, and the listener that keeps it warm. Start `run` in a nursery."""

    def __init__(
        self,
        actors: Actors,
        policy: Policy,
        stopwatch: Callable[[], float],
        sizes: Sizes = Sizes(),  # noqa: B008  # frozen
    ) -> None:
        self._actors = actors
        self._policy = policy
        self._stopwatch = stopwatch
        self._sizes = sizes
        self._slots: OrderedDict[int, Slot] = OrderedDict()
        self._resident = BitMap()
        self._active = BitMap()
        self._active_before = BitMap()
        self._active_since = stopwatch()
        self._unpushed: dict[int, int] = {}
        """author -> seq of its newest post that some inbox did not get"""
        self._unpushed_authors = BitMap()
        self._handouts: list[Handout] = []
        self._handing_out = trio.Event()

    async def run(self) -> None:
        """Hand out long pushes slice by slice, until cancelled."""
        while True:
            if not self._handouts:
                self._handing_out = trio.Event()
                await self._handing_out.wait()
            await self._pause()
            if self._handouts:
                self._hand_out_slice(self._handouts[0])

    async def _pause(self) -> None:
        """Between two slices. The simulator makes it longer."""
        await trio.lowlevel.checkpoint()

    # Reading.

    async def posts(self, viewer: int, span: Span) -> list[int]:
        """Ids of the viewer's home feed in `span`, newest first; fewer than its limit only at the
        feed's end."""
        if self._policy.reads_inboxes:
            for _ in range(FEED_TRIES):
                inbox = await self._filled(viewer)
                unpushed = self._unpushed_for(inbox)
                if not unpushed:
                    shown = inbox.read(span)
                    break
                pulled = await self._actors.read(PullFrom(tuple(unpushed), _above(inbox, span)))
                # What came meanwhile may rest on something newer than what was pulled: then again.
                if self._is_current(inbox) and self._unpushed_for(inbox) == unpushed:
                    shown = inbox.read(span, pulled)
                    break
            else:
                shown = None
            if shown is not None:
                return shown
        pulled = await self._actors.read(PullPosts(viewer, span))
        if (inbox := self.resident(viewer)) is not None:
            inbox.found(pulled)
        return pulled

    async def why(self, viewer: int, post: int, author: int) -> Why:
        """What the viewer's home feed makes of a post of `author`, by the policy in force."""
        if not self._policy.reads_inboxes:
            ((_, stance),) = await self._actors.read(GetStances(viewer, (author,)))
            return _why(author == viewer, bool(stance & FOLLOWING), "pulled")
        inbox = await self._filled(viewer)
        if post in inbox.dropped and author in inbox.following:
            return Why(in_feed=False, how=None, reason="dropped")
        pushed = post in inbox and post > inbox.filled_id
        how = "pushed" if pushed else "pulled"
        return _why(author == viewer, author in inbox.following, how)

    def _is_current(self, inbox: Inbox) -> bool:
        slot = self._slots.get(inbox.owner)
        if slot is None or slot.inbox is not inbox or slot.filled is not None or inbox.marked:
            return False
        self._hand_out_to(inbox)
        return True

    def _unpushed_for(self, inbox: Inbox) -> dict[int, int]:
        """The authors from whom the owner must pull: their newest unpushed posts came after the
        fill."""
        if not self._unpushed:
            return {}
        return {
            author: seq
            for author in inbox.following.among(self._unpushed_authors)
            if (seq := self._unpushed[author]) > inbox.filled_seq
        }

    async def _filled(self, viewer: int) -> Inbox:
        """The inbox of `viewer`, with nothing missing but what must be pulled. To be read before
        the next `await`."""
        self._note_activity(viewer)
        while True:
            slot = self._slots.get(viewer)
            if slot is None:
                slot = self._slots[viewer] = Slot(viewer, self._sizes.inbox_posts)
                self._resident.add(viewer)
                self._evict()
            self._slots.move_to_end(viewer)
            if slot.filled is not None:
                await slot.filled.wait()
            elif slot.inbox.marked:
                await self._fill(slot)
            else:
                self._hand_out_to(slot.inbox)
                return slot.inbox

    async def _fill(self, slot: Slot) -> None:
        """Fill an inbox once; a mark that comes meanwhile leaves it marked, and the caller starts
        again."""
        slot.filled = trio.Event()
        slot.changes = []
        try:
            question = GetFeed(slot.inbox.owner, self._sizes.inbox_posts)
            answer = await self._actors.read_as_of(question)
            rows = answer.value
            slot.inbox.fill(rows.following, rows.posts, rows.complete, answer.committed)
            for seq, change in slot.changes:
                if seq > answer.committed:
                    change(slot.inbox)
        finally:
            slot.filled.set()
            slot.filled = None

    def _note_activity(self, viewer: int) -> None:
        """Whoever reads is active until twice `active_s` have gone by at the latest."""
        now = self._stopwatch()
        if now - self._active_since > self._sizes.active_s:
            self._active_before, self._active = self._active, BitMap()
            self._active_since = now
        self._active.add(viewer)

    def _evict(self) -> None:
        """Beyond the bound, the inbox unread longest goes; one that is being filled stays."""
        while len(self._slots) > self._sizes.inboxes:
            owner, slot = next(iter(self._slots.items()))
            if slot.filled is not None:
                break
            del self._slots[owner]
            self._resident.discard(owner)

    # Delivery.

    def on_delivered(self, entry: Entry) -> None:
        """Listen to the delivery of one fact."""
        match entry.fact:
            case PostPublished(author=author, post=post) if self._policy.reads_inboxes:
                self._publish(entry.seq, post, author)
            case Followed(followee=followee, follower=follower):
                self._change(follower, entry.seq, lambda inbox: inbox.follow(followee))
            case Unfollowed(followee=followee, follower=follower):
                self._change(follower, entry.seq, lambda inbox: inbox.unfollow(followee))
            case Blocked(blocker=blocker, blocked=blocked):
                self._change(blocker, entry.seq, lambda inbox: inbox.unfollow(blocked))
                self._change(blocked, entry.seq, lambda inbox: inbox.unfollow(blocker))
            case _:
                pass

    def _publish(self, seq: int, post: int, author: int) -> None:
        """Push to whom the policy says, and remember that there are others."""
        # The author decided to publish: its cell is held until the reply is released.
        state: UserState | None = self._actors.directory.cells[user_key(author)].state
        if state is None:  # quarantined: nobody knows who follows it
            self._mark_all(seq)
            return
        due = state.followers.among(self._resident)
        active = (self._active | self._active_before) & self._resident
        owners = self._policy.push_to(state.followers, self._resident, active)
        if author in self._resident:
            owners.add(author)
        handout = Handout(seq, post, author, owners.copy())
        if author in owners:  # who may not have to wait, nor to pull from oneself
            handout.left.discard(author)
            self._give(author, handout)
        self._hand_out_slice(handout)
        crowded = len(self._handouts) >= self._sizes.handouts
        if due - owners or (handout.left and crowded):
            self._unpushed[author] = seq
            self._unpushed_authors.add(author)
            if len(self._unpushed) > self._sizes.unpushed_authors:
                self._unpushed.clear()
                self._unpushed_authors.clear()
                self._mark_all(seq)
        if handout.left and not crowded:
            self._handouts.append(handout)
            self._handing_out.set()

    def _hand_out_slice(self, handout: Handout) -> None:
        """Give the post to some of those who do not have it yet."""
        some = BitMap(islice(handout.left, self._sizes.push_slice))
        handout.left -= some
        for owner in some:
            self._give(owner, handout)
        if not handout.left and handout in self._handouts:
            self._handouts.remove(handout)

    def _hand_out_to(self, inbox: Inbox) -> None:
        """Give one reader what it would only get later: pushes that are not finished."""
        for handout in self._handouts:
            if inbox.owner in handout.left:
                handout.left.discard(inbox.owner)
                self._give(inbox.owner, handout)

    def _give(self, owner: int, handout: Handout) -> None:
        post, author, keeps = handout.post, handout.author, self._policy.keeps

        def change(inbox: Inbox) -> None:
            if author == owner or keeps(post, owner, len(inbox.following)):
                inbox.push(post, author)
            else:
                inbox.drop(post, author)

        self._change(owner, handout.seq, change)

    def _change(self, owner: int, seq: int, change: Change) -> None:
        slot = self._slots.get(owner)
        if slot is None:
            return
        if slot.filled is not None:
            slot.changes.append((seq, change))
        elif not slot.inbox.marked and seq > slot.inbox.filled_seq:
            change(slot.inbox)

    def _mark_all(self, seq: int) -> None:
        """Every inbox is filled anew before its next read."""

        def mark(inbox: Inbox) -> None:
            inbox.marked = True

        for owner in self._slots:
            self._change(owner, seq, mark)

    def resident(self, viewer: int) -> Inbox | None:
        """The viewer's inbox if it is there and filled."""
        slot = self._slots.get(viewer)
        return None if slot is None or slot.filled is not None else slot.inbox

    def statistics(self) -> dict[str, int]:
        return {
            "inboxes": len(self._slots),
            "bound": self._sizes.inboxes,
            "handouts": len(self._handouts),
            "handouts_bound": self._sizes.handouts,
            "unpushed_authors": len(self._unpushed),
            "unpushed_authors_bound": self._sizes.unpushed_authors,
        }


def _why(own: bool, followed: bool, how: Literal["pushed", "pulled"]) -> Why:
    if own:
        return Why(in_feed=True, how=how, reason="own_post")
    if followed:
        return Why(in_feed=True, how=how, reason="followed")
    return Why(in_feed=False, how=None, reason="not_followed")


def _above(inbox: Inbox, span: Span) -> Span:
    """The part of `span` in which the inbox is complete but for what is pulled."""
    if span.after is not None:
        return Span(span.limit, after=max(span.after, inbox.floor - 1))
    return Span(span.limit, span.before or ID_MAX, inbox.floor - 1)
