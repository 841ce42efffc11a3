"""How the process speaks: lines for people on a terminal, JSON for machines elsewhere.

`run.py` calls `configure_logs` once; everybody else takes `structlog.get_logger()` and logs an
event in a few constant words, with what varies as keys. What the libraries log through `logging`
comes out the same way. Whoever handles a request sets `REQUEST_ID`, and each line of that request
carries it; the one that tells of its end has a way of its own, which costs a tenth (`request_log`).

While the loop runs, lines that are not urgent leave together, each time before it waits: a line a
request costs no call of the kernel of its own.

Never logged: tokens, passwords, captions, whole requests. The processor below is a net for
accidents, not a permission.
"""

import json
import logging
import threading
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TextIO, cast

import msgspec
import structlog
import trio
from structlog.typing import EventDict, Processor, WrappedLogger

from server.settings import LogForm, LogLevel

WITHHELD_KEYS = frozenset(
    {
        "access_token",
        "authorization",
        "caption",
        "cookie",
        "email",
        "new_password",
        "old_password",
        "password",
        "refresh",
        "refresh_token",
        "secret",
        "text",
        "token",
    }
)
"""Keys, in any case and at any depth of mappings, whose values never reach the log."""

WITHHELD = "[withheld]"

REQUEST_ID: ContextVar[str] = ContextVar("request_id")
"""Whose answer is under way, while one is."""

LIBRARIES_LEVEL = logging.WARNING
"""What libraries say below this is about their insides. A graver `level` holds for them, too."""


HELD_LINES_MAX = 1_000
"""Lines that wait for the end of a turn of the loop; beyond it they do not wait."""

_PLAIN = (str, int, float, bool, type(None))
"""What most values are, and nothing can hide in."""

_encode = msgspec.json.Encoder(enc_hook=repr).encode
_encode_anything = json.JSONEncoder(default=repr).encode


class RequestLine(msgspec.Struct):
    """What is logged of a request, once it is answered."""

    method: str
    route: str | None
    status: int
    ms: float
    request_id: str
    timestamp: str
    event: str = "request"
    level: str = "info"


class Lines(trio.abc.Instrument):
    """A stream that gets lines: `warning` and what is graver at once, with all before it, the rest
    when the loop that this is an instrument of is about to wait. Without a loop everything at once.

    What the loop's current turn has said is lost with a process that is killed. Threads may log,
    too."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()
        self._held: list[str] = []
        self._holds = False
        self.takes_requests = False
        """Whether lines are JSON, and those about requests are wanted."""

    def info(self, line: str) -> None:
        """Take a line that may wait for the end of the turn."""
        if self._holds and len(self._held) < HELD_LINES_MAX:
            with self._lock:
                self._held.append(line)
        else:
            self.warning(line)

    debug = info

    def warning(self, line: str) -> None:
        """Write a line, after all before it."""
        with self._lock:
            self._held.append(line)
            self._write_held()

    error = critical = exception = warning

    def write(self, text: str) -> None:
        """What the libraries say, as to a stream: lines with their ends."""
        self.warning(text.removesuffix("\n"))

    def flush(self) -> None:
        """Nothing: no line is half written."""

    def _write_held(self) -> None:
        self._stream.write("".join(f"{line}\n" for line in self._held))
        self._stream.flush()
        self._held.clear()

    # As the instrument of a loop.

    def before_run(self) -> None:
        self._holds = True

    def before_io_wait(self, timeout: float) -> None:
        if self._held:
            with self._lock:
                self._write_held()

    def after_run(self) -> None:
        self._holds = False
        self.before_io_wait(0.0)


def _render_json(logger: WrappedLogger, method: str, event: EventDict) -> str:
    """One line of ASCII: what a terminal would obey stays a number."""
    try:
        line = _encode(event)
        if line.isascii() and b"\x7f" not in line:
            return line.decode("ascii")
    except (ValueError, TypeError, OverflowError, RecursionError):
        pass  # half a character, a number of more than 64 bits: the slower one takes anything
    return _encode_anything(event)


def add_request_id(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """A processor of structlog's: says whose line it is."""
    request_id = REQUEST_ID.get("")
    if request_id:
        event["request_id"] = request_id
    return event


def _withhold(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    for key, value in event.items():
        if type(value) not in _PLAIN or key.lower() in WITHHELD_KEYS:
            return _without_secrets(event)
    return event


def _without_secrets(event: Mapping[str, object]) -> EventDict:
    cleaned: EventDict = {}
    for key, value in event.items():
        if key.lower() in WITHHELD_KEYS:
            cleaned[key] = WITHHELD
        elif type(value) in _PLAIN:
            cleaned[key] = value
        elif isinstance(value, Mapping):
            cleaned[key] = _without_secrets(cast(Mapping[str, object], value))
        else:
            cleaned[key] = value
    return cleaned


def _rendering(form: LogForm, stream: TextIO) -> list[Processor]:
    """The last steps: from an event to a line. Tracebacks are plain: structlog's pretty ones
    show local variables, and those hold passwords."""
    terminal = stream.isatty()
    if form == "human" or (form == "auto" and terminal):
        return [
            structlog.dev.ConsoleRenderer(
                colors=terminal,
                exception_formatter=structlog.dev.plain_traceback,
                # A value may hold a line break, a terminal's escapes or half a character.
                repr_native_str=True,
            )
        ]
    return [
        structlog.processors.format_exc_info,
        _render_json,
    ]


def configure_logs(form: LogForm, level: LogLevel, stream: TextIO) -> Lines:
    """Send every log line of the process, ours and the libraries', to `stream` in `form`. What is
    returned is for the loop that will run, if one will.

    `auto` is `human` if `stream` is a terminal and `json` if not. May be called again: the last
    call holds. A write waits for whoever reads the stream.
    """
    lines = Lines(stream)
    least = logging.getLevelNamesMapping()[level.upper()]
    preparing: list[Processor] = [
        add_request_id,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _withhold,
    ]
    rendering = _rendering(form, stream)
    lines.takes_requests = rendering[-1] is _render_json and least <= logging.INFO
    structlog.configure(
        processors=[*preparing, *rendering],
        wrapper_class=structlog.make_filtering_bound_logger(least),
        logger_factory=lambda *_: lines,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(lines)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *preparing],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendering],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(max(least, LIBRARIES_LEVEL))
    return lines


TellRequest = Callable[[str, str | None, int, float, str], None]
"""Method, route (None for none), status, milliseconds that it took, and request id."""


def request_log(now: Callable[[], int]) -> TellRequest:
    """How requests are told, as it is configured now: through structlog's steps, or past them where
    a line is JSON, since they cost seven times as much as such a line. `now` is in Unix
    milliseconds."""
    lines = structlog.get_config()["logger_factory"]()
    if isinstance(lines, Lines) and lines.takes_requests:
        return RequestLines(lines, now).tell
    log = structlog.get_logger().bind()  # bound now: once, not for each request

    def tell(method: str, route: str | None, status: int, ms: float, request_id: str) -> None:
        log.info("request", method=method, route=route, status=status, ms=ms)

    return tell


class RequestLines:
    """Lines of JSON about requests. None of what they hold comes from a client, but a method and an
    id whose letters are harmless."""

    def __init__(self, lines: Lines, now: Callable[[], int]) -> None:
        self._lines = lines
        self._now = now
        self._second = -1
        self._until_second = ""

    def tell(self, method: str, route: str | None, status: int, ms: float, request_id: str) -> None:
        """A `TellRequest`."""
        second, rest = divmod(self._now(), 1_000)
        if second != self._second:
            self._second = second
            self._until_second = f"{datetime.fromtimestamp(second, UTC):%Y-%m-%dT%H:%M:%S}"
        timestamp = f"{self._until_second}.{rest:03d}Z"
        line = RequestLine(method, route, status, ms, request_id, timestamp)
        self._lines.info(_encode(line).decode())
