"""The process: how it starts, what it refuses to start on, and how it stops."""

import os
import signal
import stat
from pathlib import Path

import pytest

from storage.sqlite import open_writer
from tests.process.starting import (
    launched,
    log_in,
    make_post,
    make_user,
    path_of,
    run,
    served,
    started,
)

FOLDER_TAKEN = 75
BAD_USAGE = 2
HOUR_S = 3_600


async def test_port_0_prints_the_port_that_it_got(tmp_path: Path):
    async with launched(tmp_path / "data") as server:
        await server.says("Ctrl-C")
        [line] = server.said.splitlines()
        assert line.startswith("Triptych serves http://127.0.0.1:")
        assert 0 < int(line.split()[2].rpartition(":")[2]) < 65_536
        assert str(tmp_path / "data") in line


async def test_a_public_url_does_not_hide_the_port(tmp_path: Path):
    async with started(tmp_path / "data") as server, server.client() as client:
        assert "http://photos.test" in server.said
        post = await make_post(await make_user(client, "ann"))
        url = post["media"][0]["url"]
        assert url.startswith("http://photos.test/")
        assert (await client.get(path_of(url))).status_code == 200


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_stops_it_and_all_is_there_again_after_the_next_start(
    tmp_path: Path, number: int
):
    async with started(tmp_path / "data") as server, server.client() as client:
        ann = await make_user(client, "ann")
        post = await make_post(ann, "before")
        assert await server.stop(number) == 0
        assert signal.Signals(number).name in server.logged
        assert "Traceback" not in server.logged
    async with started(tmp_path / "data") as server, server.client() as client:
        ann.client = client
        assert await ann.get(f"/posts/{post['post_id']}") == post


async def test_a_second_process_on_the_folder_is_refused_naming_the_first(tmp_path: Path):
    async with started(tmp_path / "data") as server:
        second = await run("serve", "--data", tmp_path / "data", "--port", "0")
        assert second.code == FOLDER_TAKEN
        assert f"process {server.pid}" in second.logged
        assert "Traceback" not in second.logged
        async with server.client() as client:
            assert (await client.get("/healthz")).status_code == 200


async def test_a_folder_that_was_killed_is_free_again(tmp_path: Path):
    async with started(tmp_path / "data") as server:
        await server.kill9()
    async with started(tmp_path / "data") as server:
        assert await server.stop() == 0


async def test_a_port_that_is_taken_stops_the_start_naming_it(tmp_path: Path):
    async with started(tmp_path / "one") as server:
        second = await run("serve", "--data", tmp_path / "two", "--port", str(server.port))
        assert second.code == BAD_USAGE
        assert f"port {server.port}" in second.logged
        assert "--port" in second.logged
        assert "Traceback" not in second.logged


async def test_an_unknown_flag_stops_the_start_naming_it(tmp_path: Path):
    refused = await run("serve", "--data", tmp_path / "data", "--prot", "0")
    assert refused.code == BAD_USAGE
    assert "--prot" in refused.logged


async def test_an_unknown_variable_stops_the_start_naming_it(tmp_path: Path):
    variables = {"TRIPTYCH_RATE_LIMIT": "off"}
    refused = await run("serve", "--data", tmp_path / "data", variables=variables)
    assert refused.code == BAD_USAGE
    assert "TRIPTYCH_RATE_LIMIT " in refused.logged
    assert "TRIPTYCH_RATE_LIMITS" in refused.logged  # what was meant


async def test_an_unknown_line_of_the_file_stops_the_start_naming_it(tmp_path: Path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "triptych.toml").write_text('colour = "red"\n')
    refused = await run("serve", "--data", tmp_path / "data")
    assert refused.code == BAD_USAGE
    assert "colour" in refused.logged
    assert "triptych.toml" in refused.logged


async def test_a_bad_value_stops_the_start_naming_it(tmp_path: Path):
    variables = {"TRIPTYCH_PORT": "eighty"}
    refused = await run("serve", "--data", tmp_path / "data", variables=variables)
    assert refused.code == BAD_USAGE
    assert "eighty" in refused.logged
    assert "TRIPTYCH_PORT" in refused.logged
    assert not (tmp_path / "data" / "triptych.db").exists()


async def test_secrets_and_the_folder_are_the_owners_alone_whatever_the_umask(tmp_path: Path):
    async with launched(tmp_path / "data", umask=0) as server:
        await served(server)
        async with server.client() as client:
            await make_post(await make_user(client, "ann"))
        await server.stop()
    folder = tmp_path / "data"
    assert mode_of(folder) == 0o700
    secrets = list((folder / "secrets").iterdir())
    assert secrets
    assert {mode_of(secret) for secret in secrets} == {0o600}
    for made in folder.rglob("*"):
        if made.is_dir():
            assert mode_of(made) == 0o700, made


async def test_neither_secrets_nor_passwords_nor_tokens_are_logged(tmp_path: Path):
    async with started(tmp_path / "data", "--log-level", "debug") as server:
        async with server.client() as client:
            ann = await make_user(client, "ann")
            await log_in(client, "ann", "a wrong password")
            await make_post(ann, "a telling caption")
        await server.stop()
    told = server.said + server.logged
    for secret in (ann.token, "correct horse", "a wrong password", "a telling caption"):
        assert secret not in told
    assert (tmp_path / "data" / "secrets" / "tokens").read_bytes().hex() not in told


async def test_a_database_of_a_newer_triptych_is_left_alone(tmp_path: Path):
    folder = tmp_path / "data"
    async with started(folder) as server:
        await server.stop()
    connection = open_writer(folder / "triptych.db")
    [version] = connection.execute("pragma user_version").fetchone()
    connection.execute(f"pragma user_version = {version + 1}")
    connection.close()
    before = (folder / "triptych.db").read_bytes()
    for command in ("serve", "verify"):
        port = ("--port", "0") if command == "serve" else ()
        refused = await run(command, "--data", folder, *port)
        assert refused.code == BAD_USAGE, refused
        assert f"schema {version + 1}" in refused.logged
        assert "upgrade" in refused.logged
        assert "Traceback" not in refused.logged
    assert (folder / "triptych.db").read_bytes() == before


async def test_files_that_no_row_names_are_swept_at_the_start_once_they_are_an_hour_old(
    tmp_path: Path,
):
    folder = tmp_path / "data"
    async with started(folder) as server, server.client() as client:
        post = await make_post(await make_user(client, "ann"))
        await server.stop()
    stray = folder / "media" / "ab"
    stray.mkdir(exist_ok=True)
    old, young = stray / f"{'ab' * 16}.jpg", stray / f"{'ac' * 16}.jpg"
    half = stray / f"{'ad' * 16}.jpg.part"
    named = list((folder / "media").rglob("*.jpg"))
    for path in (old, young, half):
        path.write_bytes(b"x")
    for path in (old, half, *named):
        seen = path.stat().st_mtime - HOUR_S - 60
        os.utime(path, (seen, seen))
    upload = folder / "uploads" / "left-by-a-crash"
    upload.write_bytes(b"x")
    async with started(folder) as server, server.client() as client:
        await server.logs("swept")
        assert '"files":2' in server.logged
        for url in (post["media"][0]["url"], post["media"][0]["thumbnail_url"]):
            assert (await client.get(path_of(url))).status_code == 200
    assert not old.exists()
    assert not half.exists()
    assert young.exists()
    assert not upload.exists()


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)
