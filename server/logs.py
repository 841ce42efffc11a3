"""How the process speaks: lines for people on a terminal, JSON for machines elsewhere.

`run.py` calls `configure_logs` once; everybody else takes `structlog.get_logger()` and logs an
event in a few constant words, with what varies as keys. What the libraries log through `logging`
comes out the same way. Whoever handles a request binds `request_id` with `structlog.contextvars`,
and each line of that request carries it.

Never logged: tokens, passwords, captions, whole requests. The processor below is a net for
accidents, not a permission.
"""

import logging
from collections.abc import Mapping
from typing import TextIO, cast

import structlog
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

LIBRARIES_LEVEL = logging.WARNING
"""What libraries say below this is about their insides. A graver `level` holds for them, too."""


def _without_secrets(event: Mapping[str, object]) -> EventDict:
    cleaned: EventDict = {}
    for key, value in event.items():
        if key.lower() in WITHHELD_KEYS:
            cleaned[key] = WITHHELD
        elif isinstance(value, Mapping):
            cleaned[key] = _without_secrets(cast(Mapping[str, object], value))
        else:
            cleaned[key] = value
    return cleaned


def _withhold(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    return _without_secrets(event)


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
        structlog.processors.JSONRenderer(),
    ]


def configure_logs(form: LogForm, level: LogLevel, stream: TextIO) -> None:
    """Send every log line of the process, ours and the libraries', to `stream` in `form`.

    `auto` is `human` if `stream` is a terminal and `json` if not. May be called again: the last
    call holds. A write waits for whoever reads the stream.
    """
    least = logging.getLevelNamesMapping()[level.upper()]
    preparing: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _withhold,
    ]
    rendering = _rendering(form, stream)
    structlog.configure(
        processors=[*preparing, *rendering],
        wrapper_class=structlog.make_filtering_bound_logger(least),
        logger_factory=structlog.WriteLoggerFactory(stream),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *preparing],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendering],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(max(least, LIBRARIES_LEVEL))
