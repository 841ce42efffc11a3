"""Every question, answered by looking at the plain model without haste.

`tests.storage.test_queries` compares with what SQLite answers. What comes in no order is sorted on
both sides.
"""

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from storage.ids import ACCOUNTS, user_key
from storage.reads import (
    GetAccounts,
    GetBeginning,
    GetBlocks,
    GetComment,
    GetComments,
    GetCredentials,
    GetExisting,
    GetExpired,
    GetFeed,
    GetFollowers,
    GetFollowing,
    GetGoneAccounts,
    GetLikers,
    GetMediaNames,
    GetMediumOwner,
    GetMissed,
    GetPassword,
    GetPostsOf,
    GetRemains,
    GetReplies,
    GetRequests,
    GetRows,
    GetSaved,
    GetSession,
    GetSessionOfFamily,
    GetSessions,
    GetStale,
    GetStances,
    GetTagged,
    GetTold,
    GetUnapproved,
    GetUncleared,
    GetUsers,
    PullFrom,
    PullPosts,
    Question,
    Span,
)
from storage.rows import (
    BLOCKED_BY,
    BLOCKING,
    FOLLOWED_BY,
    FOLLOWING,
    LIKED,
    REQUESTED,
    SAVED,
    Beginning,
    CommentRow,
    Credentials,
    FeedRows,
    MediumOwner,
    MediumRow,
    PostRow,
    Remains,
    Rows,
    SessionRow,
    TagRow,
    UserRow,
)
from tests.storage.discovering import FOUND, in_span
from tests.storage.making import History
from tests.storage.missing import missed, told
from tests.storage.plain import Pair, said


def once(numbers: Iterable[Any]) -> list[Any]:
    """In order, each once."""
    return list(dict.fromkeys(numbers))


class Answering:
    """Answers of what holds after `history`."""

    def __init__(self, history: History) -> None:
        self.history = history
        self.plain = history.plain

    def answer(self, question: Question[Any]) -> Any:
        return ANSWERS[type(question)](self, question)

    # Rows as they are shown.

    def user(self, account: int) -> UserRow:
        one, plain = self.plain.accounts[account], self.plain
        return UserRow(
            account=account,
            username=one.name,
            full_name=said(one.texts.get("full_name")),
            verified=one.verified,
            followers=sum(followee == account for followee, _ in plain.follows),
            following=sum(follower == account for _, follower in plain.follows),
            posts=len(plain.posts_by([account])),
            bio=said(one.texts.get("bio")),
            website=said(one.texts.get("website")),
            avatar=said(one.texts.get("avatar")),
            private=one.private,
        )

    def post(self, post: int) -> PostRow:
        one, plain = self.plain.posts[post], self.plain
        media = [
            MediumRow(m.media, m.width, m.height, said(m.file), said(m.thumbnail), said(alt))
            for m, alt in zip(one.media, one.alts + [None] * len(one.media), strict=False)
        ]
        return PostRow(
            post=post,
            author=one.author,
            at=one.at,
            caption=said(one.caption),
            likes=sum(liked == post for liked, _ in plain.likes),
            comments=sum(comment.post == post for comment in plain.comments.values()),
            media=media,
            tags=[TagRow(tag.account, tag.x, tag.y) for _, tag in sorted(one.tags.items())],
            location=self.place(one.location),
        )

    def place(self, location: int | None) -> tuple[int, str] | None:
        known = self.plain.found.locations.get(location or 0)
        return None if known is None else (known.location, said(known.name))

    def comment(self, comment: int, viewer: int) -> CommentRow:
        one, plain = self.plain.comments[comment], self.plain
        return CommentRow(
            comment=comment,
            post=one.post,
            post_author=plain.posts[one.post].author,
            author=one.author,
            root=one.root,
            at=one.at,
            text=said(one.text),
            likes=sum(liked == comment for liked, _ in plain.comment_likes),
            replies=sum(other.root == comment for other in plain.comments.values()),
            liked=(comment, viewer) in plain.comment_likes,
        )

    def stance(self, viewer: int | None, account: int) -> tuple[int, int]:
        if viewer is None:
            return account, 0
        plain, there, back = self.plain, (account, viewer), (viewer, account)
        return account, (
            FOLLOWING * (there in plain.follows)
            + FOLLOWED_BY * (back in plain.follows)
            + REQUESTED * (there in plain.requests)
            + BLOCKING * (back in plain.blocks)
            + BLOCKED_BY * (there in plain.blocks)
        )

    def flags(self, viewer: int | None, post: int) -> tuple[int, int]:
        pair = (post, viewer)
        return post, LIKED * (pair in self.plain.likes) + SAVED * (pair in self.plain.saves)

    def rows(self, question: GetRows) -> Rows:
        posts = [self.post(post) for post in once(question.posts) if post in self.plain.posts]
        named = {row.author for row in posts} | {tag.account for row in posts for tag in row.tags}
        there = {n for n, one in self.plain.accounts.items() if not one.gone}
        stances = set(question.stances) | (named if question.viewer is not None else set())
        return Rows(
            posts,
            [self.user(account) for account in sorted((named | {*question.users}) & there)],
            [self.flags(question.viewer, post) for post in once(question.flags)],
            sorted(self.stance(question.viewer, account) for account in stances),
        )

    # Lists.

    def feed(self, question: GetFeed) -> FeedRows:
        following = self.plain.followees(question.viewer)
        posts = self.plain.posts_by([question.viewer, *following])
        some = [(post, self.plain.posts[post].author) for post in posts[: question.limit]]
        return FeedRows(following, some, len(posts) <= question.limit)

    def pulled(self, viewer: int, span: Span) -> list[int]:
        return in_span(self.plain.posts_by([viewer, *self.plain.followees(viewer)]), span)

    def listed(self, pairs: dict[Pair, int], side: int, of: int, span: Span) -> list[Pair]:
        """(seq, other side) of the pairs whose `side` is `of`."""
        seqs = {seq: pair[1 - side] for pair, seq in pairs.items() if pair[side] == of}
        return [(seq, seqs[seq]) for seq in in_span(sorted(seqs, reverse=True), span)]

    def tagged(self, account: int, span: Span) -> list[int]:
        posts = [
            post
            for post, one in self.plain.posts.items()
            if account in [tag.account for tag in one.tags.values()]
        ]
        return in_span(sorted(posts, reverse=True), span)

    def comments(self, numbers: Iterable[int], viewer: int, span: Span) -> list[CommentRow]:
        some = in_span(sorted(numbers, reverse=True), span)
        return [self.comment(comment, viewer) for comment in some]

    # One at a time.

    def credentials(self, account: int | None) -> Credentials | None:
        one = self.plain.accounts.get(account or 0)
        if one is None or one.gone:
            return None
        password = one.texts["password"]
        return Credentials(one.account, one.name, said(password), password.id)

    def named(self) -> dict[str, int]:
        """Who has which name."""
        return {one.name: n for n, one in self.plain.accounts.items() if not one.gone}

    def sessions(self, account: int) -> list[SessionRow]:
        return [
            SessionRow(n, one.opened_at, one.used_at, said(one.client))
            for n, one in sorted(self.plain.sessions.items(), reverse=True)
            if one.account == account
        ]

    def blobs(self) -> dict[str, MediumOwner]:
        """name -> whose it is"""
        found: dict[str, MediumOwner] = {}
        for post in self.plain.posts.values():
            for text in (text for m in post.media for text in (m.file, m.thumbnail)):
                found[said(text)] = MediumOwner(post.author, False, None)
        for story in self.plain.found.stories.values():
            found[said(story.file)] = MediumOwner(story.author, False, story.expires_at)
        for n, account in self.plain.accounts.items():
            if "avatar" in account.texts:
                found[said(account.texts["avatar"])] = MediumOwner(n, True, None)
        return found

    def gone(self, *degrees: int) -> list[int]:
        return sorted(n for n, one in self.plain.accounts.items() if one.gone in degrees)

    def remains(self, account: int) -> Remains:
        """All of it."""
        plain = self.plain

        def others(pairs: Iterable[Pair], side: int) -> list[int]:
            return sorted(pair[1 - side] for pair in pairs if pair[side] == account)

        def place(comment: int) -> tuple[int, int, int, int | None]:
            one = plain.comments[comment]
            return comment, one.post, plain.posts[one.post].author, one.root

        edges = [*plain.follows, *plain.requests]
        return Remains(
            posts=sorted(plain.posts_by([account])),
            stories=sorted(n for n, s in plain.found.stories.items() if s.author == account),
            views=others(plain.found.views, 1),
            comments=sorted(place(n) for n, one in plain.comments.items() if one.author == account),
            likes=others(plain.likes, 1),
            saves=others(plain.saves, 1),
            comment_likes=[place(comment) for comment in others(plain.comment_likes, 1)],
            following=others(edges, 1),
            followers=others(edges, 0),
            blocking=others(plain.blocks, 0),
            blocked_by=others(plain.blocks, 1),
        )

    def stale(self) -> list[int]:
        """The database has no snapshots: a load of anybody would fold all of its facts."""
        gone = [n for n, account in sorted(self.plain.accounts.items()) if account.gone]
        return [ACCOUNTS, *map(user_key, gone)] if self.history.entries else []

    def unapproved(self) -> list[int]:
        asked = {followee for followee, _ in self.plain.requests}
        accounts = self.plain.accounts
        return sorted(n for n in asked if not accounts[n].private and not accounts[n].gone)


def _beginning(a: Answering, question: GetBeginning) -> Beginning:
    return Beginning(len(a.history.entries), a.history.ids.last, a.history.entries[-1].at)


def _session_of_family(a: Answering, question: GetSessionOfFamily) -> tuple[int, int] | None:
    for n, one in a.plain.sessions.items():
        if said(one.family) == question.family:
            return one.account, n
    return None


def _comments_on(a: Answering, q: GetComments) -> list[CommentRow]:
    found = (n for n, one in a.plain.comments.items() if one.post == q.post)
    return a.comments(found, q.viewer, q.span)


def _replies_to(a: Answering, q: GetReplies) -> list[CommentRow]:
    found = (n for n, one in a.plain.comments.items() if one.root == q.root)
    return a.comments(found, q.viewer, q.span)


def _users(a: Answering, q: GetUsers) -> list[UserRow]:
    return [a.user(n) for n in sorted(a.named().values()) if n > q.after][: q.limit]


ANSWERS: dict[type[Question[Any]], Callable[[Answering, Any], Any]] = {
    GetBeginning: _beginning,
    GetFeed: Answering.feed,
    PullPosts: lambda a, q: a.pulled(q.viewer, q.span),
    PullFrom: lambda a, q: in_span(a.plain.posts_by(q.authors), q.span),
    GetPostsOf: lambda a, q: in_span(a.plain.posts_by([q.author]), q.span),
    GetFollowers: lambda a, q: a.listed(a.plain.follows, 0, q.followee, q.span),
    GetFollowing: lambda a, q: a.listed(a.plain.follows, 1, q.follower, q.span),
    GetRequests: lambda a, q: a.listed(a.plain.requests, 0, q.followee, q.span),
    GetBlocks: lambda a, q: a.listed(a.plain.blocks, 0, q.blocker, q.span),
    GetLikers: lambda a, q: a.listed(a.plain.likes, 0, q.post, q.span),
    GetSaved: lambda a, q: a.listed(a.plain.saves, 1, q.account, q.span),
    GetTagged: lambda a, q: a.tagged(q.account, q.span),
    GetComments: _comments_on,
    GetReplies: _replies_to,
    GetComment: lambda a, q: (
        a.comment(q.comment, q.viewer) if q.comment in a.plain.comments else None
    ),
    GetRows: Answering.rows,
    GetStances: lambda a, q: [a.stance(q.viewer, account) for account in once(q.accounts)],
    GetUsers: _users,
    GetCredentials: lambda a, q: a.credentials(a.named().get(q.username)),
    GetPassword: lambda a, q: a.credentials(q.account),
    GetAccounts: lambda a, q: [(n, a.named()[n]) for n in once(q.usernames) if n in a.named()],
    GetExisting: lambda a, q: [n for n in once(q.accounts) if n in a.named().values()],
    GetSession: lambda a, q: (
        a.plain.sessions[q.session].account if q.session in a.plain.sessions else None
    ),
    GetSessionOfFamily: _session_of_family,
    GetSessions: lambda a, q: a.sessions(q.account),
    GetMediaNames: lambda a, q: sorted(name for name in a.blobs() if name.startswith(q.prefix)),
    GetMediumOwner: lambda a, q: a.blobs().get(q.name),
    GetGoneAccounts: lambda a, q: a.gone(1, 2),
    GetStale: lambda a, q: a.stale(),
    GetUncleared: lambda a, q: a.gone(1),
    GetUnapproved: lambda a, q: a.unapproved(),
    GetRemains: lambda a, q: a.remains(q.account),
    GetMissed: missed,
    GetTold: told,
    **{kind: (lambda a, q, found=found: found(a.plain, q)) for kind, found in FOUND.items()},
}
"""Every question but those for histories and kept replies, which are not of the rows."""


def in_order(question: Question[Any], answer: Any) -> Any:
    """An answer with whatever comes in no order sorted."""
    match question:
        case GetRows():
            return msgspec.structs.replace(answer, stances=sorted(answer.stances))
        case GetFeed():
            return msgspec.structs.replace(answer, following=sorted(answer.following))
        case GetGoneAccounts() | GetExpired():
            return sorted(answer)
        case _:
            return answer
