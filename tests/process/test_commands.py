"""The operator's commands as typed on a command line: `populate`, `user …`, `settings`."""

from pathlib import Path
from typing import Any

from storage.sqlite import open_reader
from tests.process.starting import (
    Person,
    Run,
    log_in,
    make_post,
    make_user,
    path_of,
    run,
    started,
)
from tests.process.story import assert_sound

BAD_USAGE = 2
FOLDER_TAKEN = 75

PASSWORD = "open sesame"

TOTALS = {"users": 30, "follows": 90, "posts": 40, "likes": 200}

COMPARED = {
    "journal": "seq, at, fact",
    "concerns": "actor, seq",
    "contents": "id, owner, case when text like '$argon2%' then 'a hash' else text end",
    "users": "*",
    "follows": "*",
    "posts": "*",
    "media": "*",
    "likes": "*",
}
"""All that `populate` writes; a hash of the same password has another salt each time."""


async def populate(folder: Path, *more: str, seed: int = 5, **totals: int) -> Run:
    plan = [text for name, total in totals.items() for text in (f"--{name}", str(total))]
    seeded = ("--seed", str(seed), "--password", PASSWORD)
    return await run("populate", "--data", folder, *plan, *seeded, *more)


def rows_of(folder: Path) -> dict[str, list[Any]]:
    connection = open_reader(folder / "triptych.db")
    rows = {
        table: sorted(connection.execute(f"select {columns} from {table}").fetchall())
        for table, columns in COMPARED.items()
    }
    connection.close()
    return rows


def media_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (folder / "media").rglob("*.jpg")}


async def test_the_same_seed_gives_the_same_data_and_another_gives_other(tmp_path: Path):
    one, same, other = (tmp_path / name for name in ("one", "same", "other"))
    assert (await populate(one, **TOTALS)).code == 0
    assert (await populate(same, **TOTALS)).code == 0
    assert (await populate(other, seed=6, **TOTALS)).code == 0
    assert rows_of(one) == rows_of(same)
    assert media_of(one) == media_of(same)
    assert rows_of(one)["likes"] != rows_of(other)["likes"]
    assert media_of(one).keys().isdisjoint(media_of(other))


async def test_totals_are_exact_and_everybody_can_log_in(tmp_path: Path):
    populated = await populate(tmp_path / "data", **TOTALS)
    assert populated.code == 0, populated
    for name, total in TOTALS.items():
        assert f"{total} {name}" in populated.said
    rows = rows_of(tmp_path / "data")
    for name, total in TOTALS.items():
        assert len(rows[name]) == total
    await assert_sound(tmp_path / "data")
    async with started(tmp_path / "data") as server, server.client() as client:
        for number in (1, TOTALS["users"]):
            login = await log_in(client, f"user{number}", PASSWORD)
            assert login.status_code == 200, login.text
            person = Person(client, login.json())
            profile = await person.get("/users/me")
            assert (profile["user_id"], profile["private_account"]) == (str(number), False)
            for post in (await person.get("/feed"))["posts"]:
                picture = await client.get(path_of(post["media"][0]["url"]))
                assert picture.status_code == 200
        assert (await log_in(client, f"user{TOTALS['users'] + 1}", PASSWORD)).status_code == 401
        # What comes later comes later: ids and names go on from there.
        newcomer = await make_user(client, "newcomer")
        assert newcomer.id == str(TOTALS["users"] + 1)
        await newcomer.call("POST", "/users/1/follow")
        new = await make_post(newcomer)
        feed = await newcomer.get("/feed")
        assert feed["posts"][0]["post_id"] == new["post_id"]
    await assert_sound(tmp_path / "data")


async def test_the_ties_of_a_graph_become_follows_both_ways(tmp_path: Path):
    graph = tmp_path / "graph.txt"
    graph.write_text(
        "% people by number, as networks are published\n# and more\n\n10 20\n20 30 7\n"
    )
    await run_well("populate", "--data", tmp_path / "data", "--users", "5", "--follows", "4",
                   "--posts", "0", "--likes", "0", "--graph", graph)  # fmt: skip
    pairs = {
        (followee, follower) for followee, follower, _ in rows_of(tmp_path / "data")["follows"]
    }
    assert pairs == {(1, 2), (2, 1), (2, 3), (3, 2)}


async def test_follows_beyond_the_graph_are_made_up(tmp_path: Path):
    graph = tmp_path / "graph.txt"
    graph.write_text("1 2\n")
    await run_well("populate", "--data", tmp_path / "data", "--users", "5", "--follows", "9",
                   "--posts", "0", "--likes", "0", "--graph", graph)  # fmt: skip
    pairs = {
        (followee, follower) for followee, follower, _ in rows_of(tmp_path / "data")["follows"]
    }
    assert len(pairs) == 9
    assert pairs >= {(1, 2), (2, 1)}
    assert all(followee != follower for followee, follower in pairs)
    await assert_sound(tmp_path / "data")


REFUSED_PLANS: list[tuple[dict[str, int], tuple[str, ...], str]] = [
    ({"users": 2, "follows": 3, "posts": 0, "likes": 0}, (), "2 users allow 2 follows"),
    ({"users": 0, "follows": 0, "posts": 1, "likes": 0}, (), "posts need authors"),
    ({"users": 2, "follows": 0, "posts": 2, "likes": 5}, (), "allow 4 likes"),
    ({"users": -1}, (), "--users"),
    ({"users": 1, "follows": 0, "posts": 0, "likes": 0, "comments": 1}, (), "give --posts"),
    ({"users": 1}, ("--password", "short"), "at least 8"),
    ({"users": 1}, ("--graph", "no-such-file"), "no-such-file"),
]


async def test_a_plan_that_can_t_be_carried_out_is_refused_with_its_reason(tmp_path: Path):
    for totals, more, reason in REFUSED_PLANS:
        refused = await populate(tmp_path / "data", *more, **totals)
        assert refused.code == BAD_USAGE, refused
        assert reason in refused.logged
        assert "Traceback" not in refused.logged
    # Nothing was begun by any: the right plan goes through on the same folder.
    nothing = {"users": 1, "follows": 0, "posts": 0, "likes": 0}
    assert (await populate(tmp_path / "data", **nothing)).code == 0


async def test_a_graph_of_another_form_is_refused_naming_the_line(tmp_path: Path):
    graph = tmp_path / "graph.txt"
    graph.write_text("1 2\none two\n")
    refused = await populate(tmp_path / "data", "--graph", str(graph), users=2, follows=1)
    assert refused.code == BAD_USAGE, refused
    assert f"{graph}, line 2" in refused.logged


async def test_only_an_empty_folder_is_populated(tmp_path: Path):
    few = {"users": 2, "follows": 1, "posts": 0, "likes": 0}
    assert (await populate(tmp_path / "data", **few)).code == 0
    before = rows_of(tmp_path / "data")
    again = await populate(tmp_path / "data", **few)
    assert again.code == BAD_USAGE, again
    assert "has data already" in again.logged
    assert rows_of(tmp_path / "data") == before


async def test_accounts_are_made_listed_verified_and_given_passwords(tmp_path: Path):
    data = ("--data", tmp_path / "data")
    created = await run_well("user", "create", *data, "Ann", "--password", PASSWORD)
    assert created.said == "ann is account 1\n"
    await run_well("user", "create", *data, "bob", "--password", PASSWORD, "--full-name", "Bob B")
    assert (await run_well("user", "verify", *data, "ANN")).said.startswith("ann is verified")
    listed = await run_well("user", "list", *data)
    assert listed.said.splitlines() == [
        "1 ann verified 0 posts, 0 followers",
        "2 bob 0 posts, 0 followers",
    ]
    async with started(tmp_path / "data") as server, server.client() as client:
        bob = Person(client, (await log_in(client, "bob", PASSWORD)).json())
        ann = await bob.get("/users/1")
        assert ann["verified"]
        assert (await bob.get("/users/me"))["full_name"] == "Bob B"
        await server.stop()
    await run_well("user", "reset-password", *data, "bob", "--password", "another password")
    await run_well("user", "verify", *data, "ann", "--remove")
    async with started(tmp_path / "data") as server, server.client() as client:
        bob.client = client
        ended = await bob.call("GET", "/feed")
        assert ended.status_code == 401, "a new password ends every session"
        assert (await log_in(client, "bob", PASSWORD)).status_code == 401
        bob = Person(client, (await log_in(client, "bob", "another password")).json())
        assert not (await bob.get("/users/1"))["verified"]
    await assert_sound(tmp_path / "data")


async def test_what_no_account_can_be_is_refused_with_its_reason(tmp_path: Path):
    data = ("--data", tmp_path / "data")
    await run_well("user", "create", *data, "ann", "--password", PASSWORD)
    for arguments, reason in (
        (("create", "a b", "--password", PASSWORD), "is no username"),
        (("create", "ANN", "--password", PASSWORD), "ann is taken"),
        (("create", "bob", "--password", "short"), "at least 8"),
        (("create", "bob", "--password", PASSWORD, "--full-name", "x" * 65), "64"),
        (("reset-password", "eve", "--password", PASSWORD), "nobody is called eve"),
        (("verify", "eve"), "nobody is called eve"),
    ):
        command, *rest = arguments
        refused = await run("user", command, *data, *rest)
        assert refused.code == BAD_USAGE, refused
        assert reason in refused.logged, refused
        assert "Traceback" not in refused.logged
    listed = await run_well("user", "list", *data)
    assert listed.said.splitlines() == ["1 ann 0 posts, 0 followers"]


async def test_no_command_writes_beside_a_running_server(tmp_path: Path):
    data = ("--data", tmp_path / "data")
    async with started(tmp_path / "data") as server, server.client() as client:
        await make_user(client, "ann")
        for arguments in (
            ("user", "create", *data, "bob", "--password", PASSWORD),
            ("user", "list", *data),
            ("user", "reset-password", *data, "ann", "--password", PASSWORD),
            ("user", "verify", *data, "ann"),
            ("populate", *data, "--users", "1", "--follows", "0", "--posts", "0", "--likes", "0"),
        ):
            refused = await run(*arguments)
            assert refused.code == FOLDER_TAKEN, refused
            assert f"process {server.pid}" in refused.logged


async def test_settings_are_printed_each_with_what_set_it(tmp_path: Path):
    (tmp_path / "triptych.toml").write_text('log_level = "warning"\nport = 1\nimage_threads = 3\n')
    variables = {"TRIPTYCH_PORT": "2", "TRIPTYCH_IMAGE_THREADS": "4"}
    printed = await run("settings", "--data", tmp_path, "--port", "3", variables=variables)
    assert printed.code == 0, printed
    lines = printed.said.splitlines()
    assert f"data = {tmp_path}  (--data)" in lines
    assert "port = 3  (--port)" in lines
    assert "image_threads = 4  (TRIPTYCH_IMAGE_THREADS)" in lines
    assert "log_level = warning  (triptych.toml)" in lines
    assert "rate_limits = on  (default)" in lines
    assert len(lines) == len({line.split()[0] for line in lines})


async def test_settings_refuses_what_serve_would_refuse(tmp_path: Path):
    refused = await run("settings", "--data", tmp_path, variables={"TRIPTYCH_PROT": "1"})
    assert refused.code == BAD_USAGE
    assert "TRIPTYCH_PROT" in refused.logged


async def run_well(*arguments: str | Path) -> Run:
    """The same, for a command that must succeed."""
    ended = await run(*arguments)
    assert ended.code == 0, ended
    return ended
