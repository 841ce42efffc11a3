"""`run.py verify`: a sound folder is sound, whatever is tampered with is named, and a server that
runs beside it is not in the way.
"""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import trio

from admin.verify import verify_folder
from storage.sqlite import Connection, open_writer
from tests.process.starting import PASSWORD, log_in, make_post, make_user, run, started

DIFFERENCES = 1
BAD_USAGE = 2
DISK_FAILED = 74

VERIFICATIONS_BESIDE = 3

PLAN = ("--users", "8", "--follows", "20", "--posts", "12", "--likes", "30", "--seed", "7")


@pytest.fixture(scope="module")
def lived_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a past: populated, then served and used, so that there are snapshots, texts
    that were erased, deleted posts and unmade ties."""

    async def live(folder: Path) -> None:
        populated = await run("populate", "--data", folder, *PLAN)
        assert populated.code == 0, populated
        async with started(folder) as server, server.client() as client:
            ann, bob = await make_user(client, "ann"), await make_user(client, "bob")
            post = f"/posts/{(await make_post(ann))['post_id']}"
            gone = f"/posts/{(await make_post(ann))['post_id']}"
            for person, method, path in (
                (bob, "POST", f"{post}/like"),
                (bob, "POST", f"{gone}/like"),
                (ann, "POST", f"{post}/like"),
                (ann, "DELETE", f"{post}/like"),
                (ann, "DELETE", gone),
                (bob, "POST", f"/users/{ann.id}/follow"),
                (ann, "POST", "/users/1/follow"),
                (ann, "DELETE", "/users/1/follow"),
            ):
                answer = await person.call(method, path)
                assert answer.status_code == 200, answer.text
            assert await server.stop() == 0

    folder = tmp_path_factory.mktemp("lived-in") / "data"
    trio.run(live, folder)
    return folder


async def test_a_sound_folder_is_told_in_a_line_of_counts(lived_in: Path):
    verified = await run("verify", "--data", lived_in)
    assert verified.code == 0, verified
    [line] = verified.said.splitlines()
    assert line.startswith("sound: ")
    for counted in ("10 accounts", "13 posts", "13 media", "31 likes", "21 follows"):
        assert counted in line, line


Tampering = Callable[[Connection, Path], object]


def sql(*statements: str) -> Tampering:
    def tamper(connection: Connection, folder: Path) -> None:
        for statement in statements:
            connection.execute(statement)

    return tamper


def first_media_file(connection: Connection, folder: Path) -> Path:
    [name] = connection.execute("select file from media order by media limit 1").fetchone()
    return folder / "media" / name[:2] / name


USER = "(select actor from snapshots where actor & 7 = 1 order by actor limit 1)"

TAMPERINGS: dict[str, tuple[Tampering, str]] = {
    "a like is missing": (
        sql("delete from likes where (post, account) = (select post, account from likes limit 1)"),
        "likes (post, account, seq)",
    ),
    "a like that nobody gave": (
        sql("insert into likes select post, 9, 1 from posts where author <> 9 limit 1"),
        "likes (post, account, seq)",
    ),
    "a like under another seq": (
        sql("update likes set seq = 1 where post = (select min(post) from likes)"),
        "likes (post, account, seq)",
    ),
    "a counter of likes": (
        sql("update posts set likes_count = 99 where post = (select min(post) from posts)"),
        "a post's likes_count is not what it counts",
    ),
    "a counter of followers": (
        sql("update users set followers_count = 99 where account = 3"),
        "an account's followers_count is not what it counts: 3 has 99",
    ),
    "a counter of posts": (
        sql("update users set posts_count = 99 where account = 3"),
        "an account's posts_count is not what it counts: 3 has 99",
    ),
    "a follow is missing": (
        sql("delete from follows where follower = 10"),
        "following of user:10 differ from the rows of follows",
    ),
    "a follow the other way round": (
        sql("update follows set followee = 10, follower = 9 where follower = 10"),
        "follows (followee, follower, seq)",
    ),
    "a username": (
        sql("update users set username = 'eve' where username = 'ann'"),
        "usernames differ from the state of the accounts actor",
    ),
    "a badge": (sql("update users set verified = 1 where account = 2"), "users (account,"),
    "a session is missing": (
        sql("delete from sessions where account = 9"),
        "sessions (session, account, family,",
    ),
    "an altered snapshot": (
        sql(
            "update snapshots set state = (select state from snapshots "
            f"where actor & 7 = 1 and actor <> {USER} limit 1) where actor = {USER}"
        ),
        "is not what the journal folds to",
    ),
    "a snapshot that is no state": (
        sql(f"update snapshots set state = x'00' where actor = {USER}"),
        "can't be read",
    ),
    "a snapshot from the future": (
        sql(f"update snapshots set seq = 1000000 where actor = {USER}"),
        "is later than the journal's end",
    ),
    "a fact that no load would find": (
        sql("delete from concerns where seq = (select min(seq) from concerns)"),
        "would load without fact",
    ),
    "a fact that a load would fold though it does not concern it": (
        sql("insert into concerns values (8, 1)"),
        "does not concern it",
    ),
    "a fact is missing": (
        sql("delete from journal where seq = 5"),
        "the journal goes on with fact 6 after 4",
    ),
    "the last fact is missing": (
        sql("delete from journal where seq = (select max(seq) from journal)"),
        "is later than the journal's end",
    ),
    "a fact that can't be read": (
        sql("update journal set fact = x'00' where seq = 5"),
        "the journal: what follows fact 0 can't be read",
    ),
    "a fact that was altered": (
        sql("update journal set fact = (select fact from journal where seq = 2) where seq = 3"),
        "the journal: what follows fact",
    ),
    "a caption is missing": (
        sql("delete from contents where id = (select min(caption_id) from posts)"),
        "foreign_key_check: posts",
    ),
    "a text of nobody": (
        sql("update contents set owner = 99 where id = (select min(caption_id) from posts)"),
        "foreign_key_check: contents",
    ),
    "a picture of another size": (
        sql("update media set width = width + 1 where media = (select min(media) from media)"),
        "media (media, post,",
    ),
    "an index that lost a row": (
        sql(
            "pragma writable_schema = on",
            "update sqlite_master set sql = replace(sql, '(\"refresh_id\")', '(\"session\")') "
            "where name = 'idx_sessions_refresh_id'",
        ),
        "integrity_check: ",
    ),
    "a media file is missing": (
        lambda connection, folder: first_media_file(connection, folder).unlink(),
        "media: the file",
    ),
    "a media file is empty": (
        lambda connection, folder: first_media_file(connection, folder).write_bytes(b""),
        "is missing or empty",
    ),
}  # fmt: skip


def tampered_with(sound: Path, tmp_path: Path, what: str) -> Path:
    """A copy of the folder `sound`, tampered with."""
    tamper, _ = TAMPERINGS[what]
    folder = tmp_path / "data"
    shutil.copytree(sound, folder)
    connection = open_writer(folder / "triptych.db")
    connection.execute("pragma foreign_keys = off")
    tamper(connection, folder)
    connection.close()
    return folder


@pytest.fixture(scope="module")
def without_cities(lived_in: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same folder without the world's cities, which take most of the time of a verification;
    `tests/admin/test_every_column.py` tampers with those."""
    folder = tmp_path_factory.mktemp("without-cities") / "data"
    shutil.copytree(lived_in, folder)
    connection = open_writer(folder / "triptych.db")
    assert connection.execute("select count(*) from locations where creator").fetchone() == (0,)
    for table in ("location_words", "location_points", "locations"):
        connection.execute(f"delete from {table}")
    connection.execute("vacuum")
    connection.close()
    assert not verify_folder(folder, lambda done, of: None, now=0).differences
    return folder


@pytest.mark.parametrize("what", TAMPERINGS)
def test_what_is_tampered_with_is_named(without_cities: Path, tmp_path: Path, what: str):
    _, named = TAMPERINGS[what]
    folder = tampered_with(without_cities, tmp_path, what)
    report = verify_folder(folder, lambda done, of: None, now=0)
    assert any(named in difference for difference in report.differences), report.differences


async def test_liked_comments_that_went_with_their_post_or_thread_are_no_difference(
    tmp_path: Path,
):
    folder = tmp_path / "data"
    async with started(folder) as server, server.client() as client:
        ann = await make_user(client, "ann")

        async def say(post: str, parent: str | None = None) -> str:
            body = {"text": "so", "parent_comment_id": parent}
            answer = await ann.call("POST", f"/posts/{post}/comments", json=body)
            comment = answer.json()["comment_id"]
            liked = await ann.call("POST", f"/comments/{comment}/like")
            assert liked.status_code == 200, liked.text
            return comment

        gone, stays = [(await make_post(ann))["post_id"] for _ in range(2)]
        await say(gone)
        root = await say(stays)
        await say(stays, root)
        for path in (f"/posts/{gone}", f"/comments/{root}"):
            assert (await ann.call("DELETE", path)).status_code == 200
        assert await server.stop() == 0
    verified = await run("verify", "--data", folder)
    assert verified.code == 0, verified


async def test_a_snapshot_may_hold_what_was_erased_later(tmp_path: Path):
    """Names, and the hash of a refresh token that was used since."""
    folder = tmp_path / "data"
    async with started(folder) as server, server.client() as client:
        ann, bob = await make_user(client, "ann"), await make_user(client, "bob")
        refresh = {"refresh_token": (await log_in(client, "ann")).json()["refresh_token"]}
        assert await server.stop() == 0  # which writes the snapshots
    async with started(folder) as server, server.client() as client:
        ann.client = bob.client = client
        for method, path, body in (
            ("POST", "/auth/refresh", refresh),
            ("PUT", "/users/me", {"username": "anna"}),
            ("PUT", "/users/me", {"username": "anne"}),
            ("DELETE", "/users/me", {"password": PASSWORD}),
        ):
            person = bob if method == "DELETE" else ann
            assert (await person.call(method, path, json=body)).status_code == 200
        await server.kill9()
    verified = await run("verify", "--data", folder)
    assert verified.code == 0, verified


async def test_differences_are_lines_and_exit_code_1(lived_in: Path, tmp_path: Path):
    tampered = tampered_with(lived_in, tmp_path, "a like is missing")
    verified = await run("verify", "--data", tampered)
    assert verified.code == DIFFERENCES
    lines = verified.said.splitlines()
    assert any(line.startswith("likes (post, account, seq)") for line in lines)
    assert any(line.startswith("a post's likes_count is not what it counts") for line in lines)
    assert f"{len(lines)} differences in" in verified.logged
    assert "Traceback" not in verified.logged


async def test_a_folder_without_a_database_can_t_be_verified(tmp_path: Path):
    verified = await run("verify", "--data", tmp_path / "nothing")
    assert verified.code == BAD_USAGE
    assert "does not exist" in verified.logged
    assert not (tmp_path / "nothing").exists()


async def test_a_file_that_is_no_database_can_t_be_verified(tmp_path: Path):
    (tmp_path / "triptych.db").write_bytes(b"nothing of the kind" * 1_000)
    verified = await run("verify", "--data", tmp_path)
    assert verified.code == DISK_FAILED
    assert "not a database" in verified.logged
    assert "Traceback" not in verified.logged


async def test_it_runs_beside_a_server_that_publishes_and_deletes(tmp_path: Path):
    folder = tmp_path / "data"
    async with started(folder) as server, server.client() as client:
        ann = await make_user(client, "ann")

        async def come_and_go() -> None:
            while True:
                post = await make_post(ann)
                await ann.call("DELETE", f"/posts/{post['post_id']}")

        async with trio.open_nursery() as nursery:
            nursery.start_soon(come_and_go)
            for _ in range(VERIFICATIONS_BESIDE):
                verified = await run("verify", "--data", folder)
                assert verified.code == 0, verified
            nursery.cancel_scope.cancel()


async def test_a_repair_rebuilds_what_follows_from_the_journal(
    lived_in: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "data"
    shutil.copytree(lived_in, folder)
    database = open_writer(folder / "triptych.db")
    database.execute("delete from likes")
    database.execute("update users set posts_count = 77")
    database.execute("update snapshots set state = x'c1'")
    database.execute("delete from follows where followee = 1")
    erased = database.execute("select count(*) from contents").fetchone()[0]
    database.close()
    assert (await run("verify", "--data", folder)).code == DIFFERENCES
    repaired = await run("verify", "--repair", "--data", folder)
    assert (repaired.code, repaired.said.startswith("sound: ")) == (0, True), repaired
    assert (folder / "triptych.db.before-repair").exists()
    database = open_writer(folder / "triptych.db")
    # What a deletion erased does not come back, not even as a stand-in.
    assert database.execute("select count(*) from contents").fetchone()[0] == erased
    stand_ins = database.execute("select count(*) from contents where text like 'erased:%'")
    assert stand_ins.fetchone()[0] == 0
    database.close()
    async with started(folder) as server, server.client() as client:
        ann = await log_in(client, "ann")
        assert ann.status_code == 200
        assert await server.stop() == 0
    assert (await run("verify", "--data", folder)).code == 0
