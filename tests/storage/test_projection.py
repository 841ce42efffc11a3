"""The rows say what the facts say, whatever groups they were committed in."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.amending import AMENDMENTS
from storage.changes import Changes
from storage.disk import Group
from storage.facts import FACTS, Entry, PostEdited, ProfileChanged, decode_fact, with_texts
from storage.ids import ACCOUNTS, user_key
from storage.projection import (
    REPLIES_FORGOTTEN_MAX,
    REPLY_KEPT_MS,
    documents,
    write_group,
)
from storage.reads import KeptReply, Snapshot
from storage.sqlite import Connection, SqliteError
from tests.storage.living import random_history
from tests.storage.making import BEGAN_AT, NAUGHTY, History, empty_database
from tests.storage.plain import COLUMNS
from tests.storage.plans import plan, tables_scanned

TABLES = tuple(COLUMNS)

OF_THE_JOURNAL = ("journal", "concerns", "largest_id", "replies", "snapshots")
"""Tables that the model does not know."""

OF_THE_FILE = ("erasures",)
"""Tables that say nothing of the world."""


def rows(connection: Connection, sql: str) -> list[Any]:
    return connection.execute(sql).fetchall()


def everything(connection: Connection) -> dict[str, list[Any]]:
    tables = (*TABLES, *OF_THE_JOURNAL)
    return {table: sorted(rows(connection, f"select * from {table}"), key=repr) for table in tables}


def in_groups(history: History, sizes: Callable[[], int]) -> Connection:
    connection = empty_database()
    left = list(history.entries)
    while left:
        size = sizes()
        write_group(connection, Group(entries=left[:size]))
        left = left[size:]
    return connection


def test_the_model_knows_every_table() -> None:
    """Else a table could hold anything."""
    connection = empty_database()
    tables = rows(connection, "select name from sqlite_schema where type = 'table'")
    there = {
        name for (name,) in tables if not name.startswith(("location_words", "location_points"))
    }
    shadows = {f"full_names_{of}" for of in ("data", "idx", "content", "docsize", "config")}
    assert there - shadows == {*TABLES, *OF_THE_JOURNAL, *OF_THE_FILE}
    for table, columns in COLUMNS.items():
        found = {row[1] for row in rows(connection, f"pragma table_info({table})")}
        told = set(columns.split(", ")) - {"rowid"}
        assert found - {"name_id", "city_id", "country_id"} == told, table
    connection.close()


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 10**9), st.integers(1, 200), st.integers(2, 9), st.data())
def test_the_rows_are_those_of_the_model_however_the_facts_were_grouped(
    seed: int, steps: int, accounts: int, data: st.DataObject
) -> None:
    history = random_history(seed, steps, accounts)
    due = history.plain.tables()
    sizes = (lambda: 1, lambda: data.draw(st.integers(1, 30)), lambda: 10_000)
    of_the_journal: list[list[Any]] = []
    for each in sizes:
        connection = in_groups(history, each)
        for table, columns in COLUMNS.items():
            assert set(rows(connection, f"select {columns} from {table}")) == due[table], table
        assert rows(connection, "pragma foreign_key_check") == []
        assert rows(connection, "pragma integrity_check") == [("ok",)]
        found = everything(connection)
        of_the_journal.append([found[table] for table in OF_THE_JOURNAL])
        connection.close()
    assert of_the_journal[0] == of_the_journal[1] == of_the_journal[2]


def test_every_kind_of_fact_has_its_rows_and_one_way_to_write_them() -> None:
    """A kind that nobody taught would end the process at its first commit."""
    kinds = {type(entry.fact) for entry in long_history().entries}
    assert kinds == set(FACTS.values())
    added: set[type] = set()
    for entry in long_history().entries:
        try:
            Changes().fold(entry)
            added.add(type(entry.fact))
        except TypeError:
            pass
    assert added | set(AMENDMENTS) == kinds
    assert not added & set(AMENDMENTS)


def long_history() -> History:
    """One in which everything happens."""
    return random_history(seed=3, steps=1_500)


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


def test_no_reply_is_kept_for_an_account_that_was_deleted_in_the_same_group(
    database: Connection, history: History
) -> None:
    """It would hold what somebody wrote who is gone."""
    ann, bob = history.register(), history.register()
    write_group(database, history.group())
    history.leave(ann)
    theirs = KeptReply(bob, "POST /posts", "a", b"request", b"reply", BEGAN_AT)
    group = Group(entries=history.entries[-1:], replies=[reply("a", BEGAN_AT), theirs])
    write_group(database, group)
    assert rows(database, "select account from replies") == [(bob,)]


def test_the_empty_reply_to_its_deletion_is_kept_for_an_account(
    database: Connection, history: History
) -> None:
    """It holds no text, and a client whose connection broke may ask for it again."""
    history.register()
    ann = history.register()
    write_group(database, history.group())
    said = KeptReply(ann, "POST /posts", "a", b"request", b"reply", BEGAN_AT)
    write_group(database, Group(replies=[said]))
    history.leave(ann)
    parting = KeptReply(ann, "POST /delete", "b", b"request", b"\x80", BEGAN_AT)
    write_group(database, Group(entries=history.entries[-1:], replies=[said, parting]))
    assert rows(database, "select key from replies") == [("b",)]


def test_a_text_that_changes_nothing_is_not_kept(database: Connection, history: History) -> None:
    """Nothing would ever erase it."""
    ann = history.register()
    post = history.publish(ann, "caption")
    write_group(database, history.group())
    before = everything(database)
    said, alts = history.text("never said"), (history.text("never seen"),)
    history.say(PostEdited(post, ann, ("location",), said, alts, location=None))
    history.say(ProfileChanged(ann, (), said, said, said))
    write_group(database, Group(entries=history.entries[-2:]))
    assert everything(database)["contents"] == before["contents"]
    assert everything(database)["users"] == before["users"]


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
    history = random_history(seed=7, steps=600)
    write_group(database, history.group())
    texts = dict(rows(database, "select id, text from contents"))
    scratch = empty_database()
    for seq, at, fact in rows(database, "select seq, at, fact from journal"):
        entry = Entry(seq, at, with_texts(decode_fact(fact), texts))
        write_group(scratch, Group(entries=[entry]))
    assert everything(scratch) == everything(database)
    scratch.close()


class Recording:
    """A connection that remembers what it was asked to execute."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.statements: set[str] = set()

    @property
    def in_transaction(self) -> bool:
        return self._connection.in_transaction

    def execute(self, sql: str, parameters: Any = (), /) -> Any:
        self.statements.add(sql)
        return self._connection.execute(sql, parameters)

    def close(self) -> None:
        self._connection.close()


def test_no_statement_reads_a_whole_table(database: Connection) -> None:
    recording = Recording(database)
    for entry in long_history().entries:
        write_group(recording, Group(entries=[entry]))
    snapshot = Snapshot(user_key(1), len(long_history().entries), b"state")
    write_group(recording, Group(replies=[reply("a", BEGAN_AT)], snapshots=[snapshot]))
    statements = recording.statements - {"begin immediate", "commit"}
    assert len(statements) > len(FACTS)
    for statement in statements:
        assert tables_scanned(plan(database, statement)) == set(), statement
