"""What a whole group of facts changes in the rows, folded together in memory before any SQL runs.

`storage.projection` feeds it entry by entry and then writes what is left: per key the last write
wins, and what came and went within the group leaves nothing. Plain dictionaries; knows neither SQL
nor the rows already on disk.

Texts and blobs are kept in hexadecimal, since they travel to SQLite inside JSON, which
would cut a text at NUL and can't hold bytes at all.
"""

from collections import Counter
from collections.abc import Iterable

from storage.disk import Group
from storage.facts import (
    Entry,
    Fact,
    Followed,
    PasswordChanged,
    PostDeleted,
    PostLiked,
    PostPublished,
    PostUnliked,
    Registered,
    SessionOpened,
    Text,
    Unfollowed,
    Verified,
    encode_fact,
)
from storage.reads import Snapshot


def hex_of(text: str) -> str:
    """The UTF-8 of a text in hexadecimal. A lone surrogate, which UTF-8 can't hold, becomes `?`."""
    return text.encode("utf-8", "replace").hex()


def value_of(text: Text) -> str:
    """The text, or a stand-in for one that was erased.

    Stand-ins turn up when rows are rebuilt from the journal, until a later fact deletes them.
    """
    return f"erased:{text.id}" if text.value is None else text.value


def id_of(text: Text | None) -> int | None:
    return None if text is None else text.id


class User:
    """An account registered within the group, as it will be inserted. Its counters begin at 0."""

    def __init__(self, fact: Registered, at: int) -> None:
        self.fact = fact
        self.password_id = fact.password.id
        self.verified = False
        self.at = at

    def row(self) -> tuple[object, ...]:
        fact = self.fact
        return (
            fact.account,
            hex_of(value_of(fact.username)),
            id_of(fact.full_name),
            id_of(fact.email),
            self.password_id,
            int(self.verified),
            self.at,
        )


class Changes:
    """The net effect of a group. Built by one `fold_group`, read once, then thrown away."""

    def __init__(self) -> None:
        self.journal: list[tuple[int, int, str]] = []
        """(seq, at, fact)"""
        self.concerns: list[tuple[int, int]] = []
        """(actor, seq)"""
        self.contents: dict[int, tuple[int, int, str]] = {}
        """id -> (id, owner, text)"""
        self.largest_id = 0
        self.users: dict[int, User] = {}
        self.passwords: dict[int, int] = {}
        """account -> text id of the new password, of accounts that were there before"""
        self.verified: dict[int, bool] = {}
        """account -> badge, of accounts that were there before"""
        self.sessions: dict[int, tuple[int, int, int, int]] = {}
        """session -> (session, account, refresh_id, opened_at)"""
        self.ended: dict[int, int | None] = {}
        """account -> the only one of its earlier sessions that goes on"""
        self.follows: dict[tuple[int, int], int | None] = {}
        """(followee, follower) -> seq, or None for gone"""
        self.posts: dict[int, tuple[PostPublished, int]] = {}
        """post -> (as it was published, at)"""
        self.deleted: set[int] = set()
        """posts that were there before"""
        self.likes: dict[int, dict[int, int | None]] = {}
        """post -> account -> seq, or None for gone"""
        self.snapshots: dict[int, Snapshot] = {}
        self.replies: dict[tuple[int, str, str], tuple[int, str, str, str, str, int]] = {}
        """(account, route, key) -> (account, route, key, request, reply, at)"""
        self.newest_at = 0

    def fold_group(self, group: Group) -> None:
        """Take in everything of `group`, in order."""
        for entry in group.entries:
            self.fold(entry)
        for snapshot in group.snapshots:
            earlier = self.snapshots.get(snapshot.actor)
            if earlier is None or earlier.seq <= snapshot.seq:
                self.snapshots[snapshot.actor] = snapshot
        for kept in group.replies:
            self.newest_at = max(self.newest_at, kept.at)
            self.replies[kept.account, kept.route, kept.key] = (
                kept.account,
                hex_of(kept.route),
                hex_of(kept.key),
                kept.request.hex(),
                kept.reply.hex(),
                kept.at,
            )

    def fold(self, entry: Entry) -> None:
        """Take in one fact. Raises `TypeError` for a kind that this file does not know."""
        fact, at = entry.fact, entry.at
        self.newest_at = max(self.newest_at, at)
        self.journal.append((entry.seq, at, encode_fact(fact).hex()))
        self.concerns.extend((actor, entry.seq) for actor in fact.concerns())
        self._bring(fact)
        match fact:
            case Registered():
                self.users[fact.account] = User(fact, at)
            case SessionOpened():
                row = (fact.session, fact.account, fact.refresh.id, at)
                self.sessions[fact.session] = row
                self.largest_id = max(self.largest_id, fact.session)
            case PasswordChanged():
                self._change_password(fact)
                self._end_sessions(fact)
            case Verified():
                self._set_verified(fact)
            case Followed():
                self.follows[fact.followee, fact.follower] = entry.seq
            case Unfollowed():
                self.follows[fact.followee, fact.follower] = None
            case PostPublished():
                self.posts[fact.post] = (fact, at)
                ids = (medium.media for medium in fact.media)
                self.largest_id = max(self.largest_id, fact.post, *ids)
            case PostDeleted():
                self._delete_post(fact.post)
            case PostLiked():
                self.likes.setdefault(fact.post, {})[fact.account] = entry.seq
            case PostUnliked():
                self.likes.setdefault(fact.post, {})[fact.account] = None
            case _:
                raise TypeError(f"no rows are known for a {type(fact).__name__}")

    def _bring(self, fact: Fact) -> None:
        texts = fact.texts()
        if texts:
            owner = fact.owner()
            for text in texts:
                self.contents[text.id] = (text.id, owner, hex_of(value_of(text)))
                self.largest_id = max(self.largest_id, text.id)

    def _erase(self, texts: Iterable[int]) -> None:
        for text in texts:
            self.contents.pop(text, None)

    def _change_password(self, fact: PasswordChanged) -> None:
        user = self.users.get(fact.account)
        if user is not None:
            self._erase([user.password_id])
            user.password_id = fact.password.id
            return
        if fact.account in self.passwords:
            self._erase([self.passwords[fact.account]])
        self.passwords[fact.account] = fact.password.id

    def _end_sessions(self, fact: PasswordChanged) -> None:
        for session, account, refresh_id, _ in list(self.sessions.values()):
            if account == fact.account and session != fact.kept:
                del self.sessions[session]
                self._erase([refresh_id])
        # Who outlives several changes was kept by each.
        again = self.ended.get(fact.account, fact.kept)
        self.ended[fact.account] = fact.kept if again == fact.kept else None

    def _set_verified(self, fact: Verified) -> None:
        user = self.users.get(fact.account)
        if user is not None:
            user.verified = fact.verified
        else:
            self.verified[fact.account] = fact.verified

    def _delete_post(self, post: int) -> None:
        self.likes.pop(post, None)
        published = self.posts.pop(post, None)
        if published is None:
            self.deleted.add(post)
        else:
            self._erase(text.id for text in published[0].texts())

    def user_rows(self) -> list[tuple[object, ...]]:
        """(account, username, full_name_id, email_id, password_id, verified, registered_at)"""
        return [user.row() for user in self.users.values()]

    def post_rows(self) -> list[tuple[object, ...]]:
        """(post, author, at, caption_id)"""
        return [
            (fact.post, fact.author, at, id_of(fact.caption)) for fact, at in self.posts.values()
        ]

    def medium_rows(self) -> list[tuple[object, ...]]:
        """(media, post, position, width, height, file, thumbnail, file_id, thumbnail_id)"""
        return [
            (
                medium.media,
                fact.post,
                position,
                medium.width,
                medium.height,
                hex_of(value_of(medium.file)),
                hex_of(value_of(medium.thumbnail)),
                medium.file.id,
                medium.thumbnail.id,
            )
            for fact, _ in self.posts.values()
            for position, medium in enumerate(fact.media)
        ]

    def posts_published(self) -> list[tuple[int, int]]:
        """(author, how many)"""
        return list(Counter(fact.author for fact, _ in self.posts.values()).items())

    def follow_rows(self) -> list[tuple[int, int, int | None]]:
        """(followee, follower, seq or None)"""
        return [(*pair, seq) for pair, seq in self.follows.items()]

    def like_rows(self) -> list[tuple[int, int, int | None]]:
        """(post, account, seq or None)"""
        return [
            (post, account, seq)
            for post, likers in self.likes.items()
            for account, seq in likers.items()
        ]

    def snapshot_rows(self) -> list[tuple[int, int, str]]:
        """(actor, seq, state)"""
        return [(kept.actor, kept.seq, kept.state.hex()) for kept in self.snapshots.values()]
