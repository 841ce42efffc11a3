"""A door to a running server for its operator: a Unix socket in the data folder, one request a
connection.

`run.py serve` keeps it open; `run.py status`, `lift` and `tail --user` knock. Whoever may
enter the folder (mode 0700) may use it. A request and its answer are a line of JSON each.
"""

import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import structlog
import trio

from actors.runtime.actors import Actors
from admin.passes import Pass, Passes
from admin.users import NoSuchUser
from storage.folder import check_folder
from storage.ids import actor_of, describe_actor

SOCKET_NAME = "control.sock"
REQUEST_BYTES_MAX = 4_096
ANSWER_S = 5.0
"""Seconds that either side waits for the other."""

log = structlog.get_logger()


class Status(msgspec.Struct, frozen=True):
    """Ask for everything that can be said of a running server."""


class StatusAnswer(msgspec.Struct, frozen=True):
    """How full each queue is, and which actors are closed, with the reason."""

    queues: dict[str, dict[str, int]]
    quarantined: dict[str, str]


class Lift(msgspec.Struct, frozen=True):
    """Open a quarantined actor again."""

    actor: str


class LiftAnswer(msgspec.Struct, frozen=True):
    """`lifted` is False if the actor was not closed; `error` says what is wrong with the
    request."""

    lifted: bool
    error: str | None = None


class OpenPass(msgspec.Struct, frozen=True):
    """Ask for a token in somebody's name."""

    user: str


class ClosePass(msgspec.Struct, frozen=True):
    """Say that one is needed no longer."""

    account: int
    session: int


class PassAnswer(msgspec.Struct, frozen=True):
    """`opened` is None if there is nobody of that name, or if a pass was closed."""

    opened: Pass | None = None


class NobodyServes(Exception):
    """No server runs on the folder."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"no server runs on {folder}: start it, or name its folder with --data")


class PathTooLong(Exception):
    """A Unix socket can't have such a path: a server on the folder could not open it either."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path} is too long for the path of a socket, by which a server is asked: "
            "move the data folder, or start the server by a link to it with a shorter path"
        )


class _Request(msgspec.Struct, frozen=True):
    status: Status | None = None
    lift: Lift | None = None
    open: OpenPass | None = None
    close: ClosePass | None = None


Statistics = Callable[[], Mapping[str, dict[str, int]]]


async def serve_control(
    folder: Path, actors: Actors, statistics: Statistics, passes: Passes
) -> None:
    """Answer the operator until cancelled. `folder` is held by this process."""
    path = folder / SOCKET_NAME
    path.unlink(missing_ok=True)  # of a process that was killed
    listening = socket.socket(socket.AF_UNIX)
    try:
        listening.bind(str(path))
    except OSError as error:  # a path of more than a hundred characters
        listening.close()
        log.warning(
            "the control socket can't be opened: `status`, `lift` and `tail --user` find nobody",
            why=str(error),
        )
        return
    path.chmod(0o600)
    listening.setblocking(False)
    listening.listen()

    async def answer(stream: trio.SocketStream) -> None:
        with trio.move_on_after(ANSWER_S):
            try:
                request = msgspec.json.decode(
                    await stream.receive_some(REQUEST_BYTES_MAX), type=_Request
                )
                answered = await _answer_about_passes(request, passes)
                if answered is None:
                    answered = _answer(request, actors, statistics)
                await stream.send_all(msgspec.json.encode(answered))
            except (msgspec.MsgspecError, RecursionError, ValueError, trio.BrokenResourceError):
                log.warning("the control socket was asked something else")
        await trio.aclose_forcefully(stream)

    try:
        listener = trio.SocketListener(trio.socket.from_stdlib_socket(listening))
        await trio.serve_listeners(answer, [listener])
    finally:
        path.unlink(missing_ok=True)


async def _answer_about_passes(request: _Request, passes: Passes) -> PassAnswer | None:
    """The answer to a request about a pass; None to another."""
    if request.open is not None:
        try:
            return PassAnswer(await passes.open(request.open.user))
        except NoSuchUser:
            return PassAnswer()
    if request.close is not None:
        await passes.close(request.close.account, request.close.session)
        return PassAnswer()
    return None


def _answer(request: _Request, actors: Actors, statistics: Statistics) -> msgspec.Struct:
    if request.lift is None:
        closed = actors.directory.quarantined().items()
        return StatusAnswer(
            queues=dict(statistics()),
            quarantined={describe_actor(actor): why for actor, why in closed},
        )
    try:
        return LiftAnswer(actors.directory.lift(actor_of(request.lift.actor)))
    except ValueError as error:
        return LiftAnswer(False, str(error))


def ask_status(folder: Path) -> StatusAnswer:
    """What the server on `folder` says of itself. Raises `NobodyServes`, `PathTooLong`,
    `OSError`."""
    return msgspec.json.decode(_asked(folder, _Request(status=Status())), type=StatusAnswer)


def ask_lift(folder: Path, actor: str) -> LiftAnswer:
    """Have the server on `folder` open an actor again. Raises `NobodyServes`,
    `PathTooLong`, `OSError`."""
    return msgspec.json.decode(_asked(folder, _Request(lift=Lift(actor))), type=LiftAnswer)


def ask_pass(folder: Path, username: str) -> Pass:
    """A token in the name of `username` from the server on `folder`. Raises `NobodyServes`,
    `PathTooLong`, `NoSuchUser`, `OSError`."""
    request = _Request(open=OpenPass(username))
    opened = msgspec.json.decode(_asked(folder, request), type=PassAnswer).opened
    if opened is None:
        raise NoSuchUser(username)
    return opened


def end_pass(folder: Path, ended: Pass) -> None:
    """Give a pass back. Raises `NobodyServes`, `PathTooLong`, `OSError`."""
    _asked(folder, _Request(close=ClosePass(ended.account, ended.session)))


def _asked(folder: Path, request: Any) -> bytes:
    check_folder(folder)
    path = folder / SOCKET_NAME
    with socket.socket(socket.AF_UNIX) as asking:
        asking.settimeout(ANSWER_S)
        try:
            asking.connect(str(path))
        except (FileNotFoundError, ConnectionRefusedError, TimeoutError):
            raise NobodyServes(folder) from None
        except OSError as error:
            if error.errno is None:  # Python has looked at the length, not the kernel
                raise PathTooLong(path) from None
            raise OSError(error.errno, error.strerror, str(path)) from None
        asking.sendall(msgspec.json.encode(request))
        answer = bytearray()
        while part := asking.recv(65_536):
            answer += part
        if not answer:
            raise NobodyServes(folder)  # it was just stopping
        return bytes(answer)
