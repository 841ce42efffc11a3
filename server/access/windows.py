"""Fixed windows: how often each key was counted since its window began, for a bounded number of
keys.

Used by `server.access.ratelimits` for requests and by `server.access.throttle` for wrong passwords.
Knows neither of them, and reads no clock: the moment is an argument, in Unix milliseconds.
"""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

import msgspec

K = TypeVar("K", bound=Hashable)

FORGOTTEN_AT_ONCE = 2
"""Windows that are over, dropped whenever one begins: so they go faster than they come, and no step
is long."""


class Window(msgspec.Struct, frozen=True, gc=False):
    """One key's window: since when (Unix milliseconds), and what was counted in it."""

    began: int
    count: int


class Windows(Generic[K]):
    """A window for each key, beginning with the first count; in the order of their beginnings.

    Beyond `keys_max` the window that began longest ago goes, and its key begins anew. A clock that
    is set back ends the windows that would begin in its future.
    """

    def __init__(self, length_ms: int, keys_max: int) -> None:
        self._length_ms = length_ms
        self._keys_max = keys_max
        self._windows: OrderedDict[K, Window] = OrderedDict()

    def __len__(self) -> int:
        return len(self._windows)

    def count(self, key: K, now: int) -> int:
        """Count one more at `now`; how many that makes in the key's window."""
        window = self._windows.get(key)
        if window is not None and self._holds(window, now):
            window = Window(window.began, window.count + 1)
            self._windows[key] = window
            return window.count
        self._windows[key] = Window(now, 1)
        self._windows.move_to_end(key)
        self._forget(now)
        return 1

    def counted(self, key: K, now: int) -> int:
        """What was counted in the key's window at `now`; 0 outside any."""
        window = self._windows.get(key)
        return window.count if window is not None and self._holds(window, now) else 0

    def ends_at(self, key: K, now: int) -> int:
        """When the key's window ends, in Unix milliseconds; outside any, `now`."""
        window = self._windows.get(key)
        if window is None or not self._holds(window, now):
            return now
        return window.began + self._length_ms

    def _holds(self, window: Window, now: int) -> bool:
        return window.began <= now < window.began + self._length_ms

    def _forget(self, now: int) -> None:
        for _ in range(FORGOTTEN_AT_ONCE):
            oldest = next(iter(self._windows))
            full = len(self._windows) > self._keys_max
            if not full and self._holds(self._windows[oldest], now):
                return
            del self._windows[oldest]
