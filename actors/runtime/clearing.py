"""What is left to do after a decision, in bounded steps: clear away what a deleted account has
left, and approve all who asked to follow an account that went public.

One task, started by `run.py`. It asks the same commands that people ask, so no rule and no fold
knows of it; whatever a crash interrupts, the next start finds in the rows.
"""

from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import Any

import structlog
import trio

from actors.accounts.messages import ClearAccount
from actors.comment.messages import DeleteComment, Place, UnlikeComment
from actors.decisions import Command
from actors.post.messages import DeletePost, DeleteReply, Unlike, Unsave
from actors.runtime.actors import Actors
from actors.runtime.asking import Bug, Overloaded, Quarantined
from actors.runtime.limits import CLEARED_AT_ONCE, CLEARING_PAUSE_S
from actors.story.messages import ForgetView
from actors.user.messages import (
    ApproveRequests,
    BlobsReply,
    EndExpiredStories,
    RequestsReply,
    Unblock,
    Unfollow,
)
from storage.facts import AccountDeleted, Entry, PrivacyChanged
from storage.reads import GetRemains, GetStale, GetUnapproved, GetUncleared
from storage.rows import Remains

OnBlobs = Callable[[Iterable[str]], Awaitable[None]]

log = structlog.get_logger()


class Clearing:
    """The accounts that are still to be cleared or opened. Start `run` in a nursery, and tell it of
    every fact."""

    def __init__(self, actors: Actors) -> None:
        self._actors = actors
        self._deleted: dict[int, trio.Event] = {}
        self._opened: dict[int, trio.Event] = {}
        self._wake = trio.Event()

    def on_delivered(self, entry: Entry) -> None:
        """Listen to the delivery of one fact."""
        match entry.fact:
            case AccountDeleted(account=account):
                self._note(self._deleted, account)
            case PrivacyChanged(account=account, private=False):
                self._note(self._opened, account)
            case _:
                pass

    def _note(self, due: dict[int, trio.Event], account: int) -> None:
        due.setdefault(account, trio.Event())
        self._wake.set()

    async def cleared(self, account: int) -> None:
        """Wait until nothing is due for `account` any more."""
        for due in (self._deleted, self._opened):
            if (done := due.get(account)) is not None:
                await done.wait()

    def statistics(self) -> dict[str, int]:
        return {"deleted": len(self._deleted), "opened": len(self._opened)}

    async def run(self, on_blobs: OnBlobs) -> None:
        """Do what is due, until cancelled; first what an earlier process left. `on_blobs` gets the
        names of blobs that belong to nothing any more."""
        for actor in await self._actors.read(GetStale()):
            # Its snapshot is replaced when the cell leaves memory: so it must have been there.
            self._actors.directory.cell(actor)
        for account in await self._actors.read(GetUncleared()):
            self._note(self._deleted, account)
        for account in await self._actors.read(GetUnapproved()):
            self._note(self._opened, account)
        while True:
            await self._wake.wait()
            self._wake = trio.Event()
            await self._do(self._opened, self._approve)
            await self._do(self._deleted, partial(self._clear, on_blobs))

    async def _do(self, due: dict[int, trio.Event], act: Callable[[int], Any]) -> None:
        for account in list(due):
            try:
                await act(account)
            except (Overloaded, Quarantined, Bug) as trouble:
                log.warning("clearing is put off", account=account, why=repr(trouble))
                await trio.sleep(CLEARING_PAUSE_S)
                self._wake.set()
            else:
                due.pop(account).set()

    async def _approve(self, account: int) -> None:
        while True:
            reply = await self._actors.ask(ApproveRequests(account))
            if not isinstance(reply, RequestsReply) or not reply.requests_left:
                return

    async def _clear(self, on_blobs: OnBlobs, account: int) -> None:
        before: Remains | None = None
        while remains := await self._actors.read(GetRemains(account, CLEARED_AT_ONCE)):
            if remains == before:
                log.error("remains can't be cleared: run `run.py verify`", account=account)
                return
            before = remains
            failures: list[Exception] = []
            async with trio.open_nursery() as nursery:
                for line in _in_lines(_commands(account, remains)):
                    nursery.start_soon(self._ask_in_turn, line, on_blobs, failures)
            if failures:
                raise failures[0]
        await self._actors.ask(ClearAccount(account))

    async def _ask_in_turn(
        self, line: list[Command[Any]], on_blobs: OnBlobs, failures: list[Exception]
    ) -> None:
        for command in line:
            await self._ask(command, on_blobs, failures)

    async def _ask(
        self, command: Command[Any], on_blobs: OnBlobs, failures: list[Exception]
    ) -> None:
        """A refusal means that it is gone already."""
        try:
            reply = await self._actors.ask(command)
        except (Overloaded, Quarantined, Bug) as trouble:
            failures.append(trouble)
            return
        if isinstance(reply, DeleteReply | BlobsReply):
            await on_blobs(reply.blobs)


def _commands(account: int, remains: Remains) -> list[Command[Any]]:
    """What clears `remains` away. Posts first: much of the rest goes with them."""
    if remains.stories:
        return [EndExpiredStories(account)]
    if remains.posts:
        return [DeletePost(post, account) for post in remains.posts]
    if remains.comments:
        return [DeleteComment(Place(*place), account) for place in remains.comments]
    return [
        *(Unlike(post, account) for post in remains.likes),
        *(Unsave(post, account) for post in remains.saves),
        *(ForgetView(story, account) for story in remains.views),
        *(UnlikeComment(Place(*place), account) for place in remains.comment_likes),
        *(Unfollow(followee, account) for followee in remains.following),
        *(Unfollow(account, follower) for follower in remains.followers),
        *(Unblock(account, blocked) for blocked in remains.blocking),
        *(Unblock(blocker, account) for blocker in remains.blocked_by),
    ]


def _in_lines(commands: list[Command[Any]]) -> list[list[Command[Any]]]:
    """What may be asked at once, each line in turn. Deletions of comments on one post form a line:
    only one fits into a round, and whoever else asks the post would wait for all that came
    before."""
    lines: dict[object, list[Command[Any]]] = {}
    for command in commands:
        line = command.place.post if isinstance(command, DeleteComment) else command
        lines.setdefault(line, []).append(command)
    return list(lines.values())
