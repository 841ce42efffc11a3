"""No question reads a whole table, by what SQLite says of how it would carry out each statement."""

import pytest

from storage import queries
from storage.queries import statement_of
from storage.readings import READINGS
from storage.readings.lists import LISTS
from storage.reads import (
    FindHashtags,
    FindLocations,
    FindLocationsNear,
    FindUsers,
    GetExpired,
    GetExplore,
    GetGoneAccounts,
    GetHashtagPosts,
    GetLocationPosts,
    GetMediaNames,
    GetMissed,
    GetNotifications,
    GetPostsOf,
    GetRemains,
    GetStale,
    GetUnapproved,
    GetUsers,
)
from storage.sqlite import Connection
from tests.storage.plans import indexes_made, plan, ranges, sorts, tables_scanned

SCANNED = {
    statement_of(READINGS[GetExplore].downward): {"posts"},
    queries.JOURNAL: {"journal"},
}
"""Walks back through the newest posts, and stops; reads everything, for a snapshot that can't be
read."""

INDEXED = {FindHashtags, FindLocations, FindLocationsNear}
"""Join what they have made: the counts of the few authors for whom the viewer is different."""

RANGED = {
    FindUsers: {"users"},  # usernames with a prefix: the exact total wants all
    FindHashtags: {"h"},  # names with a prefix
    GetMediaNames: {"media", "users", "stories"},  # names with a prefix, for the sweep
    GetUsers: {"users"},  # a page of all accounts, for the operator
    GetGoneAccounts: {"users"},  # those that are deleted
    GetStale: {"u"},  # likewise
    GetUnapproved: {"requests"},  # hops from one account to the next
    GetMissed: {"journal", "posts"},  # where a fact's successors begin: one row of each
    GetExpired: {"stories"},  # those whose time is over, which the asker then ends
}
"""What is searched by bounds alone. Anything else would walk through a table by its order until it
had a page."""

READINGS_BY_STATEMENT = {
    statement_of(sql): kind
    for kind, each in READINGS.items()
    for sql in (each.downward, each.upward)
}

OTHERS = [
    text
    for name, text in vars(queries).items()
    if name.isupper() and isinstance(text, str) and "select" in text
]
"""The statements of `storage.queries` itself."""


def test_every_question_goes_through_an_index(database: Connection) -> None:
    assert len(OTHERS) >= 5
    for sql in (*READINGS_BY_STATEMENT, *OTHERS):
        assert tables_scanned(plan(database, sql)) == SCANNED.get(sql, set()), sql


def test_only_what_is_a_range_is_searched_as_one(database: Connection) -> None:
    for sql, kind in READINGS_BY_STATEMENT.items():
        assert ranges(plan(database, sql)) == RANGED.get(kind, set()), sql


def test_no_question_makes_an_index_of_a_table(database: Connection) -> None:
    for sql, kind in READINGS_BY_STATEMENT.items():
        assert indexes_made(plan(database, sql)) == ({"c"} if kind in INDEXED else set()), sql


@pytest.mark.parametrize(
    "kind",
    [*LISTS, GetPostsOf, GetUsers, GetRemains, GetNotifications, GetHashtagPosts, GetLocationPosts],
)
def test_a_page_of_a_list_is_read_without_sorting_the_list(
    kind: type, database: Connection
) -> None:
    for sql in (READINGS[kind].downward, READINGS[kind].upward):
        assert not sorts(plan(database, sql))


@pytest.mark.parametrize(
    ("sql", "scanned"),
    [
        ("select * from posts where at = 1", "posts"),
        ("select post from likes where account + 0 = 1", "likes"),
        ("select seq from follows order by seq", "follows"),
        ("select rowid from location_words where name like '%x%'", "location_words"),
        ("select location from location_points", "location_points"),
        ("with some as (select * from media where width > 1) select * from some", "media"),
    ],
)
def test_what_reads_a_whole_table_is_found(sql: str, scanned: str, database: Connection) -> None:
    assert tables_scanned(plan(database, sql)) == {scanned}


def test_a_walk_through_a_table_in_its_order_is_found(database: Connection) -> None:
    sql = "select post from posts where likes_count = 1 and post > 1 and post < 9 order by post"
    assert ranges(plan(database, sql)) == {"posts"}


def test_an_index_made_for_one_statement_is_found(database: Connection) -> None:
    sql = "select * from posts p join media m on m.width = p.likes_count where p.post < 5"
    assert indexes_made(plan(database, sql)) == {"m"}


def test_a_sorted_list_is_found(database: Connection) -> None:
    assert sorts(plan(database, "select post from posts where author = 1 order by likes_count"))
