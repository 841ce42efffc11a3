"""What `verify` reads: SQLite's own checks, the journal from its beginning, and two databases row
by row.

Called by `admin.verify` on a connection of its own, inside one read transaction, and by
`storage.rebuilding`, perhaps on a database of an older schema. Changes nothing.
"""

from collections.abc import Callable, Iterator
from itertools import islice

from storage.facts import Entry, decode_fact, with_texts
from storage.queries import texts_of
from storage.reads import KeptReply, Snapshot
from storage.sqlite import Connection

ENTRIES_A_STEP = 1_000
"""Facts read at a time."""

Progress = Callable[[int, int], None]
"""Called with (facts read so far, facts in all)."""

DIFFERENCES_SHOWN = 20
"""Differing rows that are named for one table: the rest are counted."""

COMPARED = {
    "contents": "id, owner",
    "largest_id": "id",
    "users": "account, username, full_name_id, email_id, password_id, verified, followers_count, "
    "following_count, posts_count, registered_at",
    "sessions": "session, account, refresh_id, opened_at",
    "follows": "followee, follower, seq",
    "posts": "post, author, at, caption_id, likes_count, comments_count",
    "media": "media, post, position, width, height, file, thumbnail, file_id, thumbnail_id",
    "likes": "post, account, seq",
}
"""The tables that follow from the journal, and their columns. The texts of `contents` do not: they
may be erased."""

COUNTERS = {
    "a post's likes_count is not its likes": "select post, likes_count, n from (select post, "
    "likes_count, (select count(*) from likes l where l.post = p.post) as n from posts p) "
    "where likes_count <> n",
    "an account's followers_count is not its followers": "select account, followers_count, n from "
    "(select account, followers_count, (select count(*) from follows where followee = account) "
    "as n from users) where followers_count <> n",
    "an account's following_count is not whom it follows": "select account, following_count, n "
    "from (select account, following_count, (select count(*) from follows where "
    "follower = account) as n from users) where following_count <> n",
    "an account's posts_count is not its posts": "select account, posts_count, n from (select "
    "account, posts_count, (select count(*) from posts where author = account) as n from users) "
    "where posts_count <> n",
}


def soundness(connection: Connection) -> list[str]:
    """What SQLite's own checks say against the file; nothing, if it is sound."""
    broken = [row[0] for row in connection.execute("pragma integrity_check").fetchall()]
    dangling = connection.execute("pragma foreign_key_check").fetchall()
    return [f"integrity_check: {line}" for line in broken if line != "ok"] + [
        f"foreign_key_check: {table} row {row} refers to a row of {parent} that is missing"
        for table, row, parent, _ in dangling
    ]


def counts(connection: Connection) -> dict[str, int]:
    """How many there are of what people count."""
    tables = {"facts": "journal", "accounts": "users"} | {
        name: name for name in ("posts", "media", "likes", "follows", "snapshots")
    }
    return {
        name: int(connection.execute(f"select count(*) from {table}").fetchone()[0])
        for name, table in tables.items()
    }


def entries(connection: Connection) -> Iterator[list[Entry]]:
    """The whole journal in order, some at a time, with the texts that were not erased.

    Raises `UnknownFact` for a fact that this version can't read.
    """
    after = 0
    while True:
        rows = connection.execute(
            "select seq, at, fact from journal where seq > ? order by seq limit ?",
            (after, ENTRIES_A_STEP),
        ).fetchall()
        if not rows:
            return
        bare = [Entry(seq, at, decode_fact(fact)) for seq, at, fact in rows]
        texts = texts_of(connection, bare)
        yield [Entry(one.seq, one.at, with_texts(one.fact, texts)) for one in bare]
        after = bare[-1].seq


def snapshots(connection: Connection) -> Iterator[Snapshot]:
    """Every snapshot, the earliest seq first."""
    found = connection.execute("select actor, seq, state from snapshots order by seq, actor")
    for actor, seq, state in found:
        yield Snapshot(actor, seq, state)


def concerns(connection: Connection) -> Iterator[tuple[int, int]]:
    """Every (seq, actor) that a load may still have to fold, in order of seq."""
    found = connection.execute("select seq, actor from concerns order by seq, actor").fetchall()
    yield from found


def largest_id(connection: Connection) -> int:
    """The largest id that was ever given out."""
    row = connection.execute("select id from largest_id").fetchone()
    return 0 if row is None else int(row[0])


def kept_replies(connection: Connection) -> Iterator[list[KeptReply]]:
    """Every kept reply, some at a time: they follow from nothing and are copied by a rebuild."""
    rows = connection.execute("select account, route, key, request, reply, at from replies")
    while some := [KeptReply(*row) for row in islice(rows, ENTRIES_A_STEP)]:
        yield some


def counter_differences(connection: Connection) -> list[str]:
    """Counters that are not what they count."""
    return [
        f"{what}: {row[0]} has {row[1]}, counted {row[2]}"
        for what, sql in COUNTERS.items()
        for row in connection.execute(sql).fetchall()
    ]


def row_differences(connection: Connection, rebuilt: Connection) -> list[str]:
    """Rows that are not what the journal says, by comparing with a database rebuilt from it."""
    differences: list[str] = []
    for table, columns in COMPARED.items():
        sql = f"select {columns} from {table}"
        found = set(connection.execute(sql).fetchall())
        due = set(rebuilt.execute(sql).fetchall())
        lists = (("is not in the journal", found - due), ("is missing or different", due - found))
        for what, rows in lists:
            shown = sorted(rows, key=repr)[:DIFFERENCES_SHOWN]
            differences += [f"{table} ({columns}): {row} {what}" for row in shown]
            if len(rows) > len(shown):
                differences.append(f"{table}: {len(rows) - len(shown)} more rows like these")
    return differences


def media_names(connection: Connection) -> Iterator[str]:
    """The name of every blob that a row speaks of."""
    for row in connection.execute("select file, thumbnail from media").fetchall():
        yield from row


def follows_of(connection: Connection, account: int) -> tuple[set[int], set[int]]:
    """The (followers, following) of an account by its rows."""
    followers = connection.execute("select follower from follows where followee = ?", (account,))
    following = connection.execute("select followee from follows where follower = ?", (account,))
    return (
        {row[0] for row in followers.fetchall()},
        {row[0] for row in following.fetchall()},
    )


def likers_of(connection: Connection, post: int) -> set[int]:
    """Who likes a post by its rows."""
    found = connection.execute("select account from likes where post = ?", (post,)).fetchall()
    return {row[0] for row in found}
