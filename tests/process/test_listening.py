"""The ways to listen beside a port: a Unix socket, one from systemd, and TLS with a certificate
that is renewed; by the real process."""

import os
import signal
import socket
import ssl
import subprocess
import sys
from pathlib import Path

import httpx
import trio

from tests.process.starting import ROOT, command, environment, launched, run

BAD_USAGE = 2

CERTIFICATES = ROOT / "tests" / "edge"

HAND_OVER = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1")
os.execv(sys.argv[2], sys.argv[2:])
"""
"""What systemd does: the socket as descriptor 3, and the process told so."""


async def test_it_listens_on_a_unix_socket_and_takes_over_a_dead_one(tmp_path: Path):
    path = tmp_path / "socket"
    for _ in range(2):
        async with launched(tmp_path / "data", "--uds", str(path)) as server:
            await server.says("Ctrl-C")
            assert f"at the socket {path} from" in server.said
            transport = httpx.AsyncHTTPTransport(uds=str(path))
            async with httpx.AsyncClient(transport=transport, timeout=30.0) as client:
                answer = await client.get("http://localhost/healthz")
                assert answer.json() == {"status": "ok"}
            await server.kill9()
        assert path.is_socket()


async def test_a_unix_socket_in_use_is_refused(tmp_path: Path):
    path = tmp_path / "socket"
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(path))
        other.listen()
        ended = await run("serve", "--data", tmp_path / "data", "--uds", path)
    assert ended.code == BAD_USAGE
    assert f"can't listen on {path}: Address already in use; choose another" in ended.logged


async def test_a_port_in_use_is_refused_with_the_ways_to_name_another(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        taken = await run("serve", "--data", tmp_path / "data", variables={"TRIPTYCH_PORT": port})
    assert taken.code == BAD_USAGE
    assert f"can't listen on host 127.0.0.1, port {port}: Address already in use" in taken.logged
    # `make run` takes no flags.
    assert "--host and --port, or TRIPTYCH_HOST and TRIPTYCH_PORT\n" in taken.logged


async def test_a_socket_from_systemd_is_served(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as given:
        port = given.getsockname()[1]
        serve = command("serve", "--data", tmp_path / "data", "--port", "1")
        handed = [sys.executable, "-c", HAND_OVER, str(given.fileno()), *serve]
        process = await trio.lowlevel.open_process(
            handed, pass_fds=[given.fileno()], env=environment(), stderr=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
    try:
        async with httpx.AsyncClient(timeout=60.0) as client:
            answer = await client.get(f"http://127.0.0.1:{port}/healthz")
            assert answer.json() == {"status": "ok"}
    finally:
        process.terminate()
        assert await process.wait() == 0


async def subject(port: int, name: str) -> bool:
    """Whether the server on `port` has the certificate of `name`."""
    context = ssl.create_default_context(cafile=CERTIFICATES / f"{name}.cert.pem")
    transport = httpx.AsyncHTTPTransport(verify=context)
    async with httpx.AsyncClient(transport=transport, timeout=30.0) as client:
        extensions = {"sni_hostname": f"{name}.test"}
        try:
            answer = await client.get(f"https://127.0.0.1:{port}/healthz", extensions=extensions)
        except httpx.ConnectError:
            return False
        return answer.json() == {"status": "ok"}


def install(name: str, folder: Path) -> None:
    for part in ("cert", "key"):
        (folder / f"{part}.pem").write_bytes((CERTIFICATES / f"{name}.{part}.pem").read_bytes())


async def test_it_speaks_tls_and_renews_its_certificate(tmp_path: Path):
    install("one", tmp_path)
    flags = ("--tls-cert", str(tmp_path / "cert.pem"), "--tls-key", str(tmp_path / "key.pem"))
    async with launched(tmp_path / "data", *flags) as server:
        await server.says("Ctrl-C")
        port = int(server.said.partition("https://127.0.0.1:")[2].split()[0])
        assert await subject(port, "one")
        install("two", tmp_path)
        os.kill(server.pid, signal.SIGHUP)
        await server.logs("read the certificate again")
        assert await subject(port, "two")
        (tmp_path / "key.pem").write_bytes(b"nonsense")
        os.kill(server.pid, signal.SIGHUP)
        await server.logs("was not read again")
        assert await subject(port, "two")
        assert await server.stop() == 0


async def test_half_of_a_certificate_is_refused(tmp_path: Path):
    ended = await run("serve", "--data", tmp_path / "data", "--tls-cert", "cert.pem")
    assert ended.code != 0
    assert "tls_cert and tls_key go together" in ended.logged
