"""What the operator sees of a running server, and how a quarantined actor is opened again."""

from pathlib import Path

from storage.ids import describe_actor, post_key
from storage.sqlite import open_writer
from tests.process.starting import make_post, make_user, run, started

BAD_USAGE = 2


async def test_status_shows_the_queues_with_their_bounds(tmp_path: Path) -> None:
    async with started(tmp_path) as server, server.client() as client:
        await make_user(client, "ann")
        shown = await run("status", "--data", tmp_path)
        assert shown.code == 0, shown
        assert "rounds: seq 2, waiting 0, waiting_bound 16384" in shown.said
        assert "quarantined: nobody" in shown.said
        assert "requests: requests 0, requests_bound 512, uploads 0" in shown.said
        assert "edge: connections 1, connections_bound 8192, requests " in shown.said
        page = (Path(__file__).parents[2] / "docs/operating.md").read_text()
        queues = [line.partition(":")[0] for line in shown.said.splitlines()]
        assert [name for name in queues[:-1] if f"| `{name}` |" not in page] == []
        metrics = (await client.get("/metrics")).text
        for queue in queues[:-1]:
            assert f"\ntriptych_{queue}_" in metrics, queue
        assert 'triptych_requests_total{route="POST /api/v1/auth/register",status="201"}' in metrics
        token = (await run("metrics-token", "--data", tmp_path)).said.strip()
        assert (tmp_path / "secrets" / "metrics").read_bytes().hex() == token


async def test_without_a_server_there_is_nothing_to_show(tmp_path: Path) -> None:
    for arguments in (["status"], ["lift", "post:1"]):
        asked = await run(*arguments, "--data", tmp_path)
        assert asked.code == BAD_USAGE
        assert f"no server runs on {tmp_path}" in asked.logged


async def test_a_folder_that_was_never_served_has_no_token_of_the_metrics(tmp_path: Path) -> None:
    asked = await run("metrics-token", "--data", tmp_path)
    assert (asked.code, asked.said) == (BAD_USAGE, "")
    assert "start the server once" in asked.logged


async def test_a_quarantined_post_is_shown_and_opened_once_it_is_mended(tmp_path: Path) -> None:
    async with started(tmp_path) as server, server.client() as client:
        ann = await make_user(client, "ann")
        post = int((await make_post(ann))["post_id"])
        # A load would find a fact that does not concern it: its registration.
        database = open_writer(server.database)
        database.execute("insert into concerns (actor, seq) values (?, 1)", (post_key(post),))
        database.execute("delete from concerns where actor = ? and seq > 1", (post_key(post),))
        refused = await ann.call("POST", f"/posts/{post}/like")
        assert refused.status_code == 503
        assert refused.headers["Retry-After"] == "60"
        assert (await ann.call("GET", "/feed")).status_code == 200
        name = describe_actor(post_key(post))
        assert (
            f"quarantined: {name}, its history can't be folded"
            in (await run("status", "--data", tmp_path)).said
        )
        database.execute("delete from concerns where actor = ?", (post_key(post),))
        database.execute("insert into concerns (actor, seq) values (?, 3)", (post_key(post),))
        database.close()
        lifted = await run("lift", name, "--data", tmp_path)
        assert lifted.said == f"{name} is open again\n"
        assert (await ann.call("POST", f"/posts/{post}/like")).status_code == 200
        again = await run("lift", name, "--data", tmp_path)
        assert (again.code, "is not quarantined" in again.logged) == (BAD_USAGE, True)
