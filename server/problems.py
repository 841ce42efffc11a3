"""The one shape of every error, and which refusal, exception or malformed request becomes which
status.

Routes raise a `Problem` or let `problem_for` make one of a refusal; `server.app` turns whatever
else goes wrong into one by `problem_of_exception`. Knows nothing of requests and answers nothing
itself.
"""

import re
from collections.abc import Iterable, Mapping
from enum import Enum, auto
from typing import Any, assert_never

import msgspec
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from actors.decisions import Reason, Refused
from actors.runtime.asking import KeyConflict, Overloaded, Quarantined
from server.wire import rfc3339

Detail = str | int | float | bool | None

CLIENT_ERRORS = range(400, 500)


class Code(Enum):
    """Every error code there is."""

    INVALID_REQUEST = auto()
    INVALID_MEDIA_FORMAT = auto()
    UNAUTHORIZED = auto()
    FORBIDDEN = auto()
    NOT_FOUND = auto()
    METHOD_NOT_ALLOWED = auto()
    CONFLICT = auto()
    MEDIA_TOO_LARGE = auto()
    RATE_LIMIT_EXCEEDED = auto()
    SERVER_ERROR = auto()


STATUSES = {
    Code.INVALID_REQUEST: 400,
    Code.INVALID_MEDIA_FORMAT: 400,
    Code.UNAUTHORIZED: 401,
    Code.FORBIDDEN: 403,
    Code.NOT_FOUND: 404,
    Code.METHOD_NOT_ALLOWED: 405,
    Code.CONFLICT: 409,
    Code.MEDIA_TOO_LARGE: 413,
    Code.RATE_LIMIT_EXCEEDED: 429,
    Code.SERVER_ERROR: 500,
}
"""The status that a code comes with unless a problem says otherwise (503 while shedding load, say).
"""


class Problem(Exception):
    """An answer that is an error. `message` and `details` are for the client, and so is what stands
    `beside` the error in the body; the cause, if any, is `__cause__`.
    """

    def __init__(
        self,
        code: Code,
        message: str,
        details: Mapping[str, Detail] | None = None,
        *,
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
        beside: Mapping[str, Detail] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = dict(details or {})
        self.status = STATUSES[code] if status is None else status
        self.headers = dict(headers or {})
        self.beside = dict(beside or {})

    def body(self) -> bytes:
        """The answer's JSON body."""
        error = {"code": self.code.name, "message": self.message, "details": self.details}
        return msgspec.json.encode({"error": error, **self.beside})


def invalid(message: str, field: str | None = None, **limits: Detail) -> Problem:
    """400: the client sent something that can't be. `field` names it, `limits` what it broke."""
    details = limits if field is None else {"field": field, **limits}
    return Problem(Code.INVALID_REQUEST, message, details)


def bad_media(message: str, **details: Detail) -> Problem:
    """400: a file that is no picture we can read."""
    return Problem(Code.INVALID_MEDIA_FORMAT, message, {"field": "media", **details})


def unauthorized(message: str = "Authentication required") -> Problem:
    """401, with the challenge that goes with it."""
    return Problem(Code.UNAUTHORIZED, message, headers={"WWW-Authenticate": "Bearer"})


def forbidden(message: str = "You may not do this", field: str | None = None) -> Problem:
    """403. `field` names what of the request stands in the way."""
    return Problem(Code.FORBIDDEN, message, {} if field is None else {"field": field})


def not_found(message: str = "There is no such thing here") -> Problem:
    """404."""
    return Problem(Code.NOT_FOUND, message)


def method_not_allowed(allowed: Iterable[str]) -> Problem:
    """405, with the methods that would do."""
    headers = {"Allow": ", ".join(sorted(allowed))}
    return Problem(Code.METHOD_NOT_ALLOWED, "This method is not allowed here", headers=headers)


def conflict(message: str, field: str) -> Problem:
    """409."""
    return Problem(Code.CONFLICT, message, {"field": field})


def too_large(message: str, **details: Detail) -> Problem:
    """413: a body or a file over its limit (bytes)."""
    return Problem(Code.MEDIA_TOO_LARGE, message, details)


def rate_limited(message: str, resets_at: int, now: int, **details: Detail) -> Problem:
    """429: too much was asked. It may be tried again at `resets_at`; both moments are Unix
    milliseconds."""
    headers = {"Retry-After": str(max(1, _seconds_up(resets_at - now)))}
    beside = {"message": message, "reset_at": rfc3339(_seconds_up(resets_at) * 1_000)}
    return Problem(Code.RATE_LIMIT_EXCEEDED, message, details, headers=headers, beside=beside)


def _seconds_up(ms: int) -> int:
    """Whole seconds that are not less."""
    return -(-ms // 1_000)


def overloaded(retry_after_s: int) -> Problem:
    """503: nothing happened; try again after so many seconds."""
    headers = {"Retry-After": str(retry_after_s)}
    message = "The server is overloaded, try again soon"
    return Problem(Code.SERVER_ERROR, message, status=503, headers=headers)


def stopping(retry_after_s: int) -> Problem:
    """503: this process ends; there may be another after so many seconds."""
    headers = {"Retry-After": str(retry_after_s)}
    return Problem(Code.SERVER_ERROR, "The server is stopping", status=503, headers=headers)


def server_error() -> Problem:
    """500: ours, and the log has it."""
    return Problem(Code.SERVER_ERROR, "Something went wrong on our side")


def problem_for(refused: Refused) -> Problem:
    """The answer to a command that an actor refused."""
    match refused.reason:
        case Reason.NOT_FOUND:
            return not_found()
        case Reason.FORBIDDEN:
            return forbidden()
        case Reason.USERNAME_TAKEN:
            return conflict("This username is taken", "username")
        case Reason.ONESELF:
            return invalid("You can't do this to yourself", "user_id")
        case Reason.SESSION_ENDED:
            return unauthorized("This session has ended")
        case Reason.INVITE_NEEDED:
            return forbidden("An invite that nobody has used is needed to register", "invite")
        case Reason.NO_SUCH_PARENT:
            return invalid("There is no such comment under this post", "parent_comment_id")
        case _:
            assert_never(refused.reason)


def problem_of_exception(error: Exception) -> Problem:
    """The answer when `error` came out of handling a request; a 500 unless it says better."""
    match error:
        case Problem():
            return error
        case Overloaded():
            return overloaded(error.retry_after_s)
        case KeyConflict():
            return invalid(
                "This Idempotency-Key was used for a request with other values", "Idempotency-Key"
            )
        case Quarantined():
            return overloaded(error.retry_after_s)
        case HTTPException():
            return _problem_of_framework(error)
        case _:
            return server_error()


def _problem_of_framework(error: HTTPException) -> Problem:
    status = error.code or 500
    match status:
        case 404:
            return not_found("There is no such route")
        case 405:
            allowed = error.valid_methods if isinstance(error, MethodNotAllowed) else None
            return method_not_allowed(allowed or ())
        case 413:
            return too_large("The request is too large")
        case 416:
            headers = {
                name: value for name, value in error.get_headers() if name == "Content-Range"
            }
            message = "No such range"
            return Problem(Code.INVALID_REQUEST, message, status=416, headers=headers)
        case 408:
            return Problem(Code.INVALID_REQUEST, "The body came too slowly", status=status)
        case 412 | 431:
            return Problem(Code.INVALID_REQUEST, error.name, status=status)
        case _ if status in CLIENT_ERRORS:
            return invalid("The request is malformed")
        case _:
            return server_error()


def problem_of_decoding(error: Exception, kind: type[Any]) -> Problem:
    """400 for what msgspec could not make a `kind` of, with the field and its limits in the
    details.

    `error` is a `msgspec.DecodeError` (a `ValidationError` names the field), a `UnicodeDecodeError`
    or the `RecursionError` of JSON that is nested too deeply.
    """
    match error:
        case msgspec.ValidationError():
            return _problem_of_value(str(error), kind)
        case UnicodeDecodeError():
            return invalid("The body is not valid UTF-8")
        case RecursionError():
            return invalid("The body is nested too deeply")
        case _:
            return invalid("The body is not valid JSON")


def _problem_of_value(report: str, kind: type[Any]) -> Problem:
    what, _, path = report.partition(" - at `$")
    path = path.rstrip("`").lstrip(".")
    field = re.split(r"[.\[]", path)[0]
    if what.startswith("Object missing required field"):
        missing = what.split("`")[1]
        if path:
            return invalid(f"{path}.{missing} is missing", field)
        return invalid("A required field is missing", missing)
    if not path:
        return invalid("The body must be a JSON object")
    wrong_type = ", got `" in what
    limits = {} if wrong_type else limits_of(kind, path)
    # The pattern of a username is no message for people, so it is left out of both.
    message = "has the wrong form" if "matching regex" in what else f"is wrong: {what}"
    return invalid(f"{path} {message}", field, **limits)


def limits_of(kind: type[Any], path: str) -> dict[str, Detail]:
    """The limits that the field at `path` (`caption`, `tags[0].x`) of a struct type declares, by
    their names in answers.
    """
    found = _alternatives(msgspec.inspect.type_info(kind))
    for name in path.replace("[...]", "[0]").replace("[", ".[").split("."):
        found = [inner for one in found for inner in _alternatives(_inside(one, name))]
    names = {"min_length": "min_length", "max_length": "max_length", "ge": "min", "le": "max"}
    limits: dict[str, Detail] = {}
    for one in found:
        for theirs, ours in names.items():
            if (limit := getattr(one, theirs, None)) is not None:
                limits[ours] = limit
    return limits


def _alternatives(found: Any) -> Iterable[Any]:
    """The types of a union; of anything else the one that it is."""
    return found.types if isinstance(found, msgspec.inspect.UnionType) else (found,)


def _inside(found: Any, name: str) -> Any:
    """The type of a field, or of what is in a list; None if there is no such thing."""
    if name.startswith("["):
        return getattr(found, "item_type", None)
    fields: tuple[msgspec.inspect.Field, ...] = getattr(found, "fields", ())
    return next((field.type for field in fields if field.encode_name == name), None)
