"""Search, the pages of hashtags and places, and explore.

Texts and types only; see `storage.readings`. A count that a viewer sees is that of the posts that
everybody may see, corrected by the few authors for whom that viewer is different: private ones that
they follow, and those whom a block keeps apart.
"""

from storage.readings.reading import Reading, both_ways
from storage.reads import (
    FindHashtags,
    FindLocations,
    FindLocationsNear,
    FindUsers,
    GetExplore,
    GetHashtagPosts,
    GetLocation,
    GetLocationPosts,
)
from storage.rows import FoundUsers, HashtagRow, LocationRow

TREND_COUNTED_MAX = 1_000
"""Posts of a hashtag looked at for a day, and for a week: enough to compare, bounded for the
largest."""

APART = """(
    select blocked as account from blocks where blocker = :viewer
    union select blocker from blocks where blocked = :viewer)"""

OTHERWISE = f"""
otherwise (author, change) as (
    select u.account, 1 from follows f cross join users u on u.account = f.followee
    where f.follower = :viewer and u.private and not u.gone
    union all select account, 1 from users where account = :viewer and private and not gone
    union all select u.account, -1 from {APART} a cross join users u on u.account = a.account
    where not u.private)"""
"""Authors whose posts the viewer sees though they are not public, and the reverse."""

USERS = f"""
with found (account) as (
    select account from users
    where :prefix <> '' and username >= :prefix and username < :prefix || char(1114111)
        and not gone
    union select rowid from full_names where full_names match :match),
seen (account) as (
    select account from found where account not in {APART})
select json_object('total', (select count(*) from seen), 'accounts', json((
    select json_group_array(account) from (
        select s.account from seen s cross join users u on u.account = s.account where not u.gone
        order by u.followers_count desc, s.account limit :limit))))"""


def counted(since: str, until: str) -> str:
    """Posts of a hashtag between two ids, up to the bound: those that everybody may see, for nobody
    is to learn from a trend what private accounts post."""
    return f"""(select count(*) from (
        select t.author from hashtag_posts t where t.name = found.name and t.post >= {since}
        and t.post < {until} limit {TREND_COUNTED_MAX}) t
        cross join users u on u.account = t.author where not u.private)"""


HASHTAGS = f"""
with {OTHERWISE},
changed (name, posts) as (
    select h.name, sum(otherwise.change) from otherwise cross join hashtag_posts h
        on h.author = otherwise.author
    where h.name >= :prefix and h.name < :prefix || char(1114111) group by h.name),
found (name, posts) as (
    select h.name, h.posts_count + coalesce(c.posts, 0) as posts
    from hashtags h left join changed c on c.name = h.name
    where h.name >= :prefix and h.name < :prefix || char(1114111)
        and h.posts_count + coalesce(c.posts, 0) > 0
    order by 2 desc, 1 limit :limit)
select json_group_array(json_object('name', name, 'posts', posts,
    'day', {counted(":day", "9223372036854775807")}, 'week', {counted(":week", ":day")})
    order by posts desc, name) from found"""

LOCATED = f"""{OTHERWISE},
changed (location, posts) as (
    select p.location, sum(otherwise.change) from otherwise cross join posts p
        on p.author = otherwise.author and p.location is not null
    group by p.location)"""

LOCATION_OBJECT = """json_object('location', location, 'name', name, 'city', city,
    'country', country, 'lat', lat, 'lng', lng, 'posts', posts)"""

DISTANCE = """(
    pow(sin(radians(l.lat - :lat) / 2), 2)
    + cos(radians(:lat)) * cos(radians(l.lat)) * pow(sin(radians(l.lng - :lng) / 2), 2))"""
"""The haversine of the distance on the sphere: it grows as the distance does, to the other end of
the world, over the poles and over the line where the longitude jumps."""


def locations(distance: str, order: str) -> str:
    """Places whose words match, in an order."""
    return f"""
with {LOCATED}
select json_group_array({LOCATION_OBJECT} order by {order}) from (
    select l.*, l.posts_count + coalesce(c.posts, 0) as posts, {distance} as distance
    from location_words w join locations l on l.location = w.rowid
    left join changed c on c.location = l.location
    where location_words match :match
    order by {order.replace("location", "l.location")} limit :limit)"""


LOCATIONS = locations("0", "posts desc, population desc, location")
LOCATIONS_NEAR = locations(DISTANCE, "distance, location")

LOCATION = f"""
with {OTHERWISE}
select {LOCATION_OBJECT} from (
    select l.*, l.posts_count + coalesce((
        select sum(otherwise.change) from otherwise cross join posts p
            on p.author = otherwise.author and p.location = l.location), 0) as posts
    from locations l where l.location = :location)"""


def hashtag_posts(order: str) -> str:
    return f"""
select json_group_array(post order by post desc) from (
    select post from hashtag_posts where name = :name and post > :after and post < :before
    order by post {order} limit :limit)"""


def location_posts(order: str) -> str:
    return f"""
select json_group_array(post order by post desc) from (
    select post from posts where location = :location and post > :after and post < :before
    order by post {order} limit :limit)"""


EXPLORE = """
select json_group_array(post) from (
    select p.post from (select * from posts order by post desc limit :candidates) p
    cross join users u on u.account = p.author
    where not u.private and not u.gone
    order by (1 + p.likes_count + 2 * p.comments_count)
        / pow((:now - p.at) / 3600000.0 + 2, 1.5) desc, p.post desc
    limit :limit)"""

DISCOVERY = {
    FindUsers: Reading(USERS, FoundUsers),
    FindHashtags: Reading(HASHTAGS, list[HashtagRow]),
    FindLocations: Reading(LOCATIONS, list[LocationRow]),
    FindLocationsNear: Reading(LOCATIONS_NEAR, list[LocationRow]),
    GetLocation: Reading(LOCATION, LocationRow | None),
    GetHashtagPosts: both_ways(hashtag_posts, list[int]),
    GetLocationPosts: both_ways(location_posts, list[int]),
    GetExplore: Reading(EXPLORE, list[int]),
}
