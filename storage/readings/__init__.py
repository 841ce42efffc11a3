"""What each question asks SQLite, and what shape the answer comes in. Texts and types only.

`storage.queries` executes them. Each is one SELECT of one JSON text, built by SQLite. All go
through an index: a test reads the plan of each.
"""

from typing import Any

from storage.readings.accounts import LOOKED_UP
from storage.readings.discovery import DISCOVERY
from storage.readings.lists import LISTS
from storage.readings.missed import MISSED
from storage.readings.notifications import NOTIFICATIONS
from storage.readings.pull import FEEDS
from storage.readings.reading import Reading as Reading
from storage.readings.remains import STILL_TO_DO
from storage.readings.shown import SHOWN
from storage.readings.stories import STORY_READINGS
from storage.reads import Question

READINGS: dict[type[Question[Any]], Reading] = {
    **LOOKED_UP,
    **SHOWN,
    **FEEDS,
    **LISTS,
    **STILL_TO_DO,
    **STORY_READINGS,
    **NOTIFICATIONS,
    **MISSED,
    **DISCOVERY,
}
"""All questions but `GetHistories` and `GetWholeHistory`, whose facts only Python can read."""
