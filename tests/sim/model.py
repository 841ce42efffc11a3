"""The plain side of the simulated disk: lists, sets and dictionaries. It shares no code with the
product's storage but the encoding of facts."""

from itertools import islice
from random import Random
from typing import Any

import msgspec

from storage.disk import Group
from storage.facts import AccountDeleted, Entry, decode_fact, encode_fact, with_texts
from storage.ids import ACCOUNTS, user_key
from storage.reads import (
    ActorHistory,
    Beginning,
    FeedRows,
    GetBeginning,
    GetExpired,
    GetFeed,
    GetGoneAccounts,
    GetHistories,
    GetKeptReply,
    GetNextExpiry,
    GetRemains,
    GetStale,
    GetUnapproved,
    GetUncleared,
    GetWholeHistory,
    KeptReply,
    PullFrom,
    PullPosts,
    Question,
    Snapshot,
)
from storage.rows import Remains
from tests.sim.disk import SimulatedDisk
from tests.sim.looking import cut, look_up
from tests.sim.truth import Truth

EMPTY_REPLY = msgspec.msgpack.encode({})


class ModelDisk(SimulatedDisk):
    """The journal as bytes, and one truth to answer from."""

    def __init__(self, random: Random) -> None:
        super().__init__(random)
        self._truth = Truth()
        self._facts: list[tuple[int, int, bytes]] = []
        self._texts: dict[int, str] = {}
        self._largest_id = 0
        self._concerns: dict[int, set[int]] = {}
        self._snapshots: dict[int, Snapshot] = {}
        self._replies: dict[tuple[int, str, str], KeptReply] = {}

    def apply(self, group: Group) -> None:
        for entry in group.entries:
            self._facts.append((entry.seq, entry.at, encode_fact(entry.fact)))
            for text in entry.fact.texts():
                assert text.value is not None, "a new fact without its text"
                self._texts[text.id] = text.value
                self._largest_id = max(self._largest_id, text.id)
            for actor in entry.fact.concerns():
                self._concerns.setdefault(actor, set()).add(entry.seq)
            self._truth.tell(entry)
        kept = set(self._truth.texts.due.values())
        self._texts = {id: text for id, text in self._texts.items() if id in kept}
        left = {one.fact.account for one in group.entries if isinstance(one.fact, AccountDeleted)}
        self._replies = {key: one for key, one in self._replies.items() if key[0] not in left}
        for reply in group.replies:
            if reply.account not in self._truth.gone or reply.reply == EMPTY_REPLY:
                self._replies[reply.account, reply.route, reply.key] = reply
        for snapshot in group.snapshots:
            self._snapshots[snapshot.actor] = snapshot
            left = {s for s in self._concerns.get(snapshot.actor, ()) if s > snapshot.seq}
            self._concerns[snapshot.actor] = left

    def _entry(self, seq: int) -> Entry:
        seq, at, data = self._facts[seq - 1]
        return Entry(seq, at, with_texts(decode_fact(data), self._texts))

    def _history(self, actor: int) -> ActorHistory:
        seqs = sorted(self._concerns.get(actor, ()))
        return ActorHistory(self._snapshots.get(actor), [self._entry(seq) for seq in seqs])

    def answer(self, question: Question[Any]) -> Any:
        match question:
            case GetBeginning():
                at = self._facts[-1][1] if self._facts else 0
                return Beginning(len(self._facts), self._largest_id, at)
            case GetHistories(actors=actors):
                return [self._history(actor) for actor in actors]
            case GetWholeHistory(actor=actor):
                entries = map(self._entry, range(1, len(self._facts) + 1))
                return ActorHistory(None, [e for e in entries if actor in e.fact.concerns()])
            case GetKeptReply(account=account, route=route, key=key):
                return self._replies.get((account, route, key))
            case GetFeed() | PullPosts() | PullFrom():
                return self._answer_about_feeds(question)
            case _:
                return self._answer_about_remains(question)

    def _answer_about_feeds(self, question: GetFeed | PullPosts | PullFrom) -> Any:
        truth = self._truth
        match question:
            case GetFeed(viewer=viewer, limit=limit):
                ids = truth.feed(viewer)
                following = [followee for who, followee in truth.follows if who == viewer]
                posts = [(post, truth.posts[post]) for post in ids[:limit]]
                return FeedRows(following, posts, len(ids) <= limit)
            case PullPosts(viewer=viewer, span=span):
                return cut(truth.feed(viewer), span)
            case PullFrom(authors=authors, span=span):
                ids = sorted(
                    (post for post, author in truth.posts.items() if author in authors),
                    reverse=True,
                )
                return cut(ids, span)

    def _answer_about_remains(self, question: Question[Any]) -> Any:
        truth = self._truth
        match question:
            case GetGoneAccounts():
                return sorted(truth.gone)
            case GetUncleared():
                return sorted(truth.gone - truth.cleared)
            case GetUnapproved():
                return sorted({whom for _, whom in truth.requests if whom not in truth.private})
            case GetStale():
                stale = [ACCOUNTS, *map(user_key, sorted(truth.gone))]
                return [actor for actor in stale if self._concerns.get(actor)]
            case GetExpired() | GetNextExpiry():
                return look_up(question, truth, [])
            case GetRemains(account=account, limit=limit):
                return remains(truth, account, limit)
            case _:
                raise NotImplementedError(f"the model does not answer {type(question).__name__}")

    def relations(self) -> dict[str, Any]:
        return self._truth.relations() | {"texts": set(self._texts)}

    def raw(self) -> bytes:
        kept = [snapshot.state for snapshot in self._snapshots.values()]
        kept += [reply.reply for reply in self._replies.values()]
        return b"".join([*kept, msgspec.json.encode([*self._texts.values()]), *self._bare_facts()])

    def _bare_facts(self) -> list[bytes]:
        return [fact for _, _, fact in self._facts]


def remains(truth: Truth, account: int, limit: int) -> Remains:
    """What a deleted account has left, at most `limit` of each kind."""

    def some(found: Any) -> list[Any]:
        return list(islice(sorted(found), limit))

    def place(comment: int) -> tuple[int, int, int, int | None]:
        standing = truth.comments[comment]
        return comment, standing.post, truth.posts[standing.post], standing.root

    edges = truth.follows | truth.requests
    written = some(c for c, standing in truth.comments.items() if standing.author == account)
    liked = some(comment for comment, who in truth.comment_likes if who == account)
    return Remains(
        posts=some(post for post, author in truth.posts.items() if author == account),
        stories=some(n for n, story in truth.found.stories.items() if story.author == account),
        views=some(story for story, who in truth.found.views if who == account),
        comments=[place(comment) for comment in written],
        likes=some(post for post, who in truth.likes if who == account),
        saves=some(post for post, who in truth.saves if who == account),
        comment_likes=[place(comment) for comment in liked],
        following=some(whom for who, whom in edges if who == account),
        followers=some(who for who, whom in edges if whom == account),
        blocking=some(whom for who, whom in truth.blocks if who == account),
        blocked_by=some(who for who, whom in truth.blocks if whom == account),
    )
