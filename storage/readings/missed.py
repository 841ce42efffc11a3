"""What a stream was not told while nobody listened, and whether what it is about to tell is so.

Texts and types only; see `storage.readings`. Ids of posts rise with the seqs of their facts: where
the posts after a fact begin is looked up once, and each author's are found from there on.
"""

from storage.ids import ID_EPOCH_MS, ID_SEQUENCE_BITS
from storage.readings.notifications import LIVE, VISIBLE
from storage.readings.reading import Reading
from storage.reads import GetMissed, GetTold
from storage.rows import Missed, ToldRow

FIRST_AT = "(select at from journal where seq > :since order by seq limit 1)"

POSTS = f"""
    select p.seq, p.post, p.author, p.at
    from authors cross join posts p on p.author = authors.author
    where p.post > coalesce((
            select post from posts where seq <= :posts_after order by seq desc limit 1), 0)
        and p.post >= max(:oldest - {ID_EPOCH_MS}, 0) << {ID_SEQUENCE_BITS}
        and p.at >= :oldest and p.seq > :posts_after and p.seq > authors.seq and p.seq <= :upto
    order by p.seq desc limit :limit"""

STORIES = """
    select s.seq, s.story, s.author, s.at
    from authors cross join stories s on s.author = authors.author
    where s.expires_at > :now and s.at >= :oldest
        and s.seq > :stories_after and s.seq > authors.seq and s.seq <= :upto
    order by s.seq desc limit :limit"""

NOTIFICATIONS = f"""
    select * from notifications n
    where {LIVE} and n.at >= :oldest and n.seq > :notifications_after and n.seq <= :upto
    order by n.seq desc limit :limit"""

MISSED_ROWS = f"""
with authors (author, seq) as materialized (
    select followee, seq from follows where follower = :recipient and followee <> :recipient
    union all select :recipient, 0)
select json_object(
    'first_at', {FIRST_AT},
    'posts', json((
        select json_group_array(json_array(seq, post, author, at) order by seq) from ({POSTS}))),
    'stories', json((
        select json_group_array(json_array(seq, story, author, at) order by seq)
        from ({STORIES}))),
    'notifications', json((
        select json_group_array(json_array(recipient, seq, type, actor, at) order by seq)
        from ({NOTIFICATIONS}))))"""

TOLD = f"""
select json_group_array(json_array(n.recipient, n.seq, n.type, n.actor, n.at) order by j.key)
from json_each(:told) j cross join notifications n
    on n.recipient = j.value ->> 0 and n.seq = j.value ->> 1
where {VISIBLE}"""

MISSED = {
    GetMissed: Reading(MISSED_ROWS, Missed),
    GetTold: Reading(TOLD, list[ToldRow]),
}
