"""Hashtags and places, in the rows: what of them everybody may see is counted as it changes.
See `storage.amending`.
"""

from collections.abc import Mapping

from storage.amending.statement import Statement, document, text_column
from storage.changes import hex_of
from storage.facts import Entry, LocationCreated, Text
from storage.hashtags import hashtags_in
from storage.statements import COUNT_HASHTAGS, INSERT_HASHTAGS


def count_public(account: int, sign: str) -> list[Statement]:
    """Count a private author's posts in their hashtags and places (`+`), or a public one's no
    longer (`-`): only what everybody may see is counted there."""
    values = {"account": account}
    due = f"(select private from users where account = :account) = {int(sign == '+')}"
    return [
        (
            f"update hashtags set posts_count = posts_count {sign} its.posts from ("
            "select name, count(*) as posts from hashtag_posts where author = :account "
            f"group by name) as its where hashtags.name = its.name and {due}",
            values,
        ),
        (
            f"update locations set posts_count = posts_count {sign} its.posts from ("
            "select location, count(*) as posts from posts "
            "where author = :account and location is not null group by location) as its "
            f"where locations.location = its.location and {due}",
            values,
        ),
    ]


def index_hashtags(post: int, author: int, caption: Text | None) -> list[Statement]:
    """Note the hashtags of a caption."""
    names = hashtags_in(None if caption is None else caption.value)
    rows = document(*((hex_of(name), post, author) for name in names))
    return [(COUNT_HASHTAGS, rows), (INSERT_HASHTAGS, rows)]


def forget_hashtags(values: Mapping[str, object]) -> list[Statement]:
    """Forget the hashtags of a post; the last one of a name takes the name along."""
    return [
        (
            "update hashtags set posts_count = posts_count - 1 where name in ("
            "select h.name from hashtag_posts h join users u on u.account = h.author "
            "where h.post = :post and not u.private)",
            values,
        ),
        (
            "delete from hashtags where name in ("
            "select name from hashtag_posts where post = :post) and not exists ("
            "select 1 from hashtag_posts o where o.name = hashtags.name and o.post <> :post)",
            values,
        ),
        ("delete from hashtag_posts where post = :post", values),
    ]


def count_place(change: str, values: Mapping[str, object]) -> Statement:
    """Count a post among those of its place, or no longer."""
    return (
        f"update locations set posts_count = posts_count {change} 1 where location = ("
        "select p.location from posts p join users u on u.account = p.author "
        "where p.post = :post and not u.private)",
        values,
    )


def create_location(fact: LocationCreated, entry: Entry) -> list[Statement]:
    values: dict[str, object] = {
        "location": fact.location,
        "creator": fact.account,
        "lat": fact.lat,
        "lng": fact.lng,
    }
    for name in ("name", "city", "country"):
        text: Text | None = getattr(fact, name)
        values[name] = text_column(text)
        values[f"{name}_id"] = None if text is None else text.id
    texts = ", ".join(f"cast(unhex(:{name}) as text)" for name in ("name", "city", "country"))
    return [
        (
            "insert into locations (location, name, city, country, lat, lng, creator, name_id, "
            f"city_id, country_id) values (:location, {texts}, :lat, :lng, :creator, :name_id, "
            ":city_id, :country_id)",
            values,
        ),
        (
            f"insert into location_words (rowid, name, city, country) values (:location, {texts})",
            values,
        ),
        ("insert into location_points values (:location, :lat, :lat, :lng, :lng)", values),
    ]
