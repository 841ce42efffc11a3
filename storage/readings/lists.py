"""Lists: relations by the seq at which each pair came, tagged posts, comments.

Texts and types only; see `storage.readings`.
"""

from collections.abc import Callable

from storage.readings.reading import Pairs, Reading, both_ways
from storage.reads import (
    GetBlocks,
    GetComment,
    GetComments,
    GetFollowers,
    GetFollowing,
    GetLikers,
    GetReplies,
    GetRequests,
    GetSaved,
    GetTagged,
)
from storage.rows import CommentRow


def relation(table: str, of: str, listed: str) -> Reading:
    """The `listed` side of a relation, of the pairs whose other side is the parameter `of`."""

    def sql(order: str) -> str:
        return f"""
select json_group_array(json_array(seq, {listed}) order by seq desc) from (
    select seq, {listed} from {table}
    where {of} = :{of} and seq > :after and seq < :before
    order by seq {order} limit :limit)"""

    return both_ways(sql, Pairs)


def tagged(order: str) -> str:
    return f"""
select json_group_array(post order by post desc) from (
    select post from tags where account = :account and post > :after and post < :before
    order by post {order} limit :limit)"""


COMMENT_OBJECT = """json_object(
    'comment', c.comment, 'post', c.post, 'post_author', p.author, 'author', c.author,
    'root', c.root, 'at', c.at, 'text', t.text, 'likes', c.likes_count,
    'replies', c.replies_count,
    'liked', json(iif(exists (
        select 1 from comment_likes l where l.comment = c.comment and l.account = :viewer),
        'true', 'false')))"""

COMMENT_JOINS = "join posts p on p.post = c.post join contents t on t.id = c.text_id"


def comments(column: str) -> Callable[[str], str]:
    """Comments whose `column`, `post` or `root`, is the parameter of the same name."""

    def sql(order: str) -> str:
        return f"""
select json_group_array({COMMENT_OBJECT} order by c.comment desc) from (
    select * from comments
    where {column} = :{column} and comment > :after and comment < :before
    order by comment {order} limit :limit) c {COMMENT_JOINS}"""

    return sql


COMMENT = f"select {COMMENT_OBJECT} from comments c {COMMENT_JOINS} where c.comment = :comment"

LISTS = {
    GetFollowers: relation("follows", "followee", "follower"),
    GetFollowing: relation("follows", "follower", "followee"),
    GetRequests: relation("requests", "followee", "follower"),
    GetBlocks: relation("blocks", "blocker", "blocked"),
    GetLikers: relation("likes", "post", "account"),
    GetSaved: relation("saves", "account", "post"),
    GetTagged: both_ways(tagged, list[int]),
    GetComments: both_ways(comments("post"), list[CommentRow]),
    GetReplies: both_ways(comments("root"), list[CommentRow]),
    GetComment: Reading(COMMENT, CommentRow | None),
}
