"""Notifications, as far as their recipients may see what they are about.

Texts and types only; see `storage.readings`.
"""

from storage.readings.reading import Reading, both_ways
from storage.reads import GetNotifications, GetUnread
from storage.rows import NotificationRow

VISIBLE = """
    not n.withdrawn
    and not (select gone from users where account = n.actor)
    and (n.post is null or exists (
        select 1 from posts p join users u on u.account = p.author
        where p.post = n.post and not u.gone and (
            p.author = n.recipient or not u.private or exists (
                select 1 from follows f where f.followee = p.author and f.follower = n.recipient))
            and not exists (
                select 1 from blocks where blocker = p.author and blocked = n.recipient)
            and not exists (
                select 1 from blocks where blocker = n.recipient and blocked = p.author)))"""
"""Not withdrawn, and about something that the recipient may see."""

LIVE = f"n.recipient = :recipient and {VISIBLE}"

UNREAD_COUNTED_MAX = 1_000
"""Unread notifications that are counted; as many as Mastodon counts at most. Nobody reads a larger
number, and each that is counted costs several looks."""

READ = "n.seq <= (select read_up_to from users where account = :recipient)"


def notifications(order: str) -> str:
    return f"""
select json_group_array(json_object(
    'seq', n.seq, 'type', n.type, 'actor', n.actor, 'post', n.post, 'comment', n.comment,
    'thumbnail', (select thumbnail from media m where m.post = n.post order by position limit 1),
    'at', n.at, 'read', json(iif({READ}, 'true', 'false'))) order by n.seq desc)
from (
    select * from notifications n where {LIVE} and n.seq > :after and n.seq < :before
    order by n.seq {order} limit :limit) n"""


UNREAD = f"""
select json_quote(count(*)) from (
    select 1 from notifications n
    where {LIVE} and n.seq > :after
    and n.seq > (select read_up_to from users where account = :recipient)
    limit {UNREAD_COUNTED_MAX})"""

NOTIFICATIONS = {
    GetNotifications: both_ways(notifications, list[NotificationRow]),
    GetUnread: Reading(UNREAD, int),
}
