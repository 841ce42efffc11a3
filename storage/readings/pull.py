"""The pull: feeds and timelines, merged from the posts of many authors or taken from one's own.

Texts and types only; see `storage.readings`.
"""

from storage.readings.reading import Pairs, Reading, both_ways
from storage.reads import GetFeed, GetPostsOf, PullFrom, PullPosts
from storage.rows import FeedRows

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


def finish_feed(question: GetFeed, found: tuple[list[int], list[tuple[int, int]]]) -> FeedRows:
    """One post more was read than was asked for: it says whether there is one."""
    following, posts = found
    return FeedRows(following, posts[: question.limit], len(posts) <= question.limit)


FEEDS = {
    GetFeed: Reading(FEED, tuple[list[int], Pairs], finish=finish_feed),
    PullPosts: Reading(MERGE_DOWNWARD + MERGED_POSTS, list[int], MERGE_UPWARD + MERGED_POSTS),
    PullFrom: Reading(
        merge("max", "<", "desc", SOME_AUTHORS) + MERGED_POSTS,
        list[int],
        merge("min", ">", "asc", SOME_AUTHORS) + MERGED_POSTS,
    ),
    GetPostsOf: both_ways(posts_of, list[int]),
}
