"""The questions that can be put to the disk, each a type that names its answer (`storage.rows`).

`storage.queries` answers them from SQLite, the simulator from a model; who asks can't tell which.
Reading only.
"""

from typing import Generic, TypeVar

import msgspec

from storage.facts import Entry
from storage.rows import (
    Beginning,
    CommentRow,
    Credentials,
    FeedRows,
    FoundUsers,
    HashtagRow,
    LocationRow,
    MediumOwner,
    Missed,
    NotificationRow,
    Remains,
    Rows,
    SessionRow,
    StoryRow,
    ToldRow,
    UserRow,
)

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


class ActorHistory(msgspec.Struct, frozen=True):
    """All that it takes to rebuild an actor's state: fold `entries` onto `snapshot`."""

    snapshot: Snapshot | None
    entries: list[Entry]


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


Numbered = list[tuple[int, int]]
"""(seq, id) of a relation, the newest first; a span over it is over the seqs."""


class GetFollowers(Question[Numbered], frozen=True):
    """Who follows `followee`."""

    followee: int
    span: Span


class GetFollowing(Question[Numbered], frozen=True):
    """Whom `follower` follows."""

    follower: int
    span: Span


class GetRequests(Question[Numbered], frozen=True):
    """Who asks to follow `followee`."""

    followee: int
    span: Span


class GetBlocks(Question[Numbered], frozen=True):
    """Whom `blocker` blocks."""

    blocker: int
    span: Span


class GetLikers(Question[Numbered], frozen=True):
    """Who likes `post`."""

    post: int
    span: Span


class GetSaved(Question[Numbered], frozen=True):
    """Which posts `account` has saved."""

    account: int
    span: Span


class GetTagged(Question[list[int]], frozen=True):
    """Ids of the posts in which `account` is tagged, newest first."""

    account: int
    span: Span


class GetComments(Question[list[CommentRow]], frozen=True):
    """Comments on `post`, newest first, as `viewer` sees them; the span is over their ids."""

    post: int
    viewer: int
    span: Span


class GetReplies(Question[list[CommentRow]], frozen=True):
    """The replies in the thread of the comment `root`, likewise."""

    root: int
    viewer: int
    span: Span


class GetComment(Question[CommentRow | None], frozen=True):
    """One comment."""

    comment: int
    viewer: int


class GetRows(Question[Rows], frozen=True):
    """The rows of `posts`, of `users`, and of all who are named by the posts; what `viewer` thinks
    of `flags` (posts), and how it stands to `stances` (accounts) and to all who are named by the
    posts."""

    posts: tuple[int, ...] = ()
    users: tuple[int, ...] = ()
    viewer: int | None = None
    flags: tuple[int, ...] = ()
    stances: tuple[int, ...] = ()


class GetStances(Question[list[tuple[int, int]]], frozen=True):
    """(account, how `viewer` stands to it), of each of `accounts`."""

    viewer: int
    accounts: tuple[int, ...]


class GetCredentials(Question[Credentials | None], frozen=True):
    """For a login; `username` in lower case."""

    username: str


class GetPassword(Question[Credentials | None], frozen=True):
    """The same for an account that is logged in."""

    account: int


class GetAccounts(Question[list[tuple[str, int]]], frozen=True):
    """(username, account) of those of `usernames`, in lower case, that exist."""

    usernames: tuple[str, ...]


class GetExisting(Question[list[int]], frozen=True):
    """Those of `accounts` that exist."""

    accounts: tuple[int, ...]


class GetSession(Question[int | None], frozen=True):
    """The account of a session that has not ended."""

    session: int


class GetSessionOfFamily(Question[tuple[int, int] | None], frozen=True):
    """(account, session) of the refresh tokens that share `family` (SHA-256 in hexadecimal)."""

    family: str


class GetSessions(Question[list[SessionRow]], frozen=True):
    """The sessions of an account, the newest first."""

    account: int


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


class GetMediumOwner(Question[MediumOwner | None], frozen=True):
    """Whose the blob `name` is (a picture, its thumbnail or an avatar); None if no row speaks of
    it."""

    name: str


class GetRings(Question[list[tuple[int, int]]], frozen=True):
    """(number, author) of the rings of live stories that `viewer` has before it, its own and those
    of whom it follows, by falling number: unseen ones first, then by their newest story.

    `now` is Unix milliseconds; what happened after fact `as_of` counts as not happened yet.
    """

    viewer: int
    now: int
    as_of: int
    span: Span


class GetStories(Question[list[StoryRow]], frozen=True):
    """The live stories of `authors`, oldest first."""

    authors: tuple[int, ...]
    viewer: int
    now: int


class GetStory(Question[StoryRow | None], frozen=True):
    """One live story."""

    story: int
    viewer: int
    now: int


class GetStoryViewers(Question[Numbered], frozen=True):
    """Who has seen `story`."""

    story: int
    span: Span


class GetExpired(Question[list[int]], frozen=True):
    """Authors of stories whose time is over at `now` (Unix milliseconds), at most `limit`."""

    now: int
    limit: int


class GetNextExpiry(Question[int | None], frozen=True):
    """When the next story's time is over, in Unix milliseconds."""


class GetNotifications(Question[list[NotificationRow]], frozen=True):
    """Notifications of `recipient`, newest first; the span is over their seqs."""

    recipient: int
    span: Span


class GetUnread(Question[int], frozen=True):
    """How many notifications above the seq `after` `recipient` has not read, up to a bound."""

    recipient: int
    after: int = 0


class GetMissed(Question[Missed], frozen=True):
    """What the stream would have told `recipient`, had it listened: posts and stories of itself and
    of whom it follows, made since it follows them, and its notifications; of each the newest
    `limit`.

    Of each sort only what lies above its own seq (`…_after`), up to fact `upto`, and not before
    `oldest`. `since` is a seq: the moment of the first fact after it is told, too. `now` and
    `oldest` are Unix milliseconds.
    """

    recipient: int
    since: int
    posts_after: int
    stories_after: int
    notifications_after: int
    upto: int
    now: int
    oldest: int
    limit: int


class GetTold(Question[list[ToldRow]], frozen=True):
    """Those of some notifications, each named as (recipient, seq), that are there, not withdrawn,
    and about something that the recipient may see."""

    told: tuple[tuple[int, int], ...]


class FindUsers(Question[FoundUsers], frozen=True):
    """People whose username begins with `prefix`, or whose full name matches the FTS5 query
    `match`, and who are there for `viewer`; the best known first. Empty texts match nobody."""

    prefix: str
    match: str
    viewer: int | None
    limit: int


class FindHashtags(Question[list[HashtagRow]], frozen=True):
    """Hashtags that begin with `prefix` and have posts that `viewer` may see, most posts first.
    `day` and `week` are the smallest ids of the last day and of the week before."""

    prefix: str
    viewer: int | None
    day: int
    week: int
    limit: int


class FindLocations(Question[list[LocationRow]], frozen=True):
    """Places whose name, city or country match the FTS5 query `match`: most posts first, then
    population."""

    match: str
    viewer: int | None
    limit: int


class FindLocationsNear(Question[list[LocationRow]], frozen=True):
    """The same, the nearest to `lat`, `lng` (degrees) first."""

    match: str
    lat: float
    lng: float
    viewer: int | None
    limit: int


class GetLocation(Question[LocationRow | None], frozen=True):
    """One place."""

    location: int
    viewer: int | None


class GetLocationPosts(Question[list[int]], frozen=True):
    """Ids of the posts of a place, newest first, whoever may see them."""

    location: int
    span: Span


class GetHashtagPosts(Question[list[int]], frozen=True):
    """Ids of the posts with a hashtag, newest first, whoever may see them."""

    name: str
    span: Span


class GetExplore(Question[list[int]], frozen=True):
    """Ids of public posts, the most engaging for their age first: of the newest `candidates`, at
    most `limit`. `now` is Unix milliseconds."""

    now: int
    candidates: int
    limit: int


class GetGoneAccounts(Question[list[int]], frozen=True):
    """Every account that is deleted."""


class GetStale(Question[list[int]], frozen=True):
    """Actors whose last snapshots may hold what was erased with an account, since a load of them
    would fold more: the accounts actor, and users who are deleted."""


class GetUncleared(Question[list[int]], frozen=True):
    """Deleted accounts of which something may be left."""


class GetUnapproved(Question[list[int]], frozen=True):
    """Accounts that are public, but that somebody still asks to follow."""


class GetRemains(Question[Remains], frozen=True):
    """What a deleted account has left, at most `limit` of each kind."""

    account: int
    limit: int
