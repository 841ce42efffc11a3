"""What a client may say on its stream, and nothing else: parsing of its messages.

Called by `server.stream` for each message. Pure; what can't be understood is a `Problem`, which the
stream tells and survives.
"""

import re

import msgspec

from server.problems import Problem, invalid
from server.streams.events import CHANNELS, Channel
from storage.ids import ID_MAX

_DIGITS = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)


class Subscribe(msgspec.Struct, frozen=True):
    """Listen to `channels`; first to what came after event `since` (None: to nothing of that)."""

    channels: tuple[Channel, ...]
    since: int | None


class Unsubscribe(msgspec.Struct, frozen=True):
    """Listen no longer to `channels`."""

    channels: tuple[Channel, ...]


class _Message(msgspec.Struct, frozen=True):
    type: str
    channels: list[str]
    since: int | str | None = None


_decode = msgspec.json.Decoder(_Message).decode


def parse_said(text: str | bytes) -> Subscribe | Unsubscribe:
    """What a message asks for. Raises `Problem`: a 400 that names the field."""
    try:
        message = _decode(text)
    except msgspec.ValidationError as error:
        raise _wrong_value(str(error)) from None
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise invalid("A message is a JSON object") from None
    if message.type not in ("subscribe", "unsubscribe"):
        raise invalid("type must be subscribe or unsubscribe", "type")
    unknown = [name for name in message.channels if name not in CHANNELS]
    if unknown or not message.channels:
        raise invalid(f"channels must name some of {', '.join(CHANNELS)}", "channels")
    channels = tuple(dict.fromkeys(CHANNELS[name] for name in message.channels))
    if message.type == "unsubscribe":
        return Unsubscribe(channels)
    return Subscribe(channels, _since(message.since))


def _since(value: int | str | None) -> int | None:
    if value is None:
        return None
    text = str(value)
    if _DIGITS.fullmatch(text) is None or int(text) > ID_MAX:
        raise invalid("since must be the id of an event, or 0", "since")
    return int(text)


def _wrong_value(report: str) -> Problem:
    """What msgspec has against a message: a missing field, or one of another type."""
    what, _, path = report.partition(" - at `$")
    field = path.rstrip("`").lstrip(".").split("[")[0]
    if what.startswith("Object missing required field") and not field:
        return invalid("A required field is missing", what.split("`")[1])
    if not field:
        return invalid("A message is a JSON object")
    return invalid(f"{field} has the wrong type", field)
