"""Specification of the log: its two forms, what each line carries, and what never gets in."""

import io
import json
import logging
import re
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from server.logs import REQUEST_ID, configure_logs, request_log
from server.settings import LogForm, LogLevel


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def speak(form: LogForm = "json", level: LogLevel = "info") -> io.StringIO:
    stream = io.StringIO()
    configure_logs(form, level, stream)
    return stream


def only_line(stream: io.StringIO) -> dict[str, Any]:
    (line,) = stream.getvalue().splitlines()
    return json.loads(line)


def test_a_machine_gets_one_json_object_a_line_with_the_time_in_utc():
    stream = speak("auto")
    structlog.get_logger().info("post published", post=7)
    line = only_line(stream)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", line.pop("timestamp"))
    assert line == {"event": "post published", "level": "info", "post": 7}


def test_a_person_at_a_terminal_gets_a_line_to_read():
    stream = Terminal()
    configure_logs("auto", "info", stream)
    structlog.get_logger().info("post published", post=7)
    assert "post published" in stream.getvalue()
    with pytest.raises(ValueError):
        json.loads(stream.getvalue())


def test_a_line_in_a_file_has_no_colours():
    stream = speak("human")
    structlog.get_logger().warning("disk nearly full")
    assert "\x1b" not in stream.getvalue()


def test_every_line_of_a_request_carries_its_id_the_libraries_too():
    stream = speak()
    handling = REQUEST_ID.set("r1")
    structlog.get_logger().info("ours")
    logging.getLogger("some.library").error("theirs: %d", 5)
    REQUEST_ID.reset(handling)
    structlog.get_logger().info("after")
    first, second, third = map(json.loads, stream.getvalue().splitlines())
    assert (first["request_id"], second["request_id"]) == ("r1", "r1")
    assert second["event"] == "theirs: 5"
    assert second["level"] == "error"
    assert "request_id" not in third


def test_what_is_below_the_level_is_not_said():
    stream = speak(level="warning")
    structlog.get_logger().info("quiet")
    logging.getLogger("some.library").info("quiet")
    assert stream.getvalue() == ""


@pytest.mark.parametrize("form", ["human", "json"])
def test_secrets_that_slip_into_a_line_are_withheld(form: LogForm):
    stream = speak(form)
    structlog.get_logger().info(
        "oops", password="hunter22", Authorization="Bearer hunter22", body={"caption": "hunter22"}
    )
    logging.getLogger("some.library").error("oops", extra={"refresh_token": "hunter22"})
    assert "hunter22" not in stream.getvalue()
    assert stream.getvalue().count("[withheld]") == 4


@pytest.mark.parametrize("form", ["human", "json"])
def test_a_traceback_shows_no_local_variables(form: LogForm):
    stream = speak(form)
    password = "hunter" + "22"
    try:
        int(password[:0])
    except ValueError:
        structlog.get_logger().exception("a decision raised")
        logging.getLogger("some.library").exception("theirs raised")
    assert stream.getvalue().count("ValueError") == 2
    assert "hunter22" not in stream.getvalue()


@pytest.mark.parametrize("form", ["human", "json"])
@pytest.mark.parametrize(
    "value",
    ["x\n2026-01-01 [error] all is lost", "\x1b[31mred", "\x9b31mred", "\x7f", "\u2028", "\ud800"],
)
def test_a_value_from_outside_is_shown_and_not_obeyed(form: LogForm, value: str):
    stream = speak(form)
    structlog.get_logger().info("user agent", value=value)
    written = stream.getvalue()
    assert len(written.splitlines()) == 1
    assert not {"\x1b", "\x9b", "\x7f", "\u2028"} & set(written)
    assert written.encode()


def test_anything_can_be_logged():
    stream = speak()
    structlog.get_logger().info("odd", value=object, data=b"\xff")
    assert only_line(stream)["event"] == "odd"
    stream = speak()
    structlog.get_logger().info("odd", number=2**70, count=1, path="/café")
    said = only_line(stream)
    assert (said["number"], said["count"], said["path"]) == (2**70, 1, "/café")


@pytest.mark.parametrize("form", ["human", "json"])
def test_a_request_is_one_line_in_either_form(form: LogForm):
    moments = iter([1_795_900_000_007, 1_795_900_000_999, 1_795_900_001_000])
    stream = speak(form)
    tell = request_log(lambda: next(moments))
    handling = REQUEST_ID.set("r1")
    for _ in range(3):
        tell("GET", "/api/v1/feed", 200, 0.3, "r1")
    REQUEST_ID.reset(handling)
    lines = stream.getvalue().splitlines()
    assert len(lines) == 3
    if form == "human":
        assert all("r1" in line and "/api/v1/feed" in line for line in lines)
        return
    said = [json.loads(line) for line in lines]
    times = [one.pop("timestamp").removeprefix("2026-11-28T21:06:") for one in said]
    assert times == ["40.007Z", "40.999Z", "41.000Z"]
    assert (
        said
        == [
            {
                "event": "request",
                "level": "info",
                "method": "GET",
                "route": "/api/v1/feed",
                "status": 200,
                "ms": 0.3,
                "request_id": "r1",
            }
        ]
        * 3
    )


@pytest.mark.parametrize("form", ["human", "json"])
def test_requests_are_not_told_below_the_level(form: LogForm):
    stream = speak(form, "warning")
    request_log(lambda: 0)("GET", None, 200, 0.3, "r1")
    assert stream.getvalue() == ""
