"""Each question is answered as a plain look at the facts would answer it, and through an index."""

import re
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage import queries
from storage.disk import Group
from storage.facts import (
    Fact,
    Followed,
    PostDeleted,
    PostLiked,
    PostPublished,
    PostUnliked,
    Unfollowed,
)
from storage.ids import ACCOUNTS, post_key, user_key
from storage.projection import write_group
from storage.queries import answer, statement_of
from storage.readings import READINGS
from storage.reads import (
    Beginning,
    Credentials,
    GetBeginning,
    GetCredentials,
    GetFeed,
    GetFollowers,
    GetHistories,
    GetKeptReply,
    GetMediaNames,
    GetMediumAuthor,
    GetPostsOf,
    GetRelations,
    GetRows,
    GetSession,
    GetUsers,
    KeptReply,
    PullPosts,
    Question,
    Relation,
    Snapshot,
    Span,
    UserRow,
)
from storage.sqlite import Connection
from tests.storage.making import BEGAN_AT, NAUGHTY, History, empty_database, random_history


class Plain:
    """What holds after some facts, kept in sets and read without haste."""

    def __init__(self, facts: Iterable[tuple[int, Fact]]) -> None:
        self.follows: dict[tuple[int, int], int] = {}
        self.posts: dict[int, int] = {}
        self.likes: set[tuple[int, int]] = set()
        for seq, fact in facts:
            match fact:
                case Followed():
                    self.follows[fact.follower, fact.followee] = seq
                case Unfollowed():
                    del self.follows[fact.follower, fact.followee]
                case PostPublished():
                    self.posts[fact.post] = fact.author
                case PostDeleted():
                    del self.posts[fact.post]
                    self.likes = {like for like in self.likes if like[0] != fact.post}
                case PostLiked():
                    self.likes.add((fact.post, fact.account))
                case PostUnliked():
                    self.likes.remove((fact.post, fact.account))
                case _:
                    pass

    def followees(self, viewer: int) -> list[int]:
        return sorted(followee for follower, followee in self.follows if follower == viewer)

    def feed(self, viewer: int) -> list[int]:
        authors = {viewer, *self.followees(viewer)}
        return sorted((post for post, who in self.posts.items() if who in authors), reverse=True)


def in_span(numbers: Iterable[int], span: Span) -> list[int]:
    """Of numbers in falling order, those that a span asks for."""
    before = float("inf") if span.before is None else span.before
    after = -1 if span.after is None else span.after
    inside = [number for number in numbers if after < number < before]
    if span.after is not None and span.before is None:
        return inside[-span.limit :]
    return inside[: span.limit]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**9), st.integers(1, 150), st.data())
def test_lists_hold_what_the_facts_say_in_both_directions(
    seed: int, steps: int, data: st.DataObject
) -> None:
    database, history = empty_database(), random_history(seed, steps)
    write_group(database, history.group())
    plain = Plain((entry.seq, entry.fact) for entry in history.entries)
    edges = st.none() | st.sampled_from(sorted(plain.posts) or [0]) | st.integers(-1, 10**18)
    for viewer in range(1, history.accounts + 1):
        span = Span(data.draw(st.integers(1, 12)), data.draw(edges), data.draw(edges))
        pulled = answer(database, PullPosts(viewer, span)).value
        assert pulled == in_span(plain.feed(viewer), span)

        own = sorted((post for post, who in plain.posts.items() if who == viewer), reverse=True)
        assert answer(database, GetPostsOf(viewer, span)).value == in_span(own, span)

        seqs = {seq: who for (who, followee), seq in plain.follows.items() if followee == viewer}
        near = Span(span.limit, *(edge and edge % 200 for edge in (span.before, span.after)))
        followers = answer(database, GetFollowers(viewer, near)).value
        assert followers == [(n, seqs[n]) for n in in_span(sorted(seqs, reverse=True), near)]

        feed = answer(database, GetFeed(viewer, span.limit))
        assert feed.committed == len(history.entries)
        whole = plain.feed(viewer)
        assert feed.value.following == plain.followees(viewer)
        assert feed.value.posts == [(post, plain.posts[post]) for post in whole[: span.limit]]
        assert feed.value.complete == (len(whole) <= span.limit)

        liked = answer(database, GetRows(viewer=viewer, liked=tuple(plain.posts))).value.liked
        assert sorted(liked) == sorted(post for post, who in plain.likes if who == viewer)

        everyone = tuple(range(1, history.accounts + 2))
        assert answer(database, GetRelations(viewer, everyone)).value == [
            Relation(other, (viewer, other) in plain.follows, (other, viewer) in plain.follows)
            for other in everyone
        ]
    database.close()


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
    history.follow(bob, ann)
    history.verify(ann)
    write_group(database, history.group())
    page = answer(
        database, GetRows((second, 5, first, second, 10**40), (ann, 77), bob, (second, first))
    )
    assert page.committed == len(history.entries)
    assert [row.post for row in page.value.posts] == [second, first]
    row = page.value.posts[1]
    assert (row.author, row.caption, row.likes, row.comments) == (ann, NAUGHTY, 2, 0)
    assert row.at == BEGAN_AT + 4_000
    assert [medium.file for medium in row.media] == [f"{first}-0.jpg", f"{first}-1.jpg"]
    assert [(medium.width, medium.height) for medium in row.media] == [(1440, 1080)] * 2
    assert page.value.users == [
        UserRow(ann, "ann", NAUGHTY, True, 1, 0, 1),
        UserRow(bob, "bob", None, False, 0, 1, 1),
    ]
    assert page.value.liked == [first]
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
    assert isinstance(credentials, Credentials)
    assert (credentials.account, credentials.password) == (ann, "argon2 of 1")
    for nobody in ("Ann", "an", "ann\x00", "ann\ud83d", "' or 1=1 --"):
        assert answer(database, GetCredentials(nobody)).value is None
    assert answer(database, GetSession(session)).value == ann
    assert answer(database, GetSession(10**40)).value is None
    assert answer(database, GetKeptReply(ann, "POST /posts", NAUGHTY)).value == reply
    assert answer(database, GetKeptReply(ann, "POST /posts", "NUL ")).value is None


def test_blobs_lead_to_their_author_and_are_listed_by_prefix(
    database: Connection, history: History
) -> None:
    ann = history.register()
    post = history.publish(ann, pictures=2)
    write_group(database, history.group())
    names = [f"{post}-0.jpg", f"{post}-0t", f"{post}-1.jpg", f"{post}-1t"]
    assert answer(database, GetMediaNames("")).value == names
    assert answer(database, GetMediaNames(f"{post}-1")).value == names[2:]
    assert answer(database, GetMediaNames("x")).value == []
    assert [answer(database, GetMediumAuthor(name)).value for name in names] == [ann] * 4
    assert answer(database, GetMediumAuthor("../lock")).value is None


def test_accounts_are_listed_in_order_of_registration(
    database: Connection, history: History
) -> None:
    for _ in range(5):
        history.register()
    write_group(database, history.group())
    assert [user.account for user in answer(database, GetUsers(1, 3)).value] == [2, 3, 4]


def test_a_question_that_nobody_taught_is_a_bug(database: Connection) -> None:
    with pytest.raises(TypeError):
        answer(database, Question())


def test_every_question_goes_through_an_index(database: Connection) -> None:
    """What may be scanned is a JSON parameter, or what the statement itself has found already."""
    found = {
        "CONSTANT",
        "a",
        "j",
        "json_each",
        "authors",
        "heads",
        "merged",
        "asked",
        "u",
        "bounds",
    }
    selects = [sql for reading in READINGS.values() for sql in (reading.downward, reading.upward)]
    statements = [statement_of(sql) for sql in selects]
    for sql in [*statements, queries.SNAPSHOTS, queries.ENTRIES, queries.TEXTS]:
        parameters = dict.fromkeys(re.findall(r":(\w+)", sql), "[]")
        plan = database.execute(f"explain query plan {sql}", parameters).fetchall()
        scanned = {step[3].split()[1] for step in plan if step[3].startswith("SCAN")}
        assert {name for name in scanned if not name.startswith("(subquery")} <= found, sql
