"""A WebSocket from the client's side, for `run.py tail`: one connection, texts in and out.

Sans-I/O by wsproto, over one of trio's streams. It knows nothing of what is said on it.
"""

import hashlib
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import msgspec
import trio
from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    CloseConnection,
    Ping,
    RejectConnection,
    RejectData,
    Request,
    TextMessage,
)
from wsproto.utilities import RemoteProtocolError

RECEIVED_BYTES = 65_536


class Place(msgspec.Struct, frozen=True):
    """Where a server is: `url` (http or https), at the Unix socket with the path `socket` if it has
    one. `fingerprint` is the SHA-256 of its certificate, in hex, if that is known; no name has to
    be in the certificate then, and nobody else has to vouch for it."""

    url: str
    socket: str | None = None
    fingerprint: str | None = None


class WrongPlace(Exception):
    """What is there is not the server that was meant, or can't prove it. Another try would end the
    same; the message is a sentence that says what to do."""


class LineRefused(Exception):
    """The server answered the handshake with another status than 101."""

    def __init__(self, status: int) -> None:
        super().__init__(f"the server answered {status}")
        self.status = status


class LineEnded(Exception):
    """The connection is over; `code` is the server's, 1006 if it just hung up."""

    def __init__(self, code: int) -> None:
        super().__init__(f"the stream ended with {code}")
        self.code = code


class Line:
    """One open WebSocket."""

    def __init__(self, stream: trio.abc.Stream) -> None:
        self._stream = stream
        self._protocol = WSConnection(ConnectionType.CLIENT)
        self._texts: list[str] = []

    async def open(self, host: str, path: str, token: str) -> None:
        """The handshake. Raises `LineRefused`, `LineEnded`, `RemoteProtocolError`."""
        headers = [(b"Authorization", b"Bearer " + token.encode("latin-1"))]
        request = Request(host=host, target=path, extra_headers=headers)
        await self._stream.send_all(self._protocol.send(request))
        while True:
            await self._receive()
            for event in self._protocol.events():
                if isinstance(event, AcceptConnection):
                    return
                if isinstance(event, RejectConnection):
                    raise LineRefused(event.status_code)
                if isinstance(event, RejectData):
                    continue

    async def say(self, text: str) -> None:
        await self._stream.send_all(self._protocol.send(TextMessage(data=text)))

    async def hear(self) -> str:
        """The next text, whole. Raises `LineEnded`, `RemoteProtocolError`."""
        text = ""
        while True:
            for event in self._protocol.events():
                match event:
                    case TextMessage():
                        text += event.data
                        if event.message_finished:
                            return text
                    case Ping():
                        await self._stream.send_all(self._protocol.send(event.response()))
                    case CloseConnection():
                        raise LineEnded(event.code)
                    case _:
                        pass
            await self._receive()

    async def _receive(self) -> None:
        try:
            some = await self._stream.receive_some(RECEIVED_BYTES)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            raise LineEnded(1006) from None
        if not some:
            raise LineEnded(1006)
        self._protocol.receive_data(bytes(some))


def names_server(url: str) -> bool:
    """Whether `open_line` can try it: the scheme http or https, a host, perhaps a port."""
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # of a port that is none, or of brackets
        return False


@asynccontextmanager
async def open_line(place: Place, path: str, token: str) -> AsyncGenerator[Line]:
    """A WebSocket to `path` of the server at `place`, open until the block is left. Raises
    `LineRefused`, `LineEnded`, `WrongPlace`, `OSError`."""
    async with await _connected(place) as stream:
        line = Line(stream)
        try:
            await line.open(urlsplit(place.url).netloc, path, token)
        except RemoteProtocolError:
            raise WrongPlace(
                f"what answers at {place.url} speaks no HTTP: is it https://, or another port?"
            ) from None
        except LineEnded:
            plain = place.url.startswith("http:") and place.socket is None
            hint = ", perhaps because it is https://" if plain else ""
            raise ConnectionAbortedError(f"{place.url} hung up without an answer{hint}") from None
        except trio.BrokenResourceError as broken:
            raise ConnectionAbortedError(f"can't talk to {place.url}: {broken}") from None
        try:
            yield line
        except RemoteProtocolError:
            raise LineEnded(1002) from None
        except trio.BrokenResourceError:  # while something was said
            raise LineEnded(1006) from None


async def _connected(place: Place) -> trio.abc.Stream:
    """The bytes to the server and back. Raises `WrongPlace`, `OSError`."""
    parts = urlsplit(place.url)
    if place.socket is not None:
        try:
            return await trio.open_unix_socket(place.socket)
        except OSError as error:
            if error.errno is not None:
                raise
            raise WrongPlace(  # Python has looked at the length, not the kernel
                f"{place.socket} is too long a path: start the server with a shorter --uds"
            ) from None
    secure = parts.scheme == "https"
    host, port = parts.hostname or "", parts.port or (443 if secure else 80)
    stream = await trio.open_tcp_stream(host, port)
    return await _encrypted(place, stream, host) if secure else stream


async def _encrypted(place: Place, plain: trio.SocketStream, host: str) -> trio.abc.Stream:
    context = ssl.create_default_context()
    if place.fingerprint is not None:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE  # it is looked at below
    stream = trio.SSLStream(plain, context, server_hostname=host)
    try:
        await stream.do_handshake()
    except trio.BrokenResourceError as broken:
        await trio.aclose_forcefully(stream)
        raise _handshake_failed(place, broken.__cause__) from None
    shown: bytes = stream.getpeercert(binary_form=True)
    if place.fingerprint not in (None, hashlib.sha256(shown).hexdigest()):
        await trio.aclose_forcefully(stream)
        raise WrongPlace(
            f"{place.url} shows another certificate than the file of tls_cert holds now: "
            "see to that file, and send the server SIGHUP, so that it reads it again"
        )
    return stream


def _handshake_failed(place: Place, why: BaseException | None) -> Exception:
    """What to raise: whether another try may end otherwise."""
    match why:
        case ssl.SSLCertVerificationError():
            return WrongPlace(
                f"the certificate of {place.url} is not good for it ({why.verify_message}): "
                "name the host that it is for with --url, or on the server's machine use --user"
            )
        case ssl.SSLEOFError() | ssl.SSLZeroReturnError() | ssl.SSLSyscallError():
            return ConnectionAbortedError(f"{place.url} hung up")
        case ssl.SSLError():
            return WrongPlace(
                f"no TLS can be agreed on with {place.url} ({why.reason}): is it http://?"
            )
        case _:
            return ConnectionAbortedError(f"can't talk to {place.url}: {why}")
