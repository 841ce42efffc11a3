"""What views are made of: rows of posts and users, and how a viewer stands to them.

Texts and types only; see `storage.readings`.
"""

from storage.readings.reading import Pairs, Reading
from storage.reads import GetRows, GetStances, GetUsers
from storage.rows import (
    BLOCKED_BY,
    BLOCKING,
    FOLLOWED_BY,
    FOLLOWING,
    LIKED,
    REQUESTED,
    SAVED,
    Rows,
    UserRow,
)

USER_OBJECT = """json_object(
    'account', u.account, 'username', u.username, 'full_name', n.text,
    'verified', json(iif(u.verified, 'true', 'false')), 'followers', u.followers_count,
    'following', u.following_count, 'posts', u.posts_count, 'bio', b.text, 'website', w.text,
    'avatar', u.avatar, 'private', json(iif(u.private, 'true', 'false')))"""

USER_JOINS = """
    left join contents n on n.id = u.full_name_id left join contents b on b.id = u.bio_id
    left join contents w on w.id = u.website_id"""


def bit(value: int, table: str, where: str) -> str:
    """`value` if the relation has such a pair, else 0."""
    return f"{value} * exists (select 1 from {table} where {where})"


def stance(account: str) -> str:
    """How `:viewer` stands to `account`, in bits."""
    return " + ".join(
        (
            bit(FOLLOWING, "follows", f"followee = {account} and follower = :viewer"),
            bit(FOLLOWED_BY, "follows", f"followee = :viewer and follower = {account}"),
            bit(REQUESTED, "requests", f"followee = {account} and follower = :viewer"),
            bit(BLOCKING, "blocks", f"blocker = :viewer and blocked = {account}"),
            bit(BLOCKED_BY, "blocks", f"blocker = {account} and blocked = :viewer"),
        )
    )


FLAGS = " + ".join(
    (
        bit(LIKED, "likes", "post = j.value and account = :viewer"),
        bit(SAVED, "saves", "post = j.value and account = :viewer"),
    )
)

NAMED = """
    select p.author from json_each(:posts) j cross join posts p on p.post = j.value
    union select t.account from json_each(:posts) j cross join tags t on t.post = j.value"""

ROWS = f"""
select json_object(
    'posts', json((
        select json_group_array(json_object(
            'post', p.post, 'author', p.author, 'at', p.at, 'caption', c.text,
            'likes', p.likes_count, 'comments', p.comments_count,
            'location', iif(l.location is null, null, json_array(l.location, l.name)),
            'media', json((
                select json_group_array(json_object(
                    'media', m.media, 'width', m.width, 'height', m.height,
                    'file', m.file, 'thumbnail', m.thumbnail, 'alt', a.text) order by m.position)
                from media m left join contents a on a.id = m.alt_id where m.post = p.post)),
            'tags', json((
                select json_group_array(json_object('account', t.account, 'x', t.x, 'y', t.y)
                    order by t.position)
                from tags t where t.post = p.post))) order by j.key)
        from json_each(:posts) j cross join posts p on p.post = j.value
        left join contents c on c.id = p.caption_id
        left join locations l on l.location = p.location)),
    'users', json((
        with asked (account) as (select value from json_each(:users) union {NAMED})
        select json_group_array({USER_OBJECT} order by u.account)
        from asked cross join users u on u.account = asked.account and not u.gone {USER_JOINS})),
    'flags', json((
        select json_group_array(json_array(j.value, {FLAGS})) from json_each(:flags) j)),
    'stances', json((
        with asked (account) as (
            select value from json_each(:stances)
            union select author from ({NAMED}) where :viewer is not null)
        select json_group_array(json_array(account, {stance("account")})) from asked)))"""

STANCES = f"""
select json_group_array(json_array(j.value, {stance("j.value")}) order by j.key)
from json_each(:accounts) j"""

USERS = f"""
select json_group_array({USER_OBJECT} order by u.account) from (
    select * from users where account > :after and not gone order by account limit :limit) u
{USER_JOINS}"""

SHOWN = {
    GetRows: Reading(ROWS, Rows),
    GetStances: Reading(STANCES, Pairs),
    GetUsers: Reading(USERS, list[UserRow]),
}
