"""A world, its views, and all that can happen to them: what the tests of the views play with.

Each act commits facts that the actors might have decided, if they apply; a test says when they are
delivered. Each look compares what the views say with what the rows say as of the last delivery.
"""

import msgspec
import trio
import trio.testing

from server.reading.views import Views
from storage.facts import (
    AccountCleared,
    AccountDeleted,
    AvatarChanged,
    Blocked,
    CommentDeleted,
    Commented,
    Fact,
    Followed,
    FollowRequested,
    FollowRequestEnded,
    Medium,
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
    Tag,
    Text,
    Unblocked,
    Unfollowed,
    UsernameChanged,
    Verified,
)
from storage.rows import BLOCKED_BY, BLOCKING, FOLLOWING
from tests.server.held_reads import HeldReads
from tests.server.rows_model import BASE_URL, RowsModel

FIRST_ACCOUNTS = (1, 2, 3)
FIRST_POSTS = (101, 102, 103)


class Stage:
    """Three accounts with a post each to begin with, all of it delivered and resident."""

    def __init__(self, nursery: trio.Nursery, capacity: int = 100) -> None:
        self.world = HeldReads()
        self.views = Views(self.world, BASE_URL, capacity, capacity, capacity)
        self.nursery = nursery
        self.looks = 0
        """Looks that have come to their end."""
        self._ids = 1_000
        self.accounts: list[int] = []
        self.ids: list[int] = []
        for _ in FIRST_ACCOUNTS:
            self.register()
        for post in FIRST_POSTS:
            self.publish(1 + post % 3, 0)
        self.deliver(len(self.world.entries))

    def restart(self) -> None:
        """Begin again with nothing resident."""
        self.views = Views(self.world, BASE_URL)

    @property
    def rows(self) -> RowsModel:
        return self.world.newest

    def exist(self, *accounts: int) -> bool:
        return all(account in self.rows.users for account in accounts)

    def are_apart(self, one: int, other: int) -> bool:
        return bool(self.rows.stance(one, other) & (BLOCKING | BLOCKED_BY))

    def text(self, value: str) -> Text:
        self._ids += 1
        return Text(self._ids, f"{value} {self._ids}")

    # Acts of accounts.

    def register(self) -> None:
        account = len(self.accounts) + 1
        self.accounts.append(account)
        name = Text(account, f"user{account}")
        full_name = self.text("full") if account % 2 else None
        self.world.commit(Registered(account, name, self.text("hash"), None, full_name))

    def rename(self, account: int) -> None:
        if self.exist(account):
            self.world.commit(UsernameChanged(account, self.text("name")))

    def describe(self, account: int, *changed: str) -> None:
        if self.exist(account):
            row = self.rows.users[account]
            texts = {name: None if getattr(row, name) else self.text(name) for name in set(changed)}
            self.world.commit(ProfileChanged(account, tuple(texts), **texts))

    def picture(self, account: int) -> None:
        if self.exist(account):
            none = self.rows.users[account].avatar is not None
            self.world.commit(AvatarChanged(account, None if none else self.text("face")))

    def badge(self, account: int) -> None:
        if self.exist(account):
            self.world.commit(Verified(account, not self.rows.users[account].verified))

    def privacy(self, account: int) -> None:
        """Going public approves all who asked."""
        if self.exist(account):
            private = not self.rows.users[account].private
            self.world.commit(PrivacyChanged(account, private))
            for follower, followee in sorted(self.rows.requests):
                if followee == account and not private:
                    self.world.commit(Followed(account, follower, approved=True))

    def depart(self, account: int) -> None:
        if self.exist(account):
            self.world.commit(AccountDeleted(account))

    def clear(self, account: int) -> None:
        """What the clearing does for an account that is gone."""
        if account not in self.accounts or self.exist(account):
            return
        rows, commit = self.rows.copy(), self.world.commit
        for post, row in rows.posts.items():
            if row.author == account:
                commit(PostDeleted(post, account))
        for relation, fact in ((rows.likes, PostUnliked), (rows.saves, PostUnsaved)):
            for who, post in sorted(relation):
                if who == account and post in self.rows.posts:
                    commit(fact(post, who))
        for relation, fact in ((rows.follows, Unfollowed), (rows.requests, FollowRequestEnded)):
            for follower, followee in sorted(relation):
                if account in (follower, followee):
                    commit(fact(followee, follower))
        for blocker, blocked in sorted(rows.blocks):
            if account in (blocker, blocked):
                commit(Unblocked(blocker, blocked))
        commit(AccountCleared(account))

    # Acts between two accounts.

    def follow(self, follower: int, followee: int) -> None:
        rows = self.rows
        if follower == followee or not self.exist(follower, followee):
            return
        fact: type[Fact] = FollowRequested if rows.users[followee].private else Followed
        if (follower, followee) in rows.follows:
            fact = Unfollowed
        elif (follower, followee) in rows.requests:
            fact = FollowRequestEnded
        elif self.are_apart(follower, followee):
            return
        self.world.commit(fact(followee, follower))  # pyright: ignore[reportCallIssue]

    def approve(self, followee: int) -> None:
        waiting = sorted(pair for pair in self.rows.requests if pair[1] == followee)
        if waiting and self.exist(followee, waiting[0][0]):
            self.world.commit(Followed(followee, waiting[0][0], approved=True))

    def block(self, blocker: int, blocked: int) -> None:
        rows, edge = self.rows, (blocker, blocked)
        if blocker == blocked or not self.exist(blocker):
            return
        if edge in rows.blocks:
            self.world.commit(Unblocked(*edge))
        elif self.exist(blocked):
            ended = edge in rows.follows, edge[::-1] in rows.follows
            self.world.commit(Blocked(*edge, *ended))

    # Acts of posts.

    def publish(self, author: int, tagged: int) -> None:
        if self.exist(author):
            post = 101 + len(self.ids)
            self.ids.append(post)
            media = tuple(
                Medium(place, 640, 480, self.text("file"), self.text("thumb"), None)
                for place in range(1 + post % 2)
            )
            tags = self._tags(author, tagged)
            caption = self.text("a #Tag of")
            self.world.commit(PostPublished(author, post, caption, media, None, tags))

    def _tags(self, author: int, tagged: int) -> tuple[Tag, ...]:
        """One for each bit of `tagged`, of those whom the author may name."""
        return tuple(
            Tag(account, account / 8, None)
            for account in self.accounts
            if tagged >> account & 1 and self.exist(account) and not self.are_apart(author, account)
        )

    def edit(self, post: int, tagged: int, *changed: str) -> None:
        row = self.rows.posts.get(post)
        if row is not None and self.exist(row.author):
            self.world.commit(
                PostEdited(
                    post,
                    row.author,
                    tuple(sorted(set(changed))),
                    caption=None if row.caption else self.text("another #Tag"),
                    alts=tuple(None if medium.alt else self.text("alt") for medium in row.media),
                    tags=self._tags(row.author, tagged),
                )
            )

    def delete(self, post: int) -> None:
        row = self.rows.posts.get(post)
        if row is not None:
            self.world.commit(PostDeleted(post, row.author))

    def like(self, account: int, post: int) -> None:
        if post in self.rows.posts and self.exist(account):
            liked = (account, post) in self.rows.likes
            self.world.commit(
                PostUnliked(post, account) if liked else PostLiked(post, account, True)
            )

    def save(self, account: int, post: int) -> None:
        if post in self.rows.posts and self.exist(account):
            saved = (account, post) in self.rows.saves
            self.world.commit(PostUnsaved(post, account) if saved else PostSaved(post, account))

    def comment(self, account: int, post: int, reply: bool) -> None:
        if post in self.rows.posts and self.exist(account):
            roots = [
                comment
                for comment, place in sorted(self.rows.comments.items())
                if place == (post, None)
            ]
            text = self.text("said")
            root = roots[0] if reply and roots else None
            self.world.commit(Commented(text.id, post, account, text, root))

    def uncomment(self, pick: int) -> None:
        comments = sorted(self.rows.comments)
        if comments:
            comment = comments[pick % len(comments)]
            post, root = self.rows.comments[comment]
            replies = sum(place[1] == comment for place in self.rows.comments.values())
            self.world.commit(CommentDeleted(comment, post, 0, 1 + replies, root))

    # What the test decides.

    def deliver(self, number: int) -> None:
        for entry in self.world.entries[self.world.delivered :][:number]:
            self.world.delivered = entry.seq
            self.views.on_delivered(entry)

    async def read(self, *, and_return: bool) -> None:
        """Let the oldest question be answered from the rows, and perhaps its answer come back."""
        await trio.testing.wait_all_tasks_blocked()
        for read, returned in self.world.asked:
            read.set()
            await trio.testing.wait_all_tasks_blocked()
            if and_return and not returned.is_set():
                self.deliver(len(self.world.entries))
                returned.set()
                await trio.testing.wait_all_tasks_blocked()
                return

    async def finish(self) -> None:
        await trio.testing.wait_all_tasks_blocked()
        while any(not returned.is_set() for _, returned in self.world.asked):
            await self.read(and_return=True)

    # Looks.

    def look(self, viewer: int, posts: int) -> None:
        self.nursery.start_soon(self._look, viewer, self.ids[-posts:])

    def glance(self, viewer: int, post: int) -> None:
        self.nursery.start_soon(self._glance, viewer, post)

    def visit(self, viewer: int | None, accounts: int) -> None:
        self.nursery.start_soon(self._visit, viewer, self._some(accounts))

    def compare(self, viewer: int, accounts: int) -> None:
        self.nursery.start_soon(self._compare, viewer, self._some(accounts))

    def _some(self, accounts: int) -> list[int]:
        """Those whose bit is set, of all who exist, have existed or never did."""
        return [account for account in range(1, 7) if accounts >> account & 1]

    async def _look(self, viewer: int, posts: list[int]) -> None:
        shown = await self.views.posts(posts, viewer)
        rows = self.world.shown
        assert shown == [
            rows.shown(post, viewer) if rows.may_see(post, viewer) else None for post in posts
        ]
        self.looks += 1

    async def _glance(self, viewer: int, post: int) -> None:
        view = await self.views.post(post, viewer)
        rows = self.world.shown
        assert (view is not None) == rows.may_see(post, viewer)
        if view is not None:
            assert msgspec.structs.replace(view.row, tags=[]) == msgspec.structs.replace(
                rows.post(post), tags=[]
            )
        self.looks += 1

    async def _visit(self, viewer: int | None, accounts: list[int]) -> None:
        people = await self.views.people(accounts, viewer)
        rows = self.world.shown
        assert people.keys() == {one for one in accounts if rows.is_there(one, viewer)}
        for account, seen in people.items():
            assert seen.view.row == rows.user(account)
            assert seen.view.shown(seen.stance) == rows.profile(account, viewer)
            assert seen.listed() == rows.listed(account, viewer)
            open_to = rows.stance(viewer, account) & FOLLOWING or account == viewer
            assert seen.shows_posts == (not rows.users[account].private or bool(open_to))
        self.looks += 1

    async def _compare(self, viewer: int, accounts: list[int]) -> None:
        stances = await self.views.stances(accounts, viewer)
        rows = self.world.shown
        expected = {one: rows.stance(viewer, one) for one in accounts if one in rows.users}
        assert stances == expected
        self.looks += 1
