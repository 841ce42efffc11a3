"""The cuts of a recording: what each would have left, against what had been promised by then."""

import math
import shutil
from collections.abc import Callable
from pathlib import Path
from random import Random

import msgspec

from tests.process.power.calls import Call
from tests.process.power.disk import Disk, Image
from tests.process.power.promises import Left, Thing, left_in
from tests.process.power.recording import Recording

TORN_EVERY = 10
"""Cuts to one that is tried with some of what was not synced, too."""


class Found(msgspec.Struct):
    """What came of all cuts."""

    cuts: int = 0
    torn: int = 0
    lost: int = 0
    """What was acknowledged and is missing, summed over the cuts."""
    example: Thing | None = None

    def miss(self, missing: list[Thing]) -> None:
        self.lost += len(missing)
        if missing and self.example is None:
            self.example = missing[0]


class Replay:
    """The cuts of one recording. What a cut at the end leaves is in `folder` afterwards."""

    def __init__(self, recording: Recording, into: Path) -> None:
        self._recording = recording
        self._into = into
        into.mkdir()
        self._disk = Disk(str(recording.folder.parent))
        if recording.before:
            self._disk.put_folder(recording.folder.name, recording.before)
        self._image = Image(self._disk, into / "left")
        self._random = Random(1)
        self.folder = into / "left" / recording.folder.name

    def run(self, every: int = 1, *, synced: Callable[[Call], bool] = lambda _: True) -> Found:
        """Cut the power just before each sync has come back, or before one of so many, and at the
        end. What is not `synced` is taken for a sync that was not made."""
        found = Found()
        syncs = 0
        for call in self._recording.calls:
            if call.name == "sync":
                syncs += 1
                if syncs % every == 0:
                    self._cut(call.at, found)
                    if found.cuts % TORN_EVERY == 0:
                        self._tear(call.at, found)
                if not synced(call):
                    continue
            self._disk.do(call)
        self._cut(math.inf, found)
        return found

    def _cut(self, moment: float, found: Found) -> None:
        """Nothing is left of what was not synced."""
        found.cuts += 1
        self._image.renew()
        left = left_in(self.folder)
        found.miss(
            [one for one in self._recording.promises.until(moment) if one not in left.things]
        )
        found.miss([("file", one) for one in left.media if not self._has_whole(one)])

    def _missing(self, left: Left, moment: float) -> list[Thing]:
        promised = self._recording.promises.until(moment)
        return [one for one in promised if one not in left.things]

    def _has_whole(self, medium: str) -> bool:
        return self._image.has_whole(f"{self.folder.name}/media/{medium[:2]}/{medium}")

    def _tear(self, moment: float, found: Found) -> None:
        """Some of it is."""
        found.torn += 1
        torn = self._into / "torn"
        self._disk.torn(self._random, torn)
        left = left_in(torn / self.folder.name, whole=True)
        found.miss(
            [one for one in self._recording.promises.until(moment) if one not in left.things]
        )
        shutil.rmtree(torn)
