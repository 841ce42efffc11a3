"""What handlers work with: everything that `run.py` made and hands down, in one frozen bundle.

A test makes its own. Nothing here does anything.
"""

from collections.abc import Callable
from pathlib import Path

import msgspec
import trio

from actors.runtime.asking import Asking, FeedReading
from actors.runtime.clearing import Clearing
from server.access.addresses import Proxies
from server.access.passwords import Passwords
from server.access.ratelimits import RateLimits
from server.access.sessions import Sessions
from server.access.throttle import Throttle
from server.access.tokens import AccessTokens, MediaCookies
from server.hub import Hub
from server.metrics import Metrics
from server.reading.cursors import Cursors
from server.reading.explore import Rankings
from server.reading.views import Views
from server.settings import Settings
from server.uploads.image_threads import ImageThreads
from storage.blobs import Blobs


class Readiness:
    """Whether new work is welcome. `run.py` turns it off when the process begins to stop."""

    def __init__(self) -> None:
        self.ready = True

    def stop(self) -> None:
        """From now on `/readyz` sends clients elsewhere."""
        self.ready = False


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """The world below one application."""

    asking: Asking
    feed: FeedReading
    views: Views
    hub: Hub
    sessions: Sessions
    tokens: AccessTokens
    cookies: MediaCookies
    clearing: Clearing
    rankings: Rankings
    passwords: Passwords
    throttle: Throttle
    limits: RateLimits
    proxies: Proxies
    cursors: Cursors
    blobs: Blobs
    settings: Settings
    readiness: Readiness
    metrics: Metrics
    uploads: Path
    """The folder in which forms are spooled; on the file system of the blobs."""
    image_threads: ImageThreads
    file_threads: trio.CapacityLimiter
    """For writing and deleting blobs, which may wait for the disk."""
    base_url: str
    """What URLs of ours begin with: scheme, host and port."""
    now: Callable[[], int]
    """Unix milliseconds."""
    chance: Callable[[int], bytes]
    """So many random bytes, fit for secrets."""
