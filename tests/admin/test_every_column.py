"""`verify` sees whatever is altered: each column of each table in turn, a row that is missing and a
row too many, found from the schema, so that a new table is altered, too.

What it can't see is in `UNSEEN`, with the reason.
"""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from actors.state import encode_state
from admin.verify import Folding, verify_folder
from storage.disk import Group
from storage.gazetteer import load_cities
from storage.projection import write_group
from storage.reads import KeptReply, Snapshot
from storage.schema import ensure_schema
from storage.sqlite import Connection, SqliteError, open_memory, open_writer
from tests.storage.living import random_history
from tests.storage.making import BEGAN_AT, History

SEED, STEPS = 5, 120

FOLDED_SHARE = 2
"""Of the actors every second has a snapshot; the others have facts to fold."""

MISSING, TOO_MANY = "(a row is missing)", "(a row too many)"
"""Alterations of a whole row, beside those of a column."""

FROM_NOTHING = "it follows from nothing in the journal"

UNSEEN: dict[tuple[str, str], str] = {
    **{
        ("replies", column): f"{FROM_NOTHING}: an answer that is kept for a retry, for a day"
        for column in ("account", "route", "key", "request", "reply", "at", MISSING)
    },
    **{
        ("erasures", column): "it says nothing of the world, only of the file"
        for column in ("due", MISSING)
    },
    ("journal", "at"): "only some facts' moments are in rows",
}
"""(table, column) -> why an alteration is not a difference."""

UNALTERABLE = {
    ("largest_id", "one"): "the schema lets it be 1 only",
    ("largest_id", TOO_MANY): "the schema lets it be 1 only",
    ("erasures", "one"): "the schema lets it be 1 only",
    ("erasures", TOO_MANY): "the schema lets it be 1 only",
}


UNSEEN_TEXTS = {
    "users.email_id",
    "users.password_id",
    "users.bio_id",
    "users.website_id",
    "sessions.client_id",
    "posts.caption_id",
    "media.alt_id",
    "comments.text_id",
}
"""Columns that point to texts whose alteration is no difference: facts carry ids, so that texts can
be erased, and these are in `contents` only. A caption's hashtags are seen."""


def a_history() -> History:
    """One after which no table is empty."""
    history = random_history(SEED, STEPS)
    ann = history.register("ann", "Ann Example")
    bob, cat, dan = (history.register(name, f"{name} Example") for name in ("bob", "cat", "dan"))
    history.log_in(ann, "a browser")
    history.describe(ann, bio="Here I am", website="https://ann.example")
    history.show(ann, "a face.jpg")
    place = history.add_place(ann, "Old bridge", country="Nowhere")
    post = history.publish(ann, "Look #here at this", 2, "A bridge", location=place)
    comment = history.comment(bob, post, "Fine")
    history.comment(ann, post, "Thanks", comment)
    for one in (ann, bob):
        history.like_comment(one, comment)
        history.like(one, post)
        history.save(one, post)
    story = history.tell_story(ann)
    for other in (bob, cat):
        history.view(other, story)
        history.follow(other, ann)
    history.keep_private(cat)
    history.request(bob, cat)
    history.request(ann, cat)
    history.block(ann, dan)
    history.block(dan, cat)
    history.invite("a code")
    history.invite("another code")
    return history


def fill(connection: Connection, history: History) -> None:
    """The rows, some snapshots as the actors would have them, and kept replies."""
    ensure_schema(connection)
    write_group(connection, history.group())
    folding = Folding(iter(()))
    for entry in history.entries:
        folding.fold(entry)
    seq = len(history.entries)
    actors = sorted(folding.states)[::FOLDED_SHARE]
    snapshots = [Snapshot(actor, seq, encode_state(folding.states[actor])) for actor in actors]
    alive = [n for n, one in history.plain.accounts.items() if not one.gone][:2]
    at = BEGAN_AT + 1_000 * seq
    replies = [KeptReply(account, "POST /posts", "key", b"hash", b"reply", at) for account in alive]
    write_group(connection, Group(snapshots=snapshots, replies=replies))


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder without a difference but that its pictures are missing: they are no blobs."""
    folder = tmp_path_factory.mktemp("sound")
    connection = open_writer(folder / "triptych.db")
    fill(connection, a_history())
    connection.close()
    return folder


def differences(folder: Path) -> set[str]:
    return set(verify_folder(folder, lambda done, of: None, now=0).differences)


def columns_of(connection: Connection, table: str) -> list[tuple[str, str]]:
    """(column, type), hidden ones left out."""
    found = connection.execute(f"pragma table_xinfo({table})").fetchall()
    return [(row[1], row[2].lower()) for row in found if not row[6]]


def tables_of(connection: Connection) -> list[str]:
    """All but those inside of an index for words or points, which SQLite compares with it."""
    names = connection.execute(
        "select name from pragma_table_list where schema = 'main' and type <> 'shadow' "
        "and name not like 'sqlite_%' order by name"
    )
    return [name for (name,) in names.fetchall()]


def alterations() -> Iterator[tuple[str, str]]:
    """(table, column) of everything that can be altered."""
    connection = open_memory()
    ensure_schema(connection)
    for table in tables_of(connection):
        for column in (*(name for name, _ in columns_of(connection, table)), MISSING, TOO_MANY):
            if (table, column) not in UNALTERABLE:
                yield table, column
    connection.close()


def key_of(connection: Connection, table: str) -> str:
    """What tells a row: its rowid, or the columns of its primary key."""
    try:
        connection.execute(f"select rowid from {table} limit 1")
    except SqliteError:
        keys = connection.execute(
            "select name from pragma_table_info(?) where pk order by pk", (table,)
        ).fetchall()
        return ", ".join(name for (name,) in keys)
    return "rowid"


def other_values(
    connection: Connection, table: str, column: str, kind: str, now: object
) -> list[object]:
    """What could stand there instead: another row's value, or something made up."""
    others = connection.execute(
        f"select distinct {column} from {table} where {column} is not ? limit 20", (now,)
    ).fetchall()
    made_up: list[object]
    match now:
        case bytes():
            made_up = [b"\xc1" + now[1:]]
        case str():
            made_up = [f"{now}x"]
        case int() | float():
            made_up = [now + 1, now - 1]
        case _:
            made_up = [{"text": "made up", "blob": b"\xc1"}.get(kind, 1)]
    return [*(value for (value,) in others), *made_up]


def alter(connection: Connection, table: str, column: str) -> None:
    """Alter the last row of `table` that has something in `column`, or the table's rows. Fails the
    test if nothing could be altered."""
    key = key_of(connection, table)
    kinds = dict(columns_of(connection, table))
    wanted = next(iter(kinds)) if column in (MISSING, TOO_MANY) else column
    rows = connection.execute(
        f"select {key} from {table} order by ({wanted} is not null) desc, {key} desc limit 50"
    ).fetchall()
    assert rows, f"{table} is empty: let a_history() fill it"
    marks = ", ".join("?" * len(rows[0]))
    if column == MISSING:
        connection.execute(f"delete from {table} where ({key}) = ({marks})", rows[0])
        return
    if column == TOO_MANY:
        add_row(connection, table, kinds, f"where ({key}) = ({marks})", rows[0])
        return
    for row in rows:
        where = f"where ({key}) = ({marks})"
        (now,) = connection.execute(f"select {column} from {table} {where}", row).fetchone()
        for value in other_values(connection, table, column, kinds[column], now):
            try:
                connection.execute(f"update {table} set {column} = ? {where}", (value, *row))
            except SqliteError:
                continue  # it would break a rule of the schema
            return
    pytest.fail(f"{table}.{column} can't be altered")


def add_row(
    connection: Connection, table: str, kinds: dict[str, str], where: str, row: tuple[object, ...]
) -> None:
    """A copy of a row, with other values where two rows may not have the same."""
    names = list(kinds)
    found = connection.execute(f"select {', '.join(names)} from {table} {where}", row).fetchone()
    copied = list(found)
    indexed = connection.execute(
        "select distinct i.name from pragma_index_list(?) l, pragma_index_info(l.name) i "
        'where l."unique"',
        (table,),
    ).fetchall()
    unique = {name for (name,) in indexed}
    unique |= {row[1] for row in connection.execute(f"pragma table_info({table})") if row[5]}
    for position, name in enumerate(names):
        if name in unique or (not unique and position == 0):
            value = copied[position]
            copied[position] = (
                f"{value}x" if isinstance(value, str)
                else value + b"x" if isinstance(value, bytes)
                else (value or 0) + 1_000_003
            )  # fmt: skip
    marks = ", ".join("?" * len(names))
    connection.execute(f"insert into {table} ({', '.join(names)}) values ({marks})", copied)


def told_of(sound: Path, tmp_path: Path, alter_it: Callable[[Connection], object]) -> set[str]:
    """What `verify` says after an alteration that it did not say before."""
    before = differences(sound)
    assert all(one.startswith("media: the file") for one in before), before
    folder = tmp_path / "data"
    shutil.copytree(sound, folder)
    connection = open_writer(folder / "triptych.db")
    connection.execute("pragma foreign_keys = off")
    alter_it(connection)
    connection.close()
    return differences(folder) - before


@pytest.mark.parametrize(("table", "column"), list(alterations()))
def test_what_is_altered_is_seen(sound: Path, tmp_path: Path, table: str, column: str) -> None:
    told = told_of(sound, tmp_path, lambda connection: alter(connection, table, column))
    if (table, column) in UNSEEN:
        assert not told, "it is seen: take it out of UNSEEN"
    else:
        assert told, f"verify does not see it: {table}.{column}"


def pointers_to_texts() -> list[str]:
    connection = open_memory()
    ensure_schema(connection)
    found = [
        f"{table}.{row[3]}"
        for table in tables_of(connection)
        for row in connection.execute(f"pragma foreign_key_list({table})").fetchall()
        if row[2] == "contents"
    ]
    connection.close()
    return found


@pytest.mark.parametrize("pointer", pointers_to_texts())
def test_a_text_that_is_altered_is_seen_if_it_is_anywhere_else(
    sound: Path, tmp_path: Path, pointer: str
) -> None:
    table, column = pointer.split(".")

    def alter_text(connection: Connection) -> None:
        which = f"id = (select max({column}) from {table})"
        connection.execute(f"update contents set text = text || 'x' where {which}")
        assert connection.execute("select changes()").fetchone() == (1,), "let a_history() make one"

    told = told_of(sound, tmp_path, alter_text)
    assert bool(told) == (pointer not in UNSEEN_TEXTS), told


def test_what_can_not_be_seen_is_there() -> None:
    assert set(UNSEEN) <= set(alterations())
    assert set(pointers_to_texts()) >= UNSEEN_TEXTS


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("delete from full_names_data where id > 100", "integrity_check"),
        ("delete from location_words_docsize", "integrity_check"),
        ("update location_points_rowid set nodeno = 9", "integrity_check"),
        ("delete from location_words", "the search knows a place by other words"),
        ("delete from location_points", "the search looks for a place elsewhere"),
        ("update users set following_count = 9 where account = 2", "following_count is not what"),
        ("update hashtags set posts_count = 9 where name = 'here'", "hashtag's posts_count is not"),
        ("update locations set posts_count = 9", "a place's posts_count is not what it counts"),
        ("update stories set views_count = 9", "a story's views_count is not what it counts"),
        ("update comments set replies_count = 9", "a comment's replies_count is not what it"),
        ("update comments set likes_count = 9", "a comment's likes_count is not what it counts"),
        ("update posts set comments_count = 9", "a post's comments_count is not what it counts"),
        ("update stories set expires_at = 9", "stories (story, author, seq, at, expires_at"),
        ("update notifications set withdrawn = 1 - withdrawn", "notifications (recipient, seq"),
        ("delete from hashtag_posts where name = 'here'", "hashtag_posts (name, post, author)"),
        ("delete from follows", "followers of user:"),
        ("delete from blocks", "blocked_by of user:"),
        ("delete from requests", "requested of user:"),
        ("delete from comment_likes", "likers of comment:"),
        ("delete from saves", "savers of post:"),
        ("delete from views", "viewers of story:"),
    ],
)
def test_what_is_wrong_is_named(sound: Path, tmp_path: Path, statement: str, named: str) -> None:
    told = told_of(sound, tmp_path, lambda connection: connection.execute(statement))
    assert any(named in one for one in told), told


@pytest.fixture(scope="module")
def with_cities(sound: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cities") / "data"
    shutil.copytree(sound, folder)
    connection = open_writer(folder / "triptych.db")
    load_cities(connection)
    connection.close()
    return folder


@pytest.mark.parametrize(
    "statement",
    [
        "update locations set population = population + 1 where location = {city}",
        "update locations set lat = lat + 1 where location = {city}",
        "delete from locations where location = {city}",
        "insert into locations (location, name, lat, lng) values (1, 'Atlantis', 1, 1)",
    ],
)
def test_the_world_s_cities_are_those_of_the_file(
    with_cities: Path, tmp_path: Path, statement: str
) -> None:
    city = "(select min(location) from locations where creator is null)"
    told = told_of(
        with_cities, tmp_path, lambda connection: connection.execute(statement.format(city=city))
    )
    assert any("the list of cities" in one or "is missing or different" in one for one in told)


def test_stories_that_are_over_are_counted_apart(sound: Path) -> None:
    stories = [
        verify_folder(sound, lambda done, of: None, now).counts.get("stories that are over")
        for now in (0, BEGAN_AT * 2)
    ]
    assert stories[0] is None
    assert stories[1]
