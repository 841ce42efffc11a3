"""The sockets that are listened on: bound to an address or a path, or inherited from systemd.
`run.py` opens one before it touches the data."""

import contextlib
import os
import socket
import stat
from collections.abc import Mapping
from pathlib import Path

FIRST_INHERITED = 3
"""The first descriptor that systemd hands over (sd_listen_fds(3))."""

UNIX_MODE = 0o660
"""Of a Unix socket: for its owner and its group, a proxy's usually."""


def bind_tcp(host: str, port: int) -> socket.socket:
    """A socket bound to a host's first address. Raises `OSError`."""
    family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with contextlib.ExitStack() as on_failure:
        bound = on_failure.enter_context(socket.socket(family, kind))
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
        on_failure.pop_all()
        return bound


def bind_unix(path: str) -> socket.socket:
    """A Unix socket at `path`, in place of one that nobody listens on any more. Raises
    `OSError`."""
    with contextlib.suppress(FileNotFoundError):
        if stat.S_ISSOCK(os.stat(path).st_mode) and not _is_listened_on(path):
            Path(path).unlink()
    with contextlib.ExitStack() as on_failure:
        bound = on_failure.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
        bound.bind(path)
        os.chmod(path, UNIX_MODE)
        on_failure.pop_all()
        return bound


def _is_listened_on(path: str) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
        try:
            asking.connect(path)
        except ConnectionRefusedError:
            return False
        return True


def inherited(environ: Mapping[str, str], pid: int) -> socket.socket | None:
    """The socket that systemd has opened for this process, if it has."""
    if environ.get("LISTEN_PID") != str(pid) or environ.get("LISTEN_FDS", "0") == "0":
        return None
    os.set_inheritable(FIRST_INHERITED, False)
    return socket.socket(fileno=FIRST_INHERITED)
