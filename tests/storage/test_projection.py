"""The rows say what the facts say, whatever groups they were committed in."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.changes import Changes
from storage.disk import Group
from storage.facts import Entry, decode_fact, with_texts
from storage.ids import ACCOUNTS, user_key
from storage.projection import (
    REPLIES_FORGOTTEN_MAX,
    REPLY_KEPT_MS,
    documents,
    statements,
    write_group,
)
from storage.reads import KeptReply, Snapshot
from storage.sqlite import Connection, SqliteError
from tests.storage.making import BEGAN_AT, NAUGHTY, History, empty_database, random_history

TABLES = (
    "journal",
    "concerns",
    "contents",
    "largest_id",
    "users",
    "sessions",
    "follows",
    "posts",
    "media",
    "likes",
    "replies",
    "snapshots",
)


def rows(connection: Connection, sql: str) -> list[Any]:
    return connection.execute(sql).fetchall()


def everything(connection: Connection) -> dict[str, list[Any]]:
    return {table: sorted(rows(connection, f"select * from {table}"), key=repr) for table in TABLES}


def in_groups(history: History, sizes: Callable[[], int]) -> dict[str, list[Any]]:
    connection = empty_database()
    left = list(history.entries)
    while left:
        size = sizes()
        write_group(connection, Group(entries=left[:size]))
        left = left[size:]
    assert rows(connection, "pragma foreign_key_check") == []
    assert rows(connection, "pragma integrity_check") == [("ok",)]
    found = everything(connection)
    connection.close()
    return found


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**9), st.integers(1, 80), st.data())
def test_the_rows_are_the_same_however_the_facts_were_grouped(
    seed: int, steps: int, data: st.DataObject
) -> None:
    history = random_history(seed, steps)
    one_by_one = in_groups(history, lambda: 1)
    assert in_groups(history, lambda: data.draw(st.integers(1, 30))) == one_by_one
    assert in_groups(history, lambda: 10_000) == one_by_one


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**9), st.integers(1, 80))
def test_counters_are_the_number_of_rows(seed: int, steps: int) -> None:
    connection = empty_database()
    history = random_history(seed, steps)
    for start in range(0, len(history.entries), 7):
        write_group(connection, Group(entries=history.entries[start : start + 7]))
    counted = """
        select account, (select count(*) from follows where followee = account),
            (select count(*) from follows where follower = account),
            (select count(*) from posts where author = account) from users order by 1"""
    kept = "select account, followers_count, following_count, posts_count from users order by 1"
    assert rows(connection, kept) == rows(connection, counted)
    counted = "select count(*) from likes where likes.post = posts.post"
    wrong = f"select * from posts where likes_count <> ({counted})"
    assert rows(connection, wrong) == []
    connection.close()


def test_a_counter_moves_only_when_a_row_really_changed(
    database: Connection, history: History
) -> None:
    ann, bob = history.register(), history.register()
    post = history.publish(ann)
    history.like(bob, post)
    history.follow(bob, ann)
    write_group(database, history.group())
    history.like(bob, post)
    history.follow(bob, ann)
    write_group(database, Group(entries=history.entries[-2:]))
    assert rows(database, "select likes_count from posts") == [(1,)]
    assert rows(database, "select followers_count, following_count from users") == [(1, 0), (0, 1)]


def test_a_deleted_post_leaves_nothing_but_its_facts(
    database: Connection, history: History
) -> None:
    ann = history.register()
    write_group(database, history.group())
    before = everything(database)
    post = history.publish(ann, NAUGHTY, pictures=3)
    history.like(ann, post)
    write_group(database, Group(entries=history.entries[1:]))
    assert rows(database, "select count(*) from contents") == [(len(before["contents"]) + 7,)]
    history.delete(post, ann)
    write_group(database, Group(entries=history.entries[-1:]))
    after = everything(database)
    for table in ("contents", "users", "posts", "media", "likes"):
        assert after[table] == before[table], table


def test_a_post_that_comes_and_goes_in_one_group_is_never_written(
    database: Connection, history: History
) -> None:
    ann = history.register()
    post = history.publish(ann, "soon gone")
    history.like(ann, post)
    history.delete(post, ann)
    write_group(database, history.group())
    assert rows(database, "select * from posts") == []
    assert rows(database, "select * from likes") == []
    assert rows(database, "select * from contents where text = 'soon gone'") == []
    assert rows(database, "select posts_count from users") == [(0,)]
    assert len(rows(database, "select * from journal")) == 4


def test_a_new_password_erases_the_old_one_and_ends_the_other_sessions(
    database: Connection, history: History
) -> None:
    ann, bob = history.register(), history.register()
    kept, ended, others = history.log_in(ann), history.log_in(ann), history.log_in(bob)
    write_group(database, history.group())
    history.change_password(ann, kept)
    write_group(database, Group(entries=history.entries[-1:]))
    assert rows(database, "select session from sessions") == [(kept,), (others,)]
    texts = {text for (text,) in rows(database, "select text from contents")}
    assert "another argon2" in texts
    assert not {f"argon2 of {ann}", f"refresh of {ended}"} & texts


def test_any_text_comes_back_as_it_was(database: Connection, history: History) -> None:
    ann = history.register(full_name=NAUGHTY)
    texts = [NAUGHTY, "\x00", "\x00after", "😍" * 2_200, "\uffff\ue000", "a" * 100_000]
    for text in texts:
        history.publish(ann, text)
    write_group(database, history.group())
    found = "select text from posts join contents on id = caption_id order by post"
    assert [text for (text,) in rows(database, found)] == texts


def test_a_lone_surrogate_can_not_stop_the_writer(database: Connection, history: History) -> None:
    history.publish(history.register(), "half \ud83d an emoji")
    write_group(database, history.group())
    assert ("half ? an emoji",) in rows(database, "select text from contents")


def test_a_group_of_any_size_goes_in_documents_of_bounded_size(history: History) -> None:
    found = list(documents([(n, "x" * 100) for n in range(1_000)], characters_max=5_000))
    assert all(len(document) <= 5_000 for document in found)
    assert "".join(found).replace("][", ",").count("[") == 1_001
    assert len(list(documents([(1, "x" * 10_000)], characters_max=5_000))) == 1


def test_a_snapshot_takes_the_place_of_what_was_folded_into_it(
    database: Connection, history: History
) -> None:
    ann, bob = history.register(), history.register()
    history.follow(ann, bob)
    write_group(database, history.group())
    state = bytes(range(256))
    write_group(database, Group(snapshots=[Snapshot(user_key(bob), 2, state)]))
    assert rows(database, "select * from snapshots") == [(user_key(bob), 2, state)]
    left = f"select seq from concerns where actor = {user_key(bob)}"
    assert rows(database, left) == [(3,)]
    assert rows(database, f"select seq from concerns where actor = {ACCOUNTS}") == [(1,), (2,)]
    write_group(database, Group(snapshots=[Snapshot(user_key(bob), 1, b"older")]))
    assert rows(database, "select seq from snapshots") == [(2,)]


def reply(key: str, at: int) -> KeptReply:
    return KeptReply(1, "POST /posts", key, b"\x00request", b"\xffreply", at)


def test_replies_are_kept_for_a_day(database: Connection, history: History) -> None:
    history.register()
    write_group(database, history.group())
    first = [reply("a", BEGAN_AT), reply("b", BEGAN_AT + 5)]
    write_group(database, Group(replies=first))
    write_group(database, Group(replies=[reply("c", BEGAN_AT + REPLY_KEPT_MS)]))
    assert len(rows(database, "select key from replies")) == 3
    write_group(database, Group(replies=[reply("b", BEGAN_AT + REPLY_KEPT_MS + 3)]))
    left = rows(database, f"select key, at - {BEGAN_AT} from replies order by key")
    assert left == [("b", REPLY_KEPT_MS + 3), ("c", REPLY_KEPT_MS)]


def test_no_commit_forgets_more_replies_than_it_may(database: Connection, history: History) -> None:
    history.register()
    old = [reply(str(n), BEGAN_AT + n) for n in range(REPLIES_FORGOTTEN_MAX + 10)]
    write_group(database, Group(entries=history.entries, replies=old))
    write_group(database, Group(replies=[reply("new", BEGAN_AT + 2 * REPLY_KEPT_MS)]))
    assert rows(database, "select count(*) from replies") == [(11,)]


def test_a_group_is_written_whole_or_not_at_all(database: Connection, history: History) -> None:
    history.register()
    write_group(database, history.group())
    before = everything(database)
    history.publish(1, "fine")
    history.like(99, history.publish(1))
    with pytest.raises(SqliteError):
        write_group(database, Group(entries=history.entries[1:]))
    assert everything(database) == before
    assert not database.in_transaction


def test_rows_can_be_rebuilt_from_a_journal_whose_texts_were_erased(
    database: Connection,
) -> None:
    history = random_history(seed=7, steps=120)
    write_group(database, history.group())
    texts = dict(rows(database, "select id, text from contents"))
    scratch = empty_database()
    for seq, at, fact in rows(database, "select seq, at, fact from journal"):
        entry = Entry(seq, at, with_texts(decode_fact(fact), texts))
        write_group(scratch, Group(entries=[entry]))
    assert everything(scratch) == everything(database)
    scratch.close()


def test_no_statement_reads_a_whole_table(database: Connection) -> None:
    """What may be scanned is the JSON parameter and what was made from it."""
    made = {"json_each", "j", "gone", "changed", "total", "new", "(subquery-3)"}
    for statement, _ in statements(Changes()):
        plan = rows(database, "explain query plan " + statement.replace("?", "'[]'"))
        scanned = {step[3].split()[1] for step in plan if step[3].startswith("SCAN")}
        assert scanned <= made, statement
