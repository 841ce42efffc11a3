"""The simulated disk: no threads, virtual time, and it can stop at any point.

A commit becomes visible to readers some time before it returns, and what a reader brings is some
time old when it arrives: the races that a real disk has, made wide. Two sides: a model in plain
Python, and SQLite in memory with the real projection and queries.
"""

from abc import ABC, abstractmethod
from random import Random
from typing import Any, TypeVar

import trio

from storage import queries
from storage.disk import Group
from storage.facts import Entry, PostDeleted, decode_fact, encode_fact, with_texts
from storage.projection import write_group
from storage.reads import (
    ActorHistory,
    Answer,
    Beginning,
    FeedRows,
    GetBeginning,
    GetFeed,
    GetHistories,
    GetKeptReply,
    GetWholeHistory,
    KeptReply,
    PullFrom,
    PullPosts,
    Question,
    Snapshot,
)
from storage.schema import ensure_schema
from storage.sqlite import open_memory
from tests.sim.truth import Truth, cut

T = TypeVar("T")


class SimulatedDisk(ABC):
    """Delays and crashes round what a side keeps."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.slow = 0.002
        """Mean of each delay, in virtual seconds."""
        self.gate: trio.Event | None = None
        """When set, a commit waits for it before it writes anything."""
        self.journal: list[Entry] = []
        """Everything committed, as it was handed over: for the checker."""
        self._committing = False

    async def _delay(self) -> None:
        await trio.sleep(self.random.expovariate(1 / self.slow))

    async def commit(self, group: Group) -> None:
        assert not self._committing, "two commits at once"
        assert [e.seq for e in group.entries] == list(
            range(len(self.journal) + 1, len(self.journal) + 1 + len(group.entries))
        ), "seqs with a gap"
        self._committing = True
        try:
            if self.gate is not None:
                await self.gate.wait()
            await self._delay()
        except trio.Cancelled:
            if self.random.random() < 0.5:  # the power failed after the write, before the answer
                self._apply_all(group)
            raise
        finally:
            self._committing = False
        self._committing = True
        self._apply_all(group)
        try:
            await self._delay()  # readers see it already
        finally:
            self._committing = False

    def _apply_all(self, group: Group) -> None:
        self.apply(group)
        self.journal.extend(group.entries)

    async def read(self, question: Question[T]) -> Answer[T]:
        await self._delay()
        answer = Answer(self.answer(question), len(self.journal))
        await self._delay()
        return answer

    @abstractmethod
    def apply(self, group: Group) -> None:
        """Write a group, all of it."""

    @abstractmethod
    def answer(self, question: Question[T]) -> T:
        """Answer from what is written."""

    @abstractmethod
    def relations(self) -> Truth:
        """The rows, as the truth would have them."""


class ModelDisk(SimulatedDisk):
    """The plain side: lists, sets and dictionaries."""

    def __init__(self, random: Random) -> None:
        super().__init__(random)
        self._truth = Truth()
        self._facts: list[tuple[int, int, bytes]] = []
        self._texts: dict[int, str] = {}
        self._concerns: dict[int, set[int]] = {}
        self._snapshots: dict[int, Snapshot] = {}
        self._replies: dict[tuple[int, str, str], KeptReply] = {}

    def apply(self, group: Group) -> None:
        for entry in group.entries:
            self._facts.append((entry.seq, entry.at, encode_fact(entry.fact)))
            for text in entry.fact.texts():
                assert text.value is not None, "a new fact without its text"
                self._texts[text.id] = text.value
            for actor in entry.fact.concerns():
                self._concerns.setdefault(actor, set()).add(entry.seq)
            if isinstance(entry.fact, PostDeleted):
                self._erase_post(entry.fact.post)
            self._truth.tell(entry)
        for kept in group.replies:
            self._replies[kept.account, kept.route, kept.key] = kept
        for snapshot in group.snapshots:
            self._snapshots[snapshot.actor] = snapshot
            left = {s for s in self._concerns.get(snapshot.actor, ()) if s > snapshot.seq}
            self._concerns[snapshot.actor] = left

    def _erase_post(self, post: int) -> None:
        for _, _, data in self._facts:
            fact = decode_fact(data)
            if getattr(fact, "post", None) == post:
                for text in fact.texts():
                    self._texts.pop(text.id, None)

    def _entry(self, seq: int) -> Entry:
        seq, at, data = self._facts[seq - 1]
        return Entry(seq, at, with_texts(decode_fact(data), self._texts))

    def _history(self, actor: int) -> ActorHistory:
        seqs = sorted(self._concerns.get(actor, ()))
        return ActorHistory(self._snapshots.get(actor), [self._entry(seq) for seq in seqs])

    def answer(self, question: Question[Any]) -> Any:
        match question:
            case GetBeginning():
                last = max([0, *self._texts, *self._truth.posts])
                at = self._facts[-1][1] if self._facts else 0
                return Beginning(len(self._facts), last, at)
            case GetHistories(actors=actors):
                return [self._history(actor) for actor in actors]
            case GetWholeHistory(actor=actor):
                entries = map(self._entry, range(1, len(self._facts) + 1))
                return ActorHistory(None, [e for e in entries if actor in e.fact.concerns()])
            case GetFeed(viewer=viewer, limit=limit):
                ids = self._truth.feed(viewer)
                following = [f for who, f in self._truth.follows if who == viewer]
                posts = [(post, self._truth.posts[post]) for post in ids[:limit]]
                return FeedRows(following, posts, len(ids) <= limit)
            case PullPosts(viewer=viewer, span=span):
                return cut(self._truth.feed(viewer), span)
            case PullFrom(authors=authors, span=span):
                posts = self._truth.posts.items()
                ids = sorted((post for post, author in posts if author in authors), reverse=True)
                return cut(ids, span)
            case GetKeptReply(account=account, route=route, key=key):
                return self._replies.get((account, route, key))
            case _:
                raise NotImplementedError(f"the model does not answer {type(question).__name__}")

    def relations(self) -> Truth:
        return self._truth


class SqliteDisk(SimulatedDisk):
    """The real side: schema, projection and queries as in production, in memory and without
    threads."""

    def __init__(self, random: Random) -> None:
        super().__init__(random)
        self.connection = open_memory()
        ensure_schema(self.connection)

    def apply(self, group: Group) -> None:
        write_group(self.connection, group)

    def answer(self, question: Question[T]) -> T:
        answer = queries.answer(self.connection, question)
        assert answer.committed == len(self.journal)
        return answer.value

    def relations(self) -> Truth:
        def rows(sql: str) -> list[Any]:
            return list(self.connection.execute(sql).fetchall())

        counted = rows(
            "select u.account, u.followers_count, u.following_count, u.posts_count,"
            " (select count(*) from follows where followee = u.account),"
            " (select count(*) from follows where follower = u.account),"
            " (select count(*) from posts where author = u.account) from users u"
        ) + rows(
            "select post, likes_count, (select count(*) from likes l where l.post = p.post)"
            " from posts p"
        )
        for row in counted:
            half = len(row) // 2
            assert tuple(row[1 : 1 + half]) == tuple(row[-half:]), f"a counter drifted: {row}"
        return Truth(
            names=dict(rows("select account, username from users")),
            follows=set(rows("select follower, followee from follows")),
            posts=dict(rows("select post, author from posts")),
            likes=set(rows("select post, account from likes")),
        )
