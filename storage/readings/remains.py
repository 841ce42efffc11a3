"""What is still to be done: what deleted accounts have left, and requests to public accounts.

Texts and types only; see `storage.readings`.
"""

from storage.amending.accounts import GONE
from storage.ids import ACCOUNTS, KIND_BITS, Kind
from storage.readings.reading import Reading
from storage.reads import (
    GetExpired,
    GetGoneAccounts,
    GetNextExpiry,
    GetRemains,
    GetStale,
    GetUnapproved,
    GetUncleared,
)
from storage.rows import Remains

GONE_ACCOUNTS = "select json_group_array(account) from users where gone > 0"

USER = f"(u.account << {KIND_BITS} | {Kind.USER:d})"

STALE = f"""
select json_group_array(actor order by actor) from (
    select {ACCOUNTS} as actor where exists (select 1 from concerns where actor = {ACCOUNTS})
    union all
    select {USER} from users u
    where u.gone > 0 and exists (select 1 from concerns where actor = {USER}))"""

UNCLEARED = f"select json_group_array(account) from users where gone = {GONE}"

# From one account that is asked to the next: there may be many requests to each.
UNAPPROVED = """
with recursive asked (account) as (
    select min(followee) from requests
    union all
    select (select min(followee) from requests where followee > account) from asked
    where account is not null)
select json_group_array(u.account order by u.account)
from asked cross join users u on u.account = asked.account and not u.private and not u.gone"""

PLACE = "json_array(c.comment, c.post, p.author, c.root)"


def some(column: str, source: str) -> str:
    """A JSON array of the first `:limit`."""
    return f"json((select json_group_array({column}) from (select * from {source} limit :limit)))"


def edges(column: str, other: str) -> str:
    """One side of follows and requests."""
    return f"""json((select json_group_array({column}) from (
        select {column} from (
            select {column} from follows where {other} = :account
            union all select {column} from requests where {other} = :account)
        limit :limit)))"""


REMAINS = f"""
select json_object(
    'posts', {some("post", "posts where author = :account")},
    'stories', {some("story", "stories where author = :account")},
    'views', json((select json_group_array(s.story) from (
        select * from views where account = :account limit :limit) v
        join stories s on s.story = v.story)),
    'comments', json((select json_group_array({PLACE}) from (
        select * from comments where author = :account limit :limit) c
        join posts p on p.post = c.post)),
    'likes', {some("post", "likes where account = :account")},
    'saves', {some("post", "saves where account = :account")},
    'comment_likes', json((select json_group_array({PLACE}) from (
        select * from comment_likes where account = :account limit :limit) l
        join comments c on c.comment = l.comment join posts p on p.post = c.post)),
    'following', {edges("followee", "follower")},
    'followers', {edges("follower", "followee")},
    'blocking', {some("blocked", "blocks where blocker = :account")},
    'blocked_by', {some("blocker", "blocks where blocked = :account")})"""

EXPIRED = """
select json_group_array(author) from (
    select distinct author from (
        select author from stories where expires_at <= :now order by expires_at limit :limit))"""

NEXT_EXPIRY = "select json_quote(min(expires_at)) from stories"

STILL_TO_DO = {
    GetGoneAccounts: Reading(GONE_ACCOUNTS, list[int]),
    GetStale: Reading(STALE, list[int]),
    GetUncleared: Reading(UNCLEARED, list[int]),
    GetUnapproved: Reading(UNAPPROVED, list[int]),
    GetExpired: Reading(EXPIRED, list[int]),
    GetNextExpiry: Reading(NEXT_EXPIRY, int | None),
    GetRemains: Reading(REMAINS, Remains),
}
