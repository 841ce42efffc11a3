"""The SQL by which facts become rows, a statement for each table and act.

`storage.projection` and `storage.amending` execute these; nothing runs here. Each takes its rows as
one JSON array: each time SQLite returns, the writer must win the interpreter lock back from the
event loop, so a table takes all its rows at once. Texts come in hexadecimal, see
`storage.changes`.
"""

INSERT_JOURNAL = """
insert into journal (seq, at, fact)
select value ->> 0, value ->> 1, unhex(value ->> 2) from json_each(?)"""

INSERT_CONCERNS = """
insert into concerns (actor, seq) select value ->> 0, value ->> 1 from json_each(?)"""

INSERT_CONTENTS = """
insert into contents (id, owner, text)
select value ->> 0, value ->> 1, cast(unhex(value ->> 2) as text) from json_each(?)"""

RAISE_LARGEST_ID = """
insert into largest_id (one, id) select 1, value from json_each(?) where true
on conflict do update set id = max(id, excluded.id)"""

INSERT_USERS = """
insert into users (
    account, username, username_id, full_name_id, email_id, password_id, registered_at)
select value ->> 0, cast(unhex(value ->> 1) as text), value ->> 2, value ->> 3, value ->> 4,
    value ->> 5, value ->> 6
from json_each(?)"""

INSERT_SESSIONS = """
insert into sessions (
    session, account, family, family_id, refresh_id, client_id, opened_at, used_at)
select value ->> 0, value ->> 1, cast(unhex(value ->> 2) as text), value ->> 3, value ->> 4,
    value ->> 5, value ->> 6, value ->> 6
from json_each(?)"""

INSERT_POSTS = """
insert into posts (post, author, seq, at, caption_id, location)
select value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5
from json_each(?)"""

COUNT_PUBLISHED_POSTS = """
update users set posts_count = posts_count + new.posts from (
    select value ->> 0 as author, value ->> 1 as posts from json_each(?)) as new
where users.account = new.author"""

INSERT_MEDIA = """
insert into media (
    media, post, position, width, height, file, thumbnail, file_id, thumbnail_id, alt_id)
select value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4,
    cast(unhex(value ->> 5) as text), cast(unhex(value ->> 6) as text), value ->> 7,
    value ->> 8, value ->> 9
from json_each(?)"""

INSERT_TAGS = """
insert into tags (post, account, position, x, y)
select value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4 from json_each(?)"""

INSERT_COMMENTS = """
insert into comments (comment, post, author, root, at, text_id)
select value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5
from json_each(?)"""

COUNT_COMMENTS = """
update posts set comments_count = comments_count + new.comments from (
    select value ->> 0 as post, value ->> 1 as comments from json_each(?)) as new
where posts.post = new.post"""

COUNT_REPLIES = """
update comments set replies_count = replies_count + new.replies from (
    select value ->> 0 as comment, value ->> 1 as replies from json_each(?)) as new
where comments.comment = new.comment"""


INSERT_STORIES = """
insert into stories (story, author, seq, at, expires_at, duration, file, file_id)
select value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5,
    cast(unhex(value ->> 6) as text), value ->> 7
from json_each(?)"""

COUNT_VIEWS = """
update stories set views_count = views_count + total.change from (
    select j.value ->> 0 as story,
        sum((j.value ->> 2 is not null) - (v.seq is not null)) as change
    from json_each(?) j
    left join views v on v.story = j.value ->> 0 and v.account = j.value ->> 1
    group by 1) as total
where stories.story = total.story and total.change <> 0"""

INSERT_FULL_NAMES = """
insert into full_names (rowid, full_name)
select value ->> 0, cast(unhex(value ->> 1) as text) from json_each(?)"""

# Only what everybody may see is counted.
COUNT_HASHTAGS = """
insert into hashtags (name, posts_count)
select cast(unhex(j.value ->> 0) as text), sum(not u.private) from json_each(?) j
join users u on u.account = j.value ->> 2 where true group by 1
on conflict do update set posts_count = posts_count + excluded.posts_count"""

INSERT_HASHTAGS = """
insert into hashtag_posts (name, post, author)
select cast(unhex(value ->> 0) as text), value ->> 1, value ->> 2 from json_each(?)"""

COUNT_LOCATED_POSTS = """
update locations set posts_count = posts_count + new.posts from (
    select j.value ->> 0 as location, sum(not u.private) as posts from json_each(?) j
    join users u on u.account = j.value ->> 1 group by 1) as new
where locations.location = new.location"""

NOTICES = """
select coalesce(j.value ->> 0, p.author, c.author) as recipient, j.value ->> 1 as seq,
    j.value ->> 2 as at, j.value ->> 3 as type, j.value ->> 4 as actor,
    coalesce(j.value ->> 5, c.post) as post, j.value ->> 6 as comment,
    coalesce(j.value ->> 6, j.value ->> 5, 0) as object, j.value ->> 7 as withdrawn
from json_each(?) j
left join posts p on p.post = j.value ->> 5 and j.value ->> 0 is null
left join comments c on c.comment = j.value ->> 6 and j.value ->> 3 = 'comment_like'"""
"""Who is told what, of the rows of `storage.notices`: whose post or comment it is, is looked up."""

DELETE_NOTIFICATIONS = f"""
delete from notifications where (recipient, seq) in (
    select n.recipient, n.seq from ({NOTICES}) as ended join notifications n
    on n.recipient = ended.recipient and n.type = ended.type
        and n.actor = ended.actor and n.object = ended.object)"""

# An act that was decided beside a block may come after it: it tells nobody.
INSERT_NOTIFICATIONS = f"""
insert into notifications (recipient, seq, type, actor, object, post, comment, at)
select recipient, seq, type, actor, object, post, comment, at from ({NOTICES})
where recipient is not null and recipient <> actor
    and not exists (select 1 from blocks where blocker = recipient and blocked = actor)
    and not exists (select 1 from blocks where blocker = actor and blocked = recipient)
on conflict do nothing"""

WITHDRAW_NOTIFICATIONS = f"""
update notifications set withdrawn = new.withdrawn from ({NOTICES}) as new
where notifications.recipient = new.recipient and notifications.type = new.type
    and notifications.actor = new.actor and notifications.object = new.object"""


def upsert(table: str, one: str, other: str) -> str:
    """Put the pairs (one, other, seq) into a relation."""
    return f"""
insert into {table} ({one}, {other}, seq)
select value ->> 0, value ->> 1, value ->> 2 from json_each(?) where true
on conflict do update set seq = excluded.seq"""


def delete(table: str, one: str, other: str) -> str:
    """Take the pairs (one, other, …) out of a relation."""
    return f"""
delete from {table} where ({one}, {other}) in (
    select value ->> 0, value ->> 1 from json_each(?))"""


def count_likes(table: str, likes: str, what: str) -> str:
    """Count the likes that the pairs (what, account, seq or null) will really change.

    Counters follow the rows that change, so they are counted before the rows are written.
    """
    return f"""
update {table} set likes_count = likes_count + total.change from (
    select j.value ->> 0 as {what},
        sum((j.value ->> 2 is not null) - (l.seq is not null)) as change
    from json_each(?) j
    left join {likes} l on l.{what} = j.value ->> 0 and l.account = j.value ->> 1
    group by 1) as total
where {table}.{what} = total.{what} and total.change <> 0"""


UPSERT_FOLLOWS = upsert("follows", "followee", "follower")
DELETE_FOLLOWS = delete("follows", "followee", "follower")
UPSERT_REQUESTS = upsert("requests", "followee", "follower")
DELETE_REQUESTS = delete("requests", "followee", "follower")
UPSERT_BLOCKS = upsert("blocks", "blocker", "blocked")
DELETE_BLOCKS = delete("blocks", "blocker", "blocked")
COUNT_LIKES = count_likes("posts", "likes", "post")
UPSERT_VIEWS = upsert("views", "story", "account")
DELETE_VIEWS = delete("views", "story", "account")
UPSERT_LIKES = upsert("likes", "post", "account")
DELETE_LIKES = delete("likes", "post", "account")
UPSERT_SAVES = upsert("saves", "post", "account")
DELETE_SAVES = delete("saves", "post", "account")
COUNT_COMMENT_LIKES = count_likes("comments", "comment_likes", "comment")
UPSERT_COMMENT_LIKES = upsert("comment_likes", "comment", "account")
DELETE_COMMENT_LIKES = delete("comment_likes", "comment", "account")

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

# Of an account that is gone only a reply of no fields (in msgpack 80): no other is sure to hold no
# text. It is the reply to the deletion.
UPSERT_REPLIES = """
insert into replies (account, route, key, request, reply, at)
select u.account, cast(unhex(value ->> 1) as text), cast(unhex(value ->> 2) as text),
    unhex(value ->> 3), unhex(value ->> 4), value ->> 5
from json_each(?) cross join users u on u.account = value ->> 0
where not u.gone or unhex(value ->> 4) = x'80'
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
