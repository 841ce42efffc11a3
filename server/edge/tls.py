"""TLS over a wire: the same as a plain one, with OpenSSL between it and the socket.

OpenSSL works on memory here, so that nothing of it waits and a WebSocket can be written to at once
over TLS, too. (`trio.SSLStream` waits in each call.) Certificates are read at the start and again
on SIGHUP.
"""

import contextlib
import socket
import ssl

from server.edge.limits import RECEIVED_BYTES, TLS_ANSWER_BYTES_MAX
from server.edge.wire import Gone, Wire

HTTP_ONE = ["http/1.1"]


class BadCertificate(Exception):
    """The certificate or its key can't be used: one sentence for the operator."""


def load_certificate(certificate: str, key: str) -> ssl.SSLContext:
    """TLS 1.2 and 1.3 with a certificate's chain and key, in PEM. Raises `BadCertificate`."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(HTTP_ONE)
    try:
        # With a password the process would ask on the terminal.
        context.load_cert_chain(certificate, key, password=_no_password)
    except (OSError, ssl.SSLError, ValueError) as error:
        raise BadCertificate(f"can't use {certificate} with {key}: {error}") from None
    return context


def _no_password() -> str:
    raise ValueError("the key is encrypted")


class TlsWire(Wire):
    """One connection's bytes, encrypted."""

    can_send_files = False

    def __init__(self, connected: socket.socket, write_s: float, context: ssl.SSLContext) -> None:
        super().__init__(connected, write_s)
        self._from_client = ssl.MemoryBIO()
        self._to_client = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._from_client, self._to_client, server_side=True)
        self._ended = False
        self._answered_bytes = 0
        """What TLS itself has answered since the handshake."""
        self._left_over = False
        """Whether something came with the end of the handshake, of which the socket knows nothing
        any more."""

    async def open(self, due: float) -> None:
        """The handshake. Raises `Gone` for whoever does not speak TLS, or not in time."""
        while True:
            try:
                self._tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                await self._flush()
                if not await super().wait_readable(due):
                    raise Gone("the handshake took too long") from None
                self._take_in()
                if self._ended:
                    raise Gone("the client left within the handshake") from None
            except ssl.SSLError as error:
                await self._flush()
                raise Gone(str(error)) from None
        await self._flush()
        self._left_over = self._from_client.pending > 0

    async def wait_readable(self, due: float) -> bool:
        """As of a plain wire."""
        return self._left_over or await super().wait_readable(due)

    async def _flush(self) -> None:
        if handshake := self._to_client.read():
            super().send_nowait(handshake)
            await self.drain()

    def _take_in(self) -> None:
        """What has come, to OpenSSL. Raises `Gone`."""
        received = super().receive_nowait()
        if received:
            self._from_client.write(received)
        elif received is not None:
            self._ended = True

    def receive_nowait(self) -> bytes | None:
        """As of a plain wire."""
        self._left_over = False
        self._take_in()
        pieces: list[bytes] = []
        try:
            while piece := self._tls.read(RECEIVED_BYTES):
                pieces.append(piece)
            self._ended = True
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError:
            self._ended = True
        except ssl.SSLError as error:
            self.is_gone = True
            raise Gone(str(error)) from None
        if answer := self._to_client.read():
            super().send_nowait(answer)  # tickets, new keys
            self._answered_bytes += len(answer)
            if self._answered_bytes > TLS_ANSWER_BYTES_MAX:
                self.is_gone = True
                raise Gone("the client asks for new keys without end")
        if pieces:
            return b"".join(pieces)
        return b"" if self._ended else None

    def send_nowait(self, data: bytes) -> None:
        """As of a plain wire."""
        if data:
            self._check_is_there()
            self._tls.write(data)
            super().send_nowait(self._to_client.read())

    def try_send(self, data: bytes) -> bool:
        """As of a plain wire, but that what is encrypted is on its way."""
        if self.has_unsent or self.is_gone:
            return False
        try:
            self.send_nowait(data)
        except Gone:
            return False
        return True

    def end(self) -> None:
        """As of a plain wire, with TLS's own word for it."""
        with contextlib.suppress(ssl.SSLError):  # the client's answer is not waited for
            self._tls.unwrap()
        try:
            if not self.is_gone and (farewell := self._to_client.read()):
                super().send_nowait(farewell)
        except Gone:
            return
        super().end()
