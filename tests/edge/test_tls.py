"""TLS: the same edge, encrypted. The certificates beside this file are for tests only, signed by
themselves, and good for a hundred years."""

import contextlib
import ssl
from pathlib import Path
from typing import Any

import pytest
import trio
import trio.testing
from trio.testing import MockClock

from server.edge.limits import HEAD_S, TICK_S, WRITE_S
from server.edge.serving import Receive, Send
from server.edge.tls import BadCertificate, load_certificate
from tests.edge.rekeying import Rekeying
from tests.edge.serving import ANSWER_S, House, body_of, echo, get, pour, served, unharmed

HERE = Path(__file__).parent
ONE, TWO = HERE / "one.cert.pem", HERE / "two.cert.pem"


def encrypt(house: House, name: str) -> None:
    certificate, key = HERE / f"{name}.cert.pem", HERE / f"{name}.key.pem"
    house.serving.tls = load_certificate(str(certificate), str(key))


async def test_requests_and_bodies_go_through():
    async with served(echo) as house:
        encrypt(house, "one")
        async with await house.connect_tls("one.test", ONE) as client:
            await client.send(get("/a") + get("/b"))
            assert [(await client.answer())[2] for _ in range(2)] == [b"/a ", b"/b "]
            body = bytes(range(256)) * 4_000
            head = get("/c", f"Content-Length: {len(body)}", method="PUT")

            async def send() -> None:
                await client.send(head + body)

            async with trio.open_nursery() as nursery:
                nursery.start_soon(send)
                assert (await client.answer())[2] == b"/c " + body
        await house.all_gone()


async def test_a_request_that_comes_with_the_end_of_the_handshake_is_answered():
    """In one packet: the socket has nothing more to say then."""
    context = ssl.create_default_context(cafile=ONE)
    from_server, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(from_server, to_server, server_hostname="one.test")
    async with served(echo) as house:
        encrypt(house, "one")
        async with await house.connect() as client:
            while True:
                try:
                    tls.do_handshake()
                    break
                except ssl.SSLWantReadError:
                    await client.send(to_server.read())
                    await client.more()
                    from_server.write(client.unread)
                    client.unread = b""
            tls.write(get("/with"))
            await client.send(to_server.read())
            came = b""
            while not came.endswith(b"/with "):
                assert await client.more()
                from_server.write(client.unread)
                client.unread = b""
                with contextlib.suppress(ssl.SSLWantReadError):
                    while True:
                        came += tls.read()


async def test_the_application_is_told():
    seen: list[Any] = []

    async def look(scope: Any, receive: Receive, send: Send) -> None:
        seen.append(scope["scheme"])
        await echo(scope, receive, send)

    async with served(look) as house:
        encrypt(house, "one")
        async with await house.connect_tls("one.test", ONE) as client:
            await client.send(get())
            await client.answer()
    assert seen == ["https"]


@pytest.mark.parametrize("size", [1_000, 1_000_000])
async def test_files_go_through(tmp_path: Path, size: int):
    path = tmp_path / "file"
    path.write_bytes(b"x" * size)

    async def send_file(scope: Any, receive: Receive, send: Send) -> None:
        await body_of(receive)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.pathsend", "path": str(path)})

    async with served(send_file) as house:
        encrypt(house, "one")
        async with await house.connect_tls("one.test", ONE) as client:
            await client.send(get())
            assert (await client.answer())[2] == path.read_bytes()


async def test_a_new_certificate_is_for_who_comes_then():
    async with served(echo) as house:
        encrypt(house, "one")
        async with await house.connect_tls("one.test", ONE) as before:
            await before.send(get("/1"))
            assert (await before.answer())[2] == b"/1 "
            encrypt(house, "two")
            async with await house.connect_tls("two.test", TWO) as after:
                await after.send(get("/2"))
                assert (await after.answer())[2] == b"/2 "
            await before.send(get("/3"))
            assert (await before.answer())[2] == b"/3 "


async def test_whoever_speaks_no_tls_is_dropped(quiet_clock: MockClock):
    async with served(echo) as house:
        encrypt(house, "one")
        for said in (get(), b"\x16\x03\x01\xff\xff" + b"x" * 500, b"\x00" * 100):
            async with await house.connect() as client:
                await client.send(said)
                assert not (await client.rest()).startswith(b"HTTP")
        async with await house.connect() as client:
            began = trio.current_time()
            assert await client.rest() == b""
            assert HEAD_S <= trio.current_time() - began <= HEAD_S + 4 * TICK_S
        await house.all_gone()


async def test_a_reader_that_never_reads_is_dropped_here_too(quiet_clock: MockClock):
    async with served(pour) as house:
        encrypt(house, "one")
        async with await house.connect_tls("one.test", ONE) as client:
            await client.send(get("/pour"))
            await trio.sleep(100)
            assert house.listener.statistics()["connections"] == 0


async def test_who_asks_for_new_keys_without_end_is_dropped(quiet_clock: MockClock):
    """Each demand is answered, and who does not read the answers would have them pile up here."""
    heard = trio.Event()

    async def listen(scope: Any, receive: Receive, send: Send) -> None:
        if scope["path"] == "/served":
            heard.set()
        await echo(scope, receive, send)

    async with served(listen) as house, unharmed(house):
        encrypt(house, "one")
        async with await house.connect(buffer_bytes=4_096) as client:
            rekeying, said, done = Rekeying(), b"", False
            while not done:
                said, done = rekeying.handshake(client.unread)
                client.unread = b""
                await client.send(said)
                if not done:
                    await client.more()
            await client.send(rekeying.new_keys(20) + rekeying.said(get("/served")))
            with trio.fail_after(ANSWER_S):
                await heard.wait()  # a few demands are no reason to drop somebody
            without_end = rekeying.new_keys(40_000)
            with pytest.raises(trio.BrokenResourceError):
                await client.send(without_end)
            assert trio.current_time() < WRITE_S, "for what it asked, not for what it did not read"
        house.serving.tls = None


def test_a_certificate_that_cant_be_used_is_told(tmp_path: Path):
    nothing = tmp_path / "nothing.pem"
    for certificate, key in ((nothing, nothing), (ONE, ONE), (ONE, HERE / "two.key.pem")):
        with pytest.raises(BadCertificate):
            load_certificate(str(certificate), str(key))


def test_old_tls_is_not_spoken():
    context = load_certificate(str(ONE), str(HERE / "one.key.pem"))
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
