"""What a run of facts adds to the rows, folded together in memory before any SQL runs.

`storage.projection` feeds it the facts of a group that can be written many at a time and then
writes what is left: per key the last write wins. Plain dictionaries; knows neither SQL nor the rows
already on disk. What changes or deletes rows that are there is in `storage.amending`.

Texts and blobs are kept in hexadecimal, since they travel to SQLite inside JSON, which
would cut a text at NUL and can't hold bytes at all.
"""

from collections import Counter

from storage.facts import (
    Commented,
    CommentLiked,
    CommentUnliked,
    Entry,
    Fact,
    Followed,
    FollowRequested,
    FollowRequestEnded,
    Medium,
    PostLiked,
    PostPublished,
    PostSaved,
    PostUnliked,
    PostUnsaved,
    Registered,
    SessionOpened,
    StoryPublished,
    StoryViewed,
    StoryViewForgotten,
    Text,
    Unfollowed,
)
from storage.hashtags import hashtags_in
from storage.notices import Notice, notices_of

PairFact = (
    PostLiked
    | PostUnliked
    | PostSaved
    | PostUnsaved
    | CommentLiked
    | CommentUnliked
    | StoryViewed
    | StoryViewForgotten
)
Key = tuple[int | None, str, int, int]
Row = tuple[object, ...]
Pairs = dict[tuple[int, int], int | None]
"""A relation's pairs -> seq, or None for gone."""


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


def hex_or_none(text: Text | None) -> str | None:
    return None if text is None else hex_of(value_of(text))


def content_rows(fact: Fact) -> list[Row]:
    """(id, owner, text) of each text that a fact brings."""
    texts = fact.texts()
    if not texts:
        return []
    owner = fact.owner()
    return [(text.id, owner, hex_of(value_of(text))) for text in texts]


class Changes:
    """The net effect of some facts. Fed, written once, then thrown away."""

    def __init__(self) -> None:
        self.users: list[Row] = []
        """(account, username, username_id, full_name_id, email_id, password_id, registered_at)"""
        self.sessions: list[Row] = []
        """(session, account, family, family_id, refresh_id, client_id, opened_at)"""
        self.follows: Pairs = {}
        """(followee, follower)"""
        self.requests: Pairs = {}
        """(followee, follower)"""
        self.posts: list[Row] = []
        """(post, author, seq, at, caption_id, location)"""
        self.media: list[Row] = []
        """(media, post, position, width, height, file, thumbnail, file_id, thumbnail_id,
        alt_id)"""
        self.tags: list[Row] = []
        """(post, account, position, x, y)"""
        self.posts_published: Counter[int] = Counter()
        """author -> how many"""
        self.likes: Pairs = {}
        """(post, account)"""
        self.saves: Pairs = {}
        """(post, account)"""
        self.comments: list[Row] = []
        """(comment, post, author, root, at, text_id)"""
        self.posts_commented: Counter[int] = Counter()
        """post -> how many comments more"""
        self.comments_replied: Counter[int] = Counter()
        """comment -> how many replies more"""
        self.comment_likes: Pairs = {}
        """(comment, account)"""
        self.full_names: list[Row] = []
        """(account, full_name)"""
        self.stories: list[Row] = []
        """(story, author, seq, at, expires_at, duration, file, file_id)"""
        self.views: Pairs = {}
        """(story, account)"""
        self.hashtags: list[Row] = []
        """(name, post, author)"""
        self.located: list[Row] = []
        """(location, author)"""
        self.notices: dict[Key, Row] = {}
        """key -> (recipient, seq, at, type, actor, post, comment, withdrawn) of the last"""
        self.told: dict[Key, Row] = {}
        """The same of the first that may be new."""
        self.over: dict[Key, Row] = {}
        """The same of those that are over, before any of these."""
        self.empty = True

    def fold(self, entry: Entry) -> None:
        """Take in one fact. Raises `TypeError` for a kind that this file does not know."""
        fact, at, seq = entry.fact, entry.at, entry.seq
        self.empty = False
        match fact:
            case Registered():
                self._register(fact, at)
            case SessionOpened():
                self._open_session(fact, at)
            case Followed() | Unfollowed() | FollowRequested() | FollowRequestEnded():
                self._fold_edge(fact, seq)
            case PostPublished():
                self._publish(fact, at, seq)
            case PostLiked() | PostUnliked() | PostSaved() | PostUnsaved():
                self._fold_pair(fact, seq)
            case CommentLiked() | CommentUnliked() | StoryViewed() | StoryViewForgotten():
                self._fold_pair(fact, seq)
            case Commented():
                self._comment(fact, at)
            case StoryPublished():
                self.stories.append(
                    (
                        fact.story,
                        fact.author,
                        seq,
                        at,
                        fact.expires_at,
                        fact.duration,
                        hex_of(value_of(fact.file)),
                        fact.file.id,
                    )
                )
            case _:
                raise TypeError(f"no rows are known for a {type(fact).__name__}")
        for notice in notices_of(fact):
            self._tell(notice, seq, at)

    def _fold_edge(
        self, fact: Followed | Unfollowed | FollowRequested | FollowRequestEnded, seq: int
    ) -> None:
        edge = (fact.followee, fact.follower)
        match fact:
            case Followed():
                self.follows[edge] = seq
                self.requests[edge] = None
            case Unfollowed():
                self.follows[edge] = None
            case FollowRequested():
                self.requests[edge] = seq
            case FollowRequestEnded():
                self.requests[edge] = None

    def _fold_pair(self, fact: PairFact, seq: int) -> None:
        match fact:
            case PostLiked() | PostUnliked():
                pairs, pair, on = self.likes, (fact.post, fact.account), isinstance(fact, PostLiked)
            case PostSaved() | PostUnsaved():
                pairs, pair, on = self.saves, (fact.post, fact.account), isinstance(fact, PostSaved)
            case CommentLiked() | CommentUnliked():
                pairs, pair = self.comment_likes, (fact.comment, fact.account)
                on = isinstance(fact, CommentLiked)
            case StoryViewed() | StoryViewForgotten():
                pairs, pair = self.views, (fact.story, fact.account)
                on = isinstance(fact, StoryViewed)
        pairs[pair] = seq if on else None

    def _tell(self, notice: Notice, seq: int, at: int) -> None:
        key, row = notice.key, notice.row(seq, at)
        if notice.over:
            self.told.pop(key, None)
            self.notices.pop(key, None)
            self.over[key] = row
            return
        self.notices[key] = row
        if notice.told:
            self.told.setdefault(key, row)

    def _register(self, fact: Registered, at: int) -> None:
        self.users.append(
            (
                fact.account,
                hex_of(value_of(fact.username)),
                fact.username.id,
                id_of(fact.full_name),
                id_of(fact.email),
                fact.password.id,
                at,
            )
        )
        if fact.full_name is not None:
            self.full_names.append((fact.account, hex_of(value_of(fact.full_name))))

    def _open_session(self, fact: SessionOpened, at: int) -> None:
        self.sessions.append(
            (
                fact.session,
                fact.account,
                hex_or_none(fact.family),
                id_of(fact.family),
                fact.refresh.id,
                id_of(fact.client),
                at,
            )
        )

    def _publish(self, fact: PostPublished, at: int, seq: int) -> None:
        caption = id_of(fact.caption)
        self.posts.append((fact.post, fact.author, seq, at, caption, fact.location))
        self.posts_published[fact.author] += 1
        if fact.location is not None:
            self.located.append((fact.location, fact.author))
        if fact.caption is not None:
            for name in hashtags_in(fact.caption.value):
                self.hashtags.append((hex_of(name), fact.post, fact.author))
        for position, medium in enumerate(fact.media):
            self.media.append(self._medium_row(fact.post, position, medium))
        for position, tag in enumerate(fact.tags):
            self.tags.append((fact.post, tag.account, position, tag.x, tag.y))

    def _medium_row(self, post: int, position: int, medium: Medium) -> Row:
        return (
            medium.media,
            post,
            position,
            medium.width,
            medium.height,
            hex_of(value_of(medium.file)),
            hex_of(value_of(medium.thumbnail)),
            medium.file.id,
            medium.thumbnail.id,
            id_of(medium.alt),
        )

    def _comment(self, fact: Commented, at: int) -> None:
        self.comments.append((fact.comment, fact.post, fact.author, fact.root, at, fact.text.id))
        self.posts_commented[fact.post] += 1
        if fact.root is not None:
            self.comments_replied[fact.root] += 1


def pair_rows(pairs: Pairs) -> list[Row]:
    """(one, other, seq or None)"""
    return [(*pair, seq) for pair, seq in pairs.items()]
