"""What the settings say of listening, as the edge wants it: a bound socket, the bound of
connections, a certificate. `run.py` calls it; nothing here serves."""

import hashlib
import os
import re
import resource
import signal
import socket
import ssl
from collections.abc import Mapping
from pathlib import Path

import structlog
import trio

from server.edge.limits import DESCRIPTORS_SPARED
from server.edge.serving import Serving
from server.edge.sockets import bind_tcp, bind_unix, inherited
from server.edge.tls import BadCertificate, load_certificate
from server.settings import BadSetting, Settings

UNIX_URL = "http://localhost"
"""What URLs begin with for whoever comes by a Unix socket, without `public_url`."""

CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)
"""In PEM. The first one of a file is the server's, those after it vouch for it."""

log = structlog.get_logger()


def listen(settings: Settings, environ: Mapping[str, str], pid: int) -> socket.socket:
    """The socket to serve on, bound: systemd's if it has one for this process, or the settings'.
    Raises `BadSetting`."""
    if (given := inherited(environ, pid)) is not None:
        return given
    if settings.uds is not None:
        try:
            return bind_unix(settings.uds)
        except OSError as error:
            why = error.strerror or error
            raise BadSetting(
                f"can't listen on {settings.uds}: {why}; choose another path with --uds"
            ) from None
    try:
        return bind_tcp(settings.host, settings.port)
    except OSError as error:
        where = f"host {settings.host}, port {settings.port}"
        raise BadSetting(
            f"can't listen on {where}: {error.strerror}; choose others with --host and --port, "
            "or TRIPTYCH_HOST and TRIPTYCH_PORT"
        ) from None


def address_of_listener(settings: Settings, listening: socket.socket) -> str:
    """Where `listening` is found, as the beginning of a URL; the port that it got is its own."""
    if listening.family == socket.AF_UNIX:
        return UNIX_URL
    scheme = "http" if settings.tls_cert is None else "https"
    host, port = listening.getsockname()[:2]
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"


def place_of_listener(settings: Settings, listening: socket.socket) -> str:
    """The same for people: of a Unix socket its path."""
    if listening.family == socket.AF_UNIX:
        return f"the socket {listening.getsockname()}"
    return address_of_listener(settings, listening)


def path_of_listener(listening: socket.socket) -> str | None:
    """The path of a Unix socket for whoever is in another folder; None for a port."""
    if listening.family != socket.AF_UNIX:
        return None
    name = os.fsdecode(listening.getsockname())
    return name if name.startswith("\0") else os.path.abspath(name)


def fingerprint_of(settings: Settings) -> str | None:
    """The SHA-256 of the certificate that `tls_cert` holds now, in hex; nobody's if there is none
    in it any more. None without TLS."""
    if settings.tls_cert is None:
        return None
    try:
        found = CERTIFICATE.search(Path(settings.tls_cert).read_bytes())
        shown = ssl.PEM_cert_to_DER_cert(found[0].decode()) if found else None
    except (OSError, ValueError):
        shown = None
    return hashlib.sha256(shown).hexdigest() if shown else ""


def connections_max(settings: Settings) -> int:
    """As many connections as the settings allow, if the process may open so many files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = settings.connections_max + DESCRIPTORS_SPARED
    if hard != resource.RLIM_INFINITY:
        files = min(files, hard)
    if soft != resource.RLIM_INFINITY and soft < files:
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, hard))
    return max(files - DESCRIPTORS_SPARED, 1)


def certificate_of(settings: Settings) -> ssl.SSLContext | None:
    """What connections are encrypted with, None for nothing. Raises `BadSetting`."""
    certificate, key = settings.tls_cert, settings.tls_key
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        raise BadSetting("tls_cert and tls_key go together: set both, or neither")
    if settings.server != "edge":
        raise BadSetting("tls_cert is for --server edge: let a proxy speak TLS for hypercorn")
    try:
        return load_certificate(certificate, key)
    except BadCertificate as error:
        raise BadSetting(f"tls_cert: {error}") from None


async def renew_certificate(
    serving: Serving,
    settings: Settings,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Read the certificate again at each SIGHUP, for the connections that come then. A bad one is
    told, and the one before stays."""
    with trio.open_signal_receiver(signal.SIGHUP) as signals:
        task_status.started()
        async for _ in signals:
            try:
                serving.tls = certificate_of(settings)
                log.info("read the certificate again")
            except BadSetting as error:
                log.error("the certificate was not read again", why=str(error))
