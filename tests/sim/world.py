"""What the clients of one history share: the disk, what they were told, and how large and of what
sort the history is.
"""

from dataclasses import dataclass, field
from random import Random
from typing import Any

import trio

from actors.comment.messages import Place
from actors.fanout import Policy
from actors.runtime.asking import Asker, RequestKey
from tests.sim.disk import SimulatedDisk

START_MS = 1_770_000_000_000
"""Where virtual time begins, in Unix milliseconds."""

PEOPLE = 4
"""Living accounts in all sorts of worlds but the one in which everything happens."""


@dataclass(frozen=True)
class Shape:
    """How large a history is."""

    incarnations: int = 3
    """Lives of the process: all but the last end with the plug pulled, or cleanly."""
    clients: int = 6
    steps: int = 14
    """Acts of each client in each life."""


@dataclass
class Login:
    """A session as its client knows it."""

    account: int
    session: int
    refresh: str
    spent: str = ""
    """The refresh token before."""

    @property
    def asker(self) -> Asker:
        return Asker(self.account, self.session)


Keyed = tuple[Any, RequestKey, Login]
"""A command with its key, and who asks it."""


@dataclass
class World:
    """Lives on when the process does not."""

    random: Random
    disk: SimulatedDisk
    policy: Policy
    sort: str
    """Which of `tests.sim.acts.SORTS` it is of."""
    shape: Shape
    acknowledged: int = 0
    """The largest seq that an answer ever rested on."""
    things: int = 0
    """How many texts were made: each is unlike all others."""
    names: list[str] = field(default_factory=list)
    accounts: list[int] = field(default_factory=list)
    """Deleted ones too."""
    logins: list[Login] = field(default_factory=list)
    invites: list[str] = field(default_factory=list)
    posts: list[tuple[int, int]] = field(default_factory=list)
    """(post, author), deleted ones too"""
    comments: list[tuple[Place, int]] = field(default_factory=list)
    """(place, author), deleted ones too"""
    stories: list[tuple[int, int]] = field(default_factory=list)
    """(story, author), those too that have ended"""
    places: list[int] = field(default_factory=list)
    replies: dict[tuple[int, str], Any] = field(default_factory=dict)
    """(account, key) -> the first reply"""
    unanswered: list[Keyed] = field(default_factory=list)
    """Keyed commands whose asker died or left before the answer"""
    keys: int = 0
    feeds_checked: int = 0
    answers_checked: int = 0
    """About stories, notifications, hashtags and places."""
    clock_moved_ms: int = 0
    """How far the wall clock was moved, between two lives."""
    erased: int = 0
    """Deleted accounts whose texts were looked for and not found."""
    decided: int = 0
    longest_wait: int = 0

    def now(self) -> int:
        """The wall clock, in Unix milliseconds."""
        return START_MS + self.clock_moved_ms + int(trio.current_time() * 1000)

    def thing(self, kind: str) -> str:
        """A text like no other, and part of no other."""
        self.things += 1
        return f"<{kind} {self.things}>"
