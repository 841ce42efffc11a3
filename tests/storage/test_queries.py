"""Each question is answered as a plain look at the facts would answer it, and through an index."""

import random
from collections.abc import Callable
from typing import Any

import pytest

from storage import queries, reads
from storage.disk import Group
from storage.facts import (
    Commented,
    LocationCreated,
    PostDeleted,
    PostPublished,
    SessionOpened,
    StoryPublished,
)
from storage.ids import ACCOUNTS, ID_MAX, post_key, user_key
from storage.projection import write_group
from storage.queries import answer
from storage.readings import READINGS
from storage.readings.notifications import UNREAD_COUNTED_MAX
from storage.reads import (
    GetAccounts,
    GetBeginning,
    GetCredentials,
    GetExpired,
    GetHistories,
    GetKeptReply,
    GetMediumOwner,
    GetRemains,
    GetRows,
    GetSession,
    GetUnapproved,
    GetUnread,
    GetWholeHistory,
    KeptReply,
    PullPosts,
    Question,
    Snapshot,
    Span,
)
from storage.rows import BLOCKED_BY, FOLLOWING, LIKED, SAVED, Beginning, Remains
from storage.sqlite import Connection
from tests.storage.answering import ANSWERS, Answering, in_order
from tests.storage.living import NAMES, random_history
from tests.storage.making import BEGAN_AT, NAUGHTY, History, empty_database

OF_NOBODY = (0, 99, -1, ID_MAX)
"""Numbers that name nothing."""


class Asking:
    """Makes up questions about what a history speaks of, and about what it does not."""

    def __init__(self, history: History, chance: random.Random) -> None:
        facts = [entry.fact for entry in history.entries]
        self.random = chance
        self.accounts = [*history.plain.accounts, *OF_NOBODY]
        self.posts = [fact.post for fact in facts if isinstance(fact, PostPublished)]
        self.comments = [fact.comment for fact in facts if isinstance(fact, Commented)]
        self.sessions = [fact.session for fact in facts if isinstance(fact, SessionOpened)]
        self.stories = [fact.story for fact in facts if isinstance(fact, StoryPublished)]
        self.places = [fact.location for fact in facts if isinstance(fact, LocationCreated)]
        self.seqs = range(-1, len(facts) + 2)
        self.texts = [text.value or "" for fact in facts for text in fact.texts()]

    def ask(self, kind: type[Question[Any]]) -> Question[Any]:
        return kind(**{name: FIELDS[name](self) for name in kind.__struct_fields__})

    def one(self, numbers: list[int]) -> int:
        return self.random.choice([*numbers, *OF_NOBODY])

    def some(self, values: list[Any], most: int = 12) -> tuple[Any, ...]:
        return tuple(self.random.choices(values, k=self.random.randint(0, most)))

    def viewer(self, kind: str = "") -> int:
        return self.one(self.accounts)

    def text(self) -> str:
        return self.random.choice([*self.texts, NAUGHTY, "", "half \ud83d", "deleted:1"])

    def span(self) -> Span:
        """Its edges are near what lists are ordered by: ids, or seqs."""
        numbers = self.random.choice([self.posts + self.comments, list(self.seqs)]) or [0]
        edges = [self.random.choice(numbers) + self.random.choice([-1, 0, 1]) for _ in range(2)]
        before, after = (self.random.choice([None, edge]) for edge in edges)
        return Span(self.random.choice([1, 2, 3, 50]), before, after)


FIELDS: dict[str, Callable[[Asking], object]] = {
    **dict.fromkeys(("account", "followee", "follower", "blocker", "author"), Asking.viewer),
    "viewer": Asking.viewer,
    "accounts": lambda a: a.some(a.accounts),
    "authors": lambda a: a.some(a.accounts),
    "users": lambda a: a.some(a.accounts),
    "stances": lambda a: a.some(a.accounts),
    "post": lambda a: a.one(a.posts),
    "posts": lambda a: a.some([*a.posts, *OF_NOBODY]),
    "flags": lambda a: a.some([*a.posts, *OF_NOBODY]),
    "comment": lambda a: a.one(a.comments),
    "root": lambda a: a.one(a.comments),
    "session": lambda a: a.one(a.sessions),
    "family": Asking.text,
    "username": Asking.text,
    "name": lambda a: a.random.choice([a.text(), "sun", "sea", "sunset"]),
    "usernames": lambda a: a.some([*NAMES, "user1", "deleted:1", "half \ud83d"]),
    "prefix": lambda a: a.random.choice([a.text(), "name1", "sun", "s"])[: a.random.randint(0, 6)],
    "actor": lambda a: user_key(a.viewer()) if a.viewer() else ACCOUNTS,
    "after": lambda a: a.random.randint(-1, 9),
    "limit": lambda a: a.random.choice([1, 3, 1_000]),
    "span": Asking.span,
    "recipient": Asking.viewer,
    "story": lambda a: a.one(a.stories),
    "location": lambda a: a.one(a.places),
    "now": lambda a: a.random.choice([BEGAN_AT, BEGAN_AT + 10_000, BEGAN_AT + 10**8]),
    "as_of": lambda a: a.random.choice(list(a.seqs)),
    "day": lambda a: a.one(a.posts),
    "week": lambda a: a.one(a.posts),
    "match": lambda a: a.random.choice(
        ['""', '"quo"*', '"emoji"* "over"*', '"no"*', '"old"*', '"some"* "b"*']
    ),
    "lat": lambda a: a.random.choice([1.1, 48.0]),
    "lng": lambda a: a.random.choice([2.1, 16.0]),
    "candidates": lambda a: a.random.choice([1, 3, 1_000]),
}


@pytest.mark.parametrize("seed", range(100))
def test_every_question_is_answered_as_the_model_answers_it(seed: int) -> None:
    chance = random.Random(seed)
    history = random_history(seed, steps=chance.choice([3, 60, 250]))
    database, plain, asking = empty_database(), Answering(history), Asking(history, chance)
    write_group(database, history.group())
    for kind in ANSWERS:
        for _ in range(8):
            question = asking.ask(kind)
            found = answer(database, question)
            assert found.committed == len(history.entries)
            if isinstance(question, GetExpired):
                due = plain.answer(question)
                assert set(found.value) <= set(due)
                assert bool(found.value) == bool(due)
            elif isinstance(question, GetRemains):
                assert_some_of(found.value, plain.answer(question), question.limit)
            else:
                assert in_order(question, found.value) == plain.answer(question), question
    database.close()


def assert_some_of(some: Remains, due: Remains, limit: int) -> None:
    """Of each kind as many as there are, but no more than `limit`, and nothing else."""
    for name in Remains.__struct_fields__:
        found, whole = getattr(some, name), getattr(due, name)
        assert len(found) == min(limit, len(whole)), name
        assert set(found) <= set(whole), name
    assert bool(some) == bool(due)


def test_the_model_answers_every_question() -> None:
    asked = {*ANSWERS, GetHistories, GetWholeHistory, GetKeptReply}
    kinds = {
        kind
        for kind in vars(reads).values()
        if isinstance(kind, type) and issubclass(kind, Question) and kind is not Question
    }
    assert asked == kinds
    assert set(READINGS) == kinds - {GetHistories, GetWholeHistory}


def test_a_pull_of_thousands_of_followees_reads_a_page(database: Connection) -> None:
    """One author's newest posts fill the page; then the next one's; nobody's old ones matter."""
    history = History()
    viewer, *authors = [history.register() for _ in range(60)]
    for author in authors:
        history.follow(viewer, author)
    posts = [history.publish(author) for author in authors for _ in range(30)]
    write_group(database, history.group())
    page = answer(database, PullPosts(viewer, Span(50))).value
    assert page == posts[: -50 - 1 : -1]
    assert answer(database, PullPosts(viewer, Span(50, after=posts[100]))).value == list(
        reversed(posts[101:151])
    )


def test_a_page_is_made_of_posts_their_authors_and_whoever_else_was_asked_for(
    database: Connection, history: History
) -> None:
    ann, bob, eve = history.register("ann", NAUGHTY), history.register("bob"), history.register()
    first, second = history.publish(ann, NAUGHTY, pictures=2), history.publish(bob)
    history.like(bob, first)
    history.like(eve, first)
    history.comment(eve, first, NAUGHTY)
    history.save(bob, second)
    history.follow(bob, ann)
    history.block(eve, bob)
    history.verify(ann)
    write_group(database, history.group())
    asked = GetRows((second, 5, first, second, 10**40), (ann, 77), bob, (second, first), (eve,))
    page = answer(database, asked)
    assert page.committed == len(history.entries)
    assert [row.post for row in page.value.posts] == [second, first]
    row = page.value.posts[1]
    assert (row.author, row.caption, row.likes, row.comments) == (ann, NAUGHTY, 2, 1)
    assert row.at == BEGAN_AT + 4_000
    assert [medium.file for medium in row.media] == [f"{first}-0.jpg", f"{first}-1.jpg"]
    assert [(medium.width, medium.height) for medium in row.media] == [(1440, 1080)] * 2
    named = {user.username: user for user in page.value.users}
    assert list(named) == ["ann", "bob"]
    assert (named["ann"].full_name, named["ann"].verified) == (NAUGHTY, True)
    assert (named["ann"].followers, named["ann"].following, named["ann"].posts) == (1, 0, 1)
    assert page.value.flags == [(second, SAVED), (first, LIKED)]
    assert dict(page.value.stances) == {ann: FOLLOWING, bob: 0, eve: BLOCKED_BY}
    assert answer(database, GetRows()).value.posts == []


def test_an_actor_is_rebuilt_from_its_snapshot_and_what_came_after(
    database: Connection, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "ENTRIES_A_READ", 2)  # so that there are several reads
    ann, bob = history.register(full_name=NAUGHTY), history.register()
    for _ in range(5):
        history.publish(ann, NAUGHTY)
    write_group(database, history.group())

    asked = (user_key(ann), ACCOUNTS, user_key(99))
    told = answer(database, GetHistories(asked))
    assert told.committed == 7
    of_ann, of_accounts, of_nobody = told.value
    assert of_ann.snapshot is None
    assert of_ann.entries == [history.entries[0], *history.entries[2:]]
    assert of_accounts.entries == history.entries[:2]
    assert of_nobody.entries == []

    kept = Snapshot(user_key(ann), 5, b"\x00state")
    write_group(database, Group(snapshots=[kept]))
    of_bob, of_ann = answer(database, GetHistories((user_key(bob), user_key(ann)))).value
    assert (of_ann.snapshot, of_ann.entries) == (kept, history.entries[5:])
    assert of_bob.entries == history.entries[1:2]


def test_long_histories_are_read_in_several_steps(
    database: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    history = random_history(seed=3, steps=120)
    write_group(database, history.group())
    actors = tuple({actor for entry in history.entries for actor in entry.fact.concerns()})
    whole = answer(database, GetHistories(actors)).value
    for step in (1, 2, 7):
        monkeypatch.setattr(queries, "ENTRIES_A_READ", step)
        assert answer(database, GetHistories(actors)).value == whole
    for actor, one in zip(actors, whole, strict=True):
        due = [entry.seq for entry in history.entries if actor in entry.fact.concerns()]
        assert [entry.seq for entry in one.entries] == due


def test_an_erased_text_is_none_in_the_facts_that_spoke_of_it(
    database: Connection, history: History
) -> None:
    ann = history.register()
    post = history.publish(ann, "soon gone")
    history.delete(post, ann)
    write_group(database, history.group())
    published, deleted = answer(database, GetHistories((post_key(post),))).value[0].entries
    assert isinstance(published.fact, PostPublished)
    assert published.fact.caption is not None
    assert published.fact.caption.value is None
    assert isinstance(deleted.fact, PostDeleted)


def test_an_empty_database_is_at_its_beginning(database: Connection) -> None:
    begun = answer(database, GetBeginning())
    assert (begun.value, begun.committed) == (Beginning(0, 0, 0), 0)


def test_ids_go_on_above_those_of_what_was_deleted(database: Connection, history: History) -> None:
    ann = history.register()
    history.delete(history.publish(ann, "the largest id"), ann)
    for entry in history.entries:
        write_group(database, Group(entries=[entry]))
    begun = answer(database, GetBeginning()).value
    assert begun == Beginning(3, history.ids.last, BEGAN_AT + 3_000)


def test_logins_sessions_and_replies_are_found_by_their_keys(
    database: Connection, history: History
) -> None:
    ann = history.register("ann")
    session = history.log_in(ann)
    reply = KeptReply(ann, "POST /posts", NAUGHTY, b"\x00\xff", b"", BEGAN_AT)
    write_group(database, Group(entries=history.entries, replies=[reply]))
    credentials = answer(database, GetCredentials("ann")).value
    assert credentials is not None
    assert (credentials.account, credentials.password) == (ann, "argon2 of 1")
    for nobody in ("Ann", "an", "ann\x00", "ann\ud83d", "' or 1=1 --"):
        assert answer(database, GetCredentials(nobody)).value is None
    assert answer(database, GetSession(session)).value == ann
    assert answer(database, GetSession(10**40)).value is None
    assert answer(database, GetKeptReply(ann, "POST /posts", NAUGHTY)).value == reply
    assert answer(database, GetKeptReply(ann, "POST /posts", "NUL ")).value is None


def test_who_is_deleted_is_found_by_no_name_and_no_key(
    database: Connection, history: History
) -> None:
    ann, bob = history.register("ann"), history.register("bob")
    session = history.log_in(ann)
    history.show(ann, "face.jpg")
    history.request(bob, ann)
    history.leave(ann)
    write_group(database, history.group())
    for name in ("ann", f"deleted:{ann}"):
        assert answer(database, GetCredentials(name)).value is None
        assert answer(database, GetAccounts((name, "bob"))).value == [("bob", bob)]
    assert answer(database, GetSession(session)).value is None
    assert answer(database, GetMediumOwner("face.jpg")).value is None
    assert answer(database, GetUnapproved()).value == [], "nobody there could approve"


def test_asking_what_is_left_to_approve_does_not_read_every_request(
    database: Connection, history: History
) -> None:
    """There may be very many to one account, and the start asks."""
    people = [history.register() for _ in range(40)]
    for followee in people[:3]:
        for follower in people[3:]:
            history.request(follower, followee)
    history.keep_private(people[0])
    write_group(database, history.group())
    assert answer(database, GetUnapproved()).value == people[1:3]


def test_no_more_unread_notifications_are_counted_than_anybody_reads(
    database: Connection, history: History
) -> None:
    ann, bob = history.register(), history.register()
    post = history.publish(ann)
    for _ in range(UNREAD_COUNTED_MAX + 1):
        history.comment(bob, post, "hello")
    write_group(database, history.group())
    assert answer(database, GetUnread(ann)).value == UNREAD_COUNTED_MAX


def test_a_question_that_nobody_taught_is_a_bug(database: Connection) -> None:
    with pytest.raises(TypeError):
        answer(database, Question())
