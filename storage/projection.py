"""A group of facts -> journal and rows: `write_group`, the only code that writes to the database,
but for the world's cities, which no fact tells of (`storage.gazetteer`).

The writer's thread calls it for each commit, the simulator and `verify` on databases of their own.
It decides nothing: facts are true, and this makes the rows say so, whatever group they come in.

What adds rows is folded in memory first (`storage.changes`), and each table takes all its rows in
one statement that reads them from a JSON parameter. A fact that changes what is there
(`storage.amending`) is written by itself, after all before it.
"""

from collections.abc import Collection, Iterator

import msgspec

from storage import statements as sql
from storage.amending import AMENDMENTS
from storage.changes import Changes, Row, content_rows, hex_of, pair_rows
from storage.disk import Group
from storage.facts import Entry, encode_fact
from storage.reads import REPLY_KEPT_MS
from storage.sqlite import Connection, transaction

REPLIES_FORGOTTEN_MAX = 1_000
"""Old replies that one commit deletes: more than it writes, so they end, yet no commit is held up.
"""

DOCUMENT_CHARACTERS_MAX = 64 * 1024 * 1024
"""Rows go to SQLite in documents of about this size at most, far below its limit of 10⁹ bytes; only
a single row may be larger."""

FORGET_REPLIES = f"""
delete from replies where rowid in (
    select rowid from replies where at < (select value from json_each(?))
    order by at limit {REPLIES_FORGOTTEN_MAX})"""

Rows = Collection[object]
Written = list[tuple[str, Rows]]
"""What to execute, in order: a statement and the rows it takes."""


def write_group(connection: Connection, group: Group) -> None:
    """Write `group` and all that follows from it, in one transaction: all or nothing.

    Raises `SqliteError`; a group that breaks a rule of the schema raises it, too, for it is a bug.
    """
    with transaction(connection):
        _execute(connection, _journal(group.entries))
        changes = Changes()
        for entry in group.entries:
            amendment = AMENDMENTS.get(type(entry.fact))
            if amendment is None:
                changes.fold(entry)
                continue
            if not changes.empty:
                _execute(connection, additions(changes))
                changes = Changes()
            for statement, parameters in amendment(entry.fact, entry):
                connection.execute(statement, parameters)
        _execute(connection, additions(changes))
        _execute(connection, _kept(group))


def _execute(connection: Connection, written: Written) -> None:
    for statement, rows in written:
        if rows:
            for document in documents(rows):
                connection.execute(statement, (document,))


def _journal(entries: list[Entry]) -> Written:
    """The facts themselves, whom they concern, and their texts, which only later statements may
    erase again."""
    journal: list[Row] = []
    concerns: list[Row] = []
    contents: list[Row] = []
    for entry in entries:
        fact = entry.fact
        journal.append((entry.seq, entry.at, encode_fact(fact).hex()))
        concerns.extend((actor, entry.seq) for actor in fact.concerns())
        contents.extend(content_rows(fact))
    # Whoever makes ids makes those of the texts last.
    largest = max((text.id for entry in entries for text in entry.fact.texts()), default=0)
    return [
        (sql.INSERT_JOURNAL, journal),
        (sql.INSERT_CONCERNS, concerns),
        (sql.INSERT_CONTENTS, contents),
        (sql.RAISE_LARGEST_ID, [largest] if largest else []),
    ]


def additions(changes: Changes) -> Written:
    """What to execute for `changes`. What is referred to goes before what refers to it."""
    follows, requests = pair_rows(changes.follows), pair_rows(changes.requests)
    likes, saves = pair_rows(changes.likes), pair_rows(changes.saves)
    comment_likes, views = pair_rows(changes.comment_likes), pair_rows(changes.views)
    return [
        (sql.INSERT_USERS, changes.users),
        (sql.INSERT_SESSIONS, changes.sessions),
        (sql.INSERT_POSTS, changes.posts),
        (sql.INSERT_MEDIA, changes.media),
        (sql.INSERT_TAGS, changes.tags),
        (sql.COUNT_PUBLISHED_POSTS, list(changes.posts_published.items())),
        (sql.COUNT_FOLLOWS, follows),
        (sql.DELETE_FOLLOWS, gone(follows)),
        (sql.UPSERT_FOLLOWS, there(follows)),
        (sql.DELETE_REQUESTS, gone(requests)),
        (sql.UPSERT_REQUESTS, there(requests)),
        (sql.COUNT_LIKES, likes),
        (sql.DELETE_LIKES, gone(likes)),
        (sql.UPSERT_LIKES, there(likes)),
        (sql.DELETE_SAVES, gone(saves)),
        (sql.UPSERT_SAVES, there(saves)),
        (sql.INSERT_COMMENTS, changes.comments),
        (sql.COUNT_COMMENTS, list(changes.posts_commented.items())),
        (sql.COUNT_REPLIES, list(changes.comments_replied.items())),
        (sql.COUNT_COMMENT_LIKES, comment_likes),
        (sql.DELETE_COMMENT_LIKES, gone(comment_likes)),
        (sql.UPSERT_COMMENT_LIKES, there(comment_likes)),
        (sql.INSERT_FULL_NAMES, changes.full_names),
        (sql.INSERT_STORIES, changes.stories),
        (sql.COUNT_VIEWS, views),
        (sql.DELETE_VIEWS, gone(views)),
        (sql.UPSERT_VIEWS, there(views)),
        (sql.COUNT_HASHTAGS, changes.hashtags),
        (sql.INSERT_HASHTAGS, changes.hashtags),
        (sql.COUNT_LOCATED_POSTS, changes.located),
        (sql.DELETE_NOTIFICATIONS, list(changes.over.values())),
        (sql.INSERT_NOTIFICATIONS, list(changes.told.values())),
        (sql.WITHDRAW_NOTIFICATIONS, list(changes.notices.values())),
    ]


def gone(pairs: list[Row]) -> list[Row]:
    return [row for row in pairs if row[2] is None]


def there(pairs: list[Row]) -> list[Row]:
    return [row for row in pairs if row[2] is not None]


def _kept(group: Group) -> Written:
    """Replies and snapshots. Whoever was deleted in the very group gets no reply kept that may hold
    a text: only that to the deletion, which is empty."""
    replies = {
        (kept.account, kept.route, kept.key): (
            kept.account,
            hex_of(kept.route),
            hex_of(kept.key),
            kept.request.hex(),
            kept.reply.hex(),
            kept.at,
        )
        for kept in group.replies
    }
    newest_at = max((kept.at for kept in group.replies), default=0)
    newest: dict[int, Row] = {}
    for snapshot in sorted(group.snapshots, key=lambda one: one.seq):
        newest[snapshot.actor] = (snapshot.actor, snapshot.seq, snapshot.state.hex())
    snapshots = list(newest.values())
    return [
        (FORGET_REPLIES, [newest_at - REPLY_KEPT_MS] if replies else []),
        (sql.UPSERT_REPLIES, list(replies.values())),
        (sql.UPSERT_SNAPSHOTS, snapshots),
        (sql.DELETE_FOLDED_CONCERNS, [row[:2] for row in snapshots]),
    ]


def documents(rows: Rows, characters_max: int = DOCUMENT_CHARACTERS_MAX) -> Iterator[str]:
    """The rows as JSON arrays, each of at most `characters_max`, but for single rows that are
    longer.
    """
    whole = msgspec.json.encode(rows)
    if len(whole) <= characters_max or len(rows) == 1:
        yield whole.decode()
        return
    half, listed = len(rows) // 2, list(rows)
    yield from documents(listed[:half], characters_max)
    yield from documents(listed[half:], characters_max)


def raise_largest_id(connection: Connection, largest: int) -> None:
    """Have ids given out above `largest`, whatever the facts say: in a rebuild."""
    with transaction(connection):
        connection.execute(sql.RAISE_LARGEST_ID, (f"[{largest}]",))
