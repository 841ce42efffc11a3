"""The table of the log in docs/operating.md, compared with what the code logs: every warning and
error is explained there, and none is that nobody logs."""

import ast
import re
from collections.abc import Iterator
from typing import NamedTuple

from server.settings import Settings, warnings_about
from tests.house.tree import ROOT, is_of_product, tracked_files

LEVELS = {"warning": "warning", "error": "error", "exception": "error", "critical": "critical"}
"""structlog's methods for what somebody may have to act on, and what the line says by them."""

HEADING = "| what the log says | what it means |\n| --- | --- |\n"


class Event(NamedTuple):
    """What a line says, `…` for anything in the table, and its level."""

    words: str
    level: str


def logged_in(text: str) -> Iterator[Event]:
    """What a module logs by its `log`; of what is put together elsewhere, only the level."""
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id="log"), attr=method), args=[event, *_]
            ) if method in LEVELS:
                words = event.value if isinstance(event, ast.Constant) else ""
                yield Event(str(words), LEVELS[method])
            case _:
                pass


def logged() -> set[Event]:
    """What the whole product logs, and the warnings about settings that `run.py` passes on."""
    events: set[Event] = set()
    for path in tracked_files():
        if is_of_product(path) or str(path) == "run.py":
            found = set(logged_in((ROOT / path).read_text(encoding="utf-8")))
            if str(path) == "run.py":
                assert Event("", "warning") in found, "is `Event` of warnings_about still right?"
                found.remove(Event("", "warning"))
            assert all(event.words for event in found), f"{path} logs what no table can have"
            events |= found
    for settings in (Settings(uds="a.socket"), Settings(host="0.0.0.0")):
        events |= {Event(words, "warning") for words in warnings_about(settings)}
    return events


def explained_in(page: str) -> Iterator[Event]:
    """What a page's table explains: a level is of all that comes before it in its cell."""
    for row in page.partition(HEADING)[2].partition("\n\n")[0].splitlines():
        waiting: list[str] = []
        for words, level in re.findall(r"`([^`]+)`|\((\w+)\)", row.split("|")[1]):
            if words:
                waiting.append(words)
            else:
                yield from (Event(one, level) for one in waiting)
                waiting.clear()
        assert not waiting, f"of which level is {waiting}?"


def is_meant(event: Event, row: Event) -> bool:
    """Whether `row` of the table explains `event`."""
    pattern = ".*".join(re.escape(part) for part in row.words.split("…"))
    return event.level == row.level and re.fullmatch(pattern, event.words) is not None


def explained() -> list[Event]:
    page = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
    return [row for row in explained_in(page) if row.level in LEVELS.values()]


def test_every_warning_and_error_of_the_log_is_explained():
    rows = explained()
    missing = [event for event in logged() if not any(is_meant(event, row) for row in rows)]
    assert not missing, f"the table of the log in docs/operating.md lacks {sorted(missing)}"


def test_nothing_is_explained_that_nobody_logs():
    events = logged()
    idle = [row for row in explained() if not any(is_meant(event, row) for event in events)]
    assert not idle, f"docs/operating.md explains what is not logged: {idle}"


def test_it_finds_what_is_logged_and_what_is_explained():
    module = """
log.info("all is well")
log.warning("a cat is on the keys", cat=1)
log.exception("it fell: run `mend`")
log.error(elsewhere)
"""
    assert set(logged_in(module)) == {
        Event("a cat is on the keys", "warning"),
        Event("it fell: run `mend`", "error"),
        Event("", "error"),
    }
    page = f"{HEADING}| `it fell: …` (error), `a`, `b` (info) | with `words` (warning) |\n\n| `c` |"
    rows = [*explained_in(page)]
    assert rows == [Event("it fell: …", "error"), Event("a", "info"), Event("b", "info")]
    assert is_meant(Event("it fell: run `mend`", "error"), rows[0])
    assert not is_meant(Event("it fell: run `mend`", "warning"), rows[0])
    assert not is_meant(Event("it fell", "error"), rows[0])
