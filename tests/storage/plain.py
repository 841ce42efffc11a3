"""What holds after some facts, kept in plain dictionaries: the model that rows and answers are
compared with.

Knows nothing of SQL, nor of how `storage.projection` goes about it. It never erases a text: there
is a text as long as something that is there has it.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from storage.facts import (
    AccountCleared,
    AccountDeleted,
    AvatarChanged,
    Blocked,
    CommentDeleted,
    Commented,
    CommentLiked,
    CommentUnliked,
    Entry,
    Fact,
    Followed,
    FollowRequested,
    FollowRequestEnded,
    InviteCreated,
    InviteUsed,
    LocationCreated,
    Medium,
    NotificationsRead,
    PasswordChanged,
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
    SessionEnded,
    SessionOpened,
    SessionRefreshed,
    StoryEnded,
    StoryPublished,
    StoryViewed,
    StoryViewForgotten,
    Tag,
    Text,
    Unblocked,
    Unfollowed,
    UsernameChanged,
    Verified,
)
from storage.hashtags import hashtags_in
from tests.storage.discovered import COLUMNS as FOUND_COLUMNS
from tests.storage.discovered import Discovered

Pair = tuple[int, int]

PROFILE = ("full_name", "bio", "website")


@dataclass
class Account:
    account: int
    at: int
    texts: dict[str, Text]
    """Of `username`, `full_name`, `bio`, `website`, `email`, `password`, `avatar`, those that are
    there."""
    gone: int = 0
    private: bool = False
    verified: bool = False

    @property
    def name(self) -> str:
        """A deleted account has a name that nobody can have."""
        return f"deleted:{self.account}" if self.gone else said(self.texts["username"])


@dataclass
class Session:
    account: int
    family: Text | None
    refresh: Text
    client: Text | None
    opened_at: int
    used_at: int


@dataclass
class Post:
    author: int
    seq: int
    at: int
    caption: Text | None
    location: int | None
    media: list[Medium]
    alts: list[Text | None]
    tags: dict[int, Tag]
    """position -> who is tagged there"""

    @property
    def hashtags(self) -> list[str]:
        return hashtags_in(said(self.caption))


@dataclass
class Comment:
    post: int
    author: int
    root: int | None
    at: int
    text: Text


@dataclass
class Plain:
    accounts: dict[int, Account] = field(default_factory=dict)
    sessions: dict[int, Session] = field(default_factory=dict)
    invites: dict[int, Text] = field(default_factory=dict)
    posts: dict[int, Post] = field(default_factory=dict)
    comments: dict[int, Comment] = field(default_factory=dict)
    follows: dict[Pair, int] = field(default_factory=dict)
    """(followee, follower) -> seq"""
    requests: dict[Pair, int] = field(default_factory=dict)
    """(followee, follower) -> seq"""
    blocks: dict[Pair, int] = field(default_factory=dict)
    """(blocker, blocked) -> seq"""
    likes: dict[Pair, int] = field(default_factory=dict)
    """(post, account) -> seq"""
    saves: dict[Pair, int] = field(default_factory=dict)
    """(post, account) -> seq"""
    comment_likes: dict[Pair, int] = field(default_factory=dict)
    """(comment, account) -> seq"""
    found: Discovered = field(default_factory=Discovered)

    def tell(self, entry: Entry) -> None:
        """Raises `TypeError` for a kind of fact that is not known here, `KeyError` for one that
        can't be true."""
        fact, seq = entry.fact, entry.seq
        told = (
            self._of_accounts(fact, entry)
            or self._of_edges(fact, seq)
            or self._of_likings(fact, seq)
        )
        if not told:
            self._of_posts(fact, entry.at, seq)
        self.found.tell(entry, self)

    def _of_accounts(self, fact: Fact, entry: Entry) -> bool:
        match fact:
            case InviteCreated():
                self.invites[fact.invite] = fact.code
            case InviteUsed():
                del self.invites[fact.invite]
            case Registered():
                assert fact.account not in self.accounts
                texts = {"username": fact.username, "password": fact.password}
                account = self.accounts[fact.account] = Account(fact.account, entry.at, texts)
                self._set(account, "email", fact.email)
                self._set(account, "full_name", fact.full_name)
            case SessionOpened():
                self.sessions[fact.session] = Session(
                    fact.account, fact.family, fact.refresh, fact.client, entry.at, entry.at
                )
            case SessionRefreshed():
                self.sessions[fact.session].refresh = fact.refresh
                self.sessions[fact.session].used_at = entry.at
            case SessionEnded():
                del self.sessions[fact.session]
            case AccountCleared():
                self.accounts[fact.account].gone = 2
                for post in self.posts.values():
                    post.tags = {
                        place: tag
                        for place, tag in post.tags.items()
                        if tag.account != fact.account
                    }
            case _:
                return self._of_account(fact)
        return True

    def _of_account(self, fact: Fact) -> bool:
        account = self.accounts.get(getattr(fact, "account", 0))
        match fact:
            case UsernameChanged() if account:
                account.texts["username"] = fact.username
            case PasswordChanged() if account:
                account.texts["password"] = fact.password
                self._end_sessions(fact.account, fact.kept)
            case ProfileChanged() if account:
                for name in fact.changed:
                    self._set(account, name, getattr(fact, name))
            case AvatarChanged() if account:
                self._set(account, "avatar", fact.file)
            case Verified() if account:
                account.verified = fact.verified
            case PrivacyChanged() if account:
                account.private = fact.private
            case AccountDeleted() if account:
                self.accounts[fact.account] = Account(
                    fact.account, account.at, {}, gone=1, private=True
                )
                self._end_sessions(fact.account)
            case _:
                return False
        return True

    def _set(self, account: Account, name: str, text: Text | None) -> None:
        account.texts.pop(name, None)
        if text is not None:
            account.texts[name] = text

    def _end_sessions(self, account: int, kept: int | None = None) -> None:
        self.sessions = {
            number: session
            for number, session in self.sessions.items()
            if session.account != account or number == kept
        }

    def _of_edges(self, fact: Fact, seq: int) -> bool:
        match fact:
            case Followed():
                self.follows[fact.followee, fact.follower] = seq
                self.requests.pop((fact.followee, fact.follower), None)
            case Unfollowed():
                del self.follows[fact.followee, fact.follower]
            case FollowRequested():
                self.requests[fact.followee, fact.follower] = seq
            case FollowRequestEnded():
                del self.requests[fact.followee, fact.follower]
            case Blocked():
                for pair in ((fact.blocker, fact.blocked), (fact.blocked, fact.blocker)):
                    self.follows.pop(pair, None)
                    self.requests.pop(pair, None)
                self.blocks[fact.blocker, fact.blocked] = seq
            case Unblocked():
                del self.blocks[fact.blocker, fact.blocked]
            case _:
                return False
        return True

    def _of_likings(self, fact: Fact, seq: int) -> bool:
        match fact:
            case PostLiked():
                self.likes[fact.post, fact.account] = seq
            case PostUnliked():
                del self.likes[fact.post, fact.account]
            case PostSaved():
                self.saves[fact.post, fact.account] = seq
            case PostUnsaved():
                del self.saves[fact.post, fact.account]
            case CommentLiked():
                self.comment_likes[fact.comment, fact.account] = seq
            case CommentUnliked():
                del self.comment_likes[fact.comment, fact.account]
            case _:
                return False
        return True

    def _of_posts(self, fact: Fact, at: int, seq: int) -> None:
        match fact:
            case PostPublished():
                media, tags = list(fact.media), dict(enumerate(fact.tags))
                alts = [medium.alt for medium in media]
                self.posts[fact.post] = Post(
                    fact.author, seq, at, fact.caption, fact.location, media, alts, tags
                )
            case PostEdited():
                post = self.posts[fact.post]
                changed = {
                    "caption": fact.caption,
                    "alts": list(fact.alts),
                    "location": fact.location,
                    "tags": dict(enumerate(fact.tags)),
                }
                for name in fact.changed:
                    setattr(post, name, changed[name])
            case PostDeleted():
                del self.posts[fact.post]
                self.likes = without(self.likes, fact.post)
                self.saves = without(self.saves, fact.post)
                for comment in [c for c, one in self.comments.items() if one.post == fact.post]:
                    self._forget_comment(comment)
            case Commented():
                self.comments[fact.comment] = Comment(
                    fact.post, fact.author, fact.root, at, fact.text
                )
            case CommentDeleted():
                thread = [c for c, one in self.comments.items() if fact.comment in (c, one.root)]
                assert len(thread) == fact.removed
                for comment in thread:
                    self._forget_comment(comment)
            case (
                StoryPublished()
                | StoryViewed()
                | StoryViewForgotten()
                | StoryEnded()
                | LocationCreated()
                | NotificationsRead()
            ):
                pass  # of what is found
            case _:
                raise TypeError(f"the model has not learned {type(fact).__name__}")

    def _forget_comment(self, comment: int) -> None:
        del self.comments[comment]
        self.comment_likes = without(self.comment_likes, comment)

    # What follows from it.

    def apart(self, one: int, other: int) -> bool:
        """Whether a block stands between two accounts."""
        return (one, other) in self.blocks or (other, one) in self.blocks

    def followees(self, viewer: int) -> list[int]:
        return sorted(followee for followee, follower in self.follows if follower == viewer)

    def posts_by(self, authors: Iterable[int]) -> list[int]:
        """Newest first."""
        some = set(authors)
        return sorted((p for p, one in self.posts.items() if one.author in some), reverse=True)

    def public(self, has: Callable[[Post], bool]) -> int:
        """How many posts that everybody may see are such."""
        posts = (one for one in self.posts.values() if not self.accounts[one.author].private)
        return sum(has(one) for one in posts)

    def texts(self) -> Iterator[tuple[Text, int | None]]:
        """(text, whose it is) of every text that something has."""
        yield from self.found.texts()
        for code in self.invites.values():
            yield code, None
        for account in self.accounts.values():
            for text in account.texts.values():
                yield text, account.account
        for session in self.sessions.values():
            for text in (session.family, session.refresh, session.client):
                if text is not None:
                    yield text, session.account
        for post in self.posts.values():
            names = (text for medium in post.media for text in (medium.file, medium.thumbnail))
            for text in (post.caption, *post.alts, *names):
                if text is not None:
                    yield text, post.author
        for comment in self.comments.values():
            yield comment.text, comment.author

    def tables(self) -> dict[str, set[tuple[Any, ...]]]:
        """Every row of every table that is not about the journal itself, in the order of
        `COLUMNS`."""
        return {
            "contents": {(text.id, said(text), owner) for text, owner in self.texts()},
            "users": set(self._users()),
            "sessions": {
                (n, one.account, said(one.family), id_of(one.family), id_of(one.refresh),
                 id_of(one.client), one.opened_at, one.used_at)
                for n, one in self.sessions.items()
            },
            "invites": {(n, said(code), code.id) for n, code in self.invites.items()},
            "posts": set(self._posts()),
            "media": set(self._media()),
            "tags": {
                (post, tag.account, position, tag.x, tag.y)
                for post, one in self.posts.items()
                for position, tag in one.tags.items()
            },
            "comments": set(self._comments()),
        } | {
            name: {(*pair, seq) for pair, seq in getattr(self, name).items()}
            for name in ("follows", "requests", "blocks", "likes", "saves", "comment_likes")
        } | self.found.tables(self)  # fmt: skip

    def _users(self) -> Iterator[tuple[Any, ...]]:
        followers = Counter(followee for followee, _ in self.follows)
        following = Counter(follower for _, follower in self.follows)
        posts = Counter(one.author for one in self.posts.values())
        for n, one in self.accounts.items():
            ids = (
                id_of(one.texts.get(name))
                for name in ("username", *PROFILE, "email", "password", "avatar")
            )
            avatar = said(one.texts.get("avatar"))
            flags = (one.gone, int(one.private), int(one.verified), avatar)
            yield (
                n,
                one.name,
                *flags,
                *ids,
                followers[n],
                following[n],
                posts[n],
                one.at,
                self.found.read.get(n, 0),
            )

    def _posts(self) -> Iterator[tuple[Any, ...]]:
        likes = Counter(post for post, _ in self.likes)
        comments = Counter(one.post for one in self.comments.values())
        for n, one in self.posts.items():
            counts = likes[n], comments[n]
            yield n, one.author, one.seq, one.at, id_of(one.caption), one.location, *counts

    def _media(self) -> Iterator[tuple[Any, ...]]:
        for n, post in self.posts.items():
            alts = post.alts + [None] * len(post.media)
            for place, (one, alt) in enumerate(zip(post.media, alts, strict=False)):
                names = (said(one.file), said(one.thumbnail), one.file.id, one.thumbnail.id)
                yield one.media, n, place, one.width, one.height, *names, id_of(alt)

    def _comments(self) -> Iterator[tuple[Any, ...]]:
        likes = Counter(comment for comment, _ in self.comment_likes)
        replies = Counter(one.root for one in self.comments.values())
        for n, one in self.comments.items():
            placed = (one.post, one.author, one.root, one.at, one.text.id)
            yield n, *placed, likes[n], replies[n]


COLUMNS = {
    "contents": "id, text, owner",
    "users": "account, username, gone, private, verified, avatar, username_id, full_name_id, "
    "bio_id, website_id, email_id, password_id, avatar_id, followers_count, following_count, "
    "posts_count, registered_at, read_up_to",
    "sessions": "session, account, family, family_id, refresh_id, client_id, opened_at, used_at",
    "invites": "invite, code, code_id",
    "posts": "post, author, seq, at, caption_id, location, likes_count, comments_count",
    "media": "media, post, position, width, height, file, thumbnail, file_id, thumbnail_id, alt_id",
    "tags": "post, account, position, x, y",
    "comments": "comment, post, author, root, at, text_id, likes_count, replies_count",
    "follows": "followee, follower, seq",
    "requests": "followee, follower, seq",
    "blocks": "blocker, blocked, seq",
    "likes": "post, account, seq",
    "saves": "post, account, seq",
    "comment_likes": "comment, account, seq",
    **FOUND_COLUMNS,
}
"""Every table that the model knows, and its columns."""


def without(pairs: dict[Pair, int], one: int) -> dict[Pair, int]:
    return {pair: seq for pair, seq in pairs.items() if pair[0] != one}


def id_of(text: Text | None) -> int | None:
    return None if text is None else text.id


def said(text: Text | None) -> Any:
    return None if text is None else text.value
