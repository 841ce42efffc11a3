"""What `verify` reads: SQLite's own checks, the journal from its beginning, and two databases row
by row.

Called by `admin.verify` on a connection of its own, inside one read transaction, and by
`storage.rebuilding`, perhaps on a database of an older schema. Changes nothing.
"""

from collections.abc import Callable, Iterator
from itertools import islice

from storage.facts import Entry, decode_fact, with_texts
from storage.gazetteer import all_cities
from storage.queries import texts_of
from storage.reads import KeptReply, Snapshot
from storage.sqlite import Connection, SqliteError

ENTRIES_A_STEP = 1_000
"""Facts read at a time."""

OF_THE_FILE = "*** in database main ***"
"""A heading of SQLite's check, of which there is but one here."""

Row = tuple[object, ...]

Progress = Callable[[int, int], None]
"""Called with (facts read so far, facts in all)."""

DIFFERENCES_SHOWN = 20
"""Differing rows that are named for one table: the rest are counted."""

COMPARED = {
    "contents": "id, owner",
    "largest_id": "id",
    "users": "account, username, gone, private, verified, avatar, username_id, full_name_id, "
    "bio_id, website_id, email_id, password_id, avatar_id, followers_count, following_count, "
    "posts_count, read_up_to, registered_at",
    "sessions": "session, account, family, family_id, refresh_id, client_id, opened_at, used_at",
    "invites": "invite, code, code_id",
    "follows": "followee, follower, seq",
    "requests": "followee, follower, seq",
    "blocks": "blocker, blocked, seq",
    "posts": "post, author, seq, at, caption_id, location, likes_count, comments_count",
    "media": "media, post, position, width, height, file, thumbnail, file_id, thumbnail_id, alt_id",
    "tags": "post, account, position, x, y",
    "likes": "post, account, seq",
    "saves": "post, account, seq",
    "comments": "comment, post, author, root, at, text_id, likes_count, replies_count",
    "comment_likes": "comment, account, seq",
    "stories": "story, author, seq, at, expires_at, duration, file, file_id, views_count",
    "views": "story, account, seq",
    "notifications": "recipient, seq, type, actor, object, post, comment, at, withdrawn",
    "hashtags": "name, posts_count",
    "hashtag_posts": "name, post, author",
    "full_names": "rowid, full_name",
}
"""The tables that follow from the journal, and their columns. The texts of `contents` do not: they
may be erased. Places that people made, and the world's cities, are looked at by themselves."""

MADE_LOCATIONS = (
    "select location, name, city, country, lat, lng, population, creator, name_id, city_id, "
    "country_id from locations where creator is not null"
)

CITIES = (
    "select location, name, city, country, lat, lng, population from locations "
    "where creator is null"
)

POINT_SIZE_MAX = 0.000_1
"""Degrees: an R-tree keeps a point as a box around it, of what 32 bits can tell apart. A number too
small for them lies beside its box, so near that nothing is to be seen of it."""


def counted(what: str, table: str, key: str, column: str, counting: str) -> tuple[str, str]:
    """A counter and the SELECT of the rows where it is not what it counts."""
    return (
        f"{what} is not what it counts",
        f"select {key}, {column}, n from (select {key}, {column}, ({counting}) as n from {table} t)"
        f" where {column} <> n",
    )


COUNTERS = dict(
    (
        counted(
            "a post's likes_count",
            "posts",
            "post",
            "likes_count",
            "select count(*) from likes l where l.post = t.post",
        ),
        counted(
            "a post's comments_count",
            "posts",
            "post",
            "comments_count",
            "select count(*) from comments c where c.post = t.post",
        ),
        counted(
            "a comment's likes_count",
            "comments",
            "comment",
            "likes_count",
            "select count(*) from comment_likes l where l.comment = t.comment",
        ),
        counted(
            "a comment's replies_count",
            "comments",
            "comment",
            "replies_count",
            "select count(*) from comments c where c.root = t.comment",
        ),
        counted(
            "a story's views_count",
            "stories",
            "story",
            "views_count",
            "select count(*) from views v where v.story = t.story",
        ),
        counted(
            "an account's followers_count",
            "users",
            "account",
            "followers_count",
            "select count(*) from follows f where f.followee = t.account",
        ),
        counted(
            "an account's following_count",
            "users",
            "account",
            "following_count",
            "select count(*) from follows f where f.follower = t.account",
        ),
        counted(
            "an account's posts_count",
            "users",
            "account",
            "posts_count",
            "select count(*) from posts p where p.author = t.account",
        ),
        counted(
            "a hashtag's posts_count",
            "hashtags",
            "name",
            "posts_count",
            "select count(*) from hashtag_posts h join users u on u.account = h.author "
            "where h.name = t.name and not u.private",
        ),
        counted(
            "a place's posts_count",
            "locations",
            "location",
            "posts_count",
            "select count(*) from posts p join users u on u.account = p.author "
            "where p.location = t.location and not u.private",
        ),
    )
)

NEVER = {
    "the search knows a place by other words": "select l.location from locations l "
    "left join location_words w on w.rowid = l.location where w.rowid is null "
    "or (w.name, w.city, w.country) is not (l.name, l.city, l.country) "
    "union select rowid from location_words where rowid not in (select location from locations)",
    "the search looks for a place elsewhere": "select l.location from locations l "
    "left join location_points p on p.location = l.location where p.location is null "
    f"or l.lat not between p.lat_low - {POINT_SIZE_MAX} and p.lat_high + {POINT_SIZE_MAX} "
    f"or l.lng not between p.lng_low - {POINT_SIZE_MAX} and p.lng_high + {POINT_SIZE_MAX} "
    f"or p.lat_high - p.lat_low > {POINT_SIZE_MAX} or p.lng_high - p.lng_low > {POINT_SIZE_MAX} "
    "union select location from location_points "
    "where location not in (select location from locations)",
    "two who are apart by a block are not apart": "select b.blocker, b.blocked from blocks b where "
    "exists (select 1 from follows f where (f.followee, f.follower) in "
    "((b.blocker, b.blocked), (b.blocked, b.blocker)))",
    "a deleted account that was cleared has left something": "select account from users u where "
    "gone = 2 and (exists (select 1 from follows f where u.account in (f.followee, f.follower)) "
    "or exists (select 1 from posts p where p.author = u.account) "
    "or exists (select 1 from comments c where c.author = u.account) "
    "or exists (select 1 from likes l where l.account = u.account) "
    "or exists (select 1 from contents c where c.owner = u.account))",
}
"""What the rows must never say, and the SELECT of where they do."""


def soundness(connection: Connection) -> list[str]:
    """What SQLite's own checks say against the file; nothing, if it is sound. Raises `SqliteError`
    if it is so broken that they say nothing."""
    rows = connection.execute("pragma integrity_check").fetchall()
    lines = [line for (text,) in rows for line in text.splitlines()]
    broken = [f"integrity_check: {line}" for line in lines if line not in ("ok", OF_THE_FILE)]
    try:
        dangling = connection.execute("pragma foreign_key_check").fetchall()
    except SqliteError as error:
        if not broken:
            raise
        return [*broken, f"foreign_key_check: {error}"]
    return broken + [
        f"foreign_key_check: {table} row {row} refers to a row of {parent} that is missing"
        for table, row, parent, _ in dangling
    ]


def counts(connection: Connection, now: int) -> dict[str, int]:
    """How many there are of what people count, at `now` (Unix milliseconds). Stories that are over
    are counted apart, if there are any: a server ends them within a minute, or at its start."""
    tables = {"facts": "journal", "accounts": "users where not gone"} | {
        name: name for name in ("posts", "media", "comments", "likes", "follows")
    }
    tables |= {"stories": f"stories where expires_at > {now}", "snapshots": "snapshots"}
    found = {
        name: int(connection.execute(f"select count(*) from {table}").fetchone()[0])
        for name, table in tables.items()
    }
    over = "select count(*) from stories where expires_at <= ?"
    if ended := int(connection.execute(over, (now,)).fetchone()[0]):
        found["stories that are over"] = ended
    return found


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
    ] + [
        f"{what}: {', '.join(map(str, row))}"
        for what, sql in NEVER.items()
        for row in connection.execute(sql).fetchall()
    ]


def row_differences(connection: Connection, rebuilt: Connection) -> list[str]:
    """Rows that are not what the journal says, by comparing with a database rebuilt from it; and
    cities that are not those of the file."""
    differences: list[str] = []
    selects = {
        table: (columns, f"select {columns} from {table}") for table, columns in COMPARED.items()
    } | {"locations": ("location, …", MADE_LOCATIONS)}
    for table, (columns, sql) in selects.items():
        found = set(connection.execute(sql).fetchall())
        due = set(rebuilt.execute(sql).fetchall())
        differences += _differing(f"{table} ({columns})", found, due, "the journal")
    if loaded := set(connection.execute(CITIES).fetchall()):
        city = "locations (location, name, …)"
        differences += _differing(city, loaded, set(all_cities()), "the list of cities")
    return differences


def _differing(what: str, found: set[Row], due: set[Row], source: str) -> list[str]:
    """Rows that are on one side only, the first of them by name."""
    differences: list[str] = []
    sides = ((f"is not in {source}", found - due), ("is missing or different", due - found))
    for how, rows in sides:
        shown = sorted(rows, key=repr)[:DIFFERENCES_SHOWN]
        differences += [f"{what}: {row} {how}" for row in shown]
        if len(rows) > len(shown):
            differences.append(f"{what}: {len(rows) - len(shown)} more rows like these")
    return differences


def media_names(connection: Connection) -> Iterator[str]:
    """The name of every blob that a row speaks of."""
    for row in connection.execute("select file, thumbnail from media").fetchall():
        yield from row
    avatars = "select avatar from users where avatar is not null"
    for row in connection.execute(f"{avatars} union all select file from stories").fetchall():
        yield from row


def others_of(connection: Connection, table: str, side: str, other: str, of: int) -> set[int]:
    """The `other` side of a relation's pairs whose `side` is `of`."""
    found = connection.execute(f"select {other} from {table} where {side} = ?", (of,)).fetchall()
    return {row[0] for row in found}
