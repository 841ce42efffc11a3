"""A group of facts -> journal and rows: `write_group`, the only code that writes to the database.

The writer's thread calls it for each commit, the simulator and `verify` on databases of their own.
It decides nothing: facts are true, and this makes the rows say so, whatever group they come in.

Each time SQLite returns, the writer must win the interpreter lock back from the event loop. So a
group is folded in memory first (`storage.changes`), and each table takes all its rows in
one statement that reads them from a JSON parameter.
"""

from collections.abc import Collection, Iterator

import msgspec

from storage.changes import Changes
from storage.disk import Group
from storage.reads import REPLY_KEPT_MS
from storage.sqlite import Connection, transaction

REPLIES_FORGOTTEN_MAX = 1_000
"""Old replies that one commit deletes: more than it writes, so they end, yet no commit is held up.
"""

DOCUMENT_CHARACTERS_MAX = 64 * 1024 * 1024
"""Rows go to SQLite in documents of about this size at most, far below its limit of 10⁹ bytes; only
a single row may be larger."""

INSERT_JOURNAL = """
insert into journal (seq, at, fact)
select value ->> 0, value ->> 1, unhex(value ->> 2) from json_each(?)"""

INSERT_CONCERNS = """
insert into concerns (actor, seq) select value ->> 0, value ->> 1 from json_each(?)"""

RAISE_LARGEST_ID = """
insert into largest_id (one, id) select 1, value from json_each(?) where true
on conflict do update set id = max(id, excluded.id)"""

ERASE_PASSWORDS = """
delete from contents where id in (
    select u.password_id from json_each(?) j join users u on u.account = j.value ->> 0)"""

ERASE_REFRESHES = """
delete from contents where id in (
    select s.refresh_id from json_each(?) j
    join sessions s on s.account = j.value ->> 0 and s.session is not j.value ->> 1)"""

END_SESSIONS = """
delete from sessions where session in (
    select s.session from json_each(?) j
    join sessions s on s.account = j.value ->> 0 and s.session is not j.value ->> 1)"""

ERASE_TEXTS_OF_POSTS = """
delete from contents where id in (
    with gone as materialized (select value as post from json_each(?))
    select caption_id from gone join posts using (post) where caption_id is not null
    union all select file_id from gone join media using (post)
    union all select thumbnail_id from gone join media using (post))"""

DELETE_MEDIA = "delete from media where post in (select value from json_each(?))"

DELETE_LIKES_OF_POSTS = "delete from likes where post in (select value from json_each(?))"

COUNT_DELETED_POSTS = """
update users set posts_count = posts_count - gone.posts from (
    select p.author, count(*) as posts from json_each(?) j join posts p on p.post = j.value
    group by p.author) as gone
where users.account = gone.author"""

DELETE_POSTS = "delete from posts where post in (select value from json_each(?))"

INSERT_USERS = """
insert into users (
    account, username, full_name_id, email_id, password_id, verified, registered_at)
select value ->> 0, cast(unhex(value ->> 1) as text), value ->> 2, value ->> 3, value ->> 4,
    value ->> 5, value ->> 6
from json_each(?)"""

INSERT_CONTENTS = """
insert into contents (id, owner, text)
select value ->> 0, value ->> 1, cast(unhex(value ->> 2) as text) from json_each(?)"""

SET_PASSWORDS = """
update users set password_id = new.password_id from (
    select value ->> 0 as account, value ->> 1 as password_id from json_each(?)) as new
where users.account = new.account"""

SET_VERIFIED = """
update users set verified = new.verified from (
    select value ->> 0 as account, value ->> 1 as verified from json_each(?)) as new
where users.account = new.account"""

INSERT_SESSIONS = """
insert into sessions (session, account, refresh_id, opened_at)
select value ->> 0, value ->> 1, value ->> 2, value ->> 3 from json_each(?)"""

INSERT_POSTS = """
insert into posts (post, author, at, caption_id)
select value ->> 0, value ->> 1, value ->> 2, value ->> 3 from json_each(?)"""

COUNT_PUBLISHED_POSTS = """
update users set posts_count = posts_count + new.posts from (
    select value ->> 0 as author, value ->> 1 as posts from json_each(?)) as new
where users.account = new.author"""

INSERT_MEDIA = """
insert into media (
    media, post, position, width, height, file, thumbnail, file_id, thumbnail_id)
select value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4,
    cast(unhex(value ->> 5) as text), cast(unhex(value ->> 6) as text), value ->> 7, value ->> 8
from json_each(?)"""

# Counters follow the rows that really change, so they are counted before the rows are written.
COUNT_FOLLOWS = """
with changed as materialized (
    select j.value ->> 0 as followee, j.value ->> 1 as follower,
        (j.value ->> 2 is not null) - (f.seq is not null) as change
    from json_each(?) j
    left join follows f on f.followee = j.value ->> 0 and f.follower = j.value ->> 1)
update users set
    followers_count = followers_count + total.followers,
    following_count = following_count + total.following
from (
    select account, sum(followers) as followers, sum(following) as following from (
        select followee as account, change as followers, 0 as following from changed
        union all select follower, 0, change from changed)
    group by account) as total
where users.account = total.account and (total.followers <> 0 or total.following <> 0)"""

DELETE_FOLLOWS = """
delete from follows where (followee, follower) in (
    select value ->> 0, value ->> 1 from json_each(?))"""

UPSERT_FOLLOWS = """
insert into follows (followee, follower, seq)
select value ->> 0, value ->> 1, value ->> 2 from json_each(?) where true
on conflict do update set seq = excluded.seq"""

COUNT_LIKES = """
update posts set likes_count = likes_count + total.change from (
    select j.value ->> 0 as post,
        sum((j.value ->> 2 is not null) - (l.seq is not null)) as change
    from json_each(?) j left join likes l on l.post = j.value ->> 0 and l.account = j.value ->> 1
    group by 1) as total
where posts.post = total.post and total.change <> 0"""

DELETE_LIKES = """
delete from likes where (post, account) in (
    select value ->> 0, value ->> 1 from json_each(?))"""

UPSERT_LIKES = """
insert into likes (post, account, seq)
select value ->> 0, value ->> 1, value ->> 2 from json_each(?) where true
on conflict do update set seq = excluded.seq"""

FORGET_REPLIES = f"""
delete from replies where rowid in (
    select rowid from replies where at < (select value from json_each(?))
    order by at limit {REPLIES_FORGOTTEN_MAX})"""

UPSERT_REPLIES = """
insert into replies (account, route, key, request, reply, at)
select value ->> 0, cast(unhex(value ->> 1) as text), cast(unhex(value ->> 2) as text),
    unhex(value ->> 3), unhex(value ->> 4), value ->> 5
from json_each(?) where true
on conflict do update set request = excluded.request, reply = excluded.reply, at = excluded.at"""

UPSERT_SNAPSHOTS = """
insert into snapshots (actor, seq, state)
select value ->> 0, value ->> 1, unhex(value ->> 2) from json_each(?) where true
on conflict do update set seq = excluded.seq, state = excluded.state
where excluded.seq >= snapshots.seq"""

DELETE_FOLDED_CONCERNS = """
delete from concerns where (actor, seq) in (
    select c.actor, c.seq from json_each(?) j
    join concerns c on c.actor = j.value ->> 0 and c.seq <= j.value ->> 1)"""

Rows = Collection[object]


def statements(changes: Changes) -> list[tuple[str, Rows]]:
    """What to execute for `changes`, in order: a statement and the rows it takes.

    What is deleted goes before what is inserted, since a group holds no row that it deletes again.
    """
    follows, likes = changes.follow_rows(), changes.like_rows()
    snapshots, replies = changes.snapshot_rows(), list(changes.replies.values())
    ended, passwords = list(changes.ended.items()), list(changes.passwords.items())
    return [
        (INSERT_JOURNAL, changes.journal),
        (INSERT_CONCERNS, changes.concerns),
        (RAISE_LARGEST_ID, [changes.largest_id] if changes.largest_id else []),
        (ERASE_PASSWORDS, passwords),
        (ERASE_REFRESHES, ended),
        (END_SESSIONS, ended),
        (ERASE_TEXTS_OF_POSTS, changes.deleted),
        (DELETE_MEDIA, changes.deleted),
        (DELETE_LIKES_OF_POSTS, changes.deleted),
        (COUNT_DELETED_POSTS, changes.deleted),
        (DELETE_POSTS, changes.deleted),
        (INSERT_USERS, changes.user_rows()),
        (INSERT_CONTENTS, list(changes.contents.values())),
        (SET_PASSWORDS, passwords),
        (SET_VERIFIED, list(changes.verified.items())),
        (INSERT_SESSIONS, list(changes.sessions.values())),
        (INSERT_POSTS, changes.post_rows()),
        (INSERT_MEDIA, changes.medium_rows()),
        (COUNT_PUBLISHED_POSTS, changes.posts_published()),
        (COUNT_FOLLOWS, follows),
        (DELETE_FOLLOWS, [row for row in follows if row[2] is None]),
        (UPSERT_FOLLOWS, [row for row in follows if row[2] is not None]),
        (COUNT_LIKES, likes),
        (DELETE_LIKES, [row for row in likes if row[2] is None]),
        (UPSERT_LIKES, [row for row in likes if row[2] is not None]),
        (FORGET_REPLIES, [changes.newest_at - REPLY_KEPT_MS] if replies else []),
        (UPSERT_REPLIES, replies),
        (UPSERT_SNAPSHOTS, snapshots),
        (DELETE_FOLDED_CONCERNS, [(actor, seq) for actor, seq, _ in snapshots]),
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
        connection.execute(RAISE_LARGEST_ID, (f"[{largest}]",))


def write_group(connection: Connection, group: Group) -> None:
    """Write `group` and all that follows from it, in one transaction: all or nothing.

    Raises `SqliteError`; a group that breaks a rule of the schema raises it, too, for it is a bug.
    """
    changes = Changes()
    changes.fold_group(group)
    with transaction(connection):
        for statement, rows in statements(changes):
            if rows:
                for document in documents(rows):
                    connection.execute(statement, (document,))
