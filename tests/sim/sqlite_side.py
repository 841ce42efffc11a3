"""The real side of the simulated disk: schema, projection and queries as in production, on a
database in memory and without threads."""

from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, TypeVar, cast

import pysqlite3

from storage import queries
from storage.disk import Group
from storage.projection import write_group
from storage.reads import Question
from tests.sim.broken import Broken
from tests.sim.disk import SimulatedDisk
from tests.sim.truth import Standing
from tests.storage.making import empty_database

T = TypeVar("T")

DICTIONARIES = {
    "names": "select account, username from users where not gone",
    "passwords": "select account, password_id from users where password_id is not null",
    "sessions": "select session, account from sessions",
    "tokens": "select session, text from sessions join contents on id = refresh_id",
    "posts": "select post, author from posts",
    "stories": "select story, author from stories",
    "located": "select post, location from posts where location is not null",
}
SETS = {
    "gone": "select account from users where gone > 0",
    "cleared": "select account from users where gone = 2",
    "private": "select account from users where private and not gone",
    "invites": "select invite from invites",
    "texts": "select id from contents",
    "places": "select location from locations",
}
PAIRS = {
    "follows": "select follower, followee from follows",
    "requests": "select follower, followee from requests",
    "blocks": "select blocker, blocked from blocks",
    "tags": "select post, account from tags",
    "likes": "select post, account from likes",
    "saves": "select post, account from saves",
    "comment_likes": "select comment, account from comment_likes",
    "views": "select story, account from views",
    "hashtags": "select name, post from hashtag_posts",
}
"""Relation of `Truth` -> its rows."""

COUNTED = (
    "select account, followers_count, (select count(*) from follows where followee = account)"
    " from users",
    "select account, following_count, (select count(*) from follows where follower = account)"
    " from users",
    "select account, posts_count, (select count(*) from posts where author = account) from users",
    "select post, likes_count, (select count(*) from likes l where l.post = p.post) from posts p",
    "select post, comments_count, (select count(*) from comments c where c.post = p.post)"
    " from posts p",
    "select comment, likes_count, (select count(*) from comment_likes l"
    " where l.comment = c.comment) from comments c",
    "select comment, replies_count, (select count(*) from comments r where r.root = c.comment)"
    " from comments c",
    "select story, views_count, (select count(*) from views v where v.story = s.story)"
    " from stories s",
    "select name, posts_count, (select count(*) from hashtag_posts p join users u"
    " on u.account = p.author where p.name = h.name and not u.private) from hashtags h",
    "select location, posts_count, (select count(*) from posts p join users u"
    " on u.account = p.author where p.location = l.location and not u.private)"
    " from locations l",
    "select name, 0, 1 from hashtags h"
    " where not exists (select 1 from hashtag_posts p where p.name = h.name)",
)
"""(whose, counter, how many there are)"""


class SqliteDisk(SimulatedDisk):
    """SQLite behind the simulated delays."""

    def __init__(self, random: Random) -> None:
        super().__init__(random)
        self.connection = empty_database()

    def apply(self, group: Group) -> None:
        write_group(self.connection, group)

    def answer(self, question: Question[T]) -> T:
        answer = queries.answer(self.connection, question)
        assert answer.committed == len(self.journal)
        return answer.value

    def _rows(self, sql: str) -> list[Any]:
        return self.connection.execute(sql).fetchall()

    def relations(self) -> dict[str, Any]:
        """The rows; every counter among them must be what it counts."""
        for sql in COUNTED:
            drifted = [row for row in self._rows(sql) if row[1] != row[2]]
            if drifted:
                raise Broken(f"{sql}: {drifted}")
        comments = self._rows("select comment, post, author, root from comments")
        return {
            **{name: dict(self._rows(sql)) for name, sql in DICTIONARIES.items()},
            **{name: {row[0] for row in self._rows(sql)} for name, sql in SETS.items()},
            **{name: set(self._rows(sql)) for name, sql in PAIRS.items()},
            "comments": {comment: Standing(*standing) for comment, *standing in comments},
        }

    def raw(self) -> bytes:
        """Its pages, those too that are free."""
        with TemporaryDirectory() as folder:
            path = Path(folder) / "pages.db"
            file = cast(Any, pysqlite3).connect(str(path))
            cast(Any, self.connection).backup(file)
            file.close()
            return path.read_bytes()
