"""What the rows should be after any facts, in plain Python: the oracle for the views, and an
`Asking` that reads it.

Used by the tests of this folder only. Reads can be held back, so that facts are committed and
delivered meanwhile.
"""

from typing import Any

import msgspec
import trio

from server.wire import Brief, PostAnswer, medium_answer, rfc3339
from storage.facts import (
    Entry,
    Fact,
    Followed,
    PostDeleted,
    PostLiked,
    PostPublished,
    PostUnliked,
    Registered,
    Unfollowed,
    Verified,
)
from storage.reads import Answer, GetRows, MediumRow, PostRow, Question, Rows, UserRow

BASE_URL = "http://photos.test"


class RowsModel:
    """Users, posts and likes as of one seq."""

    def __init__(self) -> None:
        self.users: dict[int, UserRow] = {}
        self.posts: dict[int, PostRow] = {}
        self.likes: set[tuple[int, int]] = set()
        self.follows: set[tuple[int, int]] = set()

    def copy(self) -> "RowsModel":
        copy = RowsModel()
        copy.users, copy.posts = dict(self.users), dict(self.posts)
        copy.likes, copy.follows = set(self.likes), set(self.follows)
        return copy

    def apply(self, entry: Entry) -> None:
        match entry.fact:
            case Registered(account=account, username=username):
                row = UserRow(account, username.value or "", None, False, 0, 0, 0)
                self.users[account] = row
            case Verified(account=account, verified=verified):
                row = msgspec.structs.replace(self.users[account], verified=verified)
                self.users[account] = row
            case PostPublished(post=post, author=author, caption=caption, media=media):
                pictures = [
                    MediumRow(
                        m.media, m.width, m.height, m.file.value or "", m.thumbnail.value or ""
                    )
                    for m in media
                ]
                text = None if caption is None else caption.value
                self.posts[post] = PostRow(post, author, entry.at, text, 0, 0, pictures)
            case PostDeleted(post=post):
                del self.posts[post]
                self.likes = {like for like in self.likes if like[1] != post}
            case PostLiked(post=post, account=account):
                self.likes.add((account, post))
            case PostUnliked(post=post, account=account):
                self.likes.remove((account, post))
            case Followed(followee=followee, follower=follower):
                self.follows.add((follower, followee))
            case Unfollowed(followee=followee, follower=follower):
                self.follows.remove((follower, followee))
            case _:
                raise AssertionError(entry.fact)

    def post(self, post: int) -> PostRow:
        likes = sum(1 for like in self.likes if like[1] == post)
        return msgspec.structs.replace(self.posts[post], likes=likes)

    def user(self, account: int) -> UserRow:
        return msgspec.structs.replace(
            self.users[account],
            followers=sum(1 for follow in self.follows if follow[1] == account),
            following=sum(1 for follow in self.follows if follow[0] == account),
            posts=sum(1 for post in self.posts.values() if post.author == account),
        )

    def rows(self, question: GetRows) -> Rows:
        posts = [self.post(post) for post in question.posts if post in self.posts]
        accounts = {*question.users, *(post.author for post in posts)} & self.users.keys()
        liked = [post for post in question.liked if (question.viewer, post) in self.likes]
        return Rows(posts, [self.user(account) for account in sorted(accounts)], liked)

    def shown(self, post: int, viewer: int) -> bytes:
        """The post as the wire's own type encodes it."""
        row = self.post(post)
        author = self.users[row.author]
        return msgspec.json.encode(
            PostAnswer(
                post_id=str(post),
                user=Brief(str(row.author), author.username),
                caption=row.caption,
                media=[
                    medium_answer(BASE_URL, m.media, m.width, m.height, m.file, m.thumbnail)
                    for m in row.media
                ],
                location=None,
                hashtags=["tag"] if row.caption and "#Tag" in row.caption else [],
                user_tags=[],
                created_at=rfc3339(row.at),
                likes_count=row.likes,
                comments_count=row.comments,
                liked_by_user=(viewer, post) in self.likes,
                saved_by_user=False,
            )
        )


class HeldReads:
    """An `Asking` whose reads happen, and return, when the test says so."""

    def __init__(self) -> None:
        self.states = [RowsModel()]
        """One for each seq, from 0."""
        self.entries: list[Entry] = []
        self.delivered = 0
        self.asked: list[tuple[trio.Event, trio.Event]] = []
        self.questions: list[GetRows] = []

    @property
    def newest(self) -> RowsModel:
        return self.states[-1]

    def commit(self, fact: Fact) -> None:
        entry = Entry(len(self.states), 1_700_000_000_000 + len(self.states), fact)
        state = self.newest.copy()
        state.apply(entry)
        self.states.append(state)
        self.entries.append(entry)

    async def read_as_of(self, question: Question[Any]) -> Answer[Any]:
        assert isinstance(question, GetRows)
        self.questions.append(question)
        read, returned = trio.Event(), trio.Event()
        self.asked.append((read, returned))
        await read.wait()
        committed = len(self.states) - 1
        value = self.states[committed].rows(question)
        await returned.wait()
        assert self.delivered >= committed, "the test returned an answer from the future"
        return Answer(value, committed)

    async def read(self, question: Question[Any]) -> Any:
        return (await self.read_as_of(question)).value

    async def ask(self, command: Any, key: Any = None) -> Any:
        raise AssertionError("views ask no actor")

    async def kept(self, command_type: Any, key: Any) -> Any:
        raise AssertionError("views ask no actor")
