"""The server that is attacked: what it takes of the machine, and a bystander who is served all the
while.
"""

import contextlib
import os
import threading
import time
from collections.abc import Generator
from pathlib import Path

import msgspec

from tests.conformance.stream.listening import stream_of
from tests.conformance.world import Api, Person, ok
from tests.process.siege.lines import Line, request

MEMORY_BYTES = 16 * 1_048_576
"""What an attack may leave behind: caches that have filled, and pieces that the allocator keeps."""

BACK_S = 60.0
"""For descriptors to be let go and uploads to be removed: connections that linger take two
seconds."""


class Bystander(threading.Thread):
    """Somebody who asks for their feed again and again."""

    def __init__(self, port: int, person: Person) -> None:
        super().__init__(daemon=True)
        self._line = Line(port)
        self._request = request("/api/v1/feed", f"Authorization: Bearer {person.token}")
        self._over = threading.Event()
        self.statuses: list[int] = []
        self.waits_s: list[float] = []
        self.failure: BaseException | None = None

    def ask(self) -> None:
        began = time.perf_counter()
        self._line.send(self._request)
        self.statuses.append(self._line.answer().status)
        self.waits_s.append(time.perf_counter() - began)

    def run(self) -> None:
        try:
            with self._line:
                while not self._over.is_set():
                    self.ask()
        except BaseException as failure:
            self.failure = failure

    def end(self) -> None:
        self._over.set()
        self.join()
        if self.failure is not None:
            raise self.failure


class Use(msgspec.Struct, frozen=True):
    """What a process takes."""

    descriptors: int
    resident: int
    cpu_s: float


class Target:
    """A server and two people on it: `ann`, whom attackers use, and a bystander."""

    def __init__(self, api: Api, folder: Path) -> None:
        self.api = api
        self.folder = folder
        self.port = int(api.url.rpartition(":")[2])
        self.pid = int((folder / "lock").read_text())
        self.ann = api.person("ann")
        self.other = api.person("other")
        self.other.posts()

    def line(self, *, small: bool = False) -> Line:
        return Line(self.port, small=small)

    def use(self) -> Use:
        process = Path(f"/proc/{self.pid}")
        pages = int((process / "statm").read_text().split()[1])
        ticks = (process / "stat").read_text().rpartition(")")[2].split()[11:13]
        return Use(
            len(os.listdir(process / "fd")),
            pages * os.sysconf("SC_PAGE_SIZE"),
            sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK"),
        )

    @contextlib.contextmanager
    def unharmed(self, left_bytes: int = MEMORY_BYTES) -> Generator[Bystander]:
        """Whatever is done within: somebody else is served all the while, and hears what happens;
        and nothing of it is left, but for memory that the allocator keeps."""
        with stream_of(self.other, "feed") as stream:
            ok(self.other.get("/feed"))  # so that the connection of those two is there, and new
            before = self.use()
            bystander = Bystander(self.port, self.other)
            bystander.ask()  # so it is there before whoever comes now
            bystander.start()
            try:
                yield bystander
                post = self.other.posts()
                assert stream.next()["data"]["post_id"] == post["post_id"]
            finally:
                bystander.end()
            assert set(bystander.statuses) == {200}
            due = time.monotonic() + BACK_S
            while (after := self.use()).descriptors > before.descriptors or self.uploads():
                assert time.monotonic() < due, f"{before}, {after}, {self.uploads()}"
                ok(self.other.get("/feed"))
        assert after.resident - before.resident < left_bytes, f"{before}, {after}"

    def wait_for_descriptors(self, most: int) -> None:
        """Until the server has let go of all but so many."""
        due = time.monotonic() + BACK_S
        while (now := self.use()).descriptors > most:
            assert time.monotonic() < due, f"{now}, and {most} at most"

    def uploads(self) -> list[Path]:
        """Files of uploads that are under way, or were left."""
        return list((self.folder / "uploads").iterdir())
