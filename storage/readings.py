"""What each question asks SQLite, and what shape the answer comes in. Texts and types only; nothing
runs here.

`storage.queries` executes a `Reading`. Each is one SELECT of one JSON text, built by SQLite. Its
parameters are the fields of the question: tuples as JSON arrays, a span as `:limit`, `:before` and
`:after`, always bounded. All go through an index: a test reads the plan of each.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from storage.reads import (
    Beginning,
    Credentials,
    FeedRows,
    GetBeginning,
    GetCredentials,
    GetFeed,
    GetFollowers,
    GetKeptReply,
    GetMediaNames,
    GetMediumAuthor,
    GetPostsOf,
    GetRelations,
    GetRows,
    GetSession,
    GetUsers,
    KeptReply,
    PullFrom,
    PullPosts,
    Question,
    Relation,
    Rows,
    UserRow,
)


class Reading:
    """One question's SELECT. `upward` is the one for a span that asks for what lies nearest above
    `after`.

    `finish` makes the answer of the question and what was decoded, where the JSON alone is not it
    yet.
    """

    __slots__ = ("decoder", "downward", "finish", "upward")

    def __init__(
        self,
        sql: str,
        shape: Any,
        upward: str | None = None,
        finish: Callable[[Any, Any], Any] | None = None,
    ) -> None:
        self.downward = sql
        self.upward = sql if upward is None else upward
        self.decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(shape)
        self.finish = finish


BEGINNING = """
select json_object(
    'seq', coalesce((select max(seq) from journal), 0),
    'id', coalesce((select id from largest_id where one = 1), 0),
    'at', coalesce((select at from journal where seq = (select max(seq) from journal)), 0))"""


FEED_AUTHORS = """
    select followee from follows where follower = :viewer and followee <> :viewer
    union all select :viewer"""

SOME_AUTHORS = "select value from json_each(:authors)"


def merge(nearest: str, beyond: str, order: str, authors: str = FEED_AUTHORS) -> str:
    """The pull: `merged` yields the posts of `authors`, by default `:viewer` and those it follows,
    in `order`, up to `:limit`.

    A recursive query with an order is a priority queue: it begins with each author's first post in
    the span, and whenever it takes one out it puts that author's next one in. So it looks once at
    each author and then once at each post of the page, however many there are.
    """
    inside = "p.post > :after and p.post < :before"
    return f"""
with recursive authors (author) as ({authors}),
heads (post, author) as materialized (
    select (select {nearest}(p.post) from posts p where p.author = authors.author and {inside}),
        author
    from authors),
merged (post, author) as (
    select * from (
        select post, author from heads where post is not null order by post {order} limit :limit)
    union all
    select next.post, merged.author from merged join posts next on next.post = (
        select {nearest}(p.post) from posts p
        where p.author = merged.author and p.post {beyond} merged.post and {inside})
    order by 1 {order} limit :limit)"""


MERGE_DOWNWARD = merge("max", "<", "desc")
MERGE_UPWARD = merge("min", ">", "asc")

MERGED_POSTS = "select json_group_array(post order by post desc) from merged"

FEED = f"""
{MERGE_DOWNWARD}
select json_array(
    (select json_group_array(followee) from follows where follower = :viewer),
    (select json_group_array(json_array(post, author) order by post desc) from merged))"""


def posts_of(order: str) -> str:
    """An author's own timeline."""
    return f"""
select json_group_array(post order by post desc) from (
    select post from posts where author = :author and post > :after and post < :before
    order by post {order} limit :limit)"""


def followers(order: str) -> str:
    """Followers by the seq at which they came."""
    return f"""
select json_group_array(json_array(seq, follower) order by seq desc) from (
    select seq, follower from follows
    where followee = :followee and seq > :after and seq < :before
    order by seq {order} limit :limit)"""


USER_OBJECT = """json_object(
    'account', u.account, 'username', u.username, 'full_name', n.text,
    'verified', json(iif(u.verified, 'true', 'false')), 'followers', u.followers_count,
    'following', u.following_count, 'posts', u.posts_count)"""

ROWS = f"""
select json_object(
    'posts', json((
        select json_group_array(json_object(
            'post', p.post, 'author', p.author, 'at', p.at, 'caption', c.text,
            'likes', p.likes_count, 'comments', p.comments_count,
            'media', json((
                select json_group_array(json_object(
                    'media', m.media, 'width', m.width, 'height', m.height,
                    'file', m.file, 'thumbnail', m.thumbnail) order by m.position)
                from media m where m.post = p.post))) order by j.key)
        from json_each(:posts) j cross join posts p on p.post = j.value
        left join contents c on c.id = p.caption_id)),
    'users', json((
        with asked (account) as (
            select value from json_each(:users)
            union select p.author from json_each(:posts) j cross join posts p on p.post = j.value)
        select json_group_array({USER_OBJECT} order by u.account)
        from asked cross join users u on u.account = asked.account
        left join contents n on n.id = u.full_name_id)),
    'liked', json((
        select json_group_array(l.post order by j.key) from json_each(:liked) j
        cross join likes l on l.post = j.value and l.account = :viewer)))"""

RELATIONS = """
select json_group_array(json_object(
    'account', j.value,
    'following', json(iif(exists (
        select 1 from follows where followee = j.value and follower = :viewer), 'true', 'false')),
    'followed_by', json(iif(exists (
        select 1 from follows where followee = :viewer and follower = j.value), 'true', 'false'))
    ) order by j.key)
from json_each(:accounts) j"""

CREDENTIALS = """
select json_object('account', u.account, 'username', u.username, 'password', c.text,
    'password_id', u.password_id)
from users u join contents c on c.id = u.password_id where u.username = :username"""

SESSION = "select json_quote(account) from sessions where session = :session"

KEPT_REPLY = """
select json_array(hex(request), hex(reply), at) from replies
where account = :account and route = :route and key = :key"""

USERS = f"""
select json_group_array({USER_OBJECT} order by u.account)
from (select * from users where account > :after order by account limit :limit) u
left join contents n on n.id = u.full_name_id"""

MEDIA_NAMES = """
with bounds as materialized (select :prefix as low, :prefix || char(1114111) as high)
select json_group_array(name order by name) from (
    select file as name from bounds cross join media on file >= low and file < high
    union all
    select thumbnail from bounds cross join media on thumbnail >= low and thumbnail < high)"""

MEDIUM_AUTHOR = """
select json_quote(p.author) from (
    select post from media where file = :name union all
    select post from media where thumbnail = :name) m join posts p on p.post = m.post"""


def finish_feed(question: GetFeed, found: tuple[list[int], list[tuple[int, int]]]) -> FeedRows:
    """One post more was read than was asked for: it says whether there is one."""
    following, posts = found
    return FeedRows(following, posts[: question.limit], len(posts) <= question.limit)


def finish_kept_reply(
    question: GetKeptReply, found: tuple[str, str, int] | None
) -> KeptReply | None:
    """Bytes come in hexadecimal, since JSON holds none."""
    if found is None:
        return None
    request, reply, at = found
    key = (question.account, question.route, question.key)
    return KeptReply(*key, bytes.fromhex(request), bytes.fromhex(reply), at)


Pairs = list[tuple[int, int]]

READINGS: dict[type[Question[Any]], Reading] = {
    GetBeginning: Reading(BEGINNING, Beginning),
    GetFeed: Reading(FEED, tuple[list[int], Pairs], finish=finish_feed),
    PullPosts: Reading(MERGE_DOWNWARD + MERGED_POSTS, list[int], MERGE_UPWARD + MERGED_POSTS),
    PullFrom: Reading(
        merge("max", "<", "desc", SOME_AUTHORS) + MERGED_POSTS,
        list[int],
        merge("min", ">", "asc", SOME_AUTHORS) + MERGED_POSTS,
    ),
    GetPostsOf: Reading(posts_of("desc"), list[int], posts_of("asc")),
    GetFollowers: Reading(followers("desc"), Pairs, followers("asc")),
    GetRows: Reading(ROWS, Rows),
    GetRelations: Reading(RELATIONS, list[Relation]),
    GetCredentials: Reading(CREDENTIALS, Credentials | None),
    GetSession: Reading(SESSION, int | None),
    GetKeptReply: Reading(KEPT_REPLY, tuple[str, str, int] | None, finish=finish_kept_reply),
    GetUsers: Reading(USERS, list[UserRow]),
    GetMediaNames: Reading(MEDIA_NAMES, list[str]),
    GetMediumAuthor: Reading(MEDIUM_AUTHOR, int | None),
}
"""All questions but `GetHistories` and `GetWholeHistory`, whose facts only Python can read."""
