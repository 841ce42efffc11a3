"""The questions that can be put to the disk, each a type that names its answer.

`storage.queries` answers them from SQLite, the simulator from a model; who asks can't tell which.
Reading only.
"""

from typing import Generic, TypeVar

import msgspec

from storage.facts import Entry

REPLY_KEPT_MS = 24 * 3_600 * 1_000
"""Milliseconds for which a reply is kept under its Idempotency-Key (contract.md, "Forms")."""

T = TypeVar("T")


class Question(msgspec.Struct, Generic[T], frozen=True):
    """Something to read in one transaction; `T` is the type of the answer."""


class Answer(msgspec.Struct, Generic[T], frozen=True):
    """What was read, as of the moment when fact `committed` was the last one committed.

    Nobody may use it before delivery has reached `committed`.
    """

    value: T
    committed: int


class Snapshot(msgspec.Struct, frozen=True):
    """An actor's state with every fact up to `seq` folded, encoded by the actor's own kind."""

    actor: int
    seq: int
    state: bytes


class KeptReply(msgspec.Struct, frozen=True):
    """The reply to a request that carried an Idempotency-Key; kept for a day.

    `request` is the hash of the request's values, `reply` the encoded reply, `at` Unix
    milliseconds.
    """

    account: int
    route: str
    key: str
    request: bytes
    reply: bytes
    at: int


class Span(msgspec.Struct, frozen=True):
    """A stretch of a list that is ordered by falling numbers: at most `limit` of them, newest
    first.

    With `before`, the ones nearest below it; with `after`, the ones nearest above it; with
    neither, the newest. With both, the ones nearest below `before` that lie above `after`.
    """

    limit: int
    before: int | None = None
    after: int | None = None


class Beginning(msgspec.Struct, frozen=True):
    """Where a process goes on: the last seq, the largest id and the moment of the last fact."""

    seq: int
    id: int
    at: int


class ActorHistory(msgspec.Struct, frozen=True):
    """All that it takes to rebuild an actor's state: fold `entries` onto `snapshot`."""

    snapshot: Snapshot | None
    entries: list[Entry]


class FeedRows(msgspec.Struct, frozen=True):
    """What an inbox is filled with: whom its owner follows, and their newest posts, newest
    first."""

    following: list[int]
    posts: list[tuple[int, int]]
    """(post, author)"""
    complete: bool
    """True when no older post exists."""


class MediumRow(msgspec.Struct, frozen=True):
    media: int
    width: int
    height: int
    file: str
    thumbnail: str


class PostRow(msgspec.Struct, frozen=True):
    """A post as it is shown. `at` is Unix milliseconds."""

    post: int
    author: int
    at: int
    caption: str | None
    likes: int
    comments: int
    media: list[MediumRow]


class UserRow(msgspec.Struct, frozen=True):
    """An account as it is shown."""

    account: int
    username: str
    full_name: str | None
    verified: bool
    followers: int
    following: int
    posts: int


class Rows(msgspec.Struct, frozen=True):
    """What pages are made of. Whoever does not exist is missing."""

    posts: list[PostRow]
    users: list[UserRow]
    liked: list[int]


class Credentials(msgspec.Struct, frozen=True):
    """What a login is checked against. `password` is the argon2id hash, `password_id` the id of
    its text."""

    account: int
    username: str
    password: str
    password_id: int


class Relation(msgspec.Struct, frozen=True):
    """How a viewer and another account stand to each other."""

    account: int
    following: bool
    followed_by: bool


class GetBeginning(Question[Beginning], frozen=True):
    """For the start."""


class GetHistories(Question[list[ActorHistory]], frozen=True):
    """For loading actors, as many as are waiting for it; the answers in the same order."""

    actors: tuple[int, ...]


class GetWholeHistory(Question[ActorHistory], frozen=True):
    """One actor's from the whole journal, without its snapshot and whatever is listed for it: for a
    snapshot that can't be read. Slow."""

    actor: int


class GetFeed(Question[FeedRows], frozen=True):
    """For filling an inbox with up to `limit` posts."""

    viewer: int
    limit: int


class PullPosts(Question[list[int]], frozen=True):
    """The pull: ids of the posts of `viewer` and of those it follows."""

    viewer: int
    span: Span


class PullFrom(Question[list[int]], frozen=True):
    """The pull from some authors only. A span with both `before` and `after` is read downward."""

    authors: tuple[int, ...]
    span: Span


class GetPostsOf(Question[list[int]], frozen=True):
    """Ids of the posts of one author."""

    author: int
    span: Span


class GetFollowers(Question[list[tuple[int, int]]], frozen=True):
    """(seq of the follow, follower), the newest first; the span is over the seqs."""

    followee: int
    span: Span


class GetRows(Question[Rows], frozen=True):
    """The rows of `posts` and of their authors, of `users`, and which of `liked` the viewer
    likes."""

    posts: tuple[int, ...] = ()
    users: tuple[int, ...] = ()
    viewer: int | None = None
    liked: tuple[int, ...] = ()


class GetRelations(Question[list[Relation]], frozen=True):
    """How `viewer` stands to each of `accounts`."""

    viewer: int
    accounts: tuple[int, ...]


class GetCredentials(Question[Credentials | None], frozen=True):
    """For a login; `username` in lower case."""

    username: str


class GetSession(Question[int | None], frozen=True):
    """The account of a session that has not ended."""

    session: int


class GetKeptReply(Question[KeptReply | None], frozen=True):
    """The reply kept under an Idempotency-Key, however old."""

    account: int
    route: str
    key: str


class GetUsers(Question[list[UserRow]], frozen=True):
    """Accounts in order of registration, above `after`; for the operator."""

    after: int
    limit: int


class GetMediaNames(Question[list[str]], frozen=True):
    """Names of the blobs that rows speak of, whose names begin with `prefix`; for the sweep."""

    prefix: str


class GetMediumAuthor(Question[int | None], frozen=True):
    """The author of the post that the blob `name` (a picture or its thumbnail) belongs to; None if
    no row speaks of it."""

    name: str
